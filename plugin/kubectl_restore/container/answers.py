"""Answers to a question about many paths, told apart by number, never by a name that is printed.

uutils' stat and sha256sum, and others, do not print every name as it is. So an answer has the
number of its path, or its place in a batch; and where there is none, that is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.container.checksums import read_digest
from kubectl_restore.container.listed import read_listed
from kubectl_restore.container.stat_lines import NOTHING, StatLines
from kubectl_restore.container.survey import line_of, no_answer, unreadable
from kubectl_restore.errors import InterruptedRestoreError
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kubectl_restore.archive.checksums import Algorithm
    from kubectl_restore.container.survey import Entry


class Answers:
    """Takes the agent's records about paths.

    Attributes:
        paths: what is asked about, by number.
    """

    def __init__(
        self,
        paths: Sequence[bytes],
        read: Callable[[bytes, bytes], bool] = lambda _word, _rest: False,
    ) -> None:
        """Know nothing yet.

        Args:
            paths: what is asked about.
            read: takes a record that is about paths: its word and the rest; tells whether it is
                one that it knows.
        """
        self.paths = paths
        self._read = read
        self._answered = 0

    def take(self, word: bytes, rest: bytes) -> bool:
        """Take one record; tell whether it was one about paths.

        Raises:
            InterruptedRestoreError, PodCannotError: it makes no sense.
        """
        if word != b"asked":
            return self.read(word, rest)
        first, count = self.numbers(rest, last=len(self.paths))
        self.end_batch(range(first, first + count))
        self._answered += count
        return True

    def read(self, word: bytes, rest: bytes) -> bool:
        """Take one record about paths."""
        return self._read(word, rest)

    def end_batch(self, numbers: range) -> None:
        """Take it that these paths are answered."""

    def path(self, number: bytes) -> bytes:
        """Return the path of a number."""
        return self.paths[self.numbers(number)[0]]

    def numbers(self, text: bytes, *, last: int | None = None) -> list[int]:
        """Read numbers of paths.

        Raises:
            InterruptedRestoreError: these are none.
        """
        most = len(self.paths) - 1 if last is None else last
        try:
            found = [int(word) for word in text.split()]
        except ValueError:
            found = [-1]
        if not found or not all(0 <= one <= most for one in found):
            raise InterruptedRestoreError(
                "the pod's side is out of step",
                reason=f"it answers for number {shown(text)}, of {len(self.paths)} paths",
                fix="run the same command again",
            )
        return found

    def require_all(self) -> None:
        """Return when every path was answered.

        Raises:
            PodCannotError: one was not: what stands there is not known.
        """
        if self._answered != len(self.paths):
            raise no_answer(f"{self._answered} of {len(self.paths)} paths were answered")


class Standings(Answers):
    """What stands at each path.

    Attributes:
        there: what stands there.
        hidden: paths of which it cannot be told whether something stands there.
    """

    def __init__(self, paths: Sequence[bytes]) -> None:
        """Know nothing yet."""
        super().__init__(paths)
        self.there = StatLines(paths)
        self.hidden: list[bytes] = []
        self._apart: set[int] = set()
        self._batch: list[bytes] = []
        self._odd: bytes | None = None

    @property
    def found(self) -> dict[bytes, Entry]:
        """The entries, by path."""
        return self.there.entries()

    def read(self, word: bytes, rest: bytes) -> bool:
        """Take one record; those of a batch come in order."""
        if word == b"stats":
            self._take_lines(rest)
        elif word == b"listed":
            entry = read_listed(rest)
            self._batch.append(NOTHING if entry is None else line_of(entry))
            if entry is None:
                # A name of several lines, perhaps: then each of the batch comes again by itself.
                self._odd = rest
        elif word == b"vanished":
            self._batch.append(NOTHING)
        elif word == b"gone":
            self._apart.update(self.numbers(rest))
        elif word == b"hidden":
            some = self.numbers(rest)
            self._apart.update(some)
            self.hidden += [self.paths[number] for number in some]
        elif word == b"unseen":
            raise no_answer("it fails on a path that is there")
        elif word == b"again":
            self._batch.clear()
            self._odd = None
        else:
            return False
        return True

    def _take_lines(self, said: bytes) -> None:
        """Take what stat has said of some paths: a line for each."""
        if not said:
            return
        lines = said.split(b"\n")
        self._batch += lines
        if said.translate(None, _SAID) or said.count(b" ") != _BLANKS * len(lines):
            self._odd = said

    def end_batch(self, numbers: range) -> None:
        """Give the lines of a batch their paths."""
        if self._odd is not None:
            raise unreadable(self._odd)
        there: Sequence[int] = numbers
        if self._apart:
            there = [number for number in numbers if number not in self._apart]
        if len(there) != len(self._batch):
            raise no_answer(f"{len(self._batch)} answers for {len(there)} paths that are there")
        if self._apart:
            for number, line in zip(there, self._batch, strict=True):
                self.there.lines[number] = line
        else:
            self.there.lines[numbers.start : numbers.stop] = self._batch
        self._batch.clear()
        self._apart.clear()


_SAID: Final = b"0123456789abcdef -\n"
"""What stat says of numbers: a mode by sixteens, others by tens, times with a sign."""
_BLANKS: Final = 8
"""On each line."""


class Digests(Answers):
    """Checksums; a path that cannot be read has none.

    Attributes:
        found: by path.
    """

    def __init__(self, paths: Sequence[bytes], algorithm: Algorithm) -> None:
        """Know nothing yet."""
        super().__init__(paths)
        self.found: dict[bytes, bytes] = {}
        self._algorithm = algorithm
        self._batch: dict[int, bytes] = {}

    def read(self, word: bytes, rest: bytes) -> bool:
        """Take one record."""
        if word == b"again":
            self._batch.clear()
        elif word == b"sum":
            number, _, said = rest.partition(b" ")
            digest = read_digest(said, self._algorithm)
            if digest is not None:
                self._batch[self.numbers(number)[0]] = digest
        else:
            return False
        return True

    def end_batch(self, numbers: range) -> None:
        """Give the checksums of a batch their paths."""
        for number, digest in self._batch.items():
            if number in numbers:
                self.found[self.paths[number]] = digest
        self._batch.clear()
