"""Short contents as text for a shell's printf, in a room that is known before they are read.

A format of printf says every byte: most as they are, NUL and the quote as octal escapes, `%` and
the backslash twice (POSIX, printf; NUL is tried in the container first). How much longer that makes
a content is not known until it is read, and the stream is laid out before. So there is a room of an
eighth more; what does not fit has its costly bytes changed for its rarest ones, and tr changes them
back: then it always fits.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

LARGEST: Final = 16 * 1024
"""Bytes of a content from which on a process for it costs less than the shell's own work."""
_COSTLY: Final = b"\x00'%\\"
_SLACK: Final = 76
"""Bytes that quotes and the longest words for tr take, and more."""
_ESCAPES: Final = ((b"\\", b"\\\\"), (b"%", b"%%"), (b"\x00", b"\\000"), (b"'", b"\\047"))


def room_of(size: int) -> int:
    """Return how many bytes the words for a content of so many bytes take."""
    return size + size // 8 + _SLACK


def words_of(content: bytes) -> bytes:
    """Return the words for a content: a format, and perhaps what tr changes into what.

    They fill `room_of` its size, with blanks at their end.
    """
    room = room_of(len(content))
    words = _format(content)
    if len(words) > room:
        count = Counter(content)
        # As many are changed as there are costly ones; those that are rare themselves stay.
        rarest = sorted(range(256), key=lambda byte: count[byte])[: len(_COSTLY)]
        away = bytes(byte for byte in _COSTLY if byte not in rarest)
        to = bytes(byte for byte in rarest if byte not in _COSTLY)
        swapped = content.translate(bytes.maketrans(away + to, to + away))
        words = b"%s %s %s" % (_format(swapped), _set(away + to), _set(to + away))
    return words.ljust(room)


def _format(content: bytes) -> bytes:
    for byte, escape in _ESCAPES:
        content = content.replace(byte, escape)
    if content.startswith(b"-"):
        content = b"\\055" + content[1:]
    return b"'%s'" % content


def _set(some: bytes) -> bytes:
    return b"'%s'" % b"".join(b"\\%03o" % byte for byte in some)
