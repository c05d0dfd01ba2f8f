"""What stands before a member's header and belongs to it: long names, extended headers, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.refusals import corrupt, truncated, unsupported
from kubectl_restore.archive.tar.header import BLOCK
from kubectl_restore.archive.tar.pax import NO_RECORDS, Pax, is_of_several, parse_pax

if TYPE_CHECKING:
    from kubectl_restore.archive.tar.header import Header

PREFIXES: Final = frozenset({b"L", b"K", b"x", b"g"})
_LARGEST: Final = 1024 * 1024
"""Bytes of a long name or an extended header; real ones have a few KiB."""
_LONGEST_NAME: Final = 64 * 1024
"""Bytes of a name, a link's target, an owner's name: no system has longer ones than a few KiB."""
_MOST_BEYOND: Final = 16 * 1024 * 1024
"""Bytes of names beyond a path's 4,096, and of global headers: what they may take of our memory."""
_PATH: Final = 4096


class Prefixes:
    """What has come for the next member.

    Attributes:
        start: where the member's first block stands, these included.
        labels: what the archive is called.
    """

    def __init__(self) -> None:
        """Have nothing, at the archive's first byte."""
        self.start = 0
        self.labels: list[bytes] = []
        self._global = NO_RECORDS
        self._long_name = b""
        self._long_link = b""
        self._pax: Pax | None = None
        self._beyond = 0

    def begin(self, position: int, *, forget: bool = False) -> None:
        """Wait for the member that begins here.

        Args:
            position: bytes of the archive.
            forget: another archive begins: the global headers of the one before hold no more.
        """
        self.start = position
        self._long_name = self._long_link = b""
        self._pax = None
        if forget:
            self._global = NO_RECORDS

    @property
    def holds_for_all(self) -> bool:
        """Tell whether a global header says something of every member."""
        return self._global is not NO_RECORDS

    def require_none(self) -> None:
        """Return when nothing waits for a member.

        Raises:
            BackupError: something does.
        """
        if self._long_name or self._long_link or self._pax is not None:
            raise truncated(f"the extended header at byte {self.start} belongs to no member")

    def records(self, header: Header, at: int) -> Pax:
        """Return the PAX records for a header, global ones too; NO_RECORDS itself for none.

        Raises:
            BackupError: tars differ in whether they hold for it.
        """
        if self._pax is None:
            return self._global
        if not header.has_magic:
            # GNU tar takes half of the records then.
            raise corrupt(f"the header at byte {at} is too old for the extended header before it")
        return self._pax.over(self._global)

    def names(self, header: Header, pax: Pax, at: int) -> tuple[bytes, bytes]:
        """Return the member's name and its link's target.

        Raises:
            BackupError: they take too much memory, or tars differ in what they are.
        """
        if not (self._long_name or self._long_link) and pax is NO_RECORDS:
            return header.name, header.link
        self._require_short(pax, at)
        name = _one_of("names", at, pax.path, self._long_name) or header.name
        link = _one_of("link targets", at, pax.linkpath, self._long_link) or header.link
        return name, link

    def take_label(self, header: Header, at: int, position: int) -> None:
        """Pass over a label: no member, so nothing of it is ever sent.

        GNU tar and bsdtar pass over it too; busybox refuses it, toybox makes a file of it.

        Raises:
            BackupError: it is not formed as GNU tar does it, or names one of several volumes.
        """
        if header.size or self.start != at:
            raise corrupt(f"the volume label at byte {at} is not formed as GNU tar does it")
        if is_of_several(header.name):
            raise unsupported(b"M", at)
        self.labels.append(header.name)
        self.begin(position)

    def take(self, header: Header, data: bytes, padding: bytes, at: int) -> None:
        """Take what says something about the next member (or, for `g`, about all).

        Args:
            header: its own.
            data: its content, as long as the header says.
            padding: the rest of its last block.
            at: where it stands.

        Raises:
            BackupError: it is not formed as it has to be, or tars differ in what it says.
        """
        if header.kind == b"L":
            self._long_name = _long(data, padding, self._long_name, at)
        elif header.kind == b"K":
            self._long_link = _long(data, padding, self._long_link, at)
        else:
            self._take_records(header.kind, data, at, at + BLOCK + len(data) + len(padding))

    def _take_records(self, kind: bytes, data: bytes, at: int, position: int) -> None:
        try:
            pax = parse_pax(data)
        except ValueError as error:
            raise corrupt(f"the extended header at byte {at}: {error}") from error
        if pax.refused:
            raise unsupported(pax.refused, at)
        if kind == b"g":
            self._beyond += len(data)
            if self._beyond > _MOST_BEYOND:
                raise corrupt(f"up to byte {at} global headers have {self._beyond:,} bytes")
            self._take_global(pax, at, position)
        elif self._pax is not None:
            raise corrupt(f"the extended header at byte {at} is the second of one member")
        else:
            self._pax = pax

    def _take_global(self, pax: Pax, at: int, position: int) -> None:
        if self.start != at:
            raise corrupt(f"a global header stands inside a member, at byte {at}")
        if pax.says_what_it_is:
            # GNU gives every member that follows this name; busybox, bsdtar and toybox do not.
            raise corrupt(f"the global header at byte {at} gives many members one name or size")
        if pax.label is not None:
            self.labels.append(pax.label)
        self._global = pax.over(self._global)
        self.begin(position)

    def _require_short(self, pax: Pax, at: int) -> None:
        """Return while names take no more memory than those of a real archive do."""
        names = (pax.path, pax.linkpath, pax.user, pax.group, self._long_name, self._long_link)
        for one in names:
            if one is not None and len(one) > _PATH:
                if len(one) > _LONGEST_NAME:
                    raise corrupt(f"a name of the member at byte {at} has {len(one):,} bytes")
                self._beyond += len(one)
        if self._beyond > _MOST_BEYOND:
            raise corrupt(
                f"up to the member at byte {at} names have {self._beyond:,} bytes too many"
            )


def require_size(header: Header, at: int) -> None:
    """Return when a block that stands before a member is no larger than real ones are.

    Raises:
        BackupError: it is.
    """
    if header.size > _LARGEST:
        raise corrupt(f"the name or extended header at byte {at} has {header.size} bytes")


def _one_of(what: str, at: int, records: bytes | None, long: bytes) -> bytes:
    """Return what a PAX record or a GNU prefix says; tars differ in which of two they believe."""
    if records and long and records != long:
        raise corrupt(f"the member at byte {at} has two {what}")
    return records or long


def _long(data: bytes, padding: bytes, before: bytes, at: int) -> bytes:
    """Return a long name. GNU tar reads on to the next NUL or block, whatever its length says.

    .NET counts no NUL, so that a name may fill its last block.
    """
    text = data.split(b"\x00", 1)[0]
    if before or not text:
        raise corrupt(f"the long name at byte {at} is empty, or the second of one member")
    if len(text) == len(data) and padding and padding[:1] != b"\x00":
        raise corrupt(f"the long name at byte {at} does not end where it says")
    return text
