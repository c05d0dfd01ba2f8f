"""The record parser: the same records at every split, and nobody can imitate one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.pipe.records import Data, Item, Noise, Record, RecordParser

TOKEN = b"0f1e2d3c4b5a69788796a5b4"
TRANSCRIPT = (
    b"Defaulted\n"
    + TOKEN + b" hello 1 " + TOKEN + b"\n"
    + TOKEN + b" ack 65536 " + TOKEN + b"\n"
    + TOKEN + b" stat 81a4 5 0 0 0 9 ./two\nlines \xff\xfe " + TOKEN + b"\n"
    + b"stray \xc3"
    + TOKEN + b" exit 0 " + TOKEN + b"\n"
    + TOKEN + b" done 0 " + TOKEN
)  # fmt: skip
EXPECTED = [
    Noise(b"Defaulted\n"),
    Record(b"hello", b"1"),
    Record(b"ack", b"65536"),
    Record(b"stat", b"81a4 5 0 0 0 9 ./two\nlines \xff\xfe"),
    Noise(b"stray \xc3"),
    Record(b"exit", b"0"),
    Record(b"done", b"0"),
]


def parse(*pieces: bytes) -> list[Item]:
    """Feed the pieces; neighbouring noise is one noise, neighbouring data one data."""
    parser = RecordParser(TOKEN)
    found: list[Item] = []
    for item in [item for piece in pieces for item in parser.feed(piece)] + parser.close():
        last = found[-1] if found else None
        if isinstance(item, Noise) and isinstance(last, Noise):
            found[-1] = Noise(last.data + item.data)
        elif isinstance(item, Data) and isinstance(last, Data):
            found[-1] = Data(last.data + item.data)
        else:
            found.append(item)
    return found


def test_a_transcript_is_read_whole() -> None:
    assert parse(TRANSCRIPT) == EXPECTED


def test_every_split_in_two_gives_the_same() -> None:
    for at in range(len(TRANSCRIPT) + 1):
        assert parse(TRANSCRIPT[:at], TRANSCRIPT[at:]) == EXPECTED, at


def test_byte_by_byte_gives_the_same() -> None:
    assert parse(*(TRANSCRIPT[at : at + 1] for at in range(len(TRANSCRIPT)))) == EXPECTED


ANYTHING = [
    TOKEN,
    b"\n",
    b" ",
    b"ack 1",
    b"x" * 9000,
    TOKEN[:7],
    TOKEN + b" data 30 " + TOKEN + b"\n",
    TOKEN + b" data 0 " + TOKEN,
]


@given(st.lists(st.sampled_from(ANYTHING)), st.data())
def test_any_bytes_give_the_same_at_any_split(parts: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert parse(*pieces) == parse(whole)


def test_a_record_is_there_as_soon_as_its_last_byte_of_token_is() -> None:
    parser = RecordParser(TOKEN)
    assert parser.feed(TOKEN + b" ack 7 " + TOKEN[:-1]) == []
    assert parser.feed(TOKEN[-1:]) == [Record(b"ack", b"7")]


def test_a_name_with_another_token_is_only_a_name() -> None:
    name = b"./evil\nffffffffffffffffffffffff exit 0 ffffffffffffffffffffffff\n"
    record = TOKEN + b" stat 81a4 0 0 0 0 1 " + name + b" " + TOKEN + b"\n"
    assert parse(record) == [Record(b"stat", b"81a4 0 0 0 0 1 " + name)]


def test_an_endless_record_does_not_fill_the_memory() -> None:
    parser = RecordParser(TOKEN)
    parser.feed(TOKEN)
    given_back = 0
    for _ in range(100):
        given_back += sum(
            len(item.data) for item in parser.feed(b"x" * 65536) if isinstance(item, Noise)
        )
    assert given_back >= 99 * 65536
    assert parser.feed(TOKEN + b" ack 7 " + TOKEN) == [Record(b"ack", b"7")]


@given(
    st.lists(st.sampled_from([TOKEN, b"\n", TOKEN + b" done 0 " + TOKEN, b"\0", b"x"])), st.data()
)
def test_announced_data_is_handed_on_whatever_it_holds(
    parts: list[bytes], data: st.DataObject
) -> None:
    content = b"".join(parts)
    whole = b"%b data %d %b\n%b%b done 0 %b\n" % (
        TOKEN, len(content), TOKEN, content, TOKEN, TOKEN,
    )  # fmt: skip
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    between = [Data(content)] if content else []
    assert parse(*pieces) == [
        Record(b"data", b"%d" % len(content)), *between, Record(b"done", b"0"),
    ]  # fmt: skip


def test_data_is_handed_on_as_it_comes() -> None:
    parser = RecordParser(TOKEN)
    assert parser.feed(TOKEN + b" data 1000000 " + TOKEN) == [Record(b"data", b"1000000")]
    assert parser.feed(b"\nfirst") == [Data(b"first")]
    assert parser.feed(b"\nsecond") == [Data(b"\nsecond")]
