"""What needs Debian's packages or helm, such as the page in a real browser; `make test-system` provides them first."""
