"""Volumes that refuse or ignore what is set on them: the matrix of docs/volumes.md."""
