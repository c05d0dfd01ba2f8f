"""One run: break a restore, look at what it says, give the same command again, look at the pod."""

from __future__ import annotations

import gzip
import io
import os
import random
import signal
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.contract import trees
from tests.contract.program import Result, start
from tests.contract.test_trouble import children_of, until_nothing_is_left
from tests.faults.breaking import BREAKAGES, Breakage, Stage
from tests.faults.machine import until_up
from tests.faults.table import EVIDENCE, HANG, LEFT, LOSS, ORPHAN, UNFINISHED, WORDS

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod
    from tests.faults.cases import Case
    from tests.link import LinkProxy

_OLDER: Final = trees.MTIME - 1000
_PACK: Final[dict[str, Callable[[bytes], bytes]]] = {
    "plain": lambda data: data,
    "gzip": lambda data: gzip.compress(data, 1),
    "zstd": lambda data: zstd.compress(data, 1),
}
_HARMLESS: Final = {0, -9}
_HUNG: Final = -1
_PATIENCE: Final = 120.0
"""Seconds after which a restore is taken for one that hangs: more than any limit that it has."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run: exit codes, seconds of the second command, and what should not be.

    Attributes:
        code: of the restore that was broken.
        second: of the same command, afterwards.
        seconds: that it took.
        findings: what should not be, each a kind (table.py) and what was seen.
    """

    code: int
    second: int
    seconds: float
    findings: list[tuple[str, str]] = field(default_factory=list)


def run(case: Case, cluster: Cluster, link: LinkProxy, kubeconfig: Path, place: Path) -> Outcome:
    """Run one case; `kubeconfig` leads through the link."""
    breakage = BREAKAGES[case.breakage]
    pod = cluster.pod(case.kind)
    archive = _backup(case.shape, pod.owner)
    expected = trees.tree_of(archive)
    if case.policy != "refuse":
        standing = _standing(archive, pod.owner)
        pod.run("tar", "-x", "-p", "-f", "-", "-C", pod.path, stdin=standing)
        # busybox gives a directory its time before it puts files into it, and no user the setgid.
        pod.run("sh", "-c", f"cd {pod.path} && chmod 2750 d* && touch -d @{trees.MTIME} d*")
        if case.policy == "never":
            expected |= {
                name: one for name, one in trees.tree_of(standing).items() if one.kind == "file"
            }
    backup = place / "backup"
    backup.write_bytes(_PACK[case.packing](archive))
    flags = (
        *(f"--overwrite={case.policy}", "--no-cache", f"--compress={case.compress}"),
        *(() if case.jobs == 1 else (f"--jobs={case.jobs}",)),
        *breakage.flags,
    )
    variables = {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false"} if case.spdy else None
    link.heal()
    link.rate = breakage.rate
    before = link.sent
    process = start(pod, backup, *flags, kubeconfig=kubeconfig, variables=variables)
    # What is packed for the way is about half of it.
    length = len(archive) * (0.5 if case.compress == "gzip" and case.shape == "many" else 1.0)
    while link.sent - before < case.point * length and process.poll() is None:
        time.sleep(0.005)
    stage = Stage(pod, link, process, backup, flags)
    breakage.breaks(stage)
    first = _ended(process)
    findings = [(WORDS, said) for said in stage.findings] + list(_what_it_said(first, breakage))
    findings += [(ORPHAN, f"a child of ours is left: {one}") for one in _children(process)]
    for mend in stage.mending:
        mend()
    until_up(pod)
    if breakage.is_emptied:
        # What it had restored, and what stood there before, went with the pod.
        expected = trees.tree_of(archive)
    elif first.code == 0:
        findings += [(LOSS, f"exit 0, but {one}") for one in _differences(expected, pod)]
    began = time.monotonic()
    # Not through the link: what it froze stays frozen.
    second = _ended(start(pod, backup, *flags, variables=variables))
    seconds = time.monotonic() - began
    if second.code == _HUNG:
        findings.append((HANG, f"the same command hung: {second}"))
    elif second.code != 0:
        findings.append((UNFINISHED, f"the same command did not finish it: {second}"))
    else:
        findings += [
            (LOSS, f"after the same command, {one}") for one in _differences(expected, pod)
        ]
    findings += [(ORPHAN, f"a process in the pod: {one}") for one in until_nothing_is_left(pod)]
    findings += [(LEFT, f"a record in the pod: {one}") for one in pod.noted()]
    if findings:
        findings.append((EVIDENCE, f"the first run: {first}\nthe second: {second}"))
    link.heal()
    return Outcome(first.code, second.code, seconds, findings)


def _ended(process: subprocess.Popen[str]) -> Result:
    """Wait for its end; one that hangs is killed, and has no exit code of the register."""
    try:
        out, err = process.communicate(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        return Result(_HUNG, out or "", f"it hung\n{err}")
    return Result(process.returncode, out or "", err or "")


def _what_it_said(result: Result, breakage: Breakage) -> Iterator[tuple[str, str]]:
    if result.code == _HUNG:
        yield HANG, "the restore hung"
        return
    if result.code not in breakage.codes:
        yield WORDS, f"exit {result.code}, which is none of {sorted(breakage.codes)}"
    if "Traceback" in result.err:
        yield WORDS, "a traceback"
    layers = ("Error: ", "Reason: ", "Fix: ")
    if result.code not in _HARMLESS and not all(one in result.err for one in layers):
        yield WORDS, "an error without its three layers"
    words = breakage.words.get(result.code, ())
    if words and not any(one in result.err for one in words):
        yield WORDS, f"none of {words} was said"


def _children(process: subprocess.Popen[str]) -> list[int]:
    """Return what is left of it when kubectl has had a while to see that we are gone."""
    until = time.monotonic() + 20
    while (left := children_of(process)) and time.monotonic() < until:
        time.sleep(0.1)
    return left


def _differences(expected: dict[bytes, trees.Seen], pod: Pod) -> list[str]:
    return trees.differences(expected, pod.tree(), owners=pod.is_root)[:3]


def _backup(shape: str, owner: tuple[int, int]) -> bytes:
    """Return a tar archive of some MiB."""
    directories, files, size = (24, 8, 20_011) if shape == "many" else (2, 2, 1_500_007)
    out, chance = io.BytesIO(), random.Random(7)  # noqa: S311 - content, no secret
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for number in range(directories):
            for kind, name, link, length in [
                (tarfile.DIRTYPE, f"d{number}", "", 0),
                (tarfile.SYMTYPE, f"d{number}/up", "../d0/0", 0),
                (tarfile.SYMTYPE, f"d{number}/absolute", "/nowhere", 0),
                *((tarfile.REGTYPE, f"d{number}/{n}", "", size + n) for n in range(files)),
                (tarfile.LNKTYPE, f"d{number}/hard", f"d{number}/1", 0),
            ]:
                one = _entry(kind, name, owner, length)
                one.linkname = link
                # Of a small file half can be packed for the way; the others cannot.
                archive.addfile(one, io.BytesIO((chance.randbytes(length // 2 + 1) * 2)[:length]))
    return out.getvalue()


def _standing(archive: bytes, owner: tuple[int, int]) -> bytes:
    """Return what stands there before: an older first file of each directory, of the same size."""
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as known,
        tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as standing,
    ):
        for member in known:
            if member.isdir():
                standing.addfile(member)
            elif member.name.endswith("/0"):
                one = _entry(tarfile.REGTYPE, member.name, owner, member.size)
                one.mtime = _OLDER
                standing.addfile(one, io.BytesIO(b"o" * member.size))
    return out.getvalue()


def _entry(kind: bytes, name: str, owner: tuple[int, int], size: int) -> tarfile.TarInfo:
    one = tarfile.TarInfo(name)
    one.type, one.size, one.mtime = kind, size, trees.MTIME
    one.mode = 0o2750 if kind == tarfile.DIRTYPE else 0o640
    one.uid, one.gid = owner
    return one
