"""The scheduler: which pod fits where, and which claim gets which volume."""
