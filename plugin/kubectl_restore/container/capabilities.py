"""What the container can do: the reading of the agent's probe."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from kubectl_restore.container.checksums import best_of
from kubectl_restore.errors import NoDirectoryError, PodCannotError
from kubectl_restore.pipe.framing import Framing
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from kubectl_restore.archive.checksums import Algorithm


class Tar(StrEnum):
    """The tars that are told apart."""

    GNU = "GNU tar"
    BUSYBOX = "busybox tar"
    BSD = "bsdtar"
    TOYBOX = "toybox tar"
    OTHER = "another tar"
    SHELL = "no tar"
    """The shell writes the members by itself (container/scripts/toolbox.sh)."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the probe found.

    Attributes:
        tar: which tar stands in the container.
        tar_version: its own words, safe to print.
        framing: what takes the chunks.
        uid: who we are there; None where `id` is missing.
        gid: our group there.
        groups: our further groups there, as far as they are known.
        kernel: the kernel's capabilities that we have there, as a bit set; None where unknown.
        uids: the ranges of users that exist there, as (first, count).
        gids: the ranges of groups.
        missing: the tools that a restore needs and that are not there.
        without: the tools that something else does the work of, or that something is left out for.
        keeps_bytes: the shell keeps every byte of a name.
        target: `ready`, `readonly`, `closed`, `file`, `absent` or `below` (something that is no
            directory); and, behind a blank, what of its path is there.
        algorithm: the best checksum that there is a tool for.
        unpacks: it has gzip, for chunks that are packed for the way.
        ways: what its shell and tools can do where there is no tar: `text` (short contents from
            it), `fractions` (of seconds), `holes`, `beside` (nothing half written at its place).
        mounted: what may tell the pod's UID: where a mount comes from, a blank, where it stands.
    """

    tar: Tar = Tar.OTHER
    tar_version: str = ""
    framing: Framing = Framing.DD
    uid: int | None = None
    gid: int | None = None
    groups: frozenset[int] = frozenset()
    kernel: int | None = None
    uids: tuple[tuple[int, int], ...] = ()
    gids: tuple[tuple[int, int], ...] = ()
    missing: tuple[str, ...] = field(default=())
    without: frozenset[str] = frozenset()
    keeps_bytes: bool = True
    target: str = "absent"
    algorithm: Algorithm | None = None
    unpacks: bool = False
    mounted: tuple[bytes, ...] = ()
    ways: frozenset[str] = frozenset()

    @property
    def is_root(self) -> bool:
        """May owners be set there?"""
        return self.uid == 0 and (self.kernel is None or bool(self.kernel >> _CAP_CHOWN & 1))

    @property
    def sets_capabilities(self) -> bool:
        """May programs be given capabilities there?"""
        return self.uid == 0 and (self.kernel is None or bool(self.kernel >> _CAP_SETFCAP & 1))

    @property
    def makes_devices(self) -> bool:
        """May device nodes be made there, as far as is known? FIFOs may, by everybody."""
        return self.kernel is None or bool(self.kernel >> _CAP_MKNOD & 1)

    def is_in(self, gid: int) -> bool:
        """Tell whether a group is one of ours there, as far as is known."""
        return gid == self.gid or gid in self.groups

    def may_own(self, uid: int, gid: int) -> bool:
        """Tell whether a file may be given to this user and group there."""
        return self.is_root and _within(uid, self.uids) and _within(gid, self.gids)

    @property
    def unpacker(self) -> str:
        """What writes the files there, in the words of messages."""
        return "the container's shell" if self.tar is Tar.SHELL else "the container's tar"

    @property
    def untried(self) -> frozenset[str]:
        """Tools that are not there, and whose work a tar does by itself."""
        return frozenset() if self.tar is Tar.SHELL else self.without

    @property
    def reads_holes(self) -> bool:
        """Does the tar read GNU's old sparse format? (busybox does not: "unknown typeflag")."""
        if self.tar is Tar.SHELL:
            return "holes" in self.ways
        return self.tar in {Tar.GNU, Tar.BSD, Tar.TOYBOX}

    @property
    def reads_records(self) -> bool:
        """Does the tar take times, attributes and ACLs from PAX records? (GNU: from 1.27 on)."""
        if self.tar is Tar.GNU:
            return _numbers(self.tar_version) >= (1, 27)
        return self.tar is Tar.BSD


_CAP_CHOWN: Final = 0
_CAP_MKNOD: Final = 27
_CAP_SETFCAP: Final = 31
"""Bits of the kernel's capability sets (linux/capability.h)."""


def _within(number: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return not ranges or any(first <= number < first + count for first, count in ranges)


def _numbers(version: str) -> tuple[int, ...]:
    found = re.search(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0,)


def _which_tar(version: str) -> Tar:
    if "GNU tar" in version:
        return Tar.GNU
    lower = version.lower()
    for word, tar in (("busybox", Tar.BUSYBOX), ("bsdtar", Tar.BSD), ("toybox", Tar.TOYBOX)):
        if word in lower:
            return tar
    return Tar.OTHER


def read_probe(records: Iterable[tuple[bytes, bytes]]) -> Capabilities:
    """Read the probe's records, each as (word, rest)."""
    said = list(records)
    answers = {word: rest.strip() for word, rest in said}
    version = shown_text(answers.get(b"tar", b""))
    framing = answers.get(b"framing", b"").decode("ascii", "replace")
    without = frozenset(answers.get(b"without", b"").decode("ascii", "replace").split())
    return Capabilities(
        tar=Tar.SHELL if "tar" in without else _which_tar(version),
        tar_version=version,
        framing=Framing(framing) if framing in set(Framing) else Framing.DD,
        uid=_number(answers.get(b"user", b"")),
        gid=_number(answers.get(b"group", b"")),
        groups=frozenset(int(one) for one in answers.get(b"groups", b"").split() if one.isdigit()),
        kernel=_number(answers.get(b"capabilities", b""), 16),
        uids=_ranges(answers.get(b"uids", b"")),
        gids=_ranges(answers.get(b"gids", b"")),
        missing=tuple(answers.get(b"missing", b"").decode("ascii", "replace").split()),
        without=without,
        keeps_bytes=answers.get(b"bytes") == b"exact",
        target=os.fsdecode(answers.get(b"target", b"absent")),
        unpacks=answers.get(b"unpacks") == b"gzip",
        mounted=tuple(rest.strip() for word, rest in said if word == b"mounted"),
        algorithm=best_of(answers.get(b"sums", b"").decode("ascii", "replace").split()),
    )


def _number(text: bytes, base: int = 10) -> int | None:
    try:
        return int(text, base)
    except ValueError:
        return None


def _ranges(text: bytes) -> tuple[tuple[int, int], ...]:
    found = []
    for word in text.split():
        first, _, count = word.partition(b":")
        if not (first.isdigit() and count.isdigit()):
            return ()
        found.append((int(first), int(count)))
    return tuple(found)


ANOTHER_CONTAINER: Final = (
    "name a container that has them and mounts the same volume (-c CONTAINER), or add one to the "
    "pod: docs/troubleshooting.md, A container that cannot do it"
)
"""The fix of what a container cannot do."""
_NEEDED: Final = {
    "kill": "it has no kill: what a broken restore leaves running there could not be ended",
    "sleep": "it has no sleep: nothing there would notice that the client is gone",
    "tar": "it has neither tar nor mkdir: nothing can write the files",
    "printf": "its shell has neither printf nor print, and it has no printf",
    "stat": "it has no stat, and no ls that tells times in seconds: what stands there is not known",
    "dd": "nothing takes an exact number of bytes from a stream (tried: dd with iflag=fullblock, "
    "head -c, toybox's tar)",
}
"""What each of the probe's words means (scripts/probe.sh)."""


def require_tools(capabilities: Capabilities, container: str) -> None:
    """Return when the container has what a restore needs.

    Raises:
        PodCannotError: tools are missing.
    """
    if capabilities.missing:
        names = ", ".join(capabilities.missing)
        raise PodCannotError(
            f"container {container} lacks what a restore needs: {names}",
            reason="\n".join(_NEEDED[one] for one in capabilities.missing if one in _NEEDED),
            fix=ANOTHER_CONTAINER,
        )
    if not capabilities.keeps_bytes:
        raise PodCannotError(
            f"the shell of container {container} does not keep names as they are",
            reason="its sh takes bytes for characters: a name beyond ASCII would be lost (dash, "
            "bash, busybox, ksh and zsh keep every byte)",
            fix=ANOTHER_CONTAINER,
        )


_DONE_WITHOUT: Final = (
    ({"stat"}, "what stands there is told by ls, without the numbers of file systems"),
    ({"grep"}, "processes are looked for by the shell"),
    ({"gzip"}, "nothing is packed for the way"),
    ({"readlink"}, "where links lead is told by ls"),
    ({"chmod", "chown", "touch"}, "what tar does not set right by itself is only said"),
    ({"df"}, "how much room there is is not known"),
    ({"mkdir", "mv", "ln", "rm", "rmdir", "ls"}, "there is no record of what is in flight"),
    ({"cat", "head"}, "nothing can be saved (--save-replaced)"),
)


def done_without(without: Container[str]) -> list[str]:
    """Return what becomes of a restore without these tools, a sentence each."""
    found = []
    for tools, what in _DONE_WITHOUT:
        lacking = sorted(tool for tool in tools if tool in without)
        if lacking:
            found.append(f"without {', '.join(lacking)}: {what}")
    return found


def require_target(capabilities: Capabilities, target: str, there: Sequence[str]) -> None:
    """Return when the target is a directory that can be entered.

    Args:
        capabilities: what the probe found.
        target: the path, for messages.
        there: the command line that runs something in the container, up to its words.

    Raises:
        NoDirectoryError: there is no such directory.
        PodCannotError: it is closed to us.
    """
    state, _, above = capabilities.target.partition(" ")
    match state:
        case "absent":
            raise NoDirectoryError(
                f"{target} does not exist in the container",
                reason="the target has to be a directory that exists",
                fix=shlex.join([*there, "mkdir", "-p", target]),
            )
        case "below":
            raise NoDirectoryError(
                f"{target} does not exist in the container",
                reason=f"nothing can be made there: {shown_text(above)} is no directory",
                fix=shown_text(f"to see what it is: {shlex.join([*there, 'ls', '-ld', above])}"),
            )
        case "file":
            raise NoDirectoryError(
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
