"""A kubelet without containers: pods run as subprocesses of the machine that it stands on.

It speaks only the Kubernetes API, so it can stand under a real API server and scheduler as well as under
the laptop's own. There are no namespaces of any kind: a pod's mount path is a path of the host, its
network is the host's, its user is ours. What cannot be honoured and would change what a pod does is
refused with an event; what restricts a pod without changing its work (security context, read-only mounts,
CPU limits) is accepted without effect, and the node's annotations say so.
"""
