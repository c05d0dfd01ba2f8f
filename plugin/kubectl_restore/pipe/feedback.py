"""What comes back on stderr: the agent's signs, the tools' words, kubectl's, a plugin's. No I/O."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.cluster.messages import is_kubectls_own, is_policys
from kubectl_restore.pipe.records import Record, RecordParser

if TYPE_CHECKING:
    from collections.abc import Iterable

_KEPT_LINES: Final = 200
_LONGEST_LINE: Final = 16 * 1024
_OWN_BEGINNINGS: Final = (
    b"error: ",
    b"Error from server",
    b"Error in configuration",
    b"Unable to connect to the server",
    b"The connection to the server",
    b"command terminated with exit code ",
    b"Internal error occurred",
    b"error occurred while applying preferences",
)
_KLOG_BEGINNING: Final = re.compile(rb"[IWEF]\d{0,4}$|[IWEF]\d{4} ")


class Lines:
    """Cuts bytes into lines; an over-long line is cut, so memory is bounded."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._open = bytearray()

    @property
    def unfinished(self) -> bytes:
        """What has come of a line that has no end yet."""
        return bytes(self._open)

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes; return the lines that they complete, without their newlines."""
        self._open += data
        if b"\n" not in data and len(self._open) <= _LONGEST_LINE:
            return []
        *whole, rest = self._open.split(b"\n")
        lines = [bytes(line) for line in whole]
        if len(rest) > _LONGEST_LINE:
            lines.append(bytes(rest))
            rest = bytearray()
        self._open = bytearray(rest)
        return lines

    def close(self) -> list[bytes]:
        """Return the unfinished line, if there is one."""
        rest = bytes(self._open)
        self._open.clear()
        return [rest] if rest else []


@dataclass(frozen=True, slots=True)
class Beat:
    """The agent lives.

    Attributes:
        moved: the tools that it runs do something.
        waits: they do not, and one waits for a disk, or for a mount whose server is gone.
    """

    moved: bool
    waits: bool = False


@dataclass(frozen=True, slots=True)
class EndOfCommand:
    """Everything that a command's tools said on stderr has been seen."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of somebody's words, raw, without its newline."""

    text: bytes


class FeedbackParser:
    """Tells the agent's signs on stderr from the words of everybody else."""

    def __init__(self, token: bytes) -> None:
        """Take this exec's token."""
        self._records = RecordParser(token)
        self._lines = Lines()

    @property
    def unfinished(self) -> bytes:
        """The line that has no end yet: a prompt, perhaps."""
        return self._lines.unfinished

    def feed(self, data: bytes) -> list[Beat | EndOfCommand | Line]:
        """Take the next bytes; return what they complete, in order."""
        return self._read(self._records.feed(data))

    def close(self) -> list[Beat | EndOfCommand | Line]:
        """Say that no more bytes come; return the rest."""
        found = self._read(self._records.close())
        found += [Line(line) for line in self._lines.close()]
        return found

    def _read(self, items: Iterable[object]) -> list[Beat | EndOfCommand | Line]:
        found: list[Beat | EndOfCommand | Line] = []
        for item in items:
            if isinstance(item, Record):
                if item.word == b"beat":
                    found.append(Beat(moved=item.rest == b"1", waits=item.rest == b"2"))
                elif item.word == b"done":
                    found += [Line(line) for line in self._lines.close()]
                    found.append(EndOfCommand())
            else:
                data: bytes = item.data  # type: ignore[attr-defined]
                found += [Line(line) for line in self._lines.feed(data)]
        return found


class Voices:
    """Tells, before the stream has begun, what of kubectl's stderr is for the user at once.

    A credential plugin asks and tells through kubectl's stderr; a prompt has no newline. kubectl's
    own messages are kept back: they become an error of ours, or are noise.
    """

    def __init__(self) -> None:
        """Start at the beginning of a line."""
        self._passed = 0
        self._is_policys = False

    def line(self, text: bytes) -> bytes:
        """Return what of a whole line is still to be passed on."""
        passed, self._passed = self._passed, 0
        words = text.decode("utf-8", "replace")
        # It may have many lines, and is the last thing that kubectl says.
        self._is_policys = self._is_policys or (not passed and is_policys(words))
        if not passed and (self._is_policys or is_kubectls_own(words)):
            return b""
        return text[passed:] + b"\n"

    def unfinished(self, text: bytes) -> bytes:
        """Return what of an unfinished line is to be passed on now."""
        if not text or self._is_policys or (not self._passed and _may_become_kubectls(text)):
            return b""
        new = text[self._passed :]
        self._passed = len(text)
        return new


def _may_become_kubectls(text: bytes) -> bool:
    return _KLOG_BEGINNING.match(text) is not None or any(
        text.startswith(own) or own.startswith(text) for own in _OWN_BEGINNINGS
    )


class Evidence:
    """The last lines that were said, and how many there were."""

    def __init__(self) -> None:
        """Start empty."""
        self.count = 0
        self._kept: deque[bytes] = deque(maxlen=_KEPT_LINES)

    def add(self, line: bytes) -> None:
        """Keep a line (and forget the oldest beyond 200)."""
        self.count += 1
        self._kept.append(line)

    def clear(self) -> None:
        """Forget everything."""
        self.count = 0
        self._kept.clear()

    @property
    def lines(self) -> list[str]:
        """The lines kept, as text; bytes that are not UTF-8 survive as surrogates."""
        return [line.decode("utf-8", "surrogateescape") for line in self._kept]
