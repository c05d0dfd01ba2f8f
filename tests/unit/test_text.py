"""Names that were made to be seen do nothing to a terminal, and fill none."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.text import pasteable_words, shown, shown_whole

WRITTEN = 400
"""Characters that a name has in a message at most."""


@given(st.binary(max_size=70))
def test_a_name_of_usual_length_is_whole(name: bytes) -> None:
    assert shown(name) == shown_whole(name)


@given(st.binary(max_size=40), st.integers(301, 60_000), st.binary(max_size=40))
def test_of_a_long_name_both_ends_are_shown_and_its_length(
    start: bytes, length: int, end: bytes
) -> None:
    name = start + b"n" * length + end
    text = shown(name)
    assert len(text) < WRITTEN
    assert text.isprintable()
    assert text.startswith(shown_whole(start)[:160])
    assert f"[... {len(name):,} bytes ...]" in text
    assert len(shown_whole(name)) >= length


@pytest.mark.parametrize("odd", [b"\xff", b"\n", "\u202e".encode(), "\U000e0001".encode()])
def test_no_escape_is_cut(odd: bytes) -> None:
    for shift in range(10):
        start, _, end = shown(b"a" * shift + odd * 4000 + b"z" * shift).partition("[")
        escape = shown_whole(odd)
        assert not start.removeprefix("a" * shift).replace(escape, "")
        assert not end.partition("]")[2].removesuffix("z" * shift).replace(escape, "")


@given(
    st.lists(
        st.text(st.characters(blacklist_characters="\0", codec="utf-8"), max_size=12),
        min_size=1,
        max_size=4,
    )
)
def test_a_command_line_is_one_line_and_the_same_words_to_a_shell(words: list[str]) -> None:
    text = pasteable_words(words)
    assert text.isprintable()
    said = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {text}"], capture_output=True, check=True
    ).stdout
    assert said.decode().split("\0")[:-1] == words
