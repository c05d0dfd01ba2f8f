"""How a lane's agent is started: each way is one class, equal to the others behind `Transport`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubectl_restore.cluster.place import PinnedTarget

_SWITCH: Final = "KUBECTL_REMOTE_COMMAND_WEBSOCKETS"
"""kubectl's own, from 1.29 on (KEP-4006); an older or newer one that does not know it uses what it
has."""


class Wire(StrEnum):
    """`--transport`: by which of its protocols kubectl carries an exec."""

    AUTO = "auto"
    """As kubectl and the environment have it; a large backup by the one that is found faster."""
    WEBSOCKET = "websocket"
    SPDY = "spdy"


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
    """`kubectl exec -i`.

    Attributes:
        wire: which protocol it is asked for.
    """

    wire: Wire = Wire.AUTO

    def command(self, program: str, place: PinnedTarget, words: Sequence[str]) -> list[str]:
        """See `Transport`."""
        return place.exec_command(program, words)

    def environment(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        """See `Transport`."""
        if self.wire is Wire.AUTO:
            return environment
        return {**environment, _SWITCH: "true" if self.wire is Wire.WEBSOCKET else "false"}


def is_chosen_by(environment: Mapping[str, str]) -> bool:
    """Tell whether the user's environment says which protocol kubectl is to use."""
    return _SWITCH in environment
