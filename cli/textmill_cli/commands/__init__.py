"""The commands, a module for each kind: they send, look, stop, count."""
