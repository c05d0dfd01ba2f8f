"""Which parts of a member with holes are stored, whichever of GNU's formats says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.refusals import corrupt
from kubectl_restore.archive.tar.header import HeaderError
from kubectl_restore.archive.tar.sparse import (
    MOST_EXTENTS,
    Extents,
    OldSparseMap,
    extents_of,
    read_map,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.archive.tar.header import Header
    from kubectl_restore.archive.tar.pax import Pax

_OLD: Final = b"S"


class Holes:
    """Reads the maps of one archive, and counts their parts."""

    def __init__(self, read_block: Callable[[], bytes]) -> None:
        """Take what returns the next block of a map."""
        self._read_block = read_block
        self._parts = 0

    def read(
        self, header: Header, pax: Pax, block: bytes, at: int, *, is_file: bool
    ) -> tuple[Extents, int] | None:
        """Return a member's map and its size with its holes; None for one without holes.

        Raises:
            BackupError: tars differ in what it is.
            HeaderError: the map makes no sense.
        """
        if header.kind == _OLD:
            if not header.is_gnu:
                raise corrupt(f"the sparse member at byte {at} is not in GNU's format")
            sparse = OldSparseMap(block)
            while sparse.goes_on:
                sparse.extend(self._read_block())
            return sparse.extents, sparse.size
        if not pax.is_sparse:
            return None
        if pax.sparse_size is None or not is_file:
            raise corrupt(f"the sparse member at byte {at} does not say how large it is")
        return self._read_pax(pax, pax.sparse_size), pax.sparse_size

    def check(self, extents: Extents, stored: int, at: int) -> None:
        """Return when a map is that of the data which follows it.

        Raises:
            BackupError: it is not, or there are too many parts.
        """
        self._parts += len(extents.pairs) // 2
        if self._parts > MOST_EXTENTS:
            raise corrupt(f"its sparse maps have more than {MOST_EXTENTS:,} parts")
        if extents.stored != stored:
            raise corrupt(f"the sparse map at byte {at} does not add up to the member's data")

    def _read_pax(self, pax: Pax, size: int) -> Extents:
        parts = pax.sparse_map
        match pax.sparse_major, pax.sparse_minor:
            case (1, 0) if parts is None:
                return read_map(self._read_block, size)
            case (0, 0) | (0, 1) if parts is not None and len(parts) == 2 * (pax.sparse_parts or 0):
                return extents_of(parts, size)
        raise HeaderError("it has holes, and its records do not agree where")
