"""The HTTP API: every route, every way to fail, one shape of answer and one of error."""
