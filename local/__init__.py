"""A laptop's cluster: an API server, a Job controller and a kubelet that meet only over the Kubernetes API.

Each part can stand beside real ones, so none may import another room or reach into another part: they
speak HTTP and start processes, nothing else.
"""
