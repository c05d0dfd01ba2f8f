"""The agent's command line, script and words (pod/scripts/agent.sh is its other half)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.header import BLOCK, member_header
from kubectl_restore.pod.capabilities import Framing

if TYPE_CHECKING:
    from collections.abc import Iterable

# The script travels on stdin, not in the argument: the argument becomes part of the request's
# address, which load balancers bound (8 KiB for a request line is common) and audit logs keep.
_BOOTSTRAP: Final = """\
s=;l=;while [ "$l" != . ];do s="$s$l
";IFS= read -r l||exit 1;done;eval "$s\""""

_SHORTEST_IDLE: Final = 15.0
"""Seconds: below this an ordinary pause of the client would look like its end."""
_LONGEST_IDLE: Final = 3600.0


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
    return ["sh", "-c", _BOOTSTRAP, "kubectl-restore", str(mark), target, idle, lease]


def agent_script() -> bytes:
    """Return what is sent first on stdin: the script without its comments, and its end.

    It fills whole blocks (`announcement` says why), before it is known whether that is wanted.
    """
    text = resources.files("kubectl_restore.pod").joinpath("scripts/agent.sh").read_text("utf-8")
    lines = (line.strip() for line in text.splitlines())
    kept = [line for line in lines if line and not line.startswith("#")]
    script = "\n".join([*kept, ""]).encode()
    return script + b"\n" * (-(len(script) + 2) % BLOCK) + b".\n"


def announcement(framing: Framing, lines: bytes) -> bytes:
    """Return lines for the agent as they go on the stream; the last may end in blanks.

    toybox's tar looks at what its first `read` brings (0.8.9, "Not tar" where that is less than a
    header), so a header may never come in two pieces. All that is written fills whole blocks
    then: kubectl, the API server, the kubelet and the runtime pass on 32 KiB at the most, and
    pipes whole pages, so that none of them cuts inside a block.
    """
    if framing is not Framing.TAR:
        return lines
    return lines[:-1] + b" " * (-len(lines) % BLOCK) + lines[-1:]


def envelope(framing: Framing, lines: bytes, length: int) -> tuple[bytes, bytes]:
    """Return what stands before and behind a chunk of `length` bytes on the stream.

    Args:
        framing: what takes the chunk.
        lines: what is said before the chunk, its length at last.
        length: the chunk's bytes; 0 for lines behind which nothing comes.
    """
    before = announcement(framing, lines)
    if framing is not Framing.TAR or not length:
        return before, b""
    header = member_header(b"chunk", b"0", size=length, mode=0o600, mtime=0, uid=0, gid=0)
    return before + header, bytes(-length % BLOCK + 2 * BLOCK)
