"""`make demo`: a real backup, the embedded cluster, the user's own kubectl, and the plugin."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.contract import trees
from tests.embedded.cluster import EmbeddedCluster
from tests.link import LinkProxy

ROOT = Path(__file__).resolve().parent.parent
RATE = 12e6
"""Bytes a second of the demonstration's link: slow enough to watch."""


def say(text: str) -> None:
    """Print a line of the story."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def run(words: list[str], environment: dict[str, str]) -> int:
    """Show a command and run it."""
    say(f"$ {' '.join(words)}")
    return subprocess.run(words, env=environment, check=False).returncode


def written(path: Path, parts: list[bytes]) -> Path:
    """Write a backup with these files."""
    archive = trees.Archive(owner=(os.getuid(), os.getgid()))
    archive.directory("app")
    for number, part in enumerate(parts):
        archive.add(f"app/data/part-{number:03d}.bin", part)
    archive.symlink("app/current", "data/part-399.bin")
    path.write_bytes(gzip.compress(archive.finish(), 1))
    return path


def main() -> int:
    """Restore, show the result, try again without --force, and over a link that breaks."""
    with tempfile.TemporaryDirectory(prefix="kubectl-restore-demo-") as name:
        directory = Path(name)
        parts = [os.urandom(200_000) for _ in range(400)]
        backup = written(directory / "backup.tar.gz", parts)
        parts[100:] = [os.urandom(200_001 + number) for number in range(300)]
        other = written(directory / "newer.tar.gz", parts)
        (directory / "cluster").mkdir()
        with EmbeddedCluster(directory / "cluster") as cluster, LinkProxy(cluster.address) as link:
            link.rate = RATE
            pod = cluster.pod("debian")
            print(f"An embedded cluster is up; its pods: {cluster.isolation}.")
            environment = {
                **os.environ,
                "PATH": f"{ROOT}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
                "KUBECONFIG": str(cluster.kubeconfig_through(link.port, "demo-kubeconfig")),
            }
            restore = ["kubectl", "restore", pod.name, str(backup), "-t", pod.path]
            say("What is in it?")
            codes = [run(["kubectl", "restore", "inspect", str(backup)], environment)]
            codes.append(run(restore, environment))
            codes.append(run(["kubectl", "exec", pod.name, "--", "ls", "-l", f"{pod.path}/app"],
                             environment))  # fmt: skip
            say("Is the pod as the backup says?")
            codes.append(run(["kubectl", "restore", "verify", *restore[2:]], environment))
            say("The same again: what is right already is not sent.")
            codes.append(run(restore, environment))
            say("A backup with other files: what stands there is not overwritten.")
            restore[3] = str(other)
            before = directory / "before.tar"
            codes.append(run(restore, environment))
            say("With --force, over a link that breaks in the middle: it goes on by itself.")
            link.cut_after = link.sent + 30_000_000
            saving = ["--force", "--save-replaced", str(before)]
            codes.append(run([*restore, *saving], environment))
            say("What was replaced was saved: it is put back.")
            undo = ["kubectl", "restore", pod.name, str(before), "-t", pod.path, "--force"]
            codes.append(run(undo, environment))
            say("A damaged backup: the pod is not touched.")
            damaged = directory / "damaged.tar.gz"
            damaged.write_bytes(backup.read_bytes()[:-1_000_000])
            restore[3] = str(damaged)
            codes.append(run(restore, environment))
    expected = [0, 0, 0, 0, 0, 6, 0, 0, 3]
    say("That was all." if codes == expected else f"Unexpected exit codes: {codes}")
    return 0 if codes == expected else 1


if __name__ == "__main__":
    sys.exit(main())
