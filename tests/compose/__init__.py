"""compose.yaml as it runs: `make compose-test` builds both images and starts it with podman and podman-compose."""
