"""The names in a question: text for the agent's shell, a batch of names a line.

The shell's own means carry every byte of a name, in any number; xargs is not everywhere, and
Rust's changes names that are not UTF-8.
"""

from __future__ import annotations

from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
    size = asked = number = 0
    longest = min(_LONGEST_BATCH, largest)
    for names, count in _batches(iter(paths), iter(words), together, longest):
        line = b"q %d %s\n" % (number, names)
        if lines and size + len(line) > largest:
            yield b"".join(lines), number - asked
            lines, size, asked = [], 0, number
        lines.append(line)
        size += len(line)
        number += count
    if lines:
        yield b"".join(lines), number - asked


def _batches(
    paths: Iterator[bytes], words: Iterator[bytes], together: int, longest: int
) -> Iterator[tuple[bytes, int]]:
    """Return the words of each batch, and how many paths it asks about."""
    while some := list(islice(paths, together)):
        said = list(islice(words, len(some)))
        whole = _all_quoted(some) if not said else b" ".join(_with_words(some, said))
        if len(whole) <= longest:
            yield whole, len(some)
            continue
        names: list[bytes] = []
        length = 0
        for name in _with_words(some, said):
            if names and length + len(name) > longest:
                yield b" ".join(names), len(names)
                names, length = [], 0
            names.append(name)
            length += len(name) + 1
        yield b" ".join(names), len(names)


def _all_quoted(paths: list[bytes]) -> bytes:
    """Return the words for some names: hardly any has a quote."""
    whole = b"' './".join(paths)
    if whole.count(b"'") == 2 * (len(paths) - 1):
        return b"'./%s'" % whole
    return b" ".join(_with_words(paths, ()))


def _with_words(paths: Sequence[bytes], words: Sequence[bytes]) -> Iterator[bytes]:
    """Return the words for each name, with what stands before it."""
    for path, word in zip_longest(paths, words):
        name = quoted(b"./%s" % path)
        yield name if word is None else b"%s %s" % (quoted(word), name)


def one_batch(paths: Iterable[bytes]) -> bytes:
    """Return a payload that asks about paths at once, how many they may be; see `questions`."""
    return b"q 0 %s\n" % _all_quoted(list(paths))
