"""What any Kubernetes API server does for kubectl, kopf and the Python client.

Written against the Kubernetes API alone: TEXTMILL_TEST_KUBECONFIG points the suite at a real API server, else it starts
our own. Each test has a namespace.
"""
