"""One suite for every cluster: what a restore does, whoever stands behind kubectl."""
