"""Contents that differ, of small text files: fetched from the pod, held against the backup's."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.checksums import digester
from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.stream.segments import Extract, Zeros
from kubectl_restore.container.survey import Standing
from kubectl_restore.errors import PodCannotError
from kubectl_restore.plan.contents import Contents
from kubectl_restore.plan.text_diff import LARGEST, as_lines, unified
from kubectl_restore.progress import Phase, TextDiff
from kubectl_restore.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kubectl_restore.container.capabilities import Capabilities
    from kubectl_restore.container.questions import Questions
    from kubectl_restore.plan.batch import Batch
    from kubectl_restore.restore.lanes.lane import Lane
    from kubectl_restore.restore.run import Run

_MOST_FILES: Final = 500
_MOST_BYTES: Final = 16 * 1024 * 1024
"""Of contents on either side, which are in memory together."""
_LARGE: Final = f"larger than {LARGEST // 1024} KiB"
_NO_TEXT: Final = "no text"
_TOO_FAR: Final = "too many lines differ"
_TOO_MANY: Final = "there are too many of them: name some as PATH"
_UNREADABLE: Final = "cannot be read there"
_MOVING: Final = "changed while it was read"


@dataclass(frozen=True, slots=True)
class _Pair:
    """A file on both sides.

    Attributes:
        path: below the target.
        offset: of its content in the archive.
        ours: bytes of it there.
        theirs: bytes in the pod.
    """

    path: bytes
    offset: int
    ours: int
    theirs: int


def show_contents(run: Run, lane: Lane, batch: Batch, paths: Sequence[bytes]) -> list[str]:
    """Say how the texts of files differ; return what is not shown, one sentence for each reason.

    Args:
        run: whose progress is told.
        lane: asked through it.
        batch: the backup, which can be read again.
        paths: whose contents are not the backup's, or that are of another kind there.

    Raises:
        RestoreError: the link was lost, the time ran out or a signal came.
    """
    left_out: Counter[str] = Counter()
    questions = lane.questions
    pairs = _chosen(batch, questions, paths, left_out)
    try:
        theirs = _theirs(questions, lane.capabilities, pairs, left_out)
    except PodCannotError as error:
        return [f"contents are not shown: {error.what}"]
    pairs = [one for one in pairs if one.path in theirs]
    ours = _ours(batch, questions, pairs)
    for one in pairs:
        before, after = as_lines(theirs[one.path]), as_lines(ours[one.path])
        if before is None or after is None:
            left_out[_NO_TEXT] += 1
            continue
        lines = unified(before, after)
        if lines is None:
            left_out[_TOO_FAR] += 1
        elif lines:
            run.progress.contents(TextDiff(one.path, tuple(lines)))
    return [
        f"the contents of {counted(count, 'file')} are not shown: {why}"
        for why, count in left_out.items()
    ]


def _chosen(
    batch: Batch, questions: Questions, paths: Sequence[bytes], left_out: Counter[str]
) -> list[_Pair]:
    """Return those that are files on both sides and small, as many as fit into memory."""
    members = batch.index.members
    contents = Contents(members, lambda _path: None)
    numbers = {path: number for number, path in members.among(frozenset(paths))}
    small: dict[bytes, tuple[int, int]] = {}
    for path in paths:
        carrier = contents.carrier(numbers[path])
        content = None if carrier is None else members[carrier]
        if content is None or content.kind is not Kind.FILE:
            continue
        if content.size > LARGEST or content.extents is not None:
            left_out[_LARGE if content.size > LARGEST else _NO_TEXT] += 1
        elif len(small) == _MOST_FILES:
            left_out[_TOO_MANY] += 1
        else:
            small[path] = (content.offset + content.prefix, content.size)
    found = questions.survey(Phase.VERIFY, list(small)) if small else {}
    pairs: list[_Pair] = []
    total = 0
    for path, (offset, size) in small.items():
        entry = found.get(path)
        if entry is None or entry.kind is not Standing.FILE:
            continue
        total += max(size, entry.size)
        if entry.size > LARGEST:
            left_out[_LARGE] += 1
        elif total > _MOST_BYTES:
            left_out[_TOO_MANY] += 1
        else:
            pairs.append(_Pair(path, offset, size, entry.size))
    return pairs


def _theirs(
    questions: Questions,
    capabilities: Capabilities,
    pairs: Sequence[_Pair],
    left_out: Counter[str],
) -> dict[bytes, bytes]:
    """Return what the files have in the pod; what cannot be shown for sure is left out.

    Raises:
        PodCannotError: the container lacks a tool for it.
    """
    full = [(one.path, one.theirs) for one in pairs if one.theirs]
    unread = set(questions.unreadable([path for path, _ in full])) if full else set()
    left_out.update({_UNREADABLE: len(unread)} if unread else {})
    full = [one for one in full if one[0] not in unread]
    fetched = bytearray()
    if full:
        questions.contents(full, fetched.extend)
    pieces = _parts(fetched, (size for _, size in full))
    contents = {path: next(pieces) for path, _ in full}
    algorithm = capabilities.algorithm
    if contents and algorithm is not None:
        digests = questions.digests(list(contents), algorithm)
        for path in [path for path, content in contents.items() if path in digests]:
            own = digester(algorithm)
            own.update(contents[path])
            if own.digest() != digests[path]:
                del contents[path]
                left_out[_MOVING] += 1
    return contents | {one.path: b"" for one in pairs if not one.theirs}


def _ours(batch: Batch, questions: Questions, pairs: Sequence[_Pair]) -> Mapping[bytes, bytes]:
    """Return what the files have in the backup, which is read once more."""
    wanted = sorted({(one.offset, one.ours) for one in pairs if one.ours})
    read = bytearray()
    for block in batch.read(Extract(*one) for one in wanted) if wanted else ():
        read += bytes(block.length) if isinstance(block, Zeros) else block
        questions.pulse()
    pieces = _parts(read, (size for _, size in wanted))
    contents = {offset: next(pieces) for offset, _ in wanted}
    return {one.path: contents[one.offset] if one.ours else b"" for one in pairs}


def _parts(joined: bytearray, sizes: Iterable[int]) -> Iterator[bytes]:
    """Take apart what stands one behind the other."""
    at = 0
    for size in sizes:
        yield bytes(joined[at : at + size])
        at += size
