"""The part of the agent that does a tar's work, given to containers that have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.container.agent import toolbox_script
from kubectl_restore.errors import PodCannotError
from kubectl_restore.text import listed, shown_text

if TYPE_CHECKING:
    from kubectl_restore.session.session import Session


def give_toolbox(session: Session) -> frozenset[str]:
    """Have the agent take it; return what it can do with that (`Capabilities.ways`).

    Raises:
        PodCannotError: its shell does not take it.
        RestoreError: the link was lost, the time ran out or a signal came.
    """
    ways: list[bytes] = []

    def take(word: bytes, rest: bytes) -> bool:
        if word == b"ways":
            ways.append(rest)
        return word == b"ways"

    answer = session.question(b"learn", toolbox_script(), take)
    if len(ways) != 1:
        raise PodCannotError(
            "the container has no tar, and its shell cannot do its work",
            reason=listed([shown_text(line) for line in answer.lines]) or "it does not say why",
            fix="name a container that has tar: -c CONTAINER",
        )
    return frozenset(ways[0].decode("ascii", "replace").split())
