"""What is restored, batch by batch: a file is one batch, standard input as many as it takes."""

from __future__ import annotations

import sys
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from kubectl_restore.archive.heartbeat import beat_of
from kubectl_restore.archive.index.cache import IndexCache
from kubectl_restore.archive.salvage.report import how_to_salvage, report_lines
from kubectl_restore.archive.salvage.salvage import salvage, salvaged_stream
from kubectl_restore.archive.select.choose import (
    choose,
    leaves_nothing_out,
    nothing_matches,
    stripping_leaves_nothing,
)
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.archive.stream.pauses import no_pauses, pauses_in, pauses_of_object
from kubectl_restore.archive.stream.segments import read_segments
from kubectl_restore.archive.trust.integrity import Integrity, read_proved
from kubectl_restore.archive.trust.safety import unsafe
from kubectl_restore.archive.trust.stdin_batches import read_stdin
from kubectl_restore.errors import DamagedError
from kubectl_restore.plan.batch import Batch
from kubectl_restore.plan.policy import Salvage
from kubectl_restore.progress import Level
from kubectl_restore.text import counted, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.archive.select.choose import Chosen
    from kubectl_restore.archive.select.patterns import Glob
    from kubectl_restore.archive.source.opening import OpenBackup
    from kubectl_restore.archive.stream.segments import Segment, Tap, Zeros
    from kubectl_restore.archive.stream.stdin_window import StdinWindow
    from kubectl_restore.deadline import Watch
    from kubectl_restore.plan.batch import Reader
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Progress


class Supply:
    """The members that the user wants, checked.

    Attributes:
        doubts: sentences that say that the backup may lack members.
        identity: what tells this backup from others in the pod; known with the first batch.
        about: what is known of the backup, for a receipt.
        is_salvaged: the backup is damaged, and what is left of it is restored.
    """

    def __init__(
        self, request: RestoreRequest, progress: Progress, watch: Watch, *, is_known: bool = False
    ) -> None:
        """Nothing is read yet; of a backup that is known nothing is said once more."""
        self._request = request
        self._is_known = is_known
        self._progress = progress
        self._watch = watch
        self._beat = beat_of(watch, progress)
        self._notes: list[str] = []
        self.doubts: list[str] = []
        self._missing: set[Glob] | None = None
        self._idle: set[Glob] | None = None
        self._is_said = False
        self.identity = ""
        self.is_salvaged = False
        self.about: dict[str, int | str | None] = {}

    @property
    def left_out(self) -> tuple[str, ...]:
        """What was left out on the user's wish, for the summary."""
        return tuple(self._notes)

    def _say(self, level: Level, text: str) -> None:
        if not self._is_known:
            self._progress.message(level, text)

    def of_file(self, backup: OpenBackup) -> Iterator[Batch]:
        """Return the one batch of a file, which was read whole and is in order.

        Raises:
            BackupError: the backup is cut, corrupt, hostile, or not what is claimed.
            UsageError: the backup has nothing of what is wanted.
        """
        index, integrity = self._read_file(backup)
        if integrity.claims:
            self._say(Level.INFO, integrity.in_short())
        for line in integrity.lines() or ["no checksum of the backup was found"]:
            self._say(Level.DETAIL, line)
        self.about = {
            "size": backup.size,
            "modified": backup.written_at,
            "compression": index.compression.value,
            "members": len(index.members),
            "parts": backup.part_count,
            "sha256": integrity.digest or None,
        }
        chosen = choose(
            index, self._request.selection, beat=self._beat, backup=self._request.backup
        )
        self._tell(index, chosen, so_far="nothing was changed")
        self.identity = _digest(chosen.index)

        def read(
            segments: Iterable[Segment], tap: Tap | None = None
        ) -> Iterator[memoryview | Zeros]:
            return read_segments(
                backup,
                index.compression,
                segments,
                self._watch,
                to_the_end=index.is_remembered,
                tap=tap,
                stream=(
                    salvaged_stream(backup, index.compression, self._watch.check)
                    if self.is_salvaged
                    else None
                ),
            )

        yield Batch(
            chosen.index,
            is_last=True,
            read=read,
            identity=self.identity,
            pauses=_pauses(backup, index.compression),
        )

    def _read_file(self, backup: OpenBackup) -> tuple[Index, Integrity]:
        """Read a whole backup, or what is left of it where that is wanted.

        Raises:
            BackupError: it is damaged, and only whole ones are wanted; or is no backup at all.
        """
        request = self._request
        try:
            return read_proved(
                backup,
                request.checksum,
                allow_missing_end=request.allow_missing_end,
                require_checksum=request.require_checksum,
                progress=self._progress,
                watch=self._watch,
                cache=IndexCache() if request.cache else None,
            )
        except DamagedError as error:
            if request.salvage is Salvage.NO:
                error.fix += "\n" + how_to_salvage(
                    request.command_to_salvage(),
                    request.backup,
                    compared_so=request.command_to_compare_salvaged(),
                )
                raise
            found = salvage(
                backup,
                error,
                self._progress,
                self._watch,
                with_partial=request.salvage is Salvage.PARTIAL,
            )
            self.is_salvaged = True
            self._say(Level.WARNING, f"{error.what}: {error.reason}")
            for line in report_lines(found):
                self._say(Level.DETAIL if line.is_detail else Level.WARNING, line.text)
            return found.index, Integrity()

    def of_pipe(self) -> Iterator[Batch]:
        """Return the batches of standard input, each of them checked as far as it has come.

        Raises:
            BackupError: what comes is cut, corrupt, hostile, or not what is claimed.
            UsageError: nothing of what is wanted has come.
        """
        # One that goes on after it was broken off ends what the one before left in the pod.
        self.identity = "standard input"
        is_first = leaves_none = True
        stripped = 0
        for arrived in read_stdin(
            sys.stdin.fileno(),
            checksum=self._request.checksum,
            allow_missing_end=self._request.allow_missing_end,
            stall_timeout=self._request.stall_timeout,
            progress=self._progress,
            watch=self._watch,
        ):
            chosen = choose(arrived.index, self._request.selection, is_part=True, beat=self._beat)
            if is_first and not arrived.is_last:
                self._say(
                    Level.INFO,
                    "from standard input: each part is checked as it comes; that the backup is "
                    "complete shows at its end only",
                )
            missing = set(chosen.missing)
            self._missing = missing if self._missing is None else self._missing & missing
            idle = set(chosen.idle)
            self._idle = idle if self._idle is None else self._idle & idle
            so_far = "nothing was changed" if is_first else "what came before is restored"
            if arrived.is_last and self._missing:
                raise nothing_matches(min(self._missing, key=lambda one: one.pattern), so_far)
            stripped += chosen.stripped
            leaves_none = leaves_none and chosen.leaves_none
            if arrived.is_last and stripped and leaves_none:
                raise stripping_leaves_nothing(self._request.selection.mapping.strip, stripped)
            self._tell(arrived.index, chosen, so_far=so_far)
            if arrived.is_last:
                for one in sorted(self._idle, key=lambda one: one.pattern):
                    self._say(Level.WARNING, leaves_nothing_out(one))
            is_first = False
            yield Batch(
                chosen.index,
                is_last=arrived.is_last,
                read=_naming_the_cut(arrived.window, chosen.index),
                identity=_digest(chosen.index),
                is_kept=False,
                is_held=lambda window=arrived.window: window.has_all,  # type: ignore[misc]
            )

    def _again(self, flag: str) -> str:
        request = self._request
        is_left_out = flag == "--skip-unsafe"
        return request.command_leaving_out(flag) if is_left_out else request.command_with(flag)

    def _tell(self, index: Index, chosen: Chosen, *, so_far: str) -> None:
        """Say what there is to say of a batch.

        Raises:
            BackupError: some of it is not safe to restore, and was not to be left out.
        """
        self.doubts += index.doubts
        for warning in (*index.warnings, *chosen.warnings):
            self._say(Level.WARNING, warning)
        if chosen.refused and not self._request.selection.skip_unsafe:
            raise unsafe(chosen.refused, self._again, so_far)
        for one in chosen.refused:
            said = f"left out: {shown(one.member.name)}: {one.reason}"
            self._say(Level.WARNING, said)
        self._notes += chosen.notes
        absolute = chosen.index.members.count_absolute()
        if absolute and not self._is_said:
            self._is_said = True
            self._say(
                Level.INFO,
                f"{counted(absolute, 'name')} of the backup begin{'s' * (absolute == 1)} with a "
                f"slash, which is left out: all of it goes below {self._request.target_path}",
            )


def _pauses(
    backup: OpenBackup, compression: Compression
) -> Callable[[Iterable[Segment]], Iterable[int]]:
    """Return what tells where reading a backup takes a while."""
    if not isinstance(backup, BackupFile):
        return partial(pauses_of_object, compression=compression)
    return no_pauses if compression is Compression.NONE else pauses_in


def _naming_the_cut(window: StdinWindow, index: Index) -> Reader:
    """Return what reads a batch of standard input; where that ends too early it names the file."""

    def read(segments: Iterable[Segment], tap: Tap | None = None) -> Iterator[memoryview | Zeros]:
        try:
            yield from window.segments(segments, tap)
        except DamagedError as error:
            # What is not held is the content of the last member.
            cut = index.members[len(index.members) - 1]
            there = max(0, cut.size - window.owed)
            error.reason += (
                f"\n{shown(cut.name)} is cut: {there:,} of {cut.size:,} bytes have come, and what "
                "stands of them in the pod is not the whole file"
            )
            raise

    return read


def _digest(index: Index) -> str:
    """Return what tells this archive from others: what its headers say of names, times, sizes."""
    columns, digest = index.members.columns, sha256()
    for one in (columns.names, columns.name_ends, columns.offsets, columns.sizes, columns.mtimes):
        digest.update(one)
    return digest.hexdigest()
