"""What has to come of a restore to a pod whose calls are refused, or pretended to be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.contract.program import restore, restore_piped, verify
from tests.contract.test_volumes import contents, everything, expected
from tests.link import LinkProxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Pod
    from tests.contract.program import Result

WAYS: Final = ("file", "stdin")
TARS: Final = {"debian": "GNU", "busybox": "busybox", "bsdtar": "bsdtar", "toybox": "toybox"}
"""Kinds of pods, and the tar that each is said to have by `-v`."""
_LARGE: Final = 32 * 1024
"""Bytes of a file where the link is cut."""
_CUT: Final = 700_000
"""Bytes towards the cluster: about a third of that backup."""
_CUT_OFF: Final = 8


def judge(pod: Pod, family: str, tar: str, way: str, folder: Path) -> tuple[str, list[str]]:
    """Return the exit codes of all runs of one cell, and how promises are broken.

    Args:
        pod: an empty one.
        family: of the calls that it answers otherwise.
        tar: the tar that it has to have.
        way: `file` or `stdin`.
        folder: for files.
    """
    archive = everything(pod)
    path = folder / "backup.tar"
    path.write_bytes(archive)
    done = 7 if family == "symlink" else 0

    def run(*flags: str) -> Result:
        if way == "file":
            return restore(pod, path, *flags)
        return restore_piped(pod, archive, *flags)

    first = run("-v")
    broken = [] if tar in first.err else [f"not {tar}"]
    broken += _lacking(pod, family)
    second, checked = run(), verify(pod, path)
    strict = restore(pod, path, "--strict")
    if (first.code, second.code) != (done, done):
        broken.append("a run is not finished")
    if done == 0 and not ("Nothing to restore" in second.out and checked.code == 0):
        broken.append("something is left to do")
    cut, again, is_forced = _cut(pod, way, folder)
    if cut.code != _CUT_OFF or again.code != done or (is_forced and family != "link"):
        said = [line for line in again.err.splitlines() if line.startswith(("Error", "Reason"))]
        broken += ["cut, and not gone on with", *said]
    broken += _lacking(pod, family)
    codes = " ".join(str(one.code) for one in (first, second, checked, strict, cut))
    return f"{codes} {again.code}{'f' * is_forced}", broken


def _lacking(pod: Pod, family: str) -> list[str]:
    tree, uid = pod.tree(), pod.owner[0]
    found = []
    if len(contents(tree)) != expected(pod, symlink=family != "symlink"):
        found.append("something lacks")
    found += [
        f"{path!r} runs as another"
        for path, one in tree.items()
        if one.kind == "file" and one.mode and one.mode & 0o6000 and (one.owner or (uid,))[0] != uid
    ]
    return found


def _cut(pod: Pod, way: str, folder: Path) -> tuple[Result, Result, bool]:
    """Cut the link in the middle; give the same command again, with --force where it says so.

    A profile holds for the container's memory, too: without hard links nothing is noted there.
    """
    pod.run("sh", "-c", f"cd {pod.path} && rm -rf d")
    archive = everything(pod, size=_LARGE)
    path = folder / "large.tar"
    path.write_bytes(archive)
    with LinkProxy(pod.cluster.address, cut_after=_CUT) as link:
        through = pod.cluster.through(link.port, f"{pod.name}.kubeconfig")
        if way == "file":
            cut = restore(pod, path, "--retries=0", kubeconfig=through)
        else:
            cut = restore_piped(pod, archive, "--retries=0", kubeconfig=through)
    fixes = [line for line in cut.err.splitlines() if "to go on: " in line]
    flags = ["--force"] if any(line.endswith(" --force") for line in fixes) else []
    again = restore(pod, path, *flags) if way == "file" else restore_piped(pod, archive, *flags)
    return cut, again, bool(flags)
