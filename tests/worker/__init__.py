"""The worker: words, encodings, inputs, artefacts, shards and the two commands."""
