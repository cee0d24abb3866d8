"""The whole stack on one machine: which processes there are, in what order they start, and how they are kept running.

This package knows commands and settings, nothing of what they do: it imports none of the other rooms. `parts`
says what to start, `supervisor` keeps it running, `seed` puts the first objects into the API server, `lock` keeps
a state folder to one stack, `serve` is `python -m local run`, `demo` is `python -m local demo`.
"""
