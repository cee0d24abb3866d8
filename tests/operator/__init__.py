"""The operator, part by part, against an API that is a dictionary."""
