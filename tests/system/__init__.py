"""What needs Debian's packages: the page in a real browser. `make test-system` installs them first."""
