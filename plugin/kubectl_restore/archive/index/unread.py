"""What is said of fields that could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.tar.header import Unread
from kubectl_restore.text import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

_SENTENCES: Final = {
    Unread.TIME: "the modification time of {} cannot be read in the backup; it becomes one second "
    "before 1970, or what the header says, as with GNU tar",
    Unread.OWNER: "the owner of {} cannot be read in the backup; it becomes root where that may be "
    "set, as with GNU tar, without setuid and setgid",
    Unread.MODE: "the mode of {} cannot be read in the backup; only the owner may read and write",
    Unread.PREFIX: "{} may have had a longer path: text stands where GNU's headers have times (Go "
    "before 1.8 put a path's beginning there); as with GNU tar it is no part of the name",
}


def unread_fields(counts: Mapping[Unread, int]) -> list[str]:
    """Return a sentence for each field that could not be read.

    Args:
        counts: how many members each is of.
    """
    return [
        sentence.format(counted(counts[field], "member"))
        for field, sentence in _SENTENCES.items()
        if counts.get(field)
    ]
