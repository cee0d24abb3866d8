"""A small scheduler: binds claims to volumes that exist, and pods to nodes that have room.

It speaks only the Kubernetes API, so a real scheduler can take its place. What a pod may demand of its
node is judged by `fitting`, a pure module; a demand that is not known there keeps the pod Pending with a
sentence that names it.
"""
