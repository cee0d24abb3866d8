"""The image's way in, what it is built of, and the check from outside."""
