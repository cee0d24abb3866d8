"""The tooling of the test cluster, as far as it can be tested without a cluster."""
