"""Names that some volumes take for one: other capitals, another form, dots at the end. Pure.

Volumes that do not tell capitals apart, or forms of Unicode, or that drop dots and blanks at a
name's end (exFAT, SMB shares, ext4 with casefold), have one file where a backup has two: what is
written last is there, under both names.
"""

from __future__ import annotations

import unicodedata
from array import array
from itertools import islice
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.repeated import repeated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def folded(path: bytes) -> bytes:
    """Return what all paths have in common that some volume could take for this one."""
    if path.isascii():
        folded_path = path.lower()
    else:
        text = path.decode("utf-8", "surrogateescape")
        # Folding may bring a form that is not normal, and normalising capitals.
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        folded_path = text.encode("utf-8", "surrogateescape")
    if b"." in folded_path or b" " in folded_path:
        return b"/".join([part.rstrip(b". ") or part for part in folded_path.split(b"/")])
    return folded_path


def hashes_of(paths: list[bytes]) -> Iterator[int]:
    """Return the hashes of what each path is folded to."""
    text = b"\x00".join(paths) + b"\x00"
    is_plain = text.isascii() and text.count(b"\x00") == len(paths)
    if is_plain and not any(odd in text for odd in _DROPPED):
        return map(hash, text[:-1].lower().split(b"\x00"))
    return (hash(folded(path)) for path in paths)


_DROPPED: Final = (b"./", b" /", b".\x00", b" \x00")
"""What some names end with, and volumes drop."""
_TOGETHER: Final = 4096
"""Paths that are folded in one go."""


class Names:
    """All paths that a restore makes, in eight bytes each; knows which of them could be one."""

    def __init__(self) -> None:
        """Have none."""
        self._hashes = array("q")

    def add(self, paths: Iterable[bytes]) -> set[int]:
        """Take further paths, each of which is another one.

        Returns:
            The hashes that more than one path has by now, one of them of these.
        """
        first, each = len(self._hashes), iter(paths)
        while some := list(islice(each, _TOGETHER)):
            self._hashes.extend(hashes_of(some))
        found = repeated(self._hashes)
        return found and found.intersection(self._hashes[first:])


def groups(paths: Iterable[bytes], hashes: set[int]) -> list[list[bytes]]:
    """Return the paths that could be one, together.

    Args:
        paths: of which some have one of these hashes.
        hashes: of their folded forms.
    """
    found: dict[bytes, set[bytes]] = {}
    for path in paths:
        key = folded(path)
        if hash(key) in hashes:
            found.setdefault(key, set()).add(path)
    return [sorted(some) for _, some in sorted(found.items()) if len(some) > 1]


def together(groups_: Iterable[list[bytes]]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Return directories, each with paths in it that could be one.

    A directory's own name is a path too: where two of these are two, what is below them is.
    """
    for some in groups_:
        inside: dict[bytes, list[bytes]] = {}
        for path in some:
            inside.setdefault(path.rpartition(b"/")[0], []).append(path)
        yield from ((parent, paths) for parent, paths in inside.items() if len(paths) > 1)
