"""A unified diff of two short texts is what `diff -u` says, and `patch` takes it."""

from __future__ import annotations

import random
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_restore.plan.text_diff import LARGEST, MOST_LINES, as_lines, unified

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n", "d\r\n"]), max_size=40)


def text_of(lines: Sequence[str], *, ends: bool) -> bytes:
    text = "".join(lines)
    return (text if ends else text.rstrip("\r\n")).encode()


def patched(before: Sequence[str], hunks: Sequence[str]) -> bytes:
    """Apply hunks as patch does: nothing that a hunk does not name is touched."""
    left, made, at, mark = list(before), bytearray(), 0, ""
    for line in hunks:
        if line.startswith("@@"):
            start, _, count = line.split()[1][1:].partition(",")
            to = int(start) - (count != "0")
            made += "".join(left[at:to]).encode()
            at = to
        elif line.startswith("\\"):
            made = made[:-1] if mark in " +" else made
        else:
            mark = line[0]
            if line[0] in " -":
                assert left[at].removesuffix("\n") == line[1:]
                at += 1
            if line[0] in " +":
                made += f"{line[1:]}\n".encode()
    return bytes(made) + "".join(left[at:]).encode()


_TEXTS = st.builds(lambda lines, ends: text_of(lines, ends=ends), _LINES, st.booleans())


@given(_TEXTS, _TEXTS)
@settings(deadline=None)
def test_the_hunks_make_the_one_text_of_the_other(old: bytes, new: bytes) -> None:
    before, after = as_lines(old), as_lines(new)
    assert before is not None
    assert after is not None
    hunks = unified(before, after)
    assert hunks is not None
    assert patched(before, hunks) == "".join(after).encode()
    assert (hunks == []) == (before == after)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"", b"a\nb\n"),
        (b"a\n", b""),
        (b"a\nb", b"a\nb\n"),
        (b"a\nb", b"a\nc"),
        (
            b"".join(b"%d\n" % n for n in range(40)),
            b"".join(b"%d\n" % n for n in range(40) if n not in (3, 30)),
        ),
        (b"a\r\nb\r\n", b"a\nb\n"),
    ],
    ids=["new", "emptied", "ended", "unended", "apart", "carriage returns"],
)
def test_it_is_what_diff_says(tmp_path: Path, old: bytes, new: bytes) -> None:
    for name, content in (("old", old), ("new", new)):
        (tmp_path / name).write_bytes(content)
    done = subprocess.run(
        ["diff", "-u", "old", "new"], cwd=tmp_path, capture_output=True, check=False
    )
    before, after = as_lines(old), as_lines(new)
    assert before is not None
    assert after is not None
    hunks = unified(before, after)
    assert hunks is not None
    assert "".join(f"{line}\n" for line in hunks).encode() == b"".join(
        done.stdout.splitlines(keepends=True)[2:]
    )


@pytest.mark.parametrize(
    ("content", "is_text"),
    [
        (b"", True),
        (b"tab\there\n", True),
        (b"line\r\n", True),
        ("é\u2028\n".encode(), True),
        (b"bare\rreturn\n", False),
        (b"nul\0\n", False),
        (b"\x1b[31m\n", False),
        (b"delete\x7f\n", False),
        ("\x85\n".encode(), False),
        (b"latin \xe9\n", False),
        (b"form\x0cfeed\n", False),
    ],
)
def test_a_text_has_no_control_characters_but_tabs_and_line_ends(
    content: bytes, *, is_text: bool
) -> None:
    assert (as_lines(content) is not None) == is_text


def test_only_the_line_feed_ends_a_line() -> None:
    assert as_lines("a\u2028b\nc".encode()) == ["a\u2028b\n", "c"]


def test_what_would_cost_too_much_is_not_compared() -> None:
    chance = random.Random(3)  # noqa: S311 - content, no secret
    many = [f"{chance.random()}\n" for _ in range(MOST_LINES + 1)]
    assert unified(many, many[::-1]) is None
    # Few lines between the first and the last difference are compared, however many there are.
    large = ["x\n"] * (LARGEST // 2)
    found = unified(large, [*large[:-5], "y\n", *large[-4:]])
    assert found is not None
    assert found[0] == "@@ -32761,7 +32761,7 @@"
    assert {line for line in found if line[0] in "-+"} == {"-x", "+y"}
