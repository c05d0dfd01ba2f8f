"""A cluster in one process: an API server that an unmodified kubectl talks to, and its pods.

For `make demo`, the fast tests and the faults: it needs no root, no Go and no image.
"""
