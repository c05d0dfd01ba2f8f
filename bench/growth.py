"""`python -m bench --growth`: how the time grows with files and with bytes, as a table and plots.

Onto a volume in memory, once each: what is looked for is a curve, not a figure.
"""

from __future__ import annotations

import os
import tarfile
import time
from typing import TYPE_CHECKING, Final

import pygal
from pygal.style import CleanStyle

from bench.inside import COSTS, words_of
from bench.members import make_tiny
from bench.memory import KINDS
from bench.transports import plain_by
from tests.contract.clusters import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod

FILES: Final = (1_000, 10_000, 100_000, 300_000)
"""Of 100 bytes. A million does not fit into the volume."""
MEBIBYTES: Final = (1, 16, 256, 2048)
"""Of one file."""
_PAGE: Final = ROOT / "bench" / "RESULTS.md"
_BEGIN: Final = "<!-- growth -->"
_END: Final = "<!-- end of growth -->"

_Row = tuple[int, float, float, float, float]
"""How much, seconds of plain exec, of ours, of our processor, and MiB of our memory."""


def growth(cluster: Cluster, directory: Path) -> None:
    """Measure, print, and write both plots and the tables."""
    pod, archive = cluster.pod(KINDS[0]), directory / "backup"
    os.environ["XDG_CACHE_HOME"] = str(directory / "cache")
    lines = []
    for title, unit, amounts, make in (
        ("files", "files of 100 bytes", FILES, make_tiny),
        ("bytes", "MiB of random bytes", MEBIBYTES, _one_file),
    ):
        rows = []
        for amount in amounts:
            make(archive, amount)
            rows.append(_measured(pod, archive, amount))
            print(unit, *(f"{one:,.2f}" for one in rows[-1]), flush=True)
        _plot(f"growth-{title}", f"Seconds for {unit}", rows)
        lines += _table(unit, rows)
        lines += ["", f"![Seconds for {unit}](growth-{title}.svg)", ""]
    text = _PAGE.read_text("utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, behind = rest.partition(_END)
    _PAGE.write_text("\n".join([before + _BEGIN, *lines, _END + behind]), "utf-8")


def _one_file(path: Path, mebibytes: int) -> None:
    header = tarfile.TarInfo("blob")
    header.size = mebibytes << 20
    with path.open("wb") as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(mebibytes):
            file.write(os.urandom(1 << 20))
        file.write(bytes(10240 - 512))


def _measured(pod: Pod, archive: Path, amount: int) -> _Row:
    pod.clear()
    plain = plain_by(pod, archive, "true")
    pod.clear()
    began = time.monotonic()
    processor, peak = words_of(COSTS, pod, archive, "-q", "--no-cache")
    ours = time.monotonic() - began
    pod.clear()
    return amount, plain, ours, float(processor), int(peak) / 1024


def _table(unit: str, rows: list[_Row]) -> list[str]:
    head = f"| {unit} | plain exec | ours | our CPU | our memory |"
    made = [head, "|---|---|---|---|---|"]
    for amount, plain, ours, processor, memory in rows:
        made.append(
            f"| {amount:,} | {plain:.1f} s | {ours:.1f} s | {processor:.2f} s | {memory:.0f} MiB |"
        )
    return made


def _plot(name: str, title: str, rows: list[_Row]) -> None:
    chart = pygal.XY(
        title=title,
        style=CleanStyle,
        logarithmic=True,
        xrange=(rows[0][0], rows[-1][0]),
        js=[],
        legend_at_bottom=True,
        width=640,
        height=360,
        # The same file for the same figures.
        no_prefix=True,
    )
    chart.x_value_formatter = lambda value: f"{value:,.0f}"
    chart.add("plain kubectl exec", [(row[0], row[1]) for row in rows])
    chart.add("kubectl restore", [(row[0], row[2]) for row in rows])
    chart.render_to_file(str(_PAGE.parent / f"{name}.svg"))
