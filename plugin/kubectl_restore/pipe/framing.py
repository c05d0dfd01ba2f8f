"""How a chunk stands on the stream, so that the container takes exactly its bytes."""

from __future__ import annotations

from enum import StrEnum

from kubectl_restore.archive.tar.header import BLOCK
from kubectl_restore.archive.tar.member_header import member_header


class Framing(StrEnum):
    """What takes exactly a chunk from the stream in the container."""

    DD = "dd"
    HEAD = "head"
    TAR = "tar"
    """toybox's, which stops at an archive's end mark: each chunk comes as one."""


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
