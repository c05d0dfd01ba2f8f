"""Containers with fewer tools: the second matrix of docs/compatibility.md."""
