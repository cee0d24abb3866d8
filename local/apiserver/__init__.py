"""A small, honest Kubernetes API server for one laptop.

Unmodified kubectl, kopf and the Kubernetes Python client talk to it. Whatever it does not do it refuses with a proper
Status; it never pretends. It knows nothing of Textmill: custom resources come from the CRDs that are applied to it.

Data flows one way: `server` (HTTP) -> `routing` (path to call) -> `handlers` (verbs) -> `operations` (rules of
change) -> `store` (memory, history) -> `journal` (SQLite). Watches flow back from the store after each commit.
"""
