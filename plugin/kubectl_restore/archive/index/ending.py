"""How an archive ends, what stood between its members, and what is said of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.refusals import only_zeros, zeros_behind
from kubectl_restore.archive.tar.header import BLOCK
from kubectl_restore.text import counted

if TYPE_CHECKING:
    from kubectl_restore.archive.index.tail import Tail

MOST_PADDING: Final = 1024 * 1024
"""Bytes that follow the two blocks of zeros: tars fill a record, of 1 MiB at the most in use."""
USUAL_PADDING: Final = 64 * 1024
"""Bytes: tars fill records of 10 KiB, some of 32 or 64."""
_RECORD: Final = 20 * BLOCK
_MARK: Final = 2


@dataclass(frozen=True, slots=True)
class Ending:
    """Where the last archive ends.

    Attributes:
        at: bytes up to and with its end marker.
        is_marked: both blocks of zeros are there.
        is_single: one of them is, and nothing can be missing.
        beyond: what was read of what follows.
    """

    at: int
    is_marked: bool
    is_single: bool = False
    beyond: bytes = b""

    @property
    def is_certain(self) -> bool:
        """Tell whether the archive says that it ends here."""
        return self.is_marked or self.is_single


@dataclass(slots=True)
class Seams:
    """What stood between members and is none.

    Attributes:
        archives: how many stand behind one another.
        single: how many single blocks of zeros were read over.
        odd: the first byte of a space between two archives that is none of a tar's; None for none.
    """

    archives: int = 1
    single: int = 0
    odd: int | None = None
    _begun: int = 0

    def note(self, at: int, blocks: int) -> None:
        """Note blocks of zeros before a header; where they begin."""
        end = at + blocks * BLOCK
        if blocks < _MARK:
            self.single += 1
            return
        # A writer fills its record, or none: what is otherwise may be a hole in the file.
        if blocks > _MARK and (end - self._begun) % _RECORD and self.odd is None:
            self.odd = at
        self.archives += 1
        self._begun = end

    def notes(self) -> list[str]:
        """Return what is to be said of them."""
        notes = []
        if self.archives > 1:
            notes.append(
                f"{counted(self.archives, 'archive')} stand behind one another; all were read, and "
                "of members of one name the last counts, as in tar --ignore-zeros"
            )
        if self.single:
            notes.append(
                f"{counted(self.single, 'single block')} of zeros between members read over, as "
                "by tar --ignore-zeros; without it tars stop there"
            )
        return notes

    def doubts(self) -> list[str]:
        """Return what says that members may be missing."""
        if self.odd is None:
            return []
        hole = f"the zeros at byte {self.odd}, between two archives, fill no record of a tar"
        return [f"{hole}; a download that was broken off leaves such a hole: is it whole?"]


def require_end(ending: Ending, tail: Tail, headers: int, *, allow_missing_end: bool) -> None:
    """Return when what follows an archive's end is what an archive has there.

    Args:
        ending: where it ends.
        tail: what follows it; it has been read to the end of the file.
        headers: how many headers were read, the end marker's first block too.
        allow_missing_end: any number of zeros may follow.

    Raises:
        BackupError: it is not.
    """
    if headers == 1 and (tail.stray is not None or tail.end > USUAL_PADDING):
        raise only_zeros(tail.end)
    padding = tail.end - ending.at
    if tail.stray is None and padding > MOST_PADDING and not allow_missing_end:
        raise zeros_behind(ending.at, padding)


def notes_of_end(ending: Ending, tail: Tail) -> list[str]:
    """Return what is to be said of an archive that is whole."""
    notes = []
    if ending.is_single:
        notes.append(
            "the backup ends with one block of zeros instead of two, as some writers leave it; "
            "nothing is missing"
        )
    if tail.note:
        notes.append(tail.note)
    return notes


def doubts_of_end(ending: Ending, tail: Tail) -> list[str]:
    """Return what is to be said of an end behind which members may be missing."""
    if not ending.is_certain:
        return ["the backup has no end marker; whether it is whole cannot be told"]
    padding = tail.end - ending.at
    if tail.stray is None and padding > USUAL_PADDING:
        much = f"{padding:,} bytes of zeros follow the archive's end; tars rarely pad so much"
        return [f"{much}, but a download that was broken off leaves such a tail: is it whole?"]
    return [tail.doubt] if tail.doubt else []
