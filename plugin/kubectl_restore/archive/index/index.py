"""The index as a value: all members, and what is known of the archive's end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.archive.source.magic import Compression


@dataclass(frozen=True, slots=True)
class Index:
    """All members of an archive, in order.

    Attributes:
        members: in the archive's order; of several with one path only the last.
        stream_length: bytes up to and with the end marker.
        compression: how the file is packed.
        missing_end: the end marker is not whole (and that was allowed).
        warnings: sentences for the user.
        doubts: those of them that say that members may be missing, or that fields could not be
            read; such an index is not remembered, and --strict counts them.
        is_salvaged: the backup is damaged, and these members are what can be had of it.
        is_remembered: it was read at an earlier time; the file's own checksums were compared then.
    """

    members: Members
    stream_length: int
    compression: Compression
    missing_end: bool = False
    warnings: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    is_salvaged: bool = False
    is_remembered: bool = False
