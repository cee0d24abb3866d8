"""What our own API server promises beyond the Kubernetes API, and its pure parts."""
