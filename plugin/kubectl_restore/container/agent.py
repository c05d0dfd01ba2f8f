"""The agent's command line, script and words (container/scripts/ is its other half)."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.stream.quoting import words_of
from kubectl_restore.archive.tar.header import BLOCK, END_OF_ARCHIVE
from kubectl_restore.archive.tar.member_header import member_header
from kubectl_restore.container.batches import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubectl_restore.session.mark import Mark

# The script travels on stdin, not in the argument: the argument becomes part of the request's
# address, which load balancers bound (8 KiB for a request line is common) and audit logs keep.
BOOTSTRAP: Final = """\
s=;l=;while [ "$l" != . ];do s="$s$l
";IFS= read -r l||exit 1;done;eval "$s\""""
"""Has a shell take a script from its stdin, up to a line that is a dot."""

_SHORTEST_IDLE: Final = 15.0
"""Seconds: below this an ordinary pause of the client would look like its end."""
_LONGEST_IDLE: Final = 3600.0


PARTS: Final = (
    "ground",
    "record",
    "processes",
    "payload",
    "questions",
    "changes",
    "traits",
    "probe",
    "commands",
)
"""The files of scripts/, in the order in which they make one script: what a part needs when it is
read stands in an earlier one."""

_SAMPLE: Final = bytes(byte for byte in range(1, 256) if byte != ord("\n"))
"""Every byte that a name can have, but for the newline: the agent looks whether its shell keeps
them all (yash, which has characters for them, does not)."""


_LONG: Final = b"long-" * 24
"""A name of more than 100 bytes, which a header of its own says."""
_WRITE: Final = b'if [ "$#" = 1 ]; then printf "$1"; else printf "$1" | tr "$2" "$3"; fi'
"""Writes what archive/stream/quoting.py has put into words."""


def restore_identity(parts: Iterable[str]) -> str:
    """Return the short name of a restore that differs in any of `parts` from every other."""
    return sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def idle_seconds(stall_timeout: float | None) -> int:
    """Return how long the agent waits, while nothing moves, until it takes its client for gone."""
    return int(_LONGEST_IDLE if stall_timeout is None else max(stall_timeout, _SHORTEST_IDLE))


def lease_name(pod_uid: str, container: str, target: str) -> str:
    """Return what the record of a restore to a target is called in its pod."""
    scope = restore_identity([pod_uid, container])
    return f"kubectl-restore.{scope}.{restore_identity([target])}"


def agent_command(
    mark: Mark, target: str, stall_timeout: float | None, lease: str = ""
) -> list[str]:
    """Return the command that `kubectl exec` runs in the container.

    Args:
        mark: tells this exec from others.
        target: the directory that it works in.
        stall_timeout: seconds; see `idle_seconds`.
        lease: what the record of the restore is called; empty for none.
    """
    idle = str(idle_seconds(stall_timeout))
    return ["sh", "-c", BOOTSTRAP, "kubectl-restore", str(mark), target, idle, lease]


def toolbox_script() -> bytes:
    """Return the part that is sent only where there is no tar: members by the shell's own means."""
    return without_comments(further_source("toolbox")) + b"equip\n"


def trial_script(owner: tuple[int, int]) -> bytes:
    """Return the part that is sent only where there is a tar that is not known.

    Args:
        owner: whom files may belong to there.
    """
    words = words_of(_trial_archive(*owner))
    script = b"long=%s\narchive() {\nset -- %s\n%s\n}\n" % (_LONG, words, _WRITE)
    return script + without_comments(further_source("trial")) + b"try_tar\n"


def _trial_archive(uid: int, gid: int) -> bytes:
    """Return a directory, a file with a long name, and links to it."""
    name = b"d/" + _LONG
    header = partial(member_header, mtime=1_000_000_001, uid=uid, gid=gid)
    return b"".join(
        (
            header(b"d/", b"5", mode=0o700),
            header(name, b"0", mode=0o641, size=8),
            b"content\n".ljust(BLOCK, b"\0"),
            header(b"d/link", b"2", mode=0o777, link=b"to"),
            header(b"d/hard", b"1", mode=0o641, link=name),
            END_OF_ARCHIVE,
        )
    )


def further_source(part: str) -> str:
    """Return a part that is sent where it is wanted only, as it is written."""
    scripts = resources.files("kubectl_restore.container").joinpath("scripts")
    return scripts.joinpath(f"{part}.sh").read_text("utf-8")


def without_comments(source: str) -> bytes:
    """Return a script as it is sent."""
    lines = (line.strip() for line in source.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("#")).encode()


def agent_source() -> str:
    """Return the whole script as it is written: its parts, joined."""
    scripts = resources.files("kubectl_restore.container").joinpath("scripts")
    return "".join(scripts.joinpath(f"{part}.sh").read_text("utf-8") for part in PARTS)


def agent_script() -> bytes:
    """Return what is sent first on stdin: the script without its comments, and its end.

    It fills whole blocks (pipe/framing.py says why), before it is known whether that is wanted.
    """
    script = b"sample=%s\n" % quoted(_SAMPLE) + without_comments(agent_source())
    return script + b"\n" * (-(len(script) + 2) % BLOCK) + b".\n"
