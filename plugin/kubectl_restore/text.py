"""Text for people: names of files, which are bytes, shown safely; numbers and lists."""

from __future__ import annotations

import os
import shlex
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_PLAIN: Final = {ord("\t"): "\\t", ord("\n"): "\\n", ord("\r"): "\\r", ord("\\"): "\\\\"}


_LATEST: Final = 253402300799
"""The last second of the year 9999, beyond which no calendar is used."""

_LONGEST: Final = 300
"""Characters of a name in a message: a component has 255 bytes at most, a usual path fewer."""
_START: Final = 160
_END: Final = 80


def shown(name: bytes) -> str:
    """Return a name for a message: as `shown_whole`, but of a very long one only both ends.

    An archive's names may have tens of thousands of bytes, and a message lists ten of them.
    """
    escaped = list(_escaped(name))
    if sum(map(len, escaped)) <= _LONGEST:
        return "".join(escaped)
    start = "".join(_fitting(escaped, _START))
    end = "".join(reversed(_fitting(reversed(escaped), _END)))
    return f"{start}[... {len(name):,} bytes ...]{end}"


def shown_whole(name: bytes) -> str:
    r"""Return a name as text that cannot do anything to a terminal.

    Control characters, format characters (bidirectional overrides among them) and bytes that
    are not UTF-8 come out as escapes (`\n`, `\x1b`, `\u202e`, `\xff`), as `ls --escape` would.
    The text is meant for people; it is unambiguous because a backslash is doubled.
    """
    return "".join(_escaped(name))


def _escaped(name: bytes) -> Iterator[str]:
    """Return each character of a name, or its escape."""
    for character in name.decode("utf-8", "surrogateescape"):
        code = ord(character)
        if code in _PLAIN:
            yield _PLAIN[code]
        elif 0xDC80 <= code <= 0xDCFF:
            yield f"\\x{code - 0xDC00:02x}"
        elif character.isprintable():
            yield character
        elif code <= 0xFF:
            yield f"\\x{code:02x}"
        elif code <= 0xFFFF:
            yield f"\\u{code:04x}"
        else:
            yield f"\\U{code:08x}"


def _fitting(escaped: Iterable[str], most: int) -> list[str]:
    """Return the first ones that have so many characters together; no escape is cut."""
    found = []
    for one in escaped:
        most -= len(one)
        if most < 0:
            break
        found.append(one)
    return found


def shown_text(text: str | bytes) -> str:
    """Return foreign text (a tool's own words) safe for a terminal, its lines kept apart.

    A backslash stays single here: tools escape names in their own ways already.
    """
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    return "\n".join(
        shown_whole(line.replace(b"\r", b"")).replace("\\\\", "\\") for line in raw.split(b"\n")
    )


def pasteable(path: os.PathLike[str]) -> str:
    """Return a path quoted for a shell, without anything that could move a terminal."""
    text = os.fspath(path)
    if shown_whole(os.fsencode(path)) == text:
        return shlex.quote(text)
    return _escaped_word(text)


def pasteable_word(word: str) -> str:
    """Return a word of a command line quoted for a shell, on one line."""
    return shlex.quote(word) if word.isprintable() else _escaped_word(word)


def _escaped_word(word: str) -> str:
    # bash, zsh, ksh and busybox know $'...'; every odd byte is an escape in it.
    escaped = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"\\'" else f"\\x{byte:02x}"
        for byte in os.fsencode(word)
    )
    return f"$'{escaped}'"


def pasteable_words(words: Iterable[str]) -> str:
    """Return a command line that can be pasted as one line, whatever its words have in them."""
    return " ".join(map(pasteable_word, words))


LISTED: Final = 10
"""How many names a message lists."""


def counted(number: int, one: str, many: str = "") -> str:
    """Return `1 file`, `2 files`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(lines: Sequence[str], further: int = 0) -> str:
    """Return the first lines, and how many more there are, `further` of them not given here."""
    some = list(lines[:LISTED])
    more = len(lines) - len(some) + further
    if more:
        some.append(f"and {more:,} more")
    return "\n".join(some)


def leave_them_out(*, deletes: bool) -> str:
    """Return how to leave members out of a restore; --delete would delete what is left out."""
    return "leave them out: --exclude NAME" + (" without --delete" if deletes else "")


def as_date(seconds: int) -> str:
    """Return a time in UTC; seconds since 1970 where no calendar reaches."""
    if not -62135596800 <= seconds <= _LATEST:
        return f"@{seconds}"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))
