"""What shells are told that may stand at a command line's end."""

from __future__ import annotations

import gzip
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.cli.application import run_words
from kubectl_restore.cli.completing import FILES, NO_FILES, NO_SPACE, complete
from tests.contract import trees

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def kubectl(tmp_path: Path) -> str:
    """Return a kubectl that answers at once, or never about pods called slow."""
    path = tmp_path / "kubectl"
    path.write_text(
        """#!/bin/sh
case "$*" in
*slow*) exec sleep 60 ;;
*contexts*) printf 'prod-eu\nprod-us\n' ;;
*namespaces*) printf 'namespace/prod\nnamespace/test\n' ;;
*jsonpath*) printf 'app\nside\n' ;;
*"get pods"*) printf 'pod/db-0\npod/db-1\n' ;;
*exec*) printf '/data/\n/dev/\n/etc/\n' ;;
esac
""",
        "utf-8",
    )
    path.chmod(0o755)
    return f"--kubectl={path}"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["db-0", "b.tar", "--overwrite", "if"], ["if-changed", "if-newer"]),
        (["db-0", "b.tar", "--overwrite=n"], ["--overwrite=never"]),
        (["--context", "prod-u"], ["prod-us"]),
        (["-n", "p"], ["prod"]),
        (["db"], ["db-0", "db-1"]),
        (["pod/db"], ["pod/db-0", "pod/db-1"]),
        (["inspec"], ["inspect"]),
        (["db-0", "b.tar", "-c", ""], ["app", "side"]),
        (["verify", "db-0", "b.tar", "-c", "s"], ["side"]),
        (["db-0", "b.tar", "--namespace=slow", "-c", ""], []),
        (["completion", "f"], ["fish"]),
        (["version", ""], []),
        (["--nope=x"], []),
    ],
)
def test_words_are_completed(kubectl: str, words: list[str], found: list[str]) -> None:
    assert complete([kubectl, *words]) == (found, NO_FILES)


def test_directories_of_the_container_go_on(kubectl: str) -> None:
    assert complete([kubectl, "db-0", "b.tar", "-t", "/d"]) == (
        ["/data/", "/dev/"], NO_FILES | NO_SPACE
    )  # fmt: skip


def test_flags_are_those_of_the_command() -> None:
    named = {one.partition("\t")[0] for one in complete(["verify", "--"])[0]}
    assert {"--extras", "--namespace", "--help"} <= named
    assert not {"--force", "--list"} & named
    assert complete(["db-0", "--receipt", "x"]) == ([], FILES)


def test_backups_are_known_by_their_contents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one").write_bytes(trees.small())
    (tmp_path / "two.bin").write_bytes(gzip.compress(trees.small()))
    (tmp_path / "three.tar").write_bytes(b"no backup")
    (tmp_path / "below").mkdir()
    os.mkfifo(tmp_path / "pipe.tar")
    monkeypatch.chdir(tmp_path)
    assert complete(["db-0", ""]) == (["below/", "one", "two.bin"], NO_FILES)
    assert complete(["inspect", "b"]) == (["below/"], NO_FILES | NO_SPACE)
    assert complete(["seal", f"{tmp_path}/tw"]) == ([f"{tmp_path}/two.bin"], NO_FILES)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "kubectl"])
def test_each_shell_has_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_words(["completion", shell]) == 0
    assert "__complete" in capsys.readouterr().out


def test_bash_takes_its_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_words(["completion", "bash"]) == 0
    script = tmp_path / "completion"
    script.write_text(
        capsys.readouterr().out
        + "kubectl-restore() { printf '%s\n' '--force\tand so on' '--from' :4; }\n"
        + "compopt() { :; }; COMP_WORDS=(kubectl-restore --f); COMP_CWORD=1; __kubectl_restore\n"
        + 'printf "%s," "${COMPREPLY[@]}"\n',
        "utf-8",
    )
    done = subprocess.run(["bash", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("--f")


def test_the_file_for_kubectl_is_installed_where_it_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path / 'none'}{os.pathsep}{tmp_path}")
    for _ in range(2):
        assert run_words(["completion", "--install"]) == 0
    file = tmp_path / "kubectl_complete-restore"
    assert str(file) in capsys.readouterr().out
    assert file.stat().st_mode & 0o777 == 0o755
    assert "__complete" in file.read_text()
    assert [one.name for one in tmp_path.iterdir()] == [file.name]
    file.write_text("#!/bin/sh\n")
    assert run_words(["completion", "--install"]) == 2
    assert file.read_text() == "#!/bin/sh\n"
    assert run_words(["completion", "--install", "--force"]) == 0
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    assert run_words(["completion", "--install"]) == 2
    assert run_words(["completion"]) == 2
    assert run_words(["completion", "tcsh"]) == 2
