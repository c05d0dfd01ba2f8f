"""What the pod is asked and told beside the stream: short talks with the agent in the open exec."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from kubectl_restore.archive.members.member import normal_path
from kubectl_restore.container.answers import Answers, Digests, Standings
from kubectl_restore.container.batches import one_batch, questions
from kubectl_restore.container.capabilities import read_probe
from kubectl_restore.container.checksums import is_plain
from kubectl_restore.container.contents import requests
from kubectl_restore.container.leases import read_leases
from kubectl_restore.container.links import read_link, read_text
from kubectl_restore.container.mounts import read_mounts
from kubectl_restore.container.opened import LISTED, Opened, Opener
from kubectl_restore.container.record import RecordQuestions, require_whole
from kubectl_restore.container.space import read_space
from kubectl_restore.container.traits import read_traits
from kubectl_restore.errors import PodCannotError
from kubectl_restore.progress import Silence, Status
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

    from kubectl_restore.archive.checksums import Algorithm
    from kubectl_restore.container.capabilities import Capabilities
    from kubectl_restore.container.leases import Leases
    from kubectl_restore.container.mounts import Mount
    from kubectl_restore.container.space import Space
    from kubectl_restore.container.stat_lines import StatLines
    from kubectl_restore.container.survey import Entry
    from kubectl_restore.container.traits import Volumes
    from kubectl_restore.progress import Phase, Progress
    from kubectl_restore.session.session import Session


class Questions(RecordQuestions):
    """Asks through one session. Every answer is whole, or an error.

    All calls raise RestoreError when the link is lost, the time runs out or a signal comes.

    Attributes:
        opener: opens directories of ours that are closed to us, for the run.
    """

    def __init__(self, session: Session, progress: Progress, opened: Opened | None = None) -> None:
        """Take the session that is open, and what earlier ones of the run have opened."""
        super().__init__(session)
        self._progress = progress
        self.opener = Opener(session, self._ask_each, Opened() if opened is None else opened)

    def silent(self) -> Questions:
        """Return the same, telling nobody how far it is."""
        return Questions(self._session, Silence(), self.opener.opened)

    def survey(
        self, phase: Phase, paths: Sequence[bytes], *, done: int = 0, total: int | None = None
    ) -> dict[bytes, Entry]:
        """Ask what stands at each path, and return the entries; see `look`."""
        return self.look(phase, paths, done=done, total=total).entries()

    def look(
        self, phase: Phase, paths: Sequence[bytes], *, done: int = 0, total: int | None = None
    ) -> StatLines:
        """Ask what stands at each path; the empty one is the target itself.

        Directories of ours that hide some of it are opened for the run; their modes are told as
        they were.

        Args:
            phase: for the progress.
            paths: below the target.
            done: how many were asked about before in this phase.
            total: how many will be asked about; None for these alone.

        Raises:
            PodCannotError: others' directories hide some of it.
        """
        total = len(paths) if total is None else total
        answers = Standings(paths)

        def said(count: int) -> None:
            nonlocal done
            done += count
            self._progress.status(Status(phase, done_files=done, total_files=total))

        self._progress.status(Status(phase, done_files=done, total_files=total))
        self._ask_each(b"survey", answers, said=said)
        there = answers.there
        if answers.hidden:
            there.update(self.opener.inside(answers.hidden))
        if self.opener.opened.modes:
            there.update(self.opener.opened.as_before(there))
        return there

    def closed(self, directories: Iterable[bytes]) -> list[bytes]:
        """Ask which of these directories take nothing from us."""
        return self._closed(b"closed", directories)

    def unreadable(self, files: Iterable[bytes]) -> list[bytes]:
        """Ask which of these files we may not read."""
        return self._closed(b"closed -r", files)

    def _closed(self, command: bytes, paths: Iterable[bytes]) -> list[bytes]:
        found: list[bytes] = []

        def take(word: bytes, rest: bytes) -> bool:
            if word == b"closed":
                found.extend(answers.paths[number] for number in answers.numbers(rest))
            return word == b"closed"

        answers = Answers(list(paths), take)
        self._ask_each(command, answers)
        return found

    def leads(self, links: Iterable[bytes]) -> dict[bytes, bytes]:
        """Ask where links lead; return those that lead to directories inside the target."""
        return self._told(b"resolve", b"leads", links, read_link)

    def texts(self, links: Iterable[bytes]) -> dict[bytes, bytes]:
        """Ask what symbolic links say; one that cannot be read is left out."""
        return self._told(b"texts", b"text", links, read_text)

    def _told(
        self,
        command: bytes,
        word: bytes,
        links: Iterable[bytes],
        read: Callable[[bytes], bytes | None],
    ) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}

        def take(said: bytes, rest: bytes) -> bool:
            if said == word:
                number, _, text = rest.partition(b" ")
                what = read(text)
                if what is not None:
                    found[answers.path(number)] = what
            return said == word

        answers = Answers(list(links), take)
        self._ask_each(command, answers)
        return found

    def digests(self, paths: Iterable[bytes], algorithm: Algorithm) -> dict[bytes, bytes]:
        """Ask for the checksums of regular files; one that cannot be read is left out.

        Args:
            paths: below the target.
            algorithm: one that the container has a tool for.
        """
        plain: list[bytes] = []
        odd: list[bytes] = []
        for path in paths:
            (plain if is_plain(path) else odd).append(path)
        found: dict[bytes, bytes] = {}
        for command, some in ((b"hash ", plain), (b"hasheach ", odd)):
            answers = Digests(some, algorithm)
            self._ask_each(command + algorithm.value.encode(), answers)
            found.update(answers.found)
        return found

    def children(
        self, directories: Iterable[bytes]
    ) -> tuple[list[tuple[bytes, bool]], list[bytes]]:
        """Ask what stands in directories.

        Returns:
            Each path, with whether it is a directory; and the directories that we may not list.
        """
        wanted = list(directories)
        found, closed = self._children(wanted)
        if closed and self.opener.open_ours(closed, LISTED):
            return self._children(wanted)
        return found, closed

    def _children(self, directories: list[bytes]) -> tuple[list[tuple[bytes, bool]], list[bytes]]:
        found: list[tuple[bytes, bool]] = []
        closed: list[bytes] = []

        def take(word: bytes, rest: bytes) -> bool:
            if word == b"child":
                number, kind, name = rest.split(b" ", 2)
                found.append((normal_path(b"%s/%s" % (answers.path(number), name)), kind == b"d"))
            elif word == b"unlisted":
                closed.append(answers.path(rest))
            return word in {b"child", b"unlisted"}

        answers = Answers(directories, take)
        self._ask_each(b"list", answers)
        return found, closed

    def mounts(self) -> list[Mount]:
        """Ask which volumes there are at the target and below it."""
        return read_mounts(self._session.ask(b"mounts").records)

    def traits(
        self,
        directories: Iterable[bytes],
        *,
        gives_away: bool,
        untried: Container[str] = frozenset(),
    ) -> Volumes:
        """Ask what the volumes of directories keep; see `read_traits`."""
        found: list[tuple[bytes, bytes]] = []

        def take(word: bytes, rest: bytes) -> bool:
            if word == b"tried":
                found.append((word, answers.path(rest)))
            elif word == b"trait":
                found.append((word, rest))
            return word in {b"tried", b"trait"}

        answers = Answers(list(directories), take)
        self._ask_each(b"traits 1:1" if gives_away else b"traits -", answers)
        return read_traits(found, gives_away=gives_away, untried=untried)

    def as_one(self, directory: bytes, names: Sequence[bytes]) -> list[bytes]:
        """Ask which of these names are one in a directory: made in one of ours and listed there.

        Nothing is one where nothing may be made. Inodes are not asked: with FUSE each name may
        have its own.
        """
        entries: set[bytes] = set()
        standing: list[bytes] = []

        def take(word: bytes, rest: bytes) -> bool:
            if word == b"entry":
                entries.add(rest)
            elif word == b"stands":
                standing.append(answers.path(rest))
            return word in {b"entry", b"stands"}

        answers = Answers([directory, *names], take)
        self._ask(b"apart", one_batch(answers.paths), answers.take)
        answers.require_all()
        # One that may not be made at all stands there under no name.
        return standing if any(name not in entries for name in standing) else []

    def introduce(self) -> tuple[Capabilities, Leases]:
        """Ask what the container can do, and which restores write in it."""
        records = self._session.ask(b"probe", b"leases").records
        capabilities = read_probe(records)
        self.opener.opened.uid = capabilities.uid
        return capabilities, read_leases(records)

    def prefixes(
        self, files: Iterable[tuple[bytes, int]], algorithm: Algorithm
    ) -> dict[bytes, bytes]:
        """Ask for checksums of the first bytes of regular files that have one name each.

        Args:
            files: paths below the target, with how many bytes.
            algorithm: one that the container has a tool for.
        """
        known = list(files)
        answers = Digests([path for path, _ in known], algorithm)
        command = b"prefixes " + algorithm.value.encode()
        self._ask_each(command, answers, [b"%d" % length for _, length in known])
        return answers.found

    def keep_alive(self) -> None:
        """Let a moment pass; the agent hears that its client is there."""
        self._session.keep_alive()

    def pulse(self) -> None:
        """Let the agent hear that its client is there, now and then; wait for nothing."""
        self._session.pulse()

    def sync(self) -> bool:
        """Have everything written to the pod's disks; tell whether the container could do that."""
        return any(word == b"synced" for word, _ in self._session.ask(b"sync").records)

    def contents(self, files: Iterable[tuple[bytes, int]], take: Callable[[bytes], None]) -> None:
        """Ask for the contents of regular files, each with its size; none of them is empty.

        Args:
            files: below the target.
            take: is given the contents one after the other, in pieces, so many bytes for each as
                was said, whatever has become of the file.

        Raises:
            PodCannotError: the container lacks a tool for it.
        """
        for payload, total in requests(files):
            answer = self._session.fetch(payload, total, take)
            lacking = dict(answer.records).get(b"lacking")
            if lacking is not None:
                names = shown(lacking.strip())
                raise PodCannotError(
                    f"the container lacks what sending files needs: {names}",
                    reason=f"not found on its PATH: {names}",
                    fix="name a container that has them: -c CONTAINER",
                )
            require_whole(answer)

    def amend(self, command: bytes, paths: Sequence[bytes], words: Sequence[bytes] = ()) -> None:
        """Run a tool on paths; what came of it is for the next survey to show.

        Args:
            command: the tool and its options.
            paths: below the target.
            words: what stands before each path, which then is a call of its own; empty for none.
        """
        verb = b"amendeach " if words else b"amend "
        self._ask_each(verb + command, Answers(paths), words)

    def copy(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        """Copy files, each to a further path; what came of it is for the next survey to show."""
        words = [b"./" + source for source, _ in pairs]
        self._ask_each(b"copy", Answers([path for _, path in pairs]), words)

    def remove(self, command: bytes, paths: Sequence[bytes]) -> None:
        """Run `rm -f` or `rmdir` on paths, in no directory but their own; see `amend`."""
        self._ask_each(b"remove " + command, Answers(paths))

    def rooms(self, directories: Iterable[bytes]) -> dict[bytes, Space]:
        """Ask how much room is left on the volumes of directories."""
        said: dict[bytes, list[tuple[bytes, bytes]]] = {}

        def take(word: bytes, rest: bytes) -> bool:
            if word in {b"space", b"inodes"}:
                number, _, figures = rest.partition(b" ")
                said.setdefault(normal_path(answers.path(number)), []).append((word, figures))
            return word in {b"space", b"inodes"}

        answers = Answers(list(directories), take)
        self._ask_each(b"rooms", answers)
        return {path: read_space(figures) for path, figures in said.items()}

    def space(self) -> Space:
        """Ask how much room is left."""
        return read_space(self._session.ask(b"space").records)

    def _ask_each(
        self,
        command: bytes,
        answers: Answers,
        words: Iterable[bytes] = (),
        *,
        said: Callable[[int], None] = lambda _count: None,
    ) -> None:
        """Ask about each of the answers' paths.

        Raises:
            PodCannotError: one has no answer.
        """
        asked: deque[int] = deque()

        def payloads() -> Iterator[bytes]:
            for payload, count in questions(answers.paths, words):
                asked.append(count)
                yield payload

        told = self._session.questions(
            command, payloads(), answers.take, lambda _payload: said(asked.popleft())
        )
        require_whole(told)
        answers.require_all()
