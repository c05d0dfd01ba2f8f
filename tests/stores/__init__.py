"""Servers that backups are read from: one of ours that misbehaves on request, and moto's S3."""
