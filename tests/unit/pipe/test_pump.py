"""The pump: every byte once and in order, whatever the pipe takes."""

from __future__ import annotations

import gzip
import os
import tarfile
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.stream.segments import Zeros
from kubectl_restore.errors import BackupError
from kubectl_restore.pipe.framing import Framing, envelope
from kubectl_restore.pipe.payload import Payload
from kubectl_restore.pipe.pump import Pump
from kubectl_restore.pipe.transit import Transit

if TYPE_CHECKING:
    from collections.abc import Iterator


def blocks_of(data: bytes, sizes: list[int]) -> Iterator[memoryview]:
    """Cut data into blocks that share one buffer, as the archive's reader does."""
    buffer = bytearray(max(sizes))
    at = 0
    while at < len(data):
        for size in sizes:
            piece = data[at : at + size]
            buffer[: len(piece)] = piece
            yield memoryview(buffer)[: len(piece)]
            at += size


class Reader:
    """The agent's half of the framing."""

    def __init__(self) -> None:
        self.wire = bytearray()
        self.payload = bytearray()
        self.lengths: list[int] = []
        self.zeros = 0
        self.packed = 0
        self.closing = b""

    def take(self, data: bytes) -> list[int]:
        """Take bytes from the wire; return the lengths of the chunks that they complete."""
        self.wire += data
        complete = []
        while b"\n" in self.wire:
            line, _, rest = bytes(self.wire).partition(b"\n")
            if line.startswith(b"zeros "):
                complete.append(int(line[6:]))
                self.zeros += complete[-1]
                self.payload += bytes(complete[-1])
                del self.wire[: len(line) + 1]
                continue
            if line.startswith(b"packed "):
                packed, length = map(int, line.split()[1:])
                if len(rest) < packed:
                    break
                self.payload += gzip.decompress(rest[:packed])
                self.packed += packed
                del self.wire[: len(line) + 1 + packed]
                complete.append(length)
                continue
            if not line.isdigit():
                self.closing = line
                assert not rest
                break
            if len(rest) < int(line):
                break
            self.payload += rest[: int(line)]
            del self.wire[: len(line) + 1 + int(line)]
            complete.append(int(line))
        self.lengths += complete
        return complete


class Wrapped(Reader):
    """The same, for chunks in an envelope."""

    def take(self, data: bytes) -> list[int]:
        self.wire += data
        complete = []
        while b"\n" in self.wire:
            line, _, rest = bytes(self.wire).partition(b"\n")
            if not line.isdigit():
                self.closing = line
                break
            size = int(line)
            if len(rest) < 1 + size + size % 7:
                break
            assert rest[:1] == b"<"
            assert rest[1 + size : 1 + size + size % 7] == b">" * (size % 7)
            self.payload += rest[1 : 1 + size]
            del self.wire[: len(line) + 2 + size + size % 7]
            complete.append(size)
        return complete


class Blocks(Reader):
    """The same, for chunks in archives of their own, with lines that fill whole blocks."""

    def take(self, data: bytes) -> list[int]:
        self.wire += data
        complete = []
        while len(self.wire) >= 512:
            line = bytes(self.wire[:512])
            assert line.endswith(b" \n")
            if not line.strip().isdigit():
                self.closing = line.strip()
                break
            size = int(line)
            whole = 1024 + size + -size % 512 + 1024
            if len(self.wire) < whole:
                break
            header = tarfile.TarInfo.frombuf(self.wire[512:1024], "utf-8", "strict")
            assert header.size == size
            self.payload += self.wire[1024 : 1024 + size]
            del self.wire[:whole]
            complete.append(size)
        self.lengths += complete
        return complete


def run(data: bytes, sizes: list[int], *, stop_after: int | None = None) -> Reader:
    """Pump data through a pipe to a reader that acknowledges."""
    return pumped(
        Pump(Payload(blocks_of(data, sizes), len(data)), lambda: 0.0), stop_after=stop_after
    )


def pumped(pump: Pump, reader: Reader | None = None, *, stop_after: int | None = None) -> Reader:
    """Pump through a pipe to a reader that acknowledges."""
    reader = reader or Reader()
    reading, writing = os.pipe()
    try:
        os.set_blocking(writing, False)
        os.set_blocking(reading, False)
        while not pump.closed:
            pump.write(writing)
            if stop_after is not None and len(reader.payload) >= stop_after:
                pump.give_up()
            try:
                taken = os.read(reading, 50_000)
            except BlockingIOError:
                taken = b""
            for length in reader.take(taken):
                assert pump.window.acknowledge(length, 0.0)
        while True:
            try:
                reader.take(os.read(reading, 1 << 20))
            except BlockingIOError:
                return reader
    finally:
        os.close(reading)
        os.close(writing)


@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from([1, 511, 65_535, 65_536, 300_000, 5_000_000])),
        max_size=6,
    )
)
def test_long_holes_are_told_and_not_sent(parts: list[tuple[bool, int]]) -> None:
    blocks = [Zeros(size) if hole else memoryview(b"x" * size) for hole, size in parts]
    expected = b"".join(bytes(size) if hole else b"x" * size for hole, size in parts)
    reader = pumped(Pump(Payload(iter(blocks), len(expected)), lambda: 0.0))
    assert reader.payload == expected
    assert reader.closing == b"end"
    longest = max([size for hole, size in parts if hole], default=0)
    # At most one chunk was announced before a hole was met.
    assert reader.zeros > longest - 4 * 1024 * 1024 - 65_536


def test_an_envelope_goes_around_each_chunk() -> None:
    data = os.urandom(300_000)
    reader = Wrapped()
    pump = Pump(
        Payload(blocks_of(data, [1000, 70_000]), len(data)),
        lambda: 0.0,
        lambda line, size: (line + b"<" * bool(size), b">" * (size % 7)),
    )
    pumped(pump, reader)
    assert reader.payload == data


@given(st.integers(1, 700_000), st.lists(st.sampled_from([1000, 65536, 1 << 20]), min_size=1))
def test_toyboxs_tar_gets_whole_blocks_only(length: int, sizes: list[int]) -> None:
    # It takes a header that comes in two pieces for no header.
    framed = partial(envelope, Framing.TAR)
    reader = Blocks()
    pump = Pump(
        Payload(blocks_of(bytes(length), sizes), length), lambda: 0.0, framed, in_blocks=True
    )
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    # What the pipe takes in one write, and what it takes of one that fills it.
    assert pump.write(writing) % 512 == 0
    reader.take(os.read(reading, 1 << 20))
    os.close(reading)
    os.close(writing)
    for size in reader.lengths:
        pump.window.acknowledge(size, 0.0)
    pumped(pump, reader)
    assert reader.payload == bytes(length)
    assert reader.closing == b"end"
    assert all(size >= 512 for size in reader.lengths[:-1])


@given(
    st.integers(0, 3_000_000), st.lists(st.sampled_from([1000, 65536, 1 << 20, 512]), min_size=1)
)
def test_the_payload_arrives_whole_and_in_order(length: int, sizes: list[int]) -> None:
    data = os.urandom(4096) * (length // 4096 + 1)
    reader = run(data[:length], sizes)
    assert reader.payload == data[:length]
    assert reader.closing == b"end"


def test_a_payload_that_is_given_up_ends_with_a_whole_chunk_and_says_so() -> None:
    data = os.urandom(4_000_000)
    reader = run(data, [1 << 20], stop_after=100_000)
    assert reader.closing == b"abort"
    assert len(reader.payload) < len(data)
    assert data.startswith(bytes(reader.payload))


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.sampled_from([1, 512, 65_537, 700_000])),
        min_size=1,
        max_size=5,
    ),
    st.integers(0, 30),
    st.floats(0.0, 3.0),
)
def test_what_takes_a_while_to_read_leaves_no_chunk_waiting(
    parts: list[tuple[int, int]], at_the_end: int, step: float
) -> None:
    whole: bytearray = bytearray()
    seconds = [0.0]

    def blocks() -> Iterator[memoryview]:
        for empty, size in parts:
            for _ in range(empty):
                # What was announced is there: nobody waits for it in the middle of a chunk.
                assert pump.window.acknowledged + pump.window.outstanding == len(whole)
                seconds[0] += step
                yield memoryview(b"")
            block = (os.urandom(16) * (size // 16 + 1))[:size]
            whole.extend(block)
            yield memoryview(block)
        for _ in range(at_the_end):
            assert not reader.closing
            seconds[0] += step
            yield memoryview(b"")

    reader = Reader()
    total = sum(size for _, size in parts)
    pauses, at = [], 0
    for _, size in parts:
        pauses.append(at)
        at += size
    pump = Pump(Payload(blocks(), total, pauses=pauses), lambda: seconds[0])
    pumped(pump, reader)
    assert reader.payload == whole
    assert reader.closing == b"end"
    # The agent heard something about every two seconds meanwhile.
    signs = reader.lengths.count(0)
    waited = step * (sum(empty for empty, _ in parts) + at_the_end)
    assert signs <= waited / 2.0 + 1
    assert signs >= waited / (2.0 + step) - len(parts) - 2


def test_it_is_not_closed_before_the_blocks_say_that_all_is_well() -> None:
    def blocks() -> Iterator[memoryview]:
        yield memoryview(b"x" * 1000)
        raise BackupError("it changed meanwhile")

    pump = Pump(Payload(blocks(), 1000), lambda: 0.0)
    reading, writing = os.pipe()
    with pytest.raises(BackupError):
        pump.write(writing)
    assert b"end" not in os.read(reading, 10_000)
    os.close(reading)
    os.close(writing)


def test_nothing_is_written_beyond_the_window() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    pump = Pump(Payload(blocks_of(bytes(50_000_000), [1 << 20]), 50_000_000), lambda: 0.0)
    while pump.wants_to_write:
        pump.write(writing)
        os.read(reading, 1 << 20)
    assert pump.window.outstanding <= pump.window.limit
    os.close(reading)
    os.close(writing)


def test_a_reader_that_is_gone_is_a_broken_pipe() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    pump = Pump(Payload(blocks_of(b"x" * 100, [50]), 100), lambda: 0.0)
    with pytest.raises(BrokenPipeError):
        pump.write(writing)
    os.close(writing)


class Always(Transit):
    """Packs whatever comes."""

    def __init__(self) -> None:
        super().__init__()
        self.packs = True


def test_packed_chunks_carry_every_byte_and_those_that_do_not_shrink_go_as_they_are() -> None:
    loose, tight = b"again and again " * 200_000, os.urandom(3_000_000)
    data = loose + tight
    pump = Pump(Payload(blocks_of(data, [70_000, 3]), len(data)), lambda: 0.0, transit=Always())
    reader = pumped(pump)
    assert bytes(reader.payload) == data
    assert reader.closing == b"end"
    assert pump.window.acknowledged == len(data)
    assert 0 < reader.packed < len(loose) // 4
