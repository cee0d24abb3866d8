"""A real single-node Kubernetes on this machine, built from its sources, for proving Textmill on it.

Development tooling, no part of the product: nothing else imports it, and it imports no other room. All of it
runs in network, mount and process namespaces of its own, so that the end of one process is the end of
everything: processes, mounts, bridges, iptables rules. What has no namespace (sysctls, cgroups, folders) is
written down before it is touched and put back by `down`.
"""
