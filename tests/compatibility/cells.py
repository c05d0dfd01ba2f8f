"""One restore, and what the page says of it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.compatibility.differences import TARGETS_OWN, differences, is_said
from tests.contract.clusters import KUBECTL
from tests.contract.program import environment, program

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tests.compatibility.entry import Entry
    from tests.compatibility.volume import Volume

EQUAL: Final = "equal"
_PATIENCE: Final = 900.0
_SHOWN: Final = 10
_BUG: Final = 1
_UNTOUCHED: Final = frozenset({3, 6, 7})
"""Exit codes that say of themselves that nothing is in the target, unless the text says more."""
_SOMETHING: Final = re.compile(
    r"\b(acknowledged|arrived|in part|partly|so far|what was restored|left behind|stays?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Target:
    """A pod's volume, and what it takes to restore into it."""

    kind: str
    volume: Volume
    kubeconfig: Path
    namespace: str
    path: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of one kind and one format.

    Attributes:
        text: what stands in the table.
        notes: what the program said besides.
        fails: something is wrong that the program did not say.
    """

    text: str
    notes: tuple[str, ...] = ()
    fails: bool = False


def measure(target: Target, backup: Path, expected: Mapping[bytes, Entry]) -> Cell:
    """Restore a backup into an empty volume, look at what came of it, and empty the volume."""
    target.volume.clear()
    command = [
        *program(),
        target.kind,
        backup.name,
        f"--kubeconfig={target.kubeconfig}",
        f"--namespace={target.namespace}",
        f"--target-path={target.path}",
        f"--kubectl={KUBECTL}",
    ]
    try:
        # In the backup's directory: no message names a path of this machine then.
        done = subprocess.run(
            command,
            cwd=backup.parent,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            stdin=subprocess.DEVNULL,
            env=environment(),
            timeout=_PATIENCE,
            check=False,
        )
        if done.returncode:
            return _failed(target, done.returncode, done.stderr + done.stdout)
        return _restored(target, done.stdout + done.stderr, expected)
    except subprocess.TimeoutExpired:
        return Cell(f"NO END within {_PATIENCE:.0f} s", fails=True)
    finally:
        target.volume.clear()


def _failed(target: Target, code: int, said: str) -> Cell:
    """Judge a restore that says it failed."""
    errors = _lines(target, said, "Error: ") or ["no error was shown"]
    text = f"exit {code}: {errors[0]}"
    standing = target.volume.count()
    if code in _UNTOUCHED and standing and not _SOMETHING.search(said):
        return Cell(f"{text}; UNSAID: {standing:,} paths stand in the target", fails=True)
    # A death without a code of the register, and a bug of ours, are no answers.
    return Cell(text, tuple(_lines(target, said, "Note: ")), fails=code in {_BUG, 2} or code < 0)


def _restored(target: Target, said: str, expected: Mapping[bytes, Entry]) -> Cell:
    """Judge a restore that says it succeeded."""
    return compared(expected, target.volume.tree(), _lines(target, said, "Note: "))


def compared(
    expected: Mapping[bytes, Entry], there: Mapping[bytes, Entry], said: Iterable[str]
) -> Cell:
    """Compare what stands there with the backup; what differs has to stand in a note."""
    notes = tuple(said)
    found = list(differences(expected, there))
    counts = Counter(one.attribute for one in found)
    if not counts:
        return Cell(EQUAL, notes)
    unsaid = {name for name, count in counts.items() if not is_said(name, count, notes)}
    for name in sorted(unsaid):
        shown = [one for one in found if one.attribute == name]
        for one in shown[:_SHOWN]:
            print(f"  {one}", file=sys.stderr)
    return Cell(_summary(counts, unsaid), notes, fails=bool(unsaid))


def _summary(counts: Mapping[str, int], unsaid: set[str]) -> str:
    """Return what differs; what the target itself has kept stands apart."""
    parts = [
        f"{name} of {count:,}" + (" (UNSAID)" if name in unsaid else "")
        for name, count in sorted(counts.items())
        if not name.startswith(TARGETS_OWN)
    ]
    own = [name for name in sorted(counts) if name.startswith(TARGETS_OWN)]
    if own:
        what = ", ".join(name.removeprefix(TARGETS_OWN) for name in own)
        said = " (UNSAID)" if unsaid & set(own) else ""
        parts.append(f"the target's own {what}{said}")
        if len(parts) == 1:
            return f"{EQUAL} but for {parts[0]}"
    return f"differs: {', '.join(parts)}"


def _lines(target: Target, said: str, head: str) -> list[str]:
    """Return the lines that begin so, without what no second run has again."""
    changing = {
        str(target.kubeconfig): "KUBECONFIG",
        target.namespace: "NAMESPACE",
        KUBECTL: "kubectl",
    }
    found = []
    for line in said.splitlines():
        if line.startswith(head):
            text = line.removeprefix(head)
            for word, instead in changing.items():
                text = text.replace(word, instead)
            found.append(text)
    return found
