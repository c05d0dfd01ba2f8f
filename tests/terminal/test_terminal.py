"""On a real terminal: the live line, Ctrl-C, resize, a credential plugin's prompt."""

from __future__ import annotations

import gzip
import os
import re
import signal
import tarfile
from typing import TYPE_CHECKING

import pexpect
import pytest

from tests.contract import trees
from tests.contract.program import arguments, environment
from tests.link import LinkProxy
from tests.terminal.terminal import keep_output

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod

FINISHED = 90


@pytest.fixture
def link(cluster: Cluster) -> Iterator[LinkProxy]:
    with LinkProxy(cluster.address) as proxy:
        proxy.rate = 5e6
        yield proxy


def long_to_check(path: Path) -> None:
    """Write a backup of 16 GiB of zeros, whose check takes seconds; many gzip members of few."""
    piece = gzip.compress(bytes(256 << 20), 1)
    header = tarfile.TarInfo("zeros")
    header.size = 64 * (256 << 20)
    with path.open("wb") as file:
        file.write(gzip.compress(header.tobuf(tarfile.GNU_FORMAT)))
        for _ in range(64):
            file.write(piece)
        file.write(gzip.compress(bytes(10240)))


def spawn(
    cluster: Cluster,
    link: LinkProxy,
    tmp_path: Path,
    *flags: str,
    size: int = 20_000_000,
    slowly_checked: bool = False,
    pod: Pod | None = None,
) -> pexpect.spawn[str]:
    """Start a restore on a terminal of its own."""
    backup = tmp_path / "backup.tar"
    if slowly_checked:
        long_to_check(backup)
    else:
        backup.write_bytes(trees.of_size(size, files=20))
    program, *words = arguments(
        pod or cluster.pod("debian"),
        backup,
        *flags,
        kubeconfig=cluster.through(link.port, "terminal"),
    )
    child: pexpect.spawn[str] = pexpect.spawn(
        program,
        words,
        env=environment(TERM="xterm"),
        encoding="utf-8",
        timeout=FINISHED,
        dimensions=(24, 120),
    )
    keep_output(child)
    return child


def test_the_live_line_moves_and_is_gone(cluster: Cluster, link: LinkProxy, tmp_path: Path) -> None:
    child = spawn(cluster, link, tmp_path)
    child.expect("Restoring .*backup.tar")
    child.expect(r"restoring \[#*\.+\] +\d+%, .* of 19.1 MiB, .*MiB/s, .* left  blob\d+")
    child.expect("\r\x1b\\[2KRestored 20 files, 19.1 MiB to /data")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_a_resize_is_followed(cluster: Cluster, link: LinkProxy, tmp_path: Path) -> None:
    child = spawn(cluster, link, tmp_path)
    child.expect(r"restoring \[")
    child.setwinsize(24, 30)
    # Three drawings later everything is narrow.
    for _ in range(3):
        child.expect("\x1b\\[2K")
    child.expect("\x1b\\[2Krestoring ([^\r]*)\r")
    assert isinstance(child.match, re.Match)
    assert len(child.match[1]) + len("restoring ") < 30
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize(
    "moment", ["Restoring ", "checking the backup", r"asking what is there", r"restoring \[#"]
)
def test_ctrl_c_in_each_phase(
    cluster: Cluster, link: LinkProxy, tmp_path: Path, moment: str
) -> None:
    # Each phase lasts long enough to be drawn.
    link.delay = 0.2
    child = spawn(cluster, link, tmp_path, slowly_checked="checking" in moment)
    said = ""
    child.expect(moment)
    child.sendintr()
    child.sendintr()
    child.expect(pexpect.EOF)
    said += child.before or ""
    child.close()
    assert child.exitstatus == 130, said
    assert "Traceback" not in said
    assert "interrupted" in said
    assert cluster.pod("debian").marked() == []


def test_hanging_up_the_terminal_ends_it(cluster: Cluster, link: LinkProxy, tmp_path: Path) -> None:
    child = spawn(cluster, link, tmp_path)
    child.expect(r"restoring \[#")
    child.kill(signal.SIGHUP)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 129


@pytest.mark.parametrize(("typed", "code"), [("y", 0), ("no", 6), ("", 6)])
def test_who_sits_at_a_terminal_is_asked(
    cluster: Cluster, link: LinkProxy, tmp_path: Path, typed: str, code: int
) -> None:
    pod = cluster.pod("debian")
    pod.run("sh", "-c", f"echo mine >{pod.path}/blob3; echo mine >{pod.path}/blob7")
    before = pod.tree()
    child = spawn(cluster, link, tmp_path, size=200_000, pod=pod)
    child.expect(
        r"2 paths below \S+ would be replaced:\r\n  blob3: 5 bytes there, 10,000 in the backup; "
        r"[^\r]*\r\n  blob7: [^\r]*\r\nGo on\? \[y/N\] "
    )
    child.sendline(typed)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == code, child.before
    if code:
        assert "nothing was changed" in (child.before or "")
        assert pod.tree() == before
    else:
        assert "2 paths were replaced" in (child.before or "")
    assert pod.marked() == []


def test_what_was_typed_before_the_question_answers_none(
    cluster: Cluster, link: LinkProxy, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    pod.run("sh", "-c", f"echo mine >{pod.path}/blob3")
    before = pod.tree()
    child = spawn(cluster, link, tmp_path, size=200_000, pod=pod)
    child.sendline("y")
    child.expect(r"Go on\? \[y/N\] ")
    child.sendline("n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 6, child.before
    assert pod.tree() == before


@pytest.mark.parametrize(("typed", "code"), [("y", 0), ("n", 6)])
def test_a_directory_too_many_is_asked_about_before_anything_is_written(
    cluster: Cluster, tmp_path: Path, typed: str, code: int
) -> None:
    pod = cluster.pod("debian")
    name = pod.path.rpartition("/")[2]
    archive = trees.Archive(owner=pod.owner)
    archive.directory(name)
    archive.add(f"{name}/one", b"one\n")
    backup = tmp_path / "backup.tar"
    backup.write_bytes(archive.finish())
    program, *words = arguments(pod, backup)
    child: pexpect.spawn[str] = pexpect.spawn(
        program, words, env=environment(TERM="xterm"), encoding="utf-8", timeout=FINISHED
    )
    keep_output(child)
    child.expect(
        rf"all names of the backup begin with {name}/, [^\r]*\r\nto leave {name}/ out: kubectl "
        r"restore [^\r]* --strip-components=1\r\nGo on\? \[y/N\] "
    )
    child.sendline(typed)
    child.expect(pexpect.EOF)
    child.close()
    said = child.before or ""
    assert child.exitstatus == code, said
    assert set(pod.tree()) == (set() if code else {name.encode(), f"{name}/one".encode()})
    assert ("--strip-components=1" in said) == bool(code)
    assert "Warning: all names" not in said


def test_what_comes_while_somebody_thinks_is_not_replaced(
    cluster: Cluster, link: LinkProxy, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    pod.run("sh", "-c", f"echo mine >{pod.path}/blob3")
    child = spawn(cluster, link, tmp_path, size=200_000, pod=pod)
    child.expect(r"1 path below \S+ would be replaced:\r\n  blob3: [^\r]*\r\nGo on\? \[y/N\] ")
    pod.run("sh", "-c", f"echo mine, too >{pod.path}/blob7")
    before = pod.tree()
    child.sendline("y")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 6, child.before
    said = child.before or ""
    assert "what stands there has changed meanwhile; nothing was changed" in said
    assert "more would be replaced or deleted" in said
    assert pod.tree() == before
    assert pod.marked() == []


@pytest.mark.parametrize(("typed", "code"), [("", 2), ("data", 2), ("PATH", 0)])
def test_without_a_target_path_it_is_asked_where_to(
    cluster: Cluster, tmp_path: Path, typed: str, code: int
) -> None:
    pod = cluster.pod("debian")
    backup = tmp_path / "backup.tar"
    backup.write_bytes(trees.of_size(20_000, files=2))
    program, *words = arguments(pod, backup)
    words.remove(f"--target-path={pod.path}")
    child: pexpect.spawn[str] = pexpect.spawn(
        program, words, env=environment(TERM="xterm"), encoding="utf-8", timeout=FINISHED
    )
    keep_output(child)
    child.expect_exact("Restore below which directory of the pod? ")
    child.sendline(typed.replace("PATH", pod.path))
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == code, child.before
    assert set(pod.tree()) == ({b"blob0", b"blob1"} if code == 0 else set())


def test_a_force_right_before_the_backup_is_asked_about(cluster: Cluster, tmp_path: Path) -> None:
    pod = cluster.pod("debian")
    pod.run("sh", "-c", f"echo mine >{pod.path}/blob3")
    before = pod.tree()
    backup = tmp_path / "backup.tar"
    backup.write_bytes(trees.of_size(200_000, files=20))
    program, *words = arguments(pod, backup)
    words.insert(words.index(str(backup)), "-f")
    child: pexpect.spawn[str] = pexpect.spawn(
        program, words, env=environment(TERM="xterm"), encoding="utf-8", timeout=FINISHED
    )
    keep_output(child)
    child.expect(r"1 path below \S+ would be replaced:\r\n  blob3: [^\r]*\r\nGo on\? \[y/N\] ")
    child.sendline("n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 6, child.before
    assert pod.tree() == before


@pytest.mark.parametrize("flag", ["-y", "-q", "-ojson"])
def test_nobody_is_asked_who_does_not_want_to_be(
    cluster: Cluster, link: LinkProxy, tmp_path: Path, flag: str
) -> None:
    pod = cluster.pod("debian")
    pod.run("sh", "-c", f"echo mine >{pod.path}/blob3")
    child = spawn(cluster, link, tmp_path, flag, size=200_000, pod=pod)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 6, child.before
    assert "Go on?" not in (child.before or "")


@pytest.mark.parametrize("where", ["/dev/stderr", "/dev/tty"])
def test_a_credential_plugin_can_ask_on_the_terminal(
    cluster: Cluster, link: LinkProxy, tmp_path: Path, where: str
) -> None:
    assert cluster.embedded
    plugin = tmp_path / "plugin.sh"
    granted = tmp_path / "granted"
    token = cluster.embedded.token
    plugin.write_text(
        "#!/bin/sh\n"
        # kubectl may ask for credentials twice at the same time: one run asks, the others wait.
        f"if mkdir {granted}.lock 2>/dev/null; then\n"
        # Whoever is asked takes a while: several redraws of a live line.
        f"printf 'One-time code: ' >{where}; sleep 1; read -r code </dev/tty; echo ok >{where}\n"
        f'[ "$code" = 4711 ] || exit 1; : >{granted}; fi\n'
        f"until [ -e {granted} ]; do sleep 0.1; done\n"
        'echo \'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",'
        f'"status":{{"token":"{token}"}}}}\'\n'
    )
    plugin.chmod(0o700)
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "interactiveMode": "IfAvailable",
            "command": str(plugin),
        }
    }
    kubeconfig = cluster.embedded.kubeconfig_through(link.port, "asking", user=user)
    child = spawn(cluster, link, tmp_path, f"--kubeconfig={kubeconfig}", size=100_000)
    child.expect("One-time code: ")
    # A live line is drawn anew when the terminal has another width.
    child.setwinsize(24, 90)
    child.sendline("4711")
    child.expect("ok\r\n")
    # Nothing was drawn over the question; the first line of all may come behind it.
    assert "\x1b[2K" not in (child.before or "")
    child.expect("Restored 20 files")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_no_color_and_plain(cluster: Cluster, link: LinkProxy, tmp_path: Path) -> None:
    child = spawn(cluster, link, tmp_path, "--progress=plain", "--container=nope", size=1000)
    child.expect(pexpect.EOF)
    plain = child.before or ""
    child.close()
    assert child.exitstatus == 4
    assert re.search("\x1b\\[31m", plain)
    os.environ["NO_COLOR"] = "1"
    try:
        child = spawn(cluster, link, tmp_path, "--progress=plain", "--container=nope", size=1000)
        child.expect(pexpect.EOF)
    finally:
        del os.environ["NO_COLOR"]
    assert "\x1b" not in (child.before or "")
    child.close()
