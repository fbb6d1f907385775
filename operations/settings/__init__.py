"""params.yaml: read, checked and edited in place."""
