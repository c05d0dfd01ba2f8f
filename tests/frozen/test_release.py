"""What `make dist` makes: the archive, its papers, the wheel, checksums, and all of it twice."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_restore.about import VERSION
from kubectl_restore.build import commit
from tests.frozen.release import ROOT, Release, make_release

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20
PROJECTS = {
    "backports.zstd",
    "cleo",
    "colorama",
    "crashtest",
    "isal",
    "lz4",
    "obstore",
    "platformdirs",
    "rapidfuzz",
}


@pytest.fixture(scope="session")
def unpacked(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive's one directory."""
    return release.unpack(tmp_path_factory.mktemp("unpacked")).parent


def git(*words: str) -> str:
    """What git says of this checkout."""
    return subprocess.run(
        ["git", *words], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def version_of(program: Path) -> dict[str, Any]:
    """What a program says of itself."""
    done = subprocess.run([program, "version", "-o", "json"], capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_archive_has_one_directory_and_nobodys_traces(release: Release) -> None:
    with tarfile.open(release.archive) as archive:
        entries = archive.getmembers()
    names = [entry.name for entry in entries]
    assert names[0] == "kubectl-restore"
    assert all(name.startswith("kubectl-restore/") for name in names[1:])
    assert {
        f"kubectl-restore/{name}"
        for name in (
            *("kubectl-restore", "kubectl-restore.1", "LICENSE"),
            *("THIRD_PARTY_LICENSES", "sbom.cdx.json"),
        )
    } < set(names)
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct"))
    assert {(entry.uid, entry.gid, entry.uname, entry.gname) for entry in entries} == {
        (0, 0, "", "")
    }
    assert {entry.mtime for entry in entries} == {epoch}
    assert {entry.mode for entry in entries} == {0o755, 0o644}
    # The gzip header: no name, no time.
    assert release.archive.read_bytes()[3:8] == bytes(5)


def test_it_is_small(release: Release, unpacked: Path) -> None:
    assert release.archive.stat().st_size <= 25 * MIB
    assert sum(path.stat().st_size for path in unpacked.rglob("*")) <= 60 * MIB


def test_sha256sum_accepts_the_checksums(release: Release) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", release.checksums.name],
        cwd=release.directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    assert done.stdout.splitlines() == [f"{release.archive.name}: OK", f"{release.wheel.name}: OK"]


def test_a_second_build_has_the_same_bytes(release: Release, tmp_path: Path) -> None:
    second = make_release(
        tmp_path / "an other place",
        umask=0o077,
        PYTHONHASHSEED="77",
        TZ="Asia/Tokyo",
        LC_ALL="C",
        TMPDIR=str(tmp_path),
    )
    for path in (second.archive, second.wheel, second.checksums):
        assert path.read_bytes() == (release.directory / path.name).read_bytes(), path.name


def test_the_papers_name_everything_that_is_in_it(unpacked: Path) -> None:
    licences = (unpacked / "THIRD_PARTY_LICENSES").read_text("utf-8")
    bom = json.loads((unpacked / "sbom.cdx.json").read_text("utf-8"))
    assert (bom["bomFormat"], bom["metadata"]["component"]["version"]) == ("CycloneDX", VERSION)
    components = {(one["name"].lower(), one["version"]) for one in bom["components"]}
    names = {name for name, _ in components}
    titles = re.findall(r"^={80}\n(.+)\n={80}$", licences, re.MULTILINE)
    for project in PROJECTS:
        assert (project, metadata.version(project)) in components
        assert f"{project} {metadata.version(project)}" in [title.lower() for title in titles]
    for name in ("cpython", "isa-l", "lz4", "zstd", "object_store", "ring"):
        assert name in names
    (python,) = (version for name, version in components if name == "cpython")
    assert f"Python {python}" in titles
    for path in (unpacked / "_internal").glob("lib*.so*"):
        if not path.name.startswith("libpython"):
            assert any(title.startswith(path.name) for title in titles), path.name
    # What the build needs and the program does not.
    assert not {"pytest", "ruff", "setuptools", "cyclonedx-bom", "pip"} & names


def test_nothing_of_the_build_is_in_it(unpacked: Path) -> None:
    for path in unpacked.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert str(ROOT).encode() not in content, path
            assert sys.prefix.encode() not in content, path


def test_the_program_and_the_wheel_know_version_and_commit(
    release: Release, unpacked: Path, tmp_path: Path
) -> None:
    venv.create(tmp_path, with_pip=False, symlinks=True)
    python = tmp_path / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", f"--python={python}", "install", "--quiet", "--no-deps",
         "--no-index", "--disable-pip-version-check", release.wheel],
        check=True,
    )  # fmt: skip
    # Its dependencies are this environment's: no test needs the network.
    path = sysconfig.get_path("purelib", vars={"base": str(tmp_path)})
    with open(f"{path}/dependencies.pth", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(sysconfig.get_path("purelib") + "\n")
    frozen = version_of(unpacked / "kubectl-restore")
    installed = version_of(tmp_path / "bin" / "kubectl-restore")
    assert frozen == installed
    assert (frozen["version"], frozen["commit"]) == (VERSION, commit())
