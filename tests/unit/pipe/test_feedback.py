"""stderr: the agent's signs, the tools' words, kubectl's own and a credential plugin's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.pipe.feedback import (
    Beat,
    EndOfCommand,
    Evidence,
    FeedbackParser,
    Line,
    Voices,
)

TOKEN = b"0f1e2d3c4b5a69788796a5b4"
TRANSCRIPT = (
    b"tar: Removing leading `/' from member names\n"
    + TOKEN + b" beat 1 " + TOKEN + b"\n"
    + b"tar: caf\xc3\xa9: Cannot open: Permis"
    + TOKEN + b" beat 0 " + TOKEN + b"\n"
    + b"sion denied\nlast words"
    + TOKEN + b" beat 2 " + TOKEN + b"\n"
    + TOKEN + b" done " + TOKEN + b"\n"
    + b"error: unexpected EOF"
)  # fmt: skip
EXPECTED = [
    Line(b"tar: Removing leading `/' from member names"),
    Beat(moved=True),
    Beat(moved=False),
    Line(b"tar: caf\xc3\xa9: Cannot open: Permission denied"),
    Beat(moved=False, waits=True),
    Line(b"last words"),
    EndOfCommand(),
    Line(b"error: unexpected EOF"),
]


def parse(*pieces: bytes) -> list[Beat | EndOfCommand | Line]:
    parser = FeedbackParser(TOKEN)
    return [event for piece in pieces for event in parser.feed(piece)] + parser.close()


def test_every_split_gives_the_same_events() -> None:
    assert parse(TRANSCRIPT) == EXPECTED
    for at in range(len(TRANSCRIPT) + 1):
        assert parse(TRANSCRIPT[:at], TRANSCRIPT[at:]) == EXPECTED, at


@given(st.data())
def test_any_split_gives_the_same_events(data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(TRANSCRIPT)), max_size=8)))
    pieces = [TRANSCRIPT[a:b] for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
    assert parse(*pieces) == EXPECTED


def test_a_line_without_end_is_cut_and_not_kept() -> None:
    parser = FeedbackParser(TOKEN)
    lines = [event for _ in range(64) for event in parser.feed(b"x" * 4096)]
    assert sum(len(line.text) for line in lines if isinstance(line, Line)) >= 60 * 4096


def voice(*pieces: bytes) -> bytes:
    """What reaches the user of a plugin's and kubectl's words that come in these pieces."""
    parser, voices, heard = FeedbackParser(TOKEN), Voices(), b""
    for piece in pieces:
        for event in parser.feed(piece):
            assert isinstance(event, Line)
            heard += voices.line(event.text)
        heard += voices.unfinished(parser.unfinished)
    return heard


def test_a_prompt_reaches_the_user_before_its_line_ends() -> None:
    assert voice(b"Password: ") == b"Password: "
    assert voice(b"Enter", b" MFA code: ", b"\nthanks\n") == b"Enter MFA code: \nthanks\n"


def test_kubectls_own_words_are_kept_back_at_every_split() -> None:
    own = b'E1122 10:00:00.000000 1 memcache.go:265] "Unhandled Error"\nerror: unexpected EOF\n'
    for at in range(len(own)):
        assert voice(own[:at], own[at:]) == b"", at


def test_a_plugin_between_kubectls_lines_is_heard() -> None:
    assert voice(b"error: one\nOpen https://login\nUnable to connect to the server: EOF\n") == (
        b"Open https://login\n"
    )


def test_evidence_keeps_the_last_lines_and_the_count() -> None:
    evidence = Evidence()
    for number in range(1000):
        evidence.add(b"line %d" % number)
    assert evidence.count == 1000
    assert evidence.lines[-1] == "line 999"
    assert len(evidence.lines) == 200
