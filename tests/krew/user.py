"""Somebody who has kubectl and krew, an index, and a place that archives are fetched from."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Final

from distribution.manifest import manifest
from kubectl_restore.about import KREW_NAME
from tests.contract.clusters import KUBECTL
from tests.krew.tools import krew_tools

if TYPE_CHECKING:
    from collections.abc import Iterator

EMPTY: Final = ["bin", "index", "receipts", "store"]
"""What stands in krew's directory when it knows no index and has installed nothing."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


class User:
    """A user whose krew has never been used, and reaches nothing beyond this machine.

    Attributes:
        work: the directory that commands are run in.
        root: krew's own.
        index: a git repository, whose `publish` makes it an index.
        address: where what stands in `downloads` can be fetched.
        temporary: TMPDIR, where krew unpacks.
    """

    def __init__(self, place: Path, address: str, downloads: Path) -> None:
        self.address, self.downloads = address, downloads
        self.root, self.index = place / "krew", place / "index"
        self.work, self.temporary = place / "work", place / "temporary"
        programs = place / "programs"
        for directory in (self.index, self.work, self.temporary, programs):
            directory.mkdir()
        (programs / "kubectl-krew").symlink_to(krew_tools() / "krew")
        (programs / "kubectl").symlink_to(Path(KUBECTL).resolve())
        self.variables = {
            **os.environ,
            "HOME": str(place),
            "TMPDIR": str(self.temporary),
            "KREW_ROOT": str(self.root),
            "KREW_NO_UPGRADE_CHECK": "1",
            # krew adds it by itself where it knows none: it shall not reach the real one.
            "KREW_DEFAULT_INDEX_URI": (place / "no such index").as_uri(),
            "PATH": f"{self.root}/bin:{programs}:/usr/bin:/bin",
            **{
                f"GIT_{role}_{what}": value
                for role in ("AUTHOR", "COMMITTER")
                for what, value in (("NAME", "user"), ("EMAIL", "user@invalid"))
            },
        }
        self.run("git", "init", "--quiet", "--initial-branch=main", str(self.index))

    def publish(self, *archives: Path) -> None:
        """Make the version of some archives that of the index."""
        for archive in archives:
            shutil.copyfile(archive, self.downloads / archive.name)
        plugins = self.index / "plugins"
        plugins.mkdir(exist_ok=True)
        text = manifest(archives, address=self.address)
        (plugins / f"{KREW_NAME}.yaml").write_text(text, "utf-8")
        self.run("git", "-C", str(self.index), "add", "--all")
        self.run("git", "-C", str(self.index), "commit", "--quiet", "--message=a version")

    def run(self, *words: str | Path, fails: bool = False) -> str:
        """Run a command, to its success or to its failure, and return all that it printed."""
        done = subprocess.run(
            words,
            cwd=self.work,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, (words, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def installed(self) -> list[str]:
        """The versions of the plugin that krew keeps."""
        return sorted(path.name for path in (self.root / "store" / KREW_NAME).glob("*"))

    def everything(self) -> list[str]:
        """Everything in krew's directory but what git does for an index."""
        found = (str(path.relative_to(self.root)) for path in self.root.rglob("*"))
        return sorted(path for path in found if "/.git/" not in path)


@contextmanager
def krew_user(place: Path) -> Iterator[User]:
    """Have a user in an empty directory."""
    downloads = place / "downloads"
    downloads.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(downloads)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield User(place, f"http://127.0.0.1:{server.server_port}", downloads)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
