"""The laptop's cluster, part by part: each against dictionaries where it is pure, else against our own API server."""
