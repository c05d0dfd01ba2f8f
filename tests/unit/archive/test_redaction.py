"""What a store repeats of a request is not shown, however it writes it."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.source.location import Location
from kubectl_restore.archive.source.objects.redaction import harmless

TEXT = st.text(max_size=20)
SECRET = st.text(st.characters(codec="ascii", categories=["L", "N", "S", "P"]), min_size=8)


@given(
    before=TEXT, secret=SECRET, after=TEXT, as_written=st.sampled_from(["raw", "un", "re", "up"])
)
def test_no_spelling_of_a_secret_is_left(
    before: str, secret: str, after: str, as_written: str
) -> None:
    forms = {
        "raw": secret,
        "un": unquote(secret),
        "re": quote(unquote(secret), safe=""),
        "up": secret.upper(),
    }
    said = harmless(f"{before} {forms[as_written]} {after}", [secret])
    assert "REDACTED" in said
    # What stands around it may have it by chance.
    assert said.count(secret) <= before.count(secret) + after.count(secret)


@given(text=st.text() | st.text("a\n\r\t\x0b\x85\u2028:Fix "))
def test_it_is_one_line_that_moves_no_terminal(text: str) -> None:
    said = harmless(text, ["x"])
    assert len(said.splitlines()) <= 1
    assert said.isprintable()


def test_a_short_value_is_taken_out_as_a_word_only() -> None:
    assert harmless("1 of 10: n=1, a1", ["1"]) == "REDACTED of 10: n=REDACTED, a1"


@pytest.mark.parametrize(
    "part",
    [
        "u%40s:p%3aw",
        "u@s",
        "p:w",
        "dUBzOnA6dw==",
        "sig=a%2Bb-of-it&x=1",
        "a+b-of-it",
        "a%2bb-of-it",
    ],
)
def test_all_that_a_url_has_is_a_secret(part: str) -> None:
    location = Location("https", "host", "x.tar", "u%40s:p%3aw", "sig=a%2Bb-of-it&x=1")
    assert harmless(f"you sent {part}", location.secrets) == "you sent REDACTED"


def test_a_token_that_nobody_here_knows_is_not_shown() -> None:
    assert harmless(f"token {'Ab/+' * 40}== is wrong", []) == "token ... is wrong"
