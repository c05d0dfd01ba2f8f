"""The node suite uses the contract suite's fixtures."""

from tests.contract.conftest import backup, cluster, link

__all__ = ["backup", "cluster", "link"]
