"""Textmill on a real Kubernetes, as its users meet it: `make e2e` sets everything up and runs these."""
