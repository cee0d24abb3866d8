"""The kubelet: what it works out, and real subprocesses under a real API server."""
