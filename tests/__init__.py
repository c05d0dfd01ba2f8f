"""The tests. `make test` runs the fast ones, `make e2e` those on the real node."""
