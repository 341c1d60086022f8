"""What touches the cluster: the only door to its API."""
