"""The whole stack as a person starts and stops it."""
