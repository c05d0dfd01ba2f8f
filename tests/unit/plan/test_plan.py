"""The plan is pure, decides about every path once, and its stream is the archive."""

from __future__ import annotations

import io
import tarfile
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubectl_restore.archive.index.read import read_index
from kubectl_restore.archive.members.member import Kind
from kubectl_restore.archive.source.file import BackupFile
from kubectl_restore.archive.stream.layout import parents
from kubectl_restore.archive.stream.segments import Zeros, read_segments
from kubectl_restore.container.survey import Entry, Standing
from kubectl_restore.deadline import Watch
from kubectl_restore.plan.operation import Action
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.plan.sameness import Policy
from kubectl_restore.progress import Silence
from tests.contract import trees
from tests.unit.plan.planning import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.archive.stream.layout import Layout
    from kubectl_restore.archive.stream.segments import Segment
    from kubectl_restore.plan.plan import Plan

IF_CHANGED = Overwrite.IF_CHANGED
DIRECTORY = Entry(Standing.DIRECTORY, 4096, 0o755, 1, 0, 0, 1)
FILE = Entry(Standing.FILE, 1, 0o644, 1, 0, 0, 2)
SYMLINK = Entry(Standing.SYMLINK, 1, 0o777, 1, 0, 0, 3)


def index_of(path: Path, archive: bytes) -> Index:
    path.write_bytes(archive)
    with BackupFile.open(path) as backup:
        return read_index(backup, allow_missing_end=False, progress=Silence(), watch=Watch(None))


def layout_of(plan: Plan) -> Layout:
    assert plan.layout is not None
    return plan.layout


def stream_of(path: Path, index: Index, segments: Iterable[Segment]) -> bytes:
    with BackupFile.open(path) as backup:
        blocks = read_segments(backup, index.compression, segments, Watch(None))
        return b"".join(
            bytes(block.length) if isinstance(block, Zeros) else bytes(block) for block in blocks
        )


def sample() -> bytes:
    archive = trees.Archive(owner=(7, 8))
    archive.directory("./")
    archive.directory("a", mode=0o555)
    archive.add("a/one", b"1" * 700)
    archive.add("b/c/two", b"2")
    archive.symlink("a/link", "one")
    archive.hardlink("a/again", "a/one")
    return archive.finish()


def test_the_stream_restores_what_the_archive_has(tmp_path: Path) -> None:
    path = tmp_path / "b.tar"
    index = index_of(path, sample())
    plan = make_plan(index, {}, Policy())
    layout = layout_of(plan)
    stream = stream_of(path, index, layout.segments())
    assert len(stream) == layout.total
    assert layout.total % 10240 == 0
    with tarfile.open(fileobj=io.BytesIO(stream)) as tar:
        members = {one.name: one for one in tar}
    assert list(members) == ["a", "a/one", "b", "b/c", "b/c/two", "a/link", "a/again"]
    # Writable until its children are made; the second archive has its true mode.
    assert members["a"].mode == 0o755
    assert members["b/c"].mode == 0o755
    directories = stream_of(path, index, layout.directories.segments())
    assert len(directories) == layout.directories.total
    with tarfile.open(fileobj=io.BytesIO(directories)) as tar:
        finals = [(one.name, one.mode, one.uid, one.mtime) for one in tar]
    assert finals == [("a", 0o555, 7, trees.MTIME)]


def test_the_targets_own_entry_is_left_out(tmp_path: Path) -> None:
    index = index_of(tmp_path / "b.tar", sample())
    decided = [one.path for one in make_plan(index, {}, Policy()).operations()]
    assert sorted(decided) == [b"a", b"a/again", b"a/link", b"a/one", b"b", b"b/c", b"b/c/two"]


@pytest.mark.parametrize(
    ("path", "entry", "force", "action"),
    [
        (b"a", DIRECTORY, False, Action.KEEP),
        (b"a", DIRECTORY, True, Action.REPLACE),
        (b"b", DIRECTORY, True, Action.KEEP),
        (b"a", FILE, True, Action.REFUSE),
        (b"a", SYMLINK, True, Action.REFUSE),
        (b"b", SYMLINK, True, Action.REFUSE),
        (b"a/one", FILE, False, Action.REFUSE),
        (b"a/one", FILE, True, Action.REPLACE),
        (b"a/one", SYMLINK, True, Action.REPLACE),
        (b"a/one", DIRECTORY, True, Action.REFUSE),
        (b"a/link", FILE, False, Action.REFUSE),
    ],
)
def test_what_stands_there_decides(
    tmp_path: Path, path: bytes, entry: Entry, action: Action, *, force: bool
) -> None:
    plan = make_plan(
        index_of(tmp_path / "b.tar", sample()),
        {b"a": DIRECTORY, path: entry},
        Policy(overwrite=IF_CHANGED if force else Overwrite.REFUSE),
    )
    decided = {one.path: one for one in plan.operations()}
    assert decided[path].action is action
    if action is Action.REFUSE:
        assert plan.layout is None
        assert decided[path].reason
        assert [one.path for one in plan.refused()] == [path]


def test_a_directory_stays_the_one_it_was_whatever_it_is_given(tmp_path: Path) -> None:
    stands = {b"": DIRECTORY, b"a": DIRECTORY, b"a/one": FILE}
    policy = Policy(overwrite=IF_CHANGED)
    plan = make_plan(index_of(tmp_path / "b.tar", sample()), stands, policy)
    outcomes = {one.path: one.outcome for one in plan.operations()}
    assert (outcomes[b"a"], outcomes[b"a/one"]) == (Action.ADJUST, Action.REPLACE)
    counted = Counter(outcomes.values())
    assert {one: count for one, count in plan.outcomes().items() if count} == counted


@pytest.mark.parametrize("devices", [(1, 1), (1, 2)], ids=["one volume", "two"])
def test_files_of_two_volumes_are_never_one(tmp_path: Path, devices: tuple[int, int]) -> None:
    """Inodes count up on each, so those of two volumes are often the same number."""
    stands = Entry(Standing.FILE, 700, 0o644, trees.MTIME, 7, 8, 12, links=2)
    first, second = (stands._replace(device=one) for one in devices)
    plan = make_plan(
        index_of(tmp_path / "b.tar", sample()),
        {b"": DIRECTORY, b"a": DIRECTORY, b"a/one": first, b"a/again": second},
        Policy(overwrite=IF_CHANGED),
    )
    decided = {one.path: one.action for one in plan.operations()}
    assert decided[b"a/one"] is Action.KEEP
    assert decided[b"a/again"] is (Action.KEEP if first == second else Action.REPLACE)


@pytest.mark.parametrize(
    ("path", "links", "action"),
    [
        # The backup knows of two, but which ones they are there it cannot know.
        (b"a/one", 2, Action.REPLACE),
        (b"b/c/two", 1, Action.ADJUST),
        (b"b/c/two", 2, Action.REPLACE),
    ],
)
def test_nothing_is_changed_under_a_name_that_the_backup_does_not_know(
    tmp_path: Path, path: bytes, links: int, action: Action
) -> None:
    index = index_of(tmp_path / "b.tar", sample())
    (number,) = index.members.at(path)
    stands = Entry(
        Standing.FILE, index.members[number].size, 0o600, trees.MTIME, 7, 8, 12, links=links
    )
    found = dict.fromkeys([b"", b"a", b"b", b"b/c"], DIRECTORY) | {path: stands}
    plan = make_plan(index, found, Policy(overwrite=IF_CHANGED))
    assert plan.action(number) is action
    # Without --force it is in the way, as any other.
    assert make_plan(index, found, Policy()).action(number) is Action.REFUSE


names = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map("/".join)


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    archive = trees.Archive()
    directories: set[str] = set()
    files: set[str] = set()
    for name in draw(st.lists(names, max_size=8)):
        above = {name[:at] for at, letter in enumerate(name) if letter == "/"}
        if above & files:
            continue
        if (
            name in directories
            or any(one.startswith(f"{name}/") for one in files | directories)
            or (name not in files and draw(st.booleans()))
        ):
            archive.directory(name)
            directories.add(name)
        else:
            archive.add(name, draw(st.binary(max_size=1500)))
            files.add(name)
    return archive.finish()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    archives(),
    st.dictionaries(names.map(str.encode), st.sampled_from([DIRECTORY, FILE, SYMLINK])),
    st.booleans(),
)
def test_properties(
    tmp_path: Path,
    archive: bytes,
    survey: Mapping[bytes, Entry],
    force: bool,  # noqa: FBT001
) -> None:
    path = tmp_path / "b.tar"
    index = index_of(path, archive)
    # Nothing stands where there is no directory for it.
    survey = {
        place: entry
        for place, entry in survey.items()
        if all(survey.get(above) is DIRECTORY for above in parents(place))
    }
    plan = make_plan(index, survey, Policy(overwrite=IF_CHANGED if force else Overwrite.REFUSE))
    decided = [one.path for one in plan.operations()]
    wanted = {one.path for one in index.members if one.path}
    assert sorted(decided) == sorted(wanted.union(*map(parents, wanted)))
    if not force:
        assert not {one.path for one in plan.carried_out()} & survey.keys()
    if plan.is_refused:
        assert plan.layout is None
        return
    layout = layout_of(plan)
    stream = stream_of(path, index, layout.segments())
    assert len(stream) == layout.total
    with (
        tarfile.open(fileobj=io.BytesIO(stream)) as tar,
        tarfile.open(fileobj=io.BytesIO(archive)) as original,
    ):
        sent = {one.name: one for one in tar}
        for member in original:
            if member.isfile():
                first, second = tar.extractfile(sent[member.name]), original.extractfile(member)
                assert first
                assert second
                if original.getmember(member.name) is member:
                    assert first.read() == second.read()
    assert {name.encode() for name in sent} == {one.path for one in plan.carried_out()}
    positions = [layout.position(at)[0] for at in range(0, layout.total + 1, 512)]
    assert positions == sorted(positions)
    assert layout.position(layout.total) == (layout.total_files, None)
    assert layout.total_files == sum(
        one.kind is not Kind.DIRECTORY for one in index.members if one.path
    )
