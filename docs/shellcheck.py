"""Run shellcheck over every shell script of the repository; the first finding fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = "plugin/kubectl_restore/container/scripts/"
"""The files here make one script together and are checked as that."""

sys.path.insert(0, str(ROOT / "plugin"))

from kubectl_restore.container.agent import agent_source, further_source  # noqa: E402


def scripts() -> list[str]:
    """Return the tracked files that a shell runs, by their ending or their first line."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    found = []
    for name in filter(None, listing.decode().split("\0")):
        path = ROOT / name
        if not path.is_file() or name.startswith(PARTS):
            continue
        with path.open("rb") as file:
            first = file.readline(80)
        if name.endswith(".sh") or (first.startswith(b"#!") and first.rstrip().endswith(b"sh")):
            found.append(name)
    return found


def main() -> int:
    """Check them all, as POSIX sh unless they say otherwise."""
    program = Path(sys.executable).with_name("shellcheck")
    alone = subprocess.run([program, *scripts()], cwd=ROOT, check=False).returncode
    # A directive for the first line only would hold for the whole.
    parts = (agent_source(), *map(further_source, ("toolbox", "trial")))
    joined = "".join(parts).replace("# shellcheck shell=sh\n", "")
    # What runs in an exec of its own is a script by itself.
    codes = [
        subprocess.run([program, "--shell=sh", "-"], input=one.encode(), check=False).returncode
        for one in (joined, further_source("hook"))
    ]
    return alone or max(codes)


if __name__ == "__main__":
    sys.exit(main())
