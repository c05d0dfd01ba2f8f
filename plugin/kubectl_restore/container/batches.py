"""The names in a question: text for the agent's shell, a batch of names a line.

The shell's own means carry every byte of a name, in any number; xargs is not everywhere, and
Rust's changes names that are not UTF-8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LARGEST_QUESTION: Final = 64 * 1024
"""Bytes of one payload: small ones, so that the pod works while we read."""
_MOST_NAMES: Final = 250
"""In one batch: a shell copies its arguments now and then."""
_LONGEST_BATCH: Final = 24 * 1024
"""Bytes of one batch: a command's arguments, for which the least that is allowed is 128 KiB."""
_QUOTE: Final = b"'\\''"


def quoted(name: bytes) -> bytes:
    """Return a word that any POSIX shell takes for just these bytes (none of them NUL)."""
    return b"'%s'" % name.replace(b"'", _QUOTE)


def questions(
    paths: Iterable[bytes],
    words: Iterable[bytes] = (),
    *,
    largest: int = LARGEST_QUESTION,
    together: int = _MOST_NAMES,
) -> Iterator[tuple[bytes, int]]:
    """Return payloads, each with how many paths it asks about; paths are numbered from 0 on.

    The leading `./` keeps a name that begins with a dash from being read as an option.

    Args:
        paths: below the target; the empty one is the target itself.
        words: what stands before each name, a word of its own.
        largest: bytes of a payload, but for a single name that is longer.
        together: names in one batch.
    """
    lines: list[bytes] = []
    names: list[bytes] = []
    size = length = asked = number = 0
    before = iter(words)
    for path in paths:
        word = next(before, None)
        name = quoted(b"./%s" % path)
        if word is not None:
            name = b"%s %s" % (quoted(word), name)
        if names and (len(names) == together or length + len(name) > _LONGEST_BATCH):
            lines.append(_line(number - len(names), names))
            size += len(lines[-1])
            names, length = [], 0
        if (lines or names) and size + length + len(name) > largest:
            if names:
                lines.append(_line(number - len(names), names))
            yield b"".join(lines), number - asked
            lines, names, size, length, asked = [], [], 0, 0, number
        names.append(name)
        length += len(name) + 1
        number += 1
    if names:
        lines.append(_line(number - len(names), names))
    if lines:
        yield b"".join(lines), number - asked


def one_batch(paths: Iterable[bytes]) -> bytes:
    """Return a payload that asks about paths at once, how many they may be; see `questions`."""
    return _line(0, [quoted(b"./%s" % path) for path in paths])


def _line(first: int, names: list[bytes]) -> bytes:
    return b"q %d %s\n" % (first, b" ".join(names))
