"""The page at `/`: what a person with a browser meets, with and without scripts."""
