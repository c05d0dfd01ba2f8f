"""What the container can do: the reading of the agent's probe."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from kubectl_restore.errors import PodCannotError, TargetError
from kubectl_restore.names import shown_text

if TYPE_CHECKING:
    from collections.abc import Iterable


class Tar(StrEnum):
    """The tars that are told apart."""

    GNU = "GNU tar"
    BUSYBOX = "busybox tar"
    OTHER = "another tar"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the probe found.

    Attributes:
        tar: which tar stands in the container.
        tar_version: its own words, safe to print.
        uid: who we are there; None where `id` is missing.
        missing: the tools that a restore needs and that are not there.
        target: `ready`, `readonly`, `closed`, `file` or `absent`.
    """

    tar: Tar = Tar.OTHER
    tar_version: str = ""
    uid: int | None = None
    missing: tuple[str, ...] = field(default=())
    target: str = "absent"

    @property
    def is_root(self) -> bool:
        """May owners be set there?"""
        return self.uid == 0


def _which_tar(version: str) -> Tar:
    if "GNU tar" in version:
        return Tar.GNU
    if "busybox" in version.lower():
        return Tar.BUSYBOX
    return Tar.OTHER


def read_probe(records: Iterable[tuple[bytes, bytes]]) -> Capabilities:
    """Read the probe's records, each as (word, rest)."""
    answers = {word: rest.strip() for word, rest in records}
    version = shown_text(answers.get(b"tar", b""))
    user = answers.get(b"user", b"")
    return Capabilities(
        tar=_which_tar(version),
        tar_version=version,
        uid=int(user) if user.isdigit() else None,
        missing=tuple(answers.get(b"missing", b"").decode("ascii", "replace").split()),
        target=answers.get(b"target", b"absent").decode("ascii", "replace"),
    )


def require_tools(capabilities: Capabilities, container: str) -> None:
    """Return when the container has what a restore needs.

    Raises:
        PodCannotError: tools are missing.
    """
    if capabilities.missing:
        names = ", ".join(capabilities.missing)
        raise PodCannotError(
            f"container {container} lacks what a restore needs: {names}",
            reason=f"not found on its PATH: {names}",
            fix="name a container that has them: -c CONTAINER",
        )


def require_target(capabilities: Capabilities, target: str, make_it: str) -> None:
    """Return when the target is a directory that can be entered.

    Args:
        capabilities: what the probe found.
        target: the path, for messages.
        make_it: the command that makes the directory.

    Raises:
        TargetError: there is no such directory.
        PodCannotError: it is closed to us.
    """
    match capabilities.target:
        case "absent":
            raise TargetError(
                f"{target} does not exist in the container",
                reason="the target has to be a directory that exists",
                fix=make_it,
            )
        case "file":
            raise TargetError(
                f"{target} is not a directory",
                reason="something else stands there in the container",
                fix="name a directory with -t",
            )
        case "closed":
            raise PodCannotError(
                f"{target} cannot be entered",
                reason=f"the container runs as uid {capabilities.uid}, "
                "which may not open that directory",
                fix="name another directory with -t, or another container with -c",
            )
        case _:
            return
