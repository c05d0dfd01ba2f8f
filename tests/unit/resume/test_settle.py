"""What may be unfinished is settled by checksums: a pod that is made up here answers with them."""

from __future__ import annotations

import hashlib
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubectl_restore.archive.checksums import Algorithm, digester
from kubectl_restore.archive.members.member import Extra, Kind, Member
from kubectl_restore.archive.members.members import Members
from kubectl_restore.archive.stream.segments import Extract, Zeros
from kubectl_restore.container.survey import Entry, Standing
from kubectl_restore.plan.batch import Batch
from kubectl_restore.plan.contents import Contents
from kubectl_restore.plan.operation import Left, Resumed
from kubectl_restore.progress import Silence
from kubectl_restore.resume import settle as resuming
from kubectl_restore.resume.settle import WORTH_IT, Settling, rest_of
from tests.unit.resume.making import MTIME, files_of, index_of, standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kubectl_restore.archive.stream.segments import Segment, Tap
    from kubectl_restore.container.questions import Questions

same_for_all = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
BLOCKS = 700
"""Bytes in which the backup is read here: contents are cut by them."""


@dataclass
class Pod:
    """Answers with the checksums of what stands there.

    Attributes:
        contents: by path; what is not among them cannot be read.
        asked: the paths whose checksums were asked for.
        pulses: how often the agent heard that somebody is there.
    """

    contents: dict[bytes, bytes] = field(default_factory=dict)
    asked: list[bytes] = field(default_factory=list)
    pulses: int = 0

    def digests(self, paths: Iterable[bytes], algorithm: Algorithm) -> dict[bytes, bytes]:
        return self.prefixes([(path, 1 << 60) for path in paths], algorithm)

    def prefixes(
        self, files: Iterable[tuple[bytes, int]], algorithm: Algorithm
    ) -> dict[bytes, bytes]:
        found = {}
        for path, length in files:
            self.asked.append(path)
            if path in self.contents:
                own = digester(algorithm)
                own.update(self.contents[path][:length])
                found[path] = own.digest()
        return found

    def pulse(self) -> None:
        self.pulses += 1


def batch_of(*contents: bytes, members: Members | None = None) -> Batch:
    """Return a batch of files with these contents, named by their numbers."""
    own = files_of(*map(len, contents))
    stream = b"".join(b"h" * 512 + content + b"p" * (-len(content) % 512) for content in contents)

    def read(segments: Iterable[Segment], tap: Tap | None = None) -> Iterator[memoryview | Zeros]:
        at = 0
        for one in segments:
            assert isinstance(one, Extract)
            assert one.offset >= at
            at = one.offset + one.length
            for start in range(one.offset, at, BLOCKS):
                piece = memoryview(stream)[start : min(start + BLOCKS, at)]
                if tap is not None:
                    tap(start, piece)
                yield piece

    return Batch(index_of(members or own), is_last=True, read=read)


def left_of(
    batch: Batch,
    pod: Pod,
    entries: Mapping[int, Entry],
    algorithm: Algorithm = Algorithm.SHA256,
    *,
    distrusts_size: bool = False,
    before: Member | None = None,
) -> dict[int, Left | Resumed]:
    """Return what was left; it is said of all that stands there."""
    contents = Contents(batch.index.members, lambda _path: before)
    found = Settling(
        batch,
        contents,
        algorithm,
        cast("Questions", pod),
        Silence(),
        distrusts_size=distrusts_size,
    ).left(entries)
    assert found.keys() == entries.keys()
    return found


def stands(pod: Pod, batch: Batch) -> dict[int, Entry]:
    """Return what a survey says of the pod's files."""
    members = batch.index.members
    numbers = {path: number for number, path in enumerate(members.paths())}
    return {numbers[path]: standing(len(content)) for path, content in pod.contents.items()}


@st.composite
def broken(draw: st.DrawFn) -> tuple[list[bytes], dict[bytes, bytes]]:
    """Return contents, and what a tar that was broken off has left of them, or somebody since."""
    contents = draw(
        st.lists(
            st.tuples(st.sampled_from([0, 1, 512, 700, 2000]), st.binary(min_size=1, max_size=3)),
            min_size=1,
            max_size=5,
        )
    )
    whole = [(more * size)[:size] for size, more in contents]
    left = {}
    for number, content in enumerate(whole):
        cut = draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
        there = bytearray(content[:cut])
        # Some tars leave a file with its full size and zeros in it.
        there += bytes(len(content) - cut) * draw(st.booleans())
        if there and draw(st.booleans()):
            there[draw(st.integers(0, len(there) - 1))] ^= draw(st.integers(1, 255))
        there += draw(st.sampled_from([b"", b"", b"more"]))
        left[b"%d" % number] = bytes(there)
    return whole, left


@pytest.mark.parametrize("algorithm", list(Algorithm))
@given(broken())
def test_only_what_has_the_backups_bytes_or_its_beginning_is_a_restores_own(
    algorithm: Algorithm, given_files: tuple[list[bytes], dict[bytes, bytes]]
) -> None:
    contents, left = given_files
    batch, pod = batch_of(*contents), Pod(left)
    expected = {}
    for number, content in enumerate(contents):
        there = left[b"%d" % number]
        expected[number] = Left.FOREIGN
        if content.startswith(there):
            expected[number] = Left.WHOLE if content == there != b"" else Left.UNFINISHED
    assert left_of(batch, pod, stands(pod, batch), algorithm) == expected


def test_what_is_as_long_as_the_backups_and_is_not_it_is_somebody_elses() -> None:
    batch, pod = batch_of(b"one", b"two"), Pod({b"0": b"One", b"1": b"two"})
    assert left_of(batch, pod, stands(pod, batch)) == {0: Left.FOREIGN, 1: Left.WHOLE}


@pytest.mark.parametrize("there", [b"fir", b"first and more", b"onething"])
def test_a_length_alone_proves_nothing(there: bytes) -> None:
    batch, pod = batch_of(b"one thing"), Pod({b"0": there})
    assert left_of(batch, pod, stands(pod, batch)) == {0: Left.FOREIGN}


def test_only_of_what_may_be_ours_check_sums_are_taken() -> None:
    batch = batch_of(b"one", b"two", b"three", b"four", b"five", b"six")
    contents = [b"one", b"tw", b"three", b"four", b"", b"seven"]
    pod = Pod({b"%d" % number: content for number, content in enumerate(contents)})
    entries = stands(pod, batch)
    entries[2] = standing(5, Standing.SYMLINK)
    entries[3] = standing(4, Standing.DIRECTORY)
    assert left_of(batch, pod, entries) == {
        0: Left.WHOLE,
        1: Left.UNFINISHED,
        2: Left.FOREIGN,
        3: Left.FOREIGN,
        4: Left.UNFINISHED,
        5: Left.FOREIGN,
    }
    assert pod.asked == [b"0", b"1"]


def test_where_nothing_may_be_ours_nothing_is_asked_or_read() -> None:
    batch, pod = batch_of(b"one" * 9), Pod({b"0": b"more" * 9})
    assert left_of(batch, pod, {}) == {}
    assert left_of(batch, pod, stands(pod, batch)) == {0: Left.FOREIGN}
    assert left_of(batch, pod, {0: standing(0)}) == {0: Left.UNFINISHED}
    assert (pod.asked, pod.pulses) == ([], 0)


def test_a_file_that_the_pod_cannot_read_is_not_taken_for_ours() -> None:
    batch, pod = batch_of(b"one", b"two", b"three"), Pod({b"1": b"two"})
    entries = {0: standing(3), 1: standing(3), 2: standing(4)}
    assert left_of(batch, pod, entries) == {0: Left.FOREIGN, 1: Left.WHOLE, 2: Left.FOREIGN}
    assert pod.asked == [b"0", b"1", b"2"]


@pytest.mark.parametrize("extra", [Extra.XATTRS, Extra.ACL, Extra.CAPABILITIES])
def test_what_no_survey_shows_is_sent_again(extra: Extra) -> None:
    plain = files_of(3, 3, 3)
    members = Members.of(
        [plain[0], *(one._replace(extras=extra | Extra.FRACTION) for one in plain[1:])]
    )
    batch = batch_of(b"one", b"two", b"six", members=members)
    pod = Pod({b"0": b"one", b"1": b"two", b"2": b"SIX"})
    # It is ours where it has the content, and somebody else's where not.
    assert left_of(batch, pod, stands(pod, batch)) == {
        0: Left.WHOLE,
        1: Left.UNFINISHED,
        2: Left.FOREIGN,
    }


# What is no file


def member_of(kind: Kind, link: bytes = b"x") -> Member:
    return Member(b"0", b"0", kind, 0, 512, 512, 0, 0o644, MTIME, 0, 0, link)


SPECIAL = {
    Kind.CHARACTER_DEVICE: Standing.CHARACTER_DEVICE,
    Kind.BLOCK_DEVICE: Standing.BLOCK_DEVICE,
    Kind.FIFO: Standing.FIFO,
}


@pytest.mark.parametrize("kind", list(SPECIAL))
@pytest.mark.parametrize("there", list(Standing))
def test_what_has_no_content_is_a_restores_own_when_it_is_of_that_kind(
    kind: Kind, there: Standing
) -> None:
    batch, pod = batch_of(b"", members=Members.of([member_of(kind)])), Pod({b"0": b""})
    expected = Left.UNFINISHED if there is SPECIAL[kind] else Left.FOREIGN
    assert left_of(batch, pod, {0: standing(0, there)}) == {0: expected}
    assert pod.asked == []


@pytest.mark.parametrize("there", [one for one in Standing if one is not Standing.FILE])
def test_what_is_no_file_at_a_files_place_is_somebody_elses(there: Standing) -> None:
    for content in (b"one", b""):
        batch, pod = batch_of(content), Pod({b"0": content})
        entries = {0: standing(len(content), there)}
        assert left_of(batch, pod, entries) == {0: Left.FOREIGN}
        assert left_of(batch, pod, entries, distrusts_size=True) == {0: Left.FOREIGN}
        assert pod.asked == []


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        # Where it leads decides, whatever its length is here.
        (standing(1, Standing.SYMLINK), Left.WHOLE),
        (standing(9, Standing.SYMLINK), Left.WHOLE),
        # GNU tar has an empty file there until its end.
        (standing(0, mode=0), Left.UNFINISHED),
        (standing(0), Left.UNFINISHED),
        (standing(1), Left.FOREIGN),
        (standing(0, Standing.DIRECTORY), Left.FOREIGN),
        (standing(0, Standing.FIFO), Left.FOREIGN),
        (standing(0, Standing.CHARACTER_DEVICE), Left.FOREIGN),
        (standing(0, Standing.OTHER), Left.FOREIGN),
    ],
)
def test_what_is_at_a_symlinks_place(entry: Entry, expected: Left) -> None:
    link = member_of(Kind.SYMLINK)
    other = member_of(Kind.HARDLINK, b"0")._replace(name=b"1", path=b"1", offset=512)
    batch, pod = batch_of(b"", members=Members.of([link, other])), Pod({b"0": b"", b"1": b""})
    # Another name of it is the same.
    assert left_of(batch, pod, {0: entry, 1: entry}) == {0: expected, 1: expected}
    assert pod.asked == []


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (b"content", Left.UNFINISHED),
        (b"", Left.UNFINISHED),
        # Nothing is ever written through a link's name: a beginning is not what a tar leaves there.
        (b"con", Left.FOREIGN),
        (b"CONTENT", Left.FOREIGN),
    ],
)
def test_what_is_at_a_hard_links_place(there: bytes, expected: Left) -> None:
    own = files_of(7)[0]
    links = [
        member_of(Kind.HARDLINK, link)._replace(name=name, path=name, offset=offset)
        for name, link, offset in ((b"1", b"0", 1024), (b"2", b"./1", 1536))
    ]
    batch = batch_of(b"content", members=Members.of([own, *links]))
    pod = Pod({b"1": there, b"2": there})
    # Linked it has to be in any case.
    assert left_of(batch, pod, stands(pod, batch)) == {1: expected, 2: expected}
    pod = Pod({b"0": b"content", b"1": there})
    assert left_of(batch, pod, stands(pod, batch)) == {0: Left.WHOLE, 1: expected}


def test_a_hard_link_to_what_came_in_an_earlier_batch_has_nothing_to_be_held_against() -> None:
    batch = batch_of(b"", members=Members.of([member_of(Kind.HARDLINK, b"gone")]))
    pod = Pod({b"0": b"content"})
    before = files_of(7)[0]._replace(name=b"gone", path=b"gone")
    assert left_of(batch, pod, stands(pod, batch), before=before) == {0: Left.FOREIGN}
    assert left_of(batch, pod, {0: standing(0)}, before=before) == {0: Left.UNFINISHED}
    assert pod.asked == []


# Holes, and sizes that are not to be believed


@pytest.mark.parametrize("hole", [b"\0", b"x"])
def test_holes_are_zeros(hole: bytes) -> None:
    plain = files_of(6)[0]
    members = Members.of([plain._replace(size=20, extents=array("q", [3, 4, 12, 2]))])
    pod = Pod({b"0": b"\0\0\0data" + hole * 5 + b"at" + bytes(6)})
    batch = batch_of(b"dataat", members=members)
    expected = Left.WHOLE if hole == b"\0" else Left.UNFINISHED
    assert left_of(batch, pod, {0: standing(20)}) == {0: expected}


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, Left.UNFINISHED), (7, Left.UNFINISHED), (20, Left.UNFINISHED), (21, Left.FOREIGN)],
)
def test_what_has_holes_is_unfinished_up_to_its_size(size: int, expected: Left) -> None:
    plain = files_of(6)[0]
    members = Members.of([plain._replace(size=20, extents=array("q", [3, 4, 12, 2]))])
    pod = Pod({b"0": b"?" * size})
    batch = batch_of(b"dataat", members=members)
    assert left_of(batch, pod, {0: standing(size)}) == {0: expected}
    # Its beginning cannot be compared.
    assert pod.asked == [b"0"] * (size == 20)


@pytest.mark.parametrize(
    ("size", "blocks", "expected"),
    [
        (9000, 0, Left.UNFINISHED),
        (9000, 16, Left.UNFINISHED),
        # All of it was written: by somebody else.
        (9000, 18, Left.FOREIGN),
        (9001, 0, Left.FOREIGN),
        (8999, 0, Left.FOREIGN),
    ],
)
def test_where_a_tar_fills_up_what_is_missing_blocks_tell_it(
    size: int, blocks: int, expected: Left
) -> None:
    batch, pod = batch_of(b"x" * 9000), Pod({b"0": bytes(size)})
    entries = {0: standing(size)._replace(blocks=blocks)}
    assert left_of(batch, pod, entries, distrusts_size=True) == {0: expected}
    assert left_of(batch, pod, entries) == {0: Left.FOREIGN}


def test_contents_are_read_in_the_order_of_their_data() -> None:
    # What a hard link got from a file that is gone comes late, and stands early.
    first, second, third = files_of(900, 901, 902)
    members = Members.of([third, first, second])
    contents = [b"1" * 900, b"2" * 901, b"3" * 902]
    batch = batch_of(*contents, members=members)
    pod = Pod(dict(zip([b"0", b"1", b"2"], contents, strict=True)))
    entries = {0: standing(902), 1: standing(900), 2: standing(901)}
    assert left_of(batch, pod, entries) == dict.fromkeys(entries, Left.WHOLE)
    pod.contents[b"0"] = b"x" * 900
    assert left_of(batch, pod, entries) == {0: Left.WHOLE, 1: Left.FOREIGN, 2: Left.WHOLE}


def test_the_agent_hears_of_us_while_the_backup_is_read() -> None:
    content = bytes(BLOCKS * 20)
    for there in (content, content[:-1]):
        batch, pod = batch_of(content), Pod({b"0": there})
        left_of(batch, pod, stands(pod, batch))
        assert pod.pulses >= 20


# What goes on


@pytest.fixture
def _small_ones_too() -> Iterator[None]:
    """Look at the beginning of files from 1000 bytes on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resuming, "WORTH_IT", 1000)
        yield


@st.composite
def begun(draw: st.DrawFn) -> tuple[bytes, bytes, bool]:
    """Return a content, what is there of it, and whether that is its beginning."""
    content = (draw(st.binary(min_size=1, max_size=5)) * 3000)[: draw(st.integers(1, 3000))]
    there = bytearray(content[: draw(st.integers(0, len(content)))])
    is_damaged = bool(there) and draw(st.booleans())
    if is_damaged:
        there[draw(st.integers(0, len(there) - 1))] ^= draw(st.integers(1, 255))
    return content, bytes(there), not is_damaged


@pytest.mark.usefixtures("_small_ones_too")
@same_for_all
@given(begun(), st.sampled_from(Algorithm))
def test_a_large_file_goes_on_when_its_beginning_is_there(
    file: tuple[bytes, bytes, bool], algorithm: Algorithm
) -> None:
    content, there, is_beginning = file
    batch, pod = batch_of(b"before", content, b"behind"), Pod({b"1": there})
    found = left_of(batch, pod, stands(pod, batch), algorithm)[1]
    if not is_beginning:
        expected: Left | Resumed = Left.FOREIGN
    elif len(there) == len(content):
        expected = Left.WHOLE
    elif there and len(content) >= 1000:
        expected = Resumed(len(there), 7)
    else:
        expected = Left.UNFINISHED
    assert found == expected
    if isinstance(found, Resumed):
        rest = b"".join(bytes(memoryview(b"") if isinstance(one, Zeros) else one)
                        for one in rest_of(batch, batch.index.members[1], found))  # fmt: skip
        assert there + rest == content


@pytest.mark.usefixtures("_small_ones_too")
def test_several_go_on_each_where_it_stopped() -> None:
    contents = [bytes([number]) * 2000 for number in range(3)]
    batch = batch_of(*contents)
    pod = Pod({b"2": contents[2][:5], b"0": contents[0][:1999], b"1": b"x" * 9})
    found = left_of(batch, pod, stands(pod, batch))
    assert found == {0: Resumed(1999, 7), 1: Left.FOREIGN, 2: Resumed(5, 7)}
    assert pod.pulses > 0


@pytest.mark.usefixtures("_small_ones_too")
def test_what_cannot_go_on_is_sent_again_or_somebody_elses() -> None:
    plain = files_of(*[2000] * 5)
    members = Members.of(
        [
            plain[0],
            plain[1]._replace(extents=array("q", [0, 2000])),
            plain[2]._replace(extras=Extra.ACL),
            plain[3]._replace(kind=Kind.HARDLINK, link=b"0"),
            plain[4],
        ]
    )
    contents = [b"x" * 2000] * 5
    batch, pod = batch_of(*contents, members=members), Pod()
    pod.contents = {b"%d" % number: b"x" * 1500 for number in range(5)}
    entries = stands(pod, batch) | {4: standing(1500, Standing.SYMLINK)}
    assert left_of(batch, pod, entries) == {
        0: Resumed(1500, 7),
        1: Left.UNFINISHED,
        2: Left.UNFINISHED,
        3: Left.FOREIGN,
        4: Left.FOREIGN,
    }
    # What has more than its content is begun all the same: its bytes are asked for.
    assert pod.asked == [b"0", b"2"]


@pytest.mark.usefixtures("_small_ones_too")
def test_what_the_pod_says_nothing_of_does_not_go_on() -> None:
    # It cannot be read, or has other names.
    batch, pod = batch_of(b"x" * 2000), Pod()
    assert left_of(batch, pod, {0: standing(1500)}) == {0: Left.FOREIGN}
    assert pod.asked == [b"0"]
    # So the backup need not be read.
    assert pod.pulses == 0


def test_a_file_below_64_mib_is_sent_again() -> None:
    assert WORTH_IT == 64 << 20
    own = files_of(WORTH_IT - 1, WORTH_IT)
    # Both begin with the same bytes of the archive, which is shorter than it says.
    members = Members.of([own[0], own[1]._replace(offset=own[0].offset)])
    batch, pod = batch_of(b"x" * 2000, members=members), Pod({b"0": b"x" * 9, b"1": b"x" * 9})
    assert left_of(batch, pod, stands(pod, batch)) == {0: Left.UNFINISHED, 1: Resumed(9, 7)}


def test_the_rest_is_the_contents_own_and_not_its_padding() -> None:
    content = hashlib.sha256(b"content").digest() * 40
    batch = batch_of(b"before", content)
    rest = rest_of(batch, batch.index.members[1], Resumed(1279, 7))
    assert [bytes(one) for one in rest if not isinstance(one, Zeros)] == [content[1279:]]
