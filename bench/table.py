"""`python -m bench --table`: the table of bench/RESULTS.md, as ratios to plain `kubectl exec`.

Onto a volume in memory, so that no disk is measured; plain exec (`tar xf -`, or `tar xzf -` for
what is packed by gzip) by both of kubectl's protocols, `kubectl cp` of the same tree, and ours.
"""

from __future__ import annotations

import gzip
import io
import os
import random
import shutil
import statistics
import subprocess
import tarfile
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from bench.inside import COSTS, words_of
from bench.members import make_text, make_tiny
from bench.memory import KINDS
from bench.transports import plain_by
from tests.contract.clusters import ROOT
from tests.link import LinkProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod

_AGAIN: Final = (
    ("ours", ("--no-cache",)),
    ("again", ("--no-cache",)),
    ("filled", ()),
    ("remembered", ()),
)
"""What is run of ours one after the other, with which flags."""
_BEGIN: Final = "<!-- table -->"
_END: Final = "<!-- end of table -->"
RESULTS: Final = ROOT / "bench" / "RESULTS.md"


@dataclass(frozen=True, slots=True)
class Link:
    """A way to the API server: bytes a second, and seconds each way."""

    name: str
    rate: float | None = None
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """A backup to measure with.

    Attributes:
        name: for the table.
        make: writes the tar.
        is_packed: it is packed by gzip then.
        links: over which it is measured.
        is_repeated: what a second run takes is measured too.
    """

    name: str
    make: Callable[[Path], None]
    is_packed: bool = False
    links: tuple[Link, ...] = (Link("node"),)
    is_repeated: bool = False


@dataclass(slots=True)
class Figures:
    """What the runs of one row took, in seconds, by what ran."""

    walls: dict[str, list[float]] = field(default_factory=dict)
    processor: list[float] = field(default_factory=list)
    """Of our process, kubectl's apart."""
    memory: float = 0.0
    """MiB, its peak."""
    sent: list[int] = field(default_factory=list)
    """Bytes that first runs of ours sent over the link."""

    def add(self, name: str, wall: float) -> None:
        """Note what one run took."""
        self.walls.setdefault(name, []).append(wall)

    def ratio(self, name: str) -> float | None:
        """Return the median of what this took in parts of plain exec's time in the same round."""
        if name not in self.walls:
            return None
        pairs = zip(self.walls[name], self.walls["plain"], strict=True)
        return statistics.median(one / plain for one, plain in pairs)


def random_bytes(size: int) -> Callable[[Path], None]:
    """Return what writes a tar with one file of random bytes."""

    def make(path: Path) -> None:
        header = tarfile.TarInfo("blob")
        header.size = size
        with path.open("wb") as file:
            file.write(header.tobuf(tarfile.GNU_FORMAT))
            for _ in range(0, size, 16 << 20):
                file.write(os.urandom(16 << 20))
            file.write(bytes(10240 - 512))

    return make


def mixed(megabytes: int) -> Callable[[Path], None]:
    """Return what writes a tar of so many MB: a third each of text, of tables, and of chance."""

    def make(path: Path) -> None:
        chance = random.Random(7)  # noqa: S311 - content, no secret
        words = [bytes(chance.choices(b"abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(5000)]
        with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
            for number in range(megabytes // 6):
                text = b" ".join(chance.choices(words, k=250_000))
                table = b"".join(b"%09d,%d\n" % (one, one * number) for one in range(110_000))
                for kind, data in (
                    ("t", text),
                    ("c", table[: 2 << 20]),
                    ("r", os.urandom(2 << 20)),
                ):
                    one = tarfile.TarInfo(f"srv/{kind}{number:04}")
                    one.size, one.mtime = len(data), 1_700_000_000
                    tar.addfile(one, io.BytesIO(data))

    return make


_SLOW: Final = (
    Link("node"),
    Link("50 MB/s, 40 ms", 50e6, 0.02),
    Link("10 MB/s, 80 ms", 10e6, 0.04),
)
ROWS: Final = (
    Row("1 GiB random, plain tar", random_bytes(1 << 30), links=_SLOW[:1]),
    Row(
        "20,000 small text files, 80 MB",
        lambda path: make_text(path, 20_000),
        links=_SLOW,
        is_repeated=True,
    ),
    Row("200,000 files of 100 bytes", lambda path: make_tiny(path, 200_000), is_repeated=True),
    Row("600 MB mixed, plain tar", mixed(600), links=_SLOW),
    Row("600 MB mixed, .tar.gz", mixed(600), is_packed=True, links=_SLOW),
)
SHORT: Final = (
    Row("128 MiB random, plain tar", random_bytes(128 << 20)),
    Row("5,000 small text files, 20 MB", lambda path: make_text(path, 5_000), is_repeated=True),
)
"""What is measured in a minute."""


def each_row(cluster: Cluster, directory: Path, rows: tuple[Row, ...], runs: int) -> Iterator[str]:
    """Return the table's lines, one after the other as they are measured."""
    pod = cluster.pod(KINDS[0])
    os.environ["XDG_CACHE_HOME"] = str(directory / "cache")
    yield (
        "| work | link | plain exec | by SPDY | kubectl cp | ours | again | again, remembered | "
        "our CPU | our memory | sent |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        archive = directory / "backup"
        row.make(archive)
        tree = directory / "tree"
        tree.mkdir()
        with tarfile.open(archive) as tar:
            tar.extractall(tree, filter="data")
        if row.is_packed:
            packed = directory / "packed"
            with archive.open("rb") as source, gzip.open(packed, "wb", 6) as target:
                shutil.copyfileobj(source, target, 1 << 20)
            archive = packed
        for link in row.links:
            # A slow link's time is the link's: one round says it.
            rounds = runs if link.rate is None else 1
            figures = _measured(pod, row, link, archive, tree, rounds)
            yield _line(row, link, figures, archive.stat().st_size)
        shutil.rmtree(tree)
        (directory / "backup").unlink()
        (directory / "packed").unlink(missing_ok=True)


def _measured(near: Pod, row: Row, link: Link, archive: Path, tree: Path, runs: int) -> Figures:  # noqa: PLR0917
    figures, kinds = Figures(), _AGAIN if row.is_repeated else _AGAIN[:1]
    with LinkProxy(near.cluster.address, delay=link.delay, rate=link.rate) as proxy:
        pod = near
        if link.rate is not None:
            far = near.cluster.through(proxy.port, "measured")
            pod = replace(near, cluster=replace(near.cluster, kubeconfig=far))
        for _ in range(runs):
            near.clear()
            figures.add("plain", plain_by(pod, archive, "true", is_packed=row.is_packed))
            near.clear()
            figures.add("spdy", plain_by(pod, archive, "false", is_packed=row.is_packed))
            near.clear()
            figures.add("cp", _copied(pod, tree))
            near.clear()
            before = proxy.sent
            for name, flags in kinds:
                wall, processor, memory = _ours(pod, archive, *flags)
                figures.add(name, wall)
                figures.memory = max(figures.memory, memory)
                if name == "ours":
                    figures.processor.append(processor)
                    figures.sent.append(proxy.sent - before)
    near.clear()
    return figures


def _copied(pod: Pod, tree: Path) -> float:
    command = [*pod.cluster.kubectl, "cp", f"{tree}/.", f"{pod.name}:{pod.path}"]
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def _ours(pod: Pod, archive: Path, *flags: str) -> tuple[float, float, float]:
    began = time.monotonic()
    processor, peak = words_of(COSTS, pod, archive, "-q", *flags)
    return time.monotonic() - began, float(processor), int(peak) / 1024


def _line(row: Row, link: Link, figures: Figures, size: int) -> str:
    def ratio(name: str) -> str:
        found = figures.ratio(name)
        return "." if found is None else f"{found:.2f}"

    plain = statistics.median(figures.walls["plain"])
    sent = "." if link.rate is None else f"{statistics.median(figures.sent) / size:.2f}"
    return (
        f"| {row.name} | {link.name} | {plain:.1f} s | {ratio('spdy')} | {ratio('cp')} | "
        f"{ratio('ours')} | {ratio('again')} | {ratio('remembered')} | "
        f"{statistics.median(figures.processor):.2f} s | {figures.memory:.0f} MiB | {sent} |"
    )


def write_table(cluster: Cluster, directory: Path, rows: tuple[Row, ...], runs: int) -> None:
    """Print the table, and write it into bench/RESULTS.md where it is the whole one."""
    lines = []
    for line in each_row(cluster, directory, rows, runs):
        print(line, flush=True)
        lines.append(line)
    if rows is not ROWS:
        return
    text = RESULTS.read_text()
    before, mark, rest = text.partition(_BEGIN)
    _, end, behind = rest.partition(_END)
    if not (mark and end):
        raise RuntimeError(f"{RESULTS} lacks its marks")
    load = f"load {os.getloadavg()[0]:.1f} at the end"
    said = f"Median of {runs} rounds (one over the slow links), {load}."
    RESULTS.write_text("\n".join([before + mark, *lines, "", said, end + behind]))
