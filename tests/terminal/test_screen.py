"""What the screen shows while a restore runs, through a terminal emulator: not what was written."""

from __future__ import annotations

import io
import re
import shlex
import tarfile
import time
from typing import TYPE_CHECKING

import pyte
import pytest

from kubectl_restore.progress import Carried, Level, Phase, Status
from kubectl_restore.ui.environment import Environment
from kubectl_restore.ui.live import Live
from tests.contract import trees
from tests.contract.program import arguments, environment
from tests.link import LinkProxy
from tests.terminal.screen import Shown
from tests.terminal.tmux import Pane

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.clusters import Cluster

LONG = "a-directory-with-a-long-name/" * 3
SIZE = 6_000_000
FILES = 6


@pytest.fixture
def link(cluster: Cluster) -> Iterator[LinkProxy]:
    with LinkProxy(cluster.address) as proxy:
        proxy.rate = 2e6
        yield proxy


def backup_of(names: list[str]) -> bytes:
    """Return an archive of files that cannot be compressed."""
    content = trees.of_size(SIZE // len(names), files=1)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name in names:
            one = tarfile.TarInfo(name)
            one.size = len(content)
            archive.addfile(one, io.BytesIO(content))
    return out.getvalue()


def command(cluster: Cluster, link: LinkProxy, tmp_path: Path, *flags: str, name: str) -> list[str]:
    backup = tmp_path / "backup.tar"
    backup.write_bytes(backup_of([f"{name}{number}" for number in range(FILES)]))
    kubeconfig = cluster.through(link.port, "screen")
    return arguments(
        cluster.pod("debian"), backup, "--compress=none", *flags, kubeconfig=kubeconfig
    )


def start(
    cluster: Cluster,
    link: LinkProxy,
    tmp_path: Path,
    *flags: str,
    columns: int = 80,
    name: str = "blob",
    utf8: bool = True,
    **variables: str,
) -> Shown:
    words = command(cluster, link, tmp_path, *flags, name=name)
    variables = {"TERM": "xterm", "LC_ALL": "C.UTF-8", **variables}
    return Shown(words, environment(**variables), columns=columns, utf8=utf8)


def percent(shown: Shown | Pane) -> int:
    """Return how far the line that moves says that it is; 0 where there is none yet."""
    rows = [row for row in shown.rows if row.startswith("restoring")]
    assert len(rows) <= 1, shown.rows
    found = re.search(r"\b(\d+)%", rows[0]) if rows else None
    return int(found[1]) if found else 0


@pytest.mark.parametrize(
    ("columns", "has"),
    [
        (40, r"^restoring \d+%, \S+ left  \S+\.\.\.\S+$"),
        (80, r"^restoring \[[#.]{20}\] \d+%, [\d.]+ .iB of 5\.8 MiB, .*left"),
        (
            200,
            r"\] \d+%, [\d.]+ .iB of 5\.8 MiB, \d of 6 files, \S+ .iB/s, .* left  a-dir.*/blob\d$",
        ),
    ],
)
def test_one_row_moves_whatever_the_width_and_is_gone_at_the_end(
    cluster: Cluster, link: LinkProxy, tmp_path: Path, columns: int, has: str
) -> None:
    shown = start(cluster, link, tmp_path, columns=columns, name=f"{LONG}blob")
    shown.until(lambda: percent(shown) >= 30)
    at_first = percent(shown)
    shown.until(lambda: re.search(has, shown.rows[-1]) is not None)
    assert len(shown.rows[-1]) < columns
    shown.until(lambda: percent(shown) > at_first)
    assert shown.until_it_ends() == 0, shown.rows
    assert not shown.having("restoring")
    (done,) = shown.having("Restored 6 files")
    assert shown.rows[-1] == done or columns == 40


def test_what_a_terminal_does_not_show_is_escaped_and_takes_its_columns(
    cluster: Cluster, link: LinkProxy, tmp_path: Path
) -> None:
    name = "ü" * 30
    shown = start(
        cluster, link, tmp_path, columns=200, name=name, utf8=False, LC_ALL="C", NO_COLOR="1"
    )
    shown.until(lambda: percent(shown) >= 30 and bool(shown.having(r"\xfc")))
    (row,) = shown.having("restoring")
    assert row.isascii()
    assert "..." in row
    assert shown.rows[-1] == row
    assert shown.until_it_ends() == 0, shown.rows
    assert shown.colours() == {"default"}


def test_after_a_resize_there_is_one_row_and_it_fits(
    cluster: Cluster, link: LinkProxy, tmp_path: Path
) -> None:
    shown = start(cluster, link, tmp_path, columns=120)
    shown.until(lambda: percent(shown) >= 10)
    for columns in (30, 100):
        shown.resize(columns)
        before = percent(shown)
        shown.until(lambda before=before: percent(shown) > before)  # type: ignore[misc]
        (row,) = [one for one in shown.rows if one.startswith("restoring")]
        assert len(row) < columns
        assert ("[" in row) == (columns == 100)
    assert shown.until_it_ends() == 0, shown.rows


def test_stopped_and_brought_back_it_moves_again_below_what_the_shell_said(
    cluster: Cluster, link: LinkProxy, tmp_path: Path
) -> None:
    words = command(cluster, link, tmp_path, "--stall-timeout=3s", name="blob")
    shell = ["bash", "--norc", "--noprofile", "-i"]
    shown = Shown(shell, environment(TERM="dumb", PS1="shell> "), columns=100)
    shown.until(lambda: bool(shown.having("shell>")))
    shown.child.sendline(f"TERM=xterm {shlex.join(words)}")
    shown.until(lambda: percent(shown) >= 10)
    shown.child.send("\x1a")
    shown.until(lambda: bool(shown.having("Stopped")))
    # Longer than the stall limit: it is not the link that stood still.
    time.sleep(4)
    shown.child.sendline("fg")

    def since() -> list[str]:
        (stopped,) = [at for at, row in enumerate(shown.rows) if "Stopped" in row]
        return shown.rows[stopped:]

    shown.until(lambda: since()[-1].startswith("restoring ["))
    shown.until(lambda: any(row.startswith("Restored 6 files") for row in since()))
    assert not [row for row in since() if row.startswith("restoring")], shown.rows
    assert not shown.having("nothing has moved")
    shown.child.sendline("exit")
    shown.until_it_ends()


def test_a_stall_is_said_while_it_lasts(cluster: Cluster, link: LinkProxy, tmp_path: Path) -> None:
    shown = start(cluster, link, tmp_path, columns=100)
    shown.until(lambda: percent(shown) >= 10)
    link.freeze()
    shown.until(lambda: bool(shown.having("nothing has moved for ")))
    (row,) = shown.having("nothing has moved for ")
    assert row.startswith("restoring [")
    assert " left" not in row
    link.heal()
    shown.until(lambda: not shown.having("nothing has moved for "))
    assert shown.until_it_ends() == 0, shown.rows


def test_a_retry_is_said_while_it_lasts(cluster: Cluster, link: LinkProxy, tmp_path: Path) -> None:
    link.cut_after = SIZE // 2
    shown = start(cluster, link, tmp_path, columns=100)
    shown.until(lambda: bool(shown.having("trying again in ")))
    shown.until(lambda: shown.rows[-1].startswith("restoring ["))
    assert re.search(r"%, .*, trying again (in \S+|now) \(1 of 5\)$", shown.rows[-1]), shown.rows
    assert shown.having("Warning: the link was lost at ")
    assert shown.until_it_ends() == 0, shown.rows
    # The warning stays, what moved is gone.
    assert not shown.having("(1 of 5)")
    assert shown.having("Warning: the link was lost at ")


def test_several_lanes_have_a_row_each_above_one_total(
    cluster: Cluster, link: LinkProxy, tmp_path: Path
) -> None:
    shown = start(cluster, link, tmp_path, "--jobs=2", columns=100)
    seen: list[int] = []

    def is_far() -> bool:
        seen.append(percent(shown))
        assert len(shown.having("lane 1:")) <= 1, shown.rows
        return seen[-1] >= 30 and bool(shown.having("lane 2:")) and bool(shown.having("lane 1:"))

    shown.until(is_far)
    first, second, total = shown.rows[-3:]
    assert re.match(r"  lane 1: +\d+% of \S+ .iB(  blob\d)?$", first), shown.rows
    assert re.match(r"  lane 2: +\d+% of \S+ .iB(  blob\d)?$", second), shown.rows
    assert re.search(r"^restoring \[.*of 5\.8 MiB, \d of 6 files", total), shown.rows
    above = shown.rows[:-3]
    shown.until(lambda: percent(shown) > seen[-1])
    assert shown.rows[: len(above)] == above
    assert shown.until_it_ends() == 0, shown.rows
    # What moved is gone; what was said above it has stayed.
    assert shown.rows[: len(above)] == above
    assert [row[:8] for row in shown.rows[len(above) :]] == ["Restored"]


class Emulated(io.StringIO):
    """A stream to a terminal emulator."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.screen = pyte.Screen(columns, 10)
        self._stream = pyte.Stream(self.screen)

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        # As a terminal's line discipline does (termios(3), ONLCR).
        self._stream.feed(text.replace("\n", "\r\n"))
        return len(text)

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display if row.strip()]


def test_rows_of_lanes_leave_alone_what_others_have_written() -> None:
    now = [0.0]
    terminal = Emulated(60)
    display = Live(
        Environment(err=terminal, variables={}, width=lambda: 60, clock=lambda: now[0]), 0
    )

    def draw(done: int, *lanes: int) -> None:
        now[0] += 0.5
        carried = tuple(Carried(lane, done, 1000, b"file") for lane in lanes)
        display.status(Status(Phase.SEND, done, 3000, lanes=carried))

    display.message(Level.INFO, "said before")
    draw(100, 1, 2, 3)
    assert [row[:8] for row in terminal.rows] == [
        "said bef",
        "  lane 1",
        "  lane 2",
        "  lane 3",
        "restorin",
    ]
    display.message(Level.WARNING, "said meanwhile")
    draw(200, 1, 3)
    draw(300, 1, 3)
    said = ["said before", "Warning: said meanwhile"]
    assert terminal.rows[:2] == said
    assert [row[:8] for row in terminal.rows[2:]] == ["  lane 1", "  lane 3", "restorin"]
    # Of one lane the total says it all.
    draw(400, 3)
    assert [row[:8] for row in terminal.rows[2:]] == ["restorin"]
    draw(500, 1, 2)
    # Stopped, and a shell has written below.
    terminal.write("\nshell\n")
    now[0] += 30
    draw(600, 1, 2)
    assert terminal.rows[5] == "shell"
    assert [row[:8] for row in terminal.rows[6:]] == ["  lane 1", "  lane 2", "restorin"]
    display.close()
    assert terminal.rows[5:] == ["shell"]


def test_in_tmux_one_row_moves_follows_a_resize_and_leaves_nothing(
    cluster: Cluster, link: LinkProxy, tmp_path: Path
) -> None:
    words = command(cluster, link, tmp_path, name=f"{LONG}blob")
    # tmux says what its terminal is.
    inherited = {**environment(LC_ALL="C.UTF-8"), "TERM": "xterm"}
    with Pane(words, inherited, tmp_path, columns=40) as shown:
        shown.until(lambda: percent(shown) >= 10)
        # Wider only: what is narrowed tmux breaks into two rows, of which nobody knows the first.
        shown.resize(100)
        shown.until(lambda: any("restoring [" in one for one in shown.rows))
        (row,) = [one for one in shown.rows if one.startswith("restoring")]
        assert 40 < len(row) < 100
        before = percent(shown)
        shown.until(lambda: percent(shown) > before)
        assert shown.until_it_ends() == 0, shown.rows
        assert not [one for one in shown.kept if one.startswith("restoring")]
        (_done,) = [one for one in shown.kept if one.startswith("Restored 6 files")]
