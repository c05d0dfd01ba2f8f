"""What stat says of many paths: a line that makes no sense is never taken for nothing there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.container.answers import Standings
from kubectl_restore.container.batches import questions
from kubectl_restore.container.survey import Entry, Standing, line_of, read_entry
from kubectl_restore.errors import PodCannotError

if TYPE_CHECKING:
    from kubectl_restore.container.stat_lines import StatLines

numbers = st.integers(0, 2**63)
entries = st.builds(
    Entry,
    kind=st.sampled_from(Standing),
    size=numbers,
    mode=st.integers(0, 0o7777),
    mtime=st.integers(-(2**40), 2**40),
    uid=numbers,
    gid=numbers,
    inode=numbers,
    blocks=numbers,
    links=numbers,
    device=numbers,
)
LINE = b"81a4 3 77 0 0 5 8 1 45"


@given(entries)
def test_a_line_is_read_as_it_was_written(entry: Entry) -> None:
    assert read_entry(line_of(entry)) == entry


def asked(paths: list[bytes], *records: tuple[bytes, bytes]) -> StatLines:
    """Return what stands there by these records."""
    standings = Standings(paths)
    for word, rest in records:
        assert standings.take(word, rest)
    standings.require_all()
    return standings.there


def test_lines_get_their_paths_around_what_is_gone() -> None:
    there = asked(
        [b"a", b"b", b"c"],
        (b"gone", b" 1"),
        (b"stats", LINE + b"\n" + LINE.replace(b" 3 ", b" 4 ")),
        (b"asked", b"0 3"),
    )
    assert there.keys() == {b"a", b"c"}
    assert (there[b"a"].size, there[b"c"].size, there.get(b"b"), len(there)) == (3, 4, None, 2)
    assert there.get(b"d") is None


def test_what_was_said_by_halves_comes_again_one_by_one() -> None:
    again = [(b"again", b""), (b"stats", LINE), (b"stats", b""), (b"vanished", b"")]
    there = asked([b"a", b"b"], (b"stats", LINE), *again, (b"asked", b"0 2"))
    assert there.keys() == {b"a"}


@pytest.mark.parametrize(
    "said",
    [
        LINE.replace(b"81a4", b"81A4"), LINE + b" 9", b"stat: cannot", LINE[:-3], b"\n",
        LINE + b"\n" + LINE, LINE.replace(b" ", b"\t"),
    ],
    ids=range(7),
)  # fmt: skip
def test_other_words_are_an_error(said: bytes) -> None:
    with pytest.raises(PodCannotError):
        asked([b"a"], (b"stats", said), (b"asked", b"0 1"))


def test_numbers_that_are_none_are_an_error_when_they_are_looked_at() -> None:
    there = asked([b"a"], (b"stats", LINE.replace(b" 77 ", b" 7-7 ")), (b"asked", b"0 1"))
    with pytest.raises(PodCannotError):
        there.get(b"a")
    with pytest.raises(PodCannotError):
        there.entries()


def test_links_are_found() -> None:
    link = LINE.replace(b"81a4", b"a1ff")
    there = asked([b"a", b"b"], (b"stats", LINE + b"\n" + link), (b"asked", b"0 2"))
    assert there.symlinks() == [b"b"]


@given(
    st.lists(st.binary(max_size=40).map(lambda name: name.replace(b"\0", b"'")), max_size=40),
    st.integers(20, 400),
    st.integers(1, 9),
    st.booleans(),
)
def test_each_path_is_asked_about_once(
    paths: list[bytes],
    largest: int,
    together: int,
    has_words: bool,  # noqa: FBT001 - drawn
) -> None:
    """In payloads of a bounded size, in order, with the number of the first of each batch."""
    words = [b"w%d" % number for number in range(len(paths))] if has_words else []
    number = 0
    for payload, count in questions(paths, words, largest=largest, together=together):
        some, of = paths[number : number + count], words[number : number + count]
        lines = payload.split(b"\nq ") if not any(b"\n" in one for one in some) else [payload]
        assert len(payload) <= largest or len(lines) == 1
        names = [b"'./%s'" % one.replace(b"'", b"'\\''") for one in some]
        if has_words:
            names = [b"'%s' %s" % pair for pair in zip(of, names, strict=True)]
        assert payload.startswith(b"q %d %s" % (number, names[0]))
        at = 0
        for name in names:
            at = payload.index(name, at) + len(name)
        number += count
    assert number == len(paths)
