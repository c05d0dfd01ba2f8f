"""A TCP proxy that stands between kubectl and a cluster, and makes the link bad."""

from tests.link.proxy import LinkProxy

__all__ = ["LinkProxy"]
