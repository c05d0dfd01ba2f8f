"""What an exec and its processes in the pod are told by."""

from __future__ import annotations

import secrets
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """What this exec, and every process that it starts in the pod, can be told by.

    `restore` is the same for every run of the same restore; `token` is new for each exec and
    cannot be guessed, so nothing that a tool prints and no name can imitate a record.
    """

    restore: str
    token: bytes

    @classmethod
    def new(cls, restore: str) -> Mark:
        """Return a mark with a fresh 96-bit token."""
        return cls(restore, secrets.token_hex(12).encode())

    def __str__(self) -> str:
        return f"KUBECTL_RESTORE={self.restore}.{self.token.decode()}"
