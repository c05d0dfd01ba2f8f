r"""Globs as GNU tar has them, for `--exclude` and for member names with `--wildcards`.

Bytes against bytes, as GNU tar does it in the C locale: `*` and `?` match slashes too, `[...]`
knows ranges, `!` or `^`, and POSIX classes, a backslash takes away a character's meaning. A pattern
that matches a directory's name matches everything below it.

Sources: GNU tar manual, 6.4 "Excluding Some Files" and 6.5.1 "Controlling Pattern-Matching";
gnulib's exclude.c; glibc's fnmatch_loop.c for what the manual leaves open. Held against GNU tar in
tests/unit/archive/test_patterns.py.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from typing import Final

_CLASSES: Final = {
    b"alnum": string.ascii_letters + string.digits,
    b"alpha": string.ascii_letters,
    b"blank": " \t",
    b"cntrl": "".join(map(chr, [*range(0x20), 0x7F])),
    b"digit": string.digits,
    b"graph": "".join(map(chr, range(0x21, 0x7F))),
    b"lower": string.ascii_lowercase,
    b"print": "".join(map(chr, range(0x20, 0x7F))),
    b"punct": string.punctuation,
    b"space": " \t\n\v\f\r",
    b"upper": string.ascii_uppercase,
    b"xdigit": string.hexdigits,
}
_CLASS: Final = re.compile(rb"\[:([a-z]*):\]")
_ONE: Final = re.compile(rb"\[([.=])(.)\1\]", re.DOTALL)
"""A collating element or an equivalence class: one byte, in the C locale."""
_WILDCARD: Final = re.compile(rb"(?:[^\\*?\[]|\\.|\\$)*[*?\[]", re.DOTALL)
_ESCAPE: Final = re.compile(rb"\\(.)", re.DOTALL)
_NOTHING: Final = b"(?!)"
_END: Final = rb"(?=/|\Z)"
"""The name's end, or that of a directory above it."""


@dataclass(frozen=True, slots=True)
class Glob:
    """One pattern, made ready.

    Attributes:
        pattern: as the user wrote it.
        needle: bytes that stand in every name that matches: most names lack them, which is quickly
            seen.
        expression: the regular expression, for the beginning of a name.
    """

    pattern: bytes
    needle: bytes
    expression: re.Pattern[bytes]

    def matches(self, name: bytes) -> bool:
        """Tell whether a member's name (`without_slashes`) matches."""
        return self.needle in name and self.expression.match(name) is not None


def without_slashes(name: bytes) -> bytes:
    """Return a name as GNU tar matches it: a directory's without the slash at its end."""
    return (name.rstrip(b"/") or b"/") if name.endswith(b"/") else name


def exclusion(pattern: bytes) -> Glob:
    r"""Return a pattern of `--exclude`: it may begin at any component of the name.

    One without wildcards is compared as it stands, with its escapes taken away; a backslash at its
    end is then one.
    """
    if not _WILDCARD.match(pattern):
        literal = _ESCAPE.sub(rb"\1", pattern)
        expression = _expression(rb"(?:|.*?/)", [re.escape(literal)])
        return Glob(pattern, literal, expression)
    pieces, needle = _pieces(pattern)
    return Glob(pattern, needle, _expression(rb"(?:|.*?/(?!/))", pieces))


def inclusion(pattern: bytes) -> Glob:
    """Return a name as `tar --wildcards -x` takes it: it begins where the name begins."""
    pieces, needle = _pieces(without_slashes(pattern))
    return Glob(pattern, needle, _expression(b"", pieces))


def _expression(start: bytes, pieces: list[bytes]) -> re.Pattern[bytes]:
    """Return what matches the pieces, with anything between them.

    Each piece is taken where it first fits, and never looked for again (atomic groups): what
    follows has the most room there. So the time is the product of both lengths at most.
    """
    first, *rest = pieces
    if not rest:
        found = b"(?>%s%s%s)" % (start, first, _END)
    else:
        *middle, last = rest
        found = b"(?>%s%s)" % (start, first) + b"".join(b"(?>.*?%s)" % one for one in middle)
        found += b".*?%s%s" % (last, _END) if last else b""
    return re.compile(found, re.DOTALL)


def _pieces(pattern: bytes) -> tuple[list[bytes], bytes]:
    """Return what stands between the stars, as regular expressions of fixed lengths.

    And the longest part of the pattern that has to be there as it stands.
    """
    pieces = [b""]
    literals = [b""]
    at = 0
    while at < len(pattern):
        byte = pattern[at : at + 1]
        at += 1
        values, behind = _bracket(pattern, at) if byte == b"[" else (set(), 0)
        if byte in {b"*", b"?"} or behind:
            literals.append(b"")
            at = behind or at
            if byte == b"*":
                pieces += [b""] if pieces[-1] or len(pieces) == 1 else []
            else:
                pieces[-1] += b"." if byte == b"?" else _set(values)
            continue
        if byte == b"\\":
            byte = pattern[at : at + 1]
            at += 1
            # At the pattern's end it escapes nothing, and nothing matches.
            pieces[-1] += b"" if byte else _NOTHING
        pieces[-1] += re.escape(byte)
        literals[-1] += byte
    return pieces, max(literals, key=len)


def _set(values: set[int]) -> bytes:
    listed = b"".join(b"\\x%02x" % value for value in sorted(values))
    return b"[%s]" % listed if listed else _NOTHING


def _bracket(pattern: bytes, at: int) -> tuple[set[int], int]:
    """Read a bracket expression.

    Args:
        pattern: the whole one.
        at: where it begins, behind its bracket.

    Returns:
        The bytes that it matches, and where it is over: 0 when it is never, so that its bracket
        is a character as any other.
    """
    negated = pattern[at : at + 1] in {b"!", b"^"}
    at += negated
    found: set[int] = set()
    valid = True
    start = at
    while at < len(pattern):
        if pattern[at : at + 1] == b"]" and at > start:
            if negated:
                found = set(range(256)) - found if valid else set()
            return found, at + 1
        named = _CLASS.match(pattern, at)
        if named:
            # An unknown class ends the search: nothing behind it counts, and nothing is outside.
            valid = valid and named[1] in _CLASSES
            found |= set(_CLASSES.get(named[1], "").encode()) if valid else set()
            at = named.end()
            continue
        low, at = _element(pattern, at)
        if pattern[at : at + 1] == b"-" and pattern[at + 1 : at + 2] != b"]":
            high, at = _element(pattern, at + 1)
        else:
            high = low
        if low < 0 or high < 0:
            return set(), len(pattern)
        found |= set(range(low, high + 1)) if valid else set()
    return set(), 0 if valid else len(pattern)


def _element(pattern: bytes, at: int) -> tuple[int, int]:
    """Read one character of a bracket expression; -1 where the pattern then matches nothing."""
    one = _ONE.match(pattern, at)
    if one:
        return one[2][0], one.end()
    if pattern.startswith(b"[.", at):
        return -1, at
    if pattern[at : at + 1] == b"\\":
        at += 1
    return (pattern[at], at + 1) if at < len(pattern) else (-1, at)
