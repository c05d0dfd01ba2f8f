"""Pods whose volume is in memory: the disk's noise is out of what is measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.cluster.pods import PODS

_SIZE: Final = "3Gi"
KINDS: Final = ("memory", "memory-busybox")
"""GNU tar, and busybox's."""
MEMORY_PODS: Final = tuple(
    replace(one, kind=kind, tmpfs=_SIZE)
    for kind, tar in zip(KINDS, ("tmpfs", "tmpfs-busybox"), strict=True)
    for one in PODS
    if one.kind == tar
)
