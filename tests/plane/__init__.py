"""Textmill beside a real etcd, API server, controller manager and scheduler, with the laptop's kubelet as the node.

What a Job and a pod really are is decided by the first four; no root is needed, since pods are processes here.
"""
