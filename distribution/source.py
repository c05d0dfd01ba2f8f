"""The tree that a release is made of: a copy without anything that git does not know."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
_NEEDED: Final = (
    *("plugin", "LICENSE", "README.md", "build.spec", "pyproject.toml"),
    "docs/kubectl-restore.1",
)


@dataclass(frozen=True, slots=True)
class Source:
    """A copy of the tree.

    Attributes:
        root: where the copy is.
        commit: what it was made from; `-dirty` where the tree had changes.
        epoch: the time that everything made of it bears, in seconds since 1970.
    """

    root: Path
    commit: str
    epoch: int


def copy_source(into: Path) -> Source:
    """Copy what is built into `into`, with modes that no umask decides and the commit beside it.

    Raises:
        subprocess.CalledProcessError: this is no git checkout.
    """
    for name in _git("ls-files", "-z", "--cached", "--others", "--exclude-standard", *_NEEDED):
        source, target = ROOT / name, into / name
        if not source.is_file():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
    (commit,) = _git("describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")
    (committed,) = _git("log", "-1", "--format=%ct")
    note = into / "plugin" / "kubectl_restore" / "commit.txt"
    note.write_text(f"{commit}\n", "ascii")
    note.chmod(0o644)
    return Source(into, commit, int(os.environ.get("SOURCE_DATE_EPOCH") or committed))


def _git(*words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=ROOT, check=True, stdout=subprocess.PIPE)  # noqa: S607
    return [os.fsdecode(one.strip()) for one in done.stdout.split(b"\0") if one.strip()]
