"""Answers to a question about many paths, told apart by number, never by a name that is printed.

uutils' stat and sha256sum, and others, do not print every name as it is. So an answer has the
number of its path, or its place in a batch; and where there is none, that is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.container.checksums import read_digest
from kubectl_restore.container.listed import read_listed
from kubectl_restore.container.survey import read_entry
from kubectl_restore.errors import InterruptedRestoreError, PodCannotError
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
            raise _no_answer(f"{self._answered} of {len(self.paths)} paths were answered")


class Standings(Answers):
    """What stands at each path.

    Attributes:
        found: the entries, by path.
        hidden: paths of which it cannot be told whether something stands there.
    """

    def __init__(self, paths: Sequence[bytes]) -> None:
        """Know nothing yet."""
        super().__init__(paths)
        self.found: dict[bytes, Entry] = {}
        self.hidden: list[bytes] = []
        self._apart: set[int] = set()
        self._batch: list[Entry | None] = []
        self._odd: bytes | None = None

    def read(self, word: bytes, rest: bytes) -> bool:
        """Take one record; those of a batch come in order."""
        if word in _ENTRIES:
            entry = _ENTRIES[word](rest)
            self._batch.append(entry)
            if entry is None:
                # A name of several lines, perhaps: then each of the batch comes again by itself.
                self._odd = rest
        elif word == b"vanished":
            self._batch.append(None)
        elif word == b"gone":
            self._apart.update(self.numbers(rest))
        elif word == b"hidden":
            some = self.numbers(rest)
            self._apart.update(some)
            self.hidden += [self.paths[number] for number in some]
        elif word == b"unseen":
            raise _no_answer("it fails on a path that is there")
        elif word == b"again":
            self._batch.clear()
            self._odd = None
        else:
            return False
        return True

    def end_batch(self, numbers: range) -> None:
        """Give the entries of a batch their paths."""
        if self._odd is not None:
            raise _no_answer(f"it says: {shown(self._odd)}")
        there = [number for number in numbers if number not in self._apart]
        if len(there) != len(self._batch):
            raise _no_answer(f"{len(self._batch)} answers for {len(there)} paths that are there")
        for number, entry in zip(there, self._batch, strict=True):
            if entry is not None:
                self.found[self.paths[number]] = entry
        self._batch.clear()
        self._apart.clear()


_ENTRIES = {b"stat": read_entry, b"listed": read_listed}


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


def _no_answer(reason: str) -> PodCannotError:
    return PodCannotError(
        "the container does not tell what stands at each path",
        reason=reason,
        fix="name another container of the pod that mounts the same volume: -c CONTAINER",
    )
