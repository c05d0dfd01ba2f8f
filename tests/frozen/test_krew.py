"""What krew makes of the manifest and the archive: install, use, upgrade, go back, uninstall."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from distribution.manifest import manifest
from kubectl_restore.about import KREW_NAME, NAME, VERSION
from tests.contract import trees
from tests.contract.clusters import KUBECTL
from tests.krew.tools import krew_tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.contract.clusters import Cluster
    from tests.frozen.release import Release

NEXT = f"1{VERSION}"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


class Krew:
    """A user's krew, whose default index and downloads are on this machine."""

    def __init__(self, place: Path, address: str, downloads: Path) -> None:
        self.root = place / "krew"
        self.address = address
        self.downloads = downloads
        self.index = place / "index"
        (self.index / "plugins").mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch=main", ".")
        programs = place / "programs"
        programs.mkdir()
        (programs / "kubectl-krew").symlink_to(krew_tools() / "krew")
        (programs / "kubectl").symlink_to(Path(KUBECTL).resolve())
        self.variables = {
            **os.environ,
            "HOME": str(place),
            "KREW_ROOT": str(self.root),
            "KREW_NO_UPGRADE_CHECK": "1",
            "KREW_DEFAULT_INDEX_URI": self.index.as_uri(),
            "PATH": f"{self.root}/bin:{programs}:/usr/bin:/bin",
        }

    def publish(self, *archives: Path) -> None:
        """Make a version the index's newest."""
        for archive in archives:
            shutil.copyfile(archive, self.downloads / archive.name)
        text = manifest(archives, address=self.address)
        (self.index / "plugins" / f"{KREW_NAME}.yaml").write_text(text, "utf-8")
        self._git("add", "--all")
        self._git(
            "-c", "user.name=index", "-c", "user.email=index@invalid", "commit", "--quiet",
            "--message=a version",
        )  # fmt: skip

    def _git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.index, check=True)

    def kubectl(self, *words: str) -> str:
        """Run kubectl, to its success, and return what it printed."""
        done = subprocess.run(
            ["kubectl", *words],
            env=self.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def installed(self) -> list[str]:
        """The versions of the plugin that krew keeps."""
        return sorted(path.name for path in (self.root / "store" / KREW_NAME).glob("*"))


@pytest.fixture
def krew(tmp_path: Path) -> Iterator[Krew]:
    """A krew that has never been used."""
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(downloads)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Krew(tmp_path, f"http://127.0.0.1:{server.server_port}", downloads)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def following(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a next version: the same program, and one file more."""
    name = release.archive.name.replace(f"_v{VERSION}_", f"_v{NEXT}_")
    path = tmp_path_factory.mktemp("next") / name
    with tarfile.open(release.archive) as old, tarfile.open(path, "w:gz") as new:
        for entry in old:
            new.addfile(entry, old.extractfile(entry))
        more = tarfile.TarInfo("kubectl-restore/NEXT")
        new.addfile(more, io.BytesIO())
    return path


def test_the_manifest_is_one_that_krews_index_takes(release: Release) -> None:
    path = release.directory / f"{KREW_NAME}.yaml"
    done = subprocess.run(
        [krew_tools() / "validate-krew-manifest", f"-manifest={path}", "-skip-install"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    text = path.read_text("utf-8")
    for words in ("get on pods", "pods/exec"):
        assert words in text


def test_every_platform_gets_its_archive(release: Release, tmp_path: Path) -> None:
    archives = []
    for platform in ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"):
        archives.append(tmp_path / f"kubectl-restore_v{VERSION}_{platform}.tar.gz")
        shutil.copyfile(release.archive, archives[-1])
    path = tmp_path / f"{KREW_NAME}.yaml"
    path.write_text(manifest(archives), "utf-8")
    done = subprocess.run(
        [krew_tools() / "validate-krew-manifest", f"-manifest={path}", "-skip-install"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    assert all(path.read_text("utf-8").count(archive.name) == 1 for archive in archives)


def test_archives_of_two_versions_make_no_manifest(release: Release, following: Path) -> None:
    with pytest.raises(ValueError, match="one version"):
        manifest([release.archive, following])
    with pytest.raises(ValueError, match="one version"):
        manifest([])


def test_from_the_first_installation_to_the_last_trace(
    krew: Krew,
    release: Release,
    following: Path,
    cluster: Cluster,
    backup: Callable[[bytes], Path],
) -> None:
    krew.publish(release.archive)
    said = krew.kubectl("krew", "install", KREW_NAME)
    assert "pods/exec" in said
    before = everything(krew.root)
    assert krew.installed() == [f"v{VERSION}"]
    assert krew.kubectl("restore", "version").startswith(f"{NAME} {VERSION}\n")

    pod, archive = cluster.pod("debian"), trees.two_thousand()
    krew.kubectl(
        "restore", f"pod/{pod.name}", str(backup(archive)),
        f"--kubeconfig={cluster.kubeconfig}", f"--namespace={cluster.namespace}", "-t", pod.path,
    )  # fmt: skip
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []
    assert everything(krew.root) == before

    krew.publish(following)
    krew.kubectl("krew", "update")
    krew.kubectl("krew", "upgrade", KREW_NAME)
    assert krew.installed() == [f"v{NEXT}"]
    assert krew.kubectl("restore", "version").startswith(f"{NAME} {VERSION}\n")

    # Back: krew has no downgrade, but an older manifest and archive can be installed.
    krew.kubectl("krew", "uninstall", KREW_NAME)
    older = krew.downloads / "older.yaml"
    older.write_text(manifest([release.archive]), "utf-8")
    krew.kubectl("krew", "install", f"--manifest={older}", f"--archive={release.archive}")
    assert krew.installed() == [f"v{VERSION}"]
    assert krew.kubectl("restore", "version").startswith(f"{NAME} {VERSION}\n")

    krew.kubectl("krew", "uninstall", KREW_NAME)
    left = [path for path in everything(krew.root) if not path.startswith("index/")]
    assert [path for path in left if KREW_NAME in path.rpartition("/")[2]] == []
    assert krew.installed() == []


def test_from_an_index_of_ones_own(krew: Krew, release: Release) -> None:
    krew.publish(release.archive)
    krew.kubectl("krew", "index", "add", "ours", krew.index.as_uri())
    krew.kubectl("krew", "install", f"ours/{KREW_NAME}")
    assert krew.kubectl("restore", "version").startswith(f"{NAME} {VERSION}\n")
    krew.kubectl("krew", "uninstall", KREW_NAME)
    krew.kubectl("krew", "index", "remove", "ours")


def everything(place: Path) -> list[str]:
    """Everything below a directory but what git does for the index."""
    found = (str(path.relative_to(place)) for path in place.rglob("*"))
    return sorted(path for path in found if "/.git/" not in path)
