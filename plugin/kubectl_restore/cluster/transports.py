"""How a lane's agent is started: each way is one class, equal to the others behind `Transport`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubectl_restore.cluster.place import PinnedTarget


class Transport(Protocol):
    """Starts something whose stdin, stdout and stderr are those of a shell in the container."""

    def command(self, program: str, place: PinnedTarget, words: Sequence[str]) -> list[str]:
        """Return the argument list that runs `words` in the container.

        Args:
            program: kubectl's path.
            place: where.
            words: a command and its arguments.
        """

    def environment(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        """Return the environment that it is started with."""


@dataclass(frozen=True, slots=True)
class KubectlExec:
    """`kubectl exec -i`, by WebSocket or SPDY as kubectl and the user's environment have it."""

    def command(self, program: str, place: PinnedTarget, words: Sequence[str]) -> list[str]:
        """See `Transport`."""
        return place.exec_command(program, words)

    def environment(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        """See `Transport`."""
        return environment
