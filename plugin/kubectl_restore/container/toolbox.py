"""Further parts of the agent: one that does a tar's work, and one that tries a tar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.container.agent import toolbox_script, trial_script
from kubectl_restore.container.capabilities import ANOTHER_CONTAINER
from kubectl_restore.errors import PodCannotError
from kubectl_restore.text import listed, shown_text

if TYPE_CHECKING:
    from kubectl_restore.session.answer import Answer
    from kubectl_restore.session.session import Session


def give_toolbox(session: Session) -> frozenset[str]:
    """Have the agent take it; return what it can do with that (`Capabilities.ways`).

    Raises:
        PodCannotError: its shell does not take it.
        RestoreError: the link was lost, the time ran out or a signal came.
    """
    answer, ways = _teach(session, toolbox_script(), b"ways")
    if len(ways) != 1:
        raise PodCannotError(
            "the container has no tar, and its shell cannot do its work",
            reason=listed([shown_text(line) for line in answer.lines]) or "it does not say why",
            fix=ANOTHER_CONTAINER,
        )
    return frozenset(ways[0].decode("ascii", "replace").split())


def suits(session: Session, owner: tuple[int, int]) -> bool:
    """Tell whether a tar that is not known does what we need, tried in a directory of ours.

    Args:
        session: with the agent.
        owner: whom files may belong to there.

    Raises:
        RestoreError: the link was lost, the time ran out or a signal came.
    """
    _, found = _teach(session, trial_script(owner), b"tar_is")
    return found == [b"fit"]


def _teach(session: Session, script: bytes, word: bytes) -> tuple[Answer, list[bytes]]:
    found: list[bytes] = []

    def take(said: bytes, rest: bytes) -> bool:
        if said == word:
            found.append(rest.strip())
        return said == word

    return session.question(b"learn", script, take), found
