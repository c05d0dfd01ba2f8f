"""How two trees differ, and which of it the program said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.compatibility.entry import ACL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.compatibility.entry import Entry

TARGETS_OWN: Final = "target's "
"""How the attributes of the target itself begin: it stood there before."""
_SECOND: Final = 10**9
_KEPT: Final = r"\bkept\b"
_FRACTION: Final = r"\bfractions?\b"
_NEVER: Final = r"(?!)"
_SAID: Final = {
    "mode": (r"\bmodes?\b", _KEPT),
    "owner": (r"\bowners?\b", _KEPT),
    "mtime": (r"\bmodification times?\b", rf"{_KEPT}|{_FRACTION}"),
    "mtime of symlinks": (
        (
            r"\bmodification times?\b.*\blinks?\b|\blinks?\b.*\btimes?\b"
            r"|\bpaths? without the backup's modification time\b"
        ),
        _FRACTION,
    ),
    "mtime fraction": (_FRACTION, _NEVER),
    "hard links": (r"\bhard links?\b", _NEVER),
    "xattr": (r"\bextended attributes?\b", _NEVER),
    "acl": (r"\bACLs?\b", _NEVER),
    "holes filled": (r"\bholes?\b", _NEVER),
    f"{TARGETS_OWN}mode": (r"\bkept\b.*\bmode\b", _NEVER),
    f"{TARGETS_OWN}owner": (r"\bkept\b.*\bowner\b", _NEVER),
    f"{TARGETS_OWN}mtime": (r"\bkept\b.*\btime\b|\bmodification times?\b", _FRACTION),
}
"""What a note that speaks of an attribute says, and does not say. Of content, kind, missing and
extra paths no note can speak: a restore with them did not succeed."""
_COUNT: Final = re.compile(
    r"(\d[\d,]*) (?:path|file|director|member|link|symbolic|hard|entr|extended|ACL|modification)"
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A path, an attribute, and what the attribute is instead of what it should be."""

    path: bytes
    attribute: str
    found: object = None
    expected: object = None

    def __str__(self) -> str:
        return f"{self.path!r}: {self.attribute}: {self.found!r} instead of {self.expected!r}"


def differences(
    expected: Mapping[bytes, Entry], found: Mapping[bytes, Entry]
) -> Iterator[Difference]:
    """Yield all that differs; what a file has in common with its other names, once."""
    for path in sorted(expected.keys() | found.keys()):
        if path not in found:
            yield Difference(path, "missing")
        elif path not in expected:
            yield Difference(path, "extra")
        else:
            yield from _of_path(path, expected[path], found[path])


def is_said(attribute: str, count: int, notes: Sequence[str]) -> bool:
    """Tell whether a note speaks of an attribute that differs at so many paths, and of so many."""
    wanted, unwanted = _SAID.get(attribute, (_NEVER, _NEVER))
    for note in notes:
        if re.search(wanted, note) and not re.search(unwanted, note):
            stated = _COUNT.match(note)
            if stated is None or int(stated[1].replace(",", "")) >= count:
                return True
    return False


def _of_path(path: bytes, want: Entry, got: Entry) -> Iterator[Difference]:
    if want.kind != got.kind:
        yield Difference(path, "kind", got.kind, want.kind)
        return
    is_further = bool(want.linked) and path > min(want.linked)
    if want.linked != got.linked and (is_further or not want.linked):
        yield Difference(path, "hard links", sorted(got.linked), sorted(want.linked))
    elif is_further:
        # A file with several names counts once.
        return
    whose = "" if path else TARGETS_OWN
    for attribute, is_value, should in (
        ("size", got.size, want.size),
        ("content", got.content, want.content),
        (f"{whose}mode", got.mode, want.mode),
        (f"{whose}owner", got.owner, want.owner),
    ):
        if is_value != should:
            yield Difference(path, attribute, is_value, should)
    yield from _of_time(path, f"{whose}mtime", want, got)
    yield from _of_xattrs(path, want, got)
    if want.blocks is not None and (got.blocks or 0) > want.blocks:
        yield Difference(path, "holes filled", got.blocks, want.blocks)


def _of_time(path: bytes, attribute: str, want: Entry, got: Entry) -> Iterator[Difference]:
    if got.mtime // _SECOND != want.mtime // _SECOND:
        name = "mtime of symlinks" if want.kind == "symlink" else attribute
        yield Difference(path, name, got.mtime, want.mtime)
    elif got.mtime != want.mtime:
        yield Difference(path, "mtime fraction", got.mtime % _SECOND, want.mtime % _SECOND)


def _of_xattrs(path: bytes, want: Entry, got: Entry) -> Iterator[Difference]:
    for name in sorted(want.xattrs.keys() | got.xattrs.keys()):
        is_value, should = got.xattrs.get(name), want.xattrs.get(name)
        if is_value != should:
            yield Difference(path, "acl" if name == ACL else "xattr", is_value, should)
