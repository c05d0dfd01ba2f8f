"""In which order directories get their modes."""

from __future__ import annotations

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.members.member import Kind, Member
from kubectl_restore.archive.members.members import Members
from kubectl_restore.archive.stream.layout import parents
from kubectl_restore.plan.directories import closes
from kubectl_restore.plan.operation import Action, Operation
from kubectl_restore.restore.closing import waves

MODES = st.sampled_from([0o755, 0o750, 0o644, 0o000, 0o333, 0o100, 0o400, 0o555])
PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)


def directory(path: str, mode: int) -> Member:
    return Member(
        name=path.encode(), path=path.encode(), kind=Kind.DIRECTORY, size=0, mode=mode, mtime=0,
        uid=1, gid=1, link=b"", offset=0, length=512, prefix=0,
    )  # fmt: skip


@given(st.dictionaries(PATHS, MODES), st.dictionaries(PATHS, MODES))
def test_what_keeps_us_out_comes_behind_all_that_stands_in_it(
    sent: dict[str, int], opened: dict[str, int]
) -> None:
    members = [directory(path, mode) for path, mode in sent.items()]
    before = {path.encode(): mode for path, mode in opened.items()}
    operations = [Operation(one.path, Action.REPLACE, one) for one in members]
    found = waves(members, before, operations)

    closed: set[bytes] = set()
    done: list[bytes] = []
    for wave in found:
        for path in wave.paths:
            assert closed.isdisjoint(parents(path)), path
            done.append(path)
        closed.update(one.path for one in wave.members if closes(one.mode))
        closed.update(chain.from_iterable(wave.closed_again.values()))
        for operation in wave.operations:
            # It can be seen, and it has its mode.
            assert closed.isdisjoint(parents(operation.path))
            assert operation.path in done
    assert sorted(done) == sorted({one.path for one in members} | before.keys())
    assert sum(len(one.operations) for one in found) == len(operations)


@given(MODES)
def test_x_where_r_is(mode: int) -> None:
    members = Members.of([directory("d", mode)])
    members.make_searchable()
    made = members[0].mode
    assert made & ~0o111 == mode & ~0o111
    for read, search in ((0o400, 0o100), (0o040, 0o010), (0o004, 0o001)):
        assert bool(made & search) == bool(mode & (read | search))
