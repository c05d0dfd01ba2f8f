"""What krew makes of the manifest and the archive: install, use, upgrade, go back, uninstall."""

from __future__ import annotations

import io
import shutil
import tarfile
from typing import TYPE_CHECKING

import pytest

from distribution.manifest import manifest
from distribution.platforms import PLATFORMS, this_platform
from kubectl_restore.about import KREW_NAME, NAME, VERSION
from tests.contract import trees
from tests.krew.documents import documented_commands
from tests.krew.tools import krew_tools
from tests.krew.user import EMPTY, User, krew_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.contract.clusters import Cluster
    from tests.frozen.release import Release

NEXT = f"1{VERSION}"
FIRST_LINE = f"{NAME} {VERSION}\n"


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    """Somebody who has never used krew."""
    with krew_user(tmp_path) as one:
        yield one


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


def put(directory: Path, archive: Path) -> None:
    """Put an archive and its manifest into a directory, as a release has them."""
    directory.mkdir(exist_ok=True)
    shutil.copyfile(archive, directory / archive.name)
    (directory / f"{KREW_NAME}.yaml").write_text(manifest([archive]), "utf-8")


def commands(title: str, **instead: str) -> list[str]:
    """Return what the documents say below a title, for this version, machine and index."""
    for_here = {
        "X.Y.Z": VERSION,
        "U.V.W": NEXT,
        "linux_amd64": "_".join(this_platform()),
        **instead,
    }
    found = documented_commands()[title]
    for word, value in for_here.items():
        found = [text.replace(word, value) for text in found]
    return found


def test_the_manifest_is_one_that_krews_index_takes(release: Release, user: User) -> None:
    path = release.directory / f"{KREW_NAME}.yaml"
    # Its addresses are those of a release that nobody has made.
    user.run(krew_tools() / "validate-krew-manifest", f"-manifest={path}", "-skip-install")
    text = path.read_text("utf-8")
    for words in ("get on pods", "pods/exec"):
        assert words in text


def test_krew_fetches_and_installs_it_on_every_platform(release: Release, user: User) -> None:
    archives = []
    for platform in PLATFORMS:
        name = f"kubectl-restore_v{VERSION}_{'_'.join(platform)}.tar.gz"
        archives.append(user.downloads / name)
        shutil.copyfile(release.archive, archives[-1])
    path = user.work / f"{KREW_NAME}.yaml"
    path.write_text(manifest(archives, address=user.address), "utf-8")
    said = user.run(krew_tools() / "validate-krew-manifest", f"-manifest={path}")
    assert f"all {len(PLATFORMS)} spec.platforms installed fine" in said
    # What is fetched is compared with its checksum.
    with archives[0].open("ab") as file:
        file.write(b"more")
    said = user.run(krew_tools() / "validate-krew-manifest", f"-manifest={path}", fails=True)
    assert "checksum does not match" in said


def test_archives_of_two_versions_make_no_manifest(release: Release, following: Path) -> None:
    with pytest.raises(ValueError, match="one version"):
        manifest([release.archive, following])
    with pytest.raises(ValueError, match="one version"):
        manifest([])


def test_a_restore_by_what_krew_has_installed(
    user: User, release: Release, cluster: Cluster, backup: Callable[[bytes], Path]
) -> None:
    user.publish(release.archive)
    user.run("kubectl", "krew", "index", "add", "ours", user.index)
    user.run("kubectl", "krew", "install", f"ours/{KREW_NAME}")
    before = user.everything()
    pod, archive = cluster.pod("debian"), trees.two_thousand()
    user.run(
        "kubectl", "restore", f"pod/{pod.name}", backup(archive), "-t", pod.path,
        f"--kubeconfig={cluster.kubeconfig}", f"--namespace={cluster.namespace}",
    )  # fmt: skip
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root) == []
    assert user.everything() == before


def test_by_hand_without_any_index_as_documented(
    user: User, release: Release, following: Path
) -> None:
    put(user.work, release.archive)
    put(user.work / "other", following)
    install, an_index, another_version = commands("By hand")
    said = user.run("sh", "-ec", install)
    assert "pods/exec" in said
    assert FIRST_LINE in said
    assert user.installed() == [f"v{VERSION}"]

    # krew's own words, which the documents quote.
    said = user.run("kubectl", "krew", "uninstall", KREW_NAME, fails=True)
    assert "krew local plugin index is not initialized" in said
    user.run("sh", "-ec", an_index)
    said = user.run("kubectl", "krew", "upgrade", KREW_NAME)
    assert "installed via manifest" in said
    user.run("sh", "-ec", another_version)
    assert user.installed() == [f"v{NEXT}"]
    assert user.run("kubectl", "restore", "version").startswith(FIRST_LINE)

    # Back, by the same commands.
    put(user.work / "other", release.archive)
    user.run("sh", "-ec", another_version.replace(NEXT, VERSION))
    assert user.installed() == [f"v{VERSION}"]
    assert user.run("kubectl", "restore", "version").startswith(FIRST_LINE)

    user.run("kubectl", "krew", "uninstall", KREW_NAME)
    user.run("kubectl", "krew", "index", "remove", "nothing")
    assert user.everything() == EMPTY
    assert list(user.temporary.iterdir()) == []


def test_an_index_of_ones_own_as_documented(user: User, release: Release, following: Path) -> None:
    user.publish(release.archive)
    install, upgrade, back, away = commands(
        "An index of your own", **{"https://git.example/ours/krew-index.git": str(user.index)}
    )
    said = user.run("sh", "-ec", install)
    assert "pods/exec" in said
    assert user.installed() == [f"v{VERSION}"]
    assert user.run("kubectl", "restore", "version").startswith(FIRST_LINE)

    user.publish(following)
    user.run("sh", "-ec", upgrade)
    assert user.installed() == [f"v{NEXT}"]
    assert user.run("kubectl", "restore", "version").startswith(FIRST_LINE)

    # A withdrawn release: the index goes back, and who has it stays with it until uninstalled.
    user.publish(release.archive)
    user.run("sh", "-ec", upgrade, fails=True)
    assert user.installed() == [f"v{NEXT}"]
    user.run("sh", "-ec", back)
    assert user.installed() == [f"v{VERSION}"]
    assert user.run("kubectl", "restore", "version").startswith(FIRST_LINE)

    user.run("sh", "-ec", away)
    assert user.everything() == EMPTY
    assert list(user.temporary.iterdir()) == []


def test_under_another_name_a_link_gives_the_usual_command(user: User, release: Release) -> None:
    path = user.work / "put-back.yaml"
    path.write_text(manifest([release.archive], name="put-back"), "utf-8")
    said = user.run(
        "kubectl", "krew", "install", f"--manifest={path}", f"--archive={release.archive}"
    )
    assert user.run("kubectl", "put-back", "version").startswith(FIRST_LINE)
    user.run("kubectl", "restore", "version", fails=True)
    (line,) = [text for text in said.splitlines() if "ln -s" in text]
    link = line[line.index("ln -s") :]
    links = user.work / "links"
    links.mkdir()
    user.run("sh", "-ec", link.replace("/usr/local/bin", str(links)))
    user.variables["PATH"] = f"{links}:{user.variables['PATH']}"
    assert user.run("kubectl", "restore", "version").startswith(FIRST_LINE)


def test_under_its_own_name_no_link_is_asked_for(release: Release) -> None:
    assert "ln -s" not in manifest([release.archive])
