"""What has to come of a backup in a pod with some tools only: six situations."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from tests.compatibility.cells import compared
from tests.compatibility.volume import Volume
from tests.contract.leftovers import left_over
from tests.contract.program import restore
from tests.link import LinkProxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.compatibility.tree import Tree
    from tests.contract.clusters import Pod
    from tests.contract.program import Result

SITUATIONS: Final = (
    "first run",
    "second run",
    "--verify checksum",
    "--delete",
    "--save-replaced",
    "cut, and the same command",
)
_IN_THE_WAY: Final = 6
_CANNOT: Final = 7
_CUT_OFF: Final = 8
_DIFFERS: Final = 9
_CUT: Final = 2_500_000
"""Bytes towards the cluster: about the middle of the backup."""
_UNMADE: Final = re.compile(r"([\d,]+) paths? could not be made there; everything else is restored")
_FLIPPED: Final = "flat28/dir32/dir33/f149"
_CHANGED: Final = (
    _FLIPPED.encode(),
    b" leading/-rf/latin-\xe9\xff\xfe/f189trailing ",
    b"modes/none",
)


@dataclass(slots=True)
class Judge:
    """A pod, and what was said and found in it so far.

    Attributes:
        pod: an empty one.
        tree: the backup's.
        folder: for files of this pod's.
        said: notes, and what is done without some tools.
        broken: promises that were not kept.
    """

    pod: Pod
    tree: Tree
    folder: Path
    said: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def cells(self) -> dict[str, str]:
        """Play all situations."""
        directory = self.pod.host_directory()
        assert directory is not None
        volume = Volume.at(os.fsencode(directory))
        self._backup.write_bytes(self.tree.archive)
        first = self._run("-v")
        if unmade := _UNMADE.search(first.err):
            return {SITUATIONS[0]: self._equal_but_for(volume, unmade)}
        if first.code == _CANNOT:
            if volume.count() or "Fix:" not in first.err:
                self.broken.append("exit 7, and something stands there, or no way is named")
            self._nothing_stays()
            return {SITUATIONS[0]: f"exit 7: {_error(first)}"}
        cells = {SITUATIONS[0]: self._equal(volume, first)}
        second = self._run()
        cells[SITUATIONS[1]] = self._equal(volume, second, "Nothing to restore")
        cells[SITUATIONS[2]] = self._verified(volume)
        cells[SITUATIONS[3]] = self._deleted(volume)
        cells[SITUATIONS[4]] = self._saved(volume)
        volume.clear()
        cells[SITUATIONS[5]] = self._cut(volume)
        volume.clear()
        return cells

    @property
    def _backup(self) -> Path:
        return self.folder / "backup.tar"

    def _run(self, *flags: str) -> Result:
        result = restore(self.pod, self._backup, *flags)
        for line in (*result.out.splitlines(), *result.err.splitlines()):
            if line.startswith(("Note: ", "without ")) and line not in self.said:
                self.said.append(line)
        return result

    def _equal(self, volume: Volume, result: Result, words: str = "") -> str:
        """Compare the volume with the backup; what differs has to have been said by some run."""
        self._nothing_stays()
        if result.code:
            self.broken.append(str(result))
            return f"EXIT {result.code}"
        if words and words not in result.out:
            self.broken.append(f"no {words!r}: {result}")
        expected, found = dict(self.tree.expected), volume.tree()
        # The target itself keeps what it has, with whatever tools.
        del expected[b""], found[b""]
        cell = compared(expected, found, [one.removeprefix("Note: ") for one in self.said])
        if cell.fails:
            self.broken.append(cell.text)
        return cell.text

    def _equal_but_for(self, volume: Volume, unmade: re.Match[str]) -> str:
        """Compare what stands there with the backup without what could not be made."""
        self._nothing_stays()
        found, expected = volume.tree(), self.tree.expected
        lacking = expected.keys() - found.keys()
        if len(lacking) != int(unmade[1].replace(",", "")):
            self.broken.append(f"{len(lacking)} are not there, but: {unmade[0]}")
        rest = {
            path: replace(expected[path], linked=expected[path].linked - lacking)
            for path in found.keys() - {b""}
        }
        there = {path: entry for path, entry in found.items() if path}
        cell = compared(rest, there, [one.removeprefix("Note: ") for one in self.said])
        if cell.fails:
            self.broken.append(cell.text)
        return f"exit 7: {unmade[0]} ({cell.text})"

    def _verified(self, volume: Volume) -> str:
        """One bit differs, which neither size nor time shows."""
        path = os.path.join(volume.root, _CHANGED[0])
        status = os.stat(path)  # noqa: PTH116 - bytes
        with open(path, "r+b") as file:  # noqa: PTH123 - bytes
            first = file.read(1)
            file.seek(0)
            file.write(bytes([first[0] ^ 1]))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        found = self._run("--verify=checksum")
        if found.code == _CANNOT:
            os.utime(path, ns=(status.st_atime_ns, 0))
            self._run("--force")
            return f"exit 7: {_error(found)}"
        # Where times say nothing contents are compared first: then it is in the way.
        if found.code not in {_DIFFERS, _IN_THE_WAY} or _FLIPPED not in found.err:
            self.broken.append(f"a flipped bit was not found: {found}")
        mended = self._run("--compare=checksum", "--force", "--verify=checksum")
        return self._equal(volume, mended)

    def _deleted(self, volume: Volume) -> str:
        root = volume.root
        for name in (b"extra", b"odd \xff\n'", b"of/more"):
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - bytes
            with open(path, "wb") as file:  # noqa: PTH123 - bytes
                file.write(b"not in the backup")
        os.symlink(b"nowhere", os.path.join(root, b"of/link"))  # noqa: PTH211 - bytes
        result = self._run("--delete", "--force")
        if result.code == _CANNOT:
            volume.clear()
            self._run()
            return f"exit 7: {_error(result)}"
        return self._equal(volume, result)

    def _saved(self, volume: Volume) -> str:
        """Others' contents are saved, replaced, and put back."""
        for name in _CHANGED:
            with open(os.path.join(volume.root, name), "wb") as file:  # noqa: PTH123 - bytes
                file.write(b"somebody's own " + name)
        before, saved = volume.tree(), self.folder / "saved.tar"
        result = self._run("--force", f"--save-replaced={saved}")
        if result.code == _CANNOT:
            after = volume.tree()
            # The target's own time lacks its fraction where touch takes none (docs/volumes.md).
            del before[b""], after[b""]
            if after != before:
                self.broken.append("nothing could be saved, and something was changed")
            return f"exit 7: {_error(result)}"
        text = self._equal(volume, result)
        undone = restore(self.pod, saved, "--force")
        after = volume.tree()
        for name in _CHANGED:
            one, other = before[name], after.get(name)
            if (
                undone.code
                or other is None
                or (one.content, one.mode) != (other.content, other.mode)
            ):
                self.broken.append(f"{name!r} was not put back: {undone}")
        return text

    def _cut(self, volume: Volume) -> str:
        with LinkProxy(self.pod.cluster.address, cut_after=_CUT) as link:
            through = self.pod.cluster.through(link.port, f"{self.pod.name}.kubeconfig")
            cut = restore(self.pod, self._backup, "--retries=0", kubeconfig=through)
        if cut.code != _CUT_OFF:
            self.broken.append(f"cut, but: {cut}")
        # What the error says is what a user types.
        flags = ["--force"] if "--force" in cut.err.partition("Fix:")[2] else []
        if flags:
            self.said.append("cut: --force, as the error says")
        return self._equal(volume, self._run(*flags))

    def _nothing_stays(self) -> None:
        left = left_over(self.pod)
        if left:
            self.broken.append(f"stays: {', '.join(left)}")


def _error(result: Result) -> str:
    lines = [line for line in result.err.splitlines() if line.startswith("Error: ")]
    return lines[0].removeprefix("Error: ") if lines else "no error was shown"
