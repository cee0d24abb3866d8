"""The sweep: what goes, what stays, and that nothing live ever goes."""
