"""Measured against plain `kubectl exec` in the same run, on the real node."""
