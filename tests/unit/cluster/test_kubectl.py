"""kubectl's command lines and environment."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.cluster.kubectl import (
    OLDEST,
    KubectlOptions,
    child_environment,
    config_command,
    exec_command,
    find_kubectl,
    is_too_old,
    pod_command,
)
from kubectl_restore.cluster.stated import (
    CONFIG_VIEW,
    CREATE,
    DEBUG,
    DELETE,
    EVERYWHERE,
    EXEC,
    GET,
    LEFT,
    LEFT_OF_CHANGES,
    PATCH,
)
from kubectl_restore.errors import UsageError
from tests.versions.kubectls import known, kubectl

if TYPE_CHECKING:
    from pathlib import Path


def test_the_users_flags_are_on_every_command_line_and_count() -> None:
    options = KubectlOptions(namespace="n", context="c", flags=("--as=me", "--token=t0p"))
    command = exec_command(options, "/k", "pod", "app", ["sh", "-c", "x"])
    assert command[-5:] == ["--container=app", "--", "sh", "-c", "x"]
    for words in (command, pod_command(options, "/k", "pod"), config_command(options, "/k")):
        for flag in ("--as=me", "--token=t0p", "--context=c", "--namespace=n"):
            name = flag.partition("=")[0]
            # The last one counts.
            assert [one for one in words if one.startswith(f"{name}=")][-1] == flag


def test_whatever_kubectl_knows_is_stated_or_does_no_harm() -> None:
    newest = kubectl(known()[-1])
    for words, stated in (
        (["get"], GET),
        (["exec"], EXEC),
        (["patch"], PATCH),
        (["create"], CREATE),
        (["delete"], DELETE),
        (["debug"], DEBUG),
        (["config", "view"], CONFIG_VIEW),
    ):
        said = ""
        for more in ([*words, "--help"], ["options"]):
            said += subprocess.run(
                [newest, *more], capture_output=True, text=True, check=True
            ).stdout
        found = set(re.findall(r"^ +(?:-\w, )?--([a-z-]+)=", said, re.MULTILINE))
        assert {"namespace", "output"} <= found | {"output"}
        ours = {one.name for one in (*EVERYWHERE, *stated)}
        # The container, and what a patch, a file or an address is, are stated where they are known.
        known_there = {"container", "patch", "filename", "raw", "image", "custom"}
        assert found - known_there <= ours | LEFT.keys() | LEFT_OF_CHANGES.keys()
        assert ours <= found


@given(st.integers(0, 3), st.integers(0, 99), st.text())
def test_what_is_too_old_is_decided_by_major_and_minor(major: int, minor: int, rest: str) -> None:
    version = f"v{major}.{minor}.{rest}"
    assert is_too_old(version) == ((major, minor) < OLDEST)


@given(st.text())
def test_a_version_that_cannot_be_read_is_not_too_old(text: str) -> None:
    if not text.removeprefix("v")[:1].isdecimal():
        assert not is_too_old(text)


def test_a_command_that_is_shown_has_no_secret() -> None:
    options = KubectlOptions(flags=("--as=me", "--token=t0p\nx", "--password=pw"))
    assert options.to_show() == ["--as=me", "--token=REDACTED", "--password=REDACTED"]


@pytest.mark.parametrize("password", ["pw", "p@w", "p/w", "p w", "p\nw", "://", ""])
def test_an_address_that_is_shown_names_nobody(password: str) -> None:
    for scheme in ("https://", "http://", ""):
        options = KubectlOptions(flags=(f"--server={scheme}me:{password}@host:6443/path",))
        assert options.to_show() == [f"--server={scheme}REDACTED@host:6443/path"]
    assert KubectlOptions(flags=("--server=https://host",)).to_show() == ["--server=https://host"]


def test_which_kubectl(tmp_path: Path) -> None:
    for name in ("kubectl", "other", "third"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    path = {"PATH": str(tmp_path)}
    named = {**path, "KUBECTL_RESTORE_KUBECTL": str(tmp_path / "other")}
    assert find_kubectl(KubectlOptions(), path) == str(tmp_path / "kubectl")
    assert find_kubectl(KubectlOptions(), named) == str(tmp_path / "other")
    # kubectl 1.37 says which one called.
    called = {**path, "KUBECTL_PATH": str(tmp_path / "third")}
    assert find_kubectl(KubectlOptions(), called) == str(tmp_path / "third")
    assert find_kubectl(KubectlOptions(), {**named, **called}) == str(tmp_path / "other")
    given = KubectlOptions(program=str(tmp_path / "third"))
    assert find_kubectl(given, named) == str(tmp_path / "third")
    with pytest.raises(UsageError):
        find_kubectl(KubectlOptions(program="/nonexistent"), named)
    with pytest.raises(UsageError):
        find_kubectl(KubectlOptions(), {"PATH": "/nonexistent"})


BOOT_LOADER = {"_PYI_ARCHIVE_FILE": "/frozen/x", "_PYI_PARENT_PROCESS_LEVEL": "0"}


@pytest.mark.parametrize(
    ("users", "frozen"),
    [
        ({}, {"LD_LIBRARY_PATH": "/frozen"}),
        (
            {"LD_LIBRARY_PATH": "/users:/other"},
            {"LD_LIBRARY_PATH": "/frozen:/users:/other", "LD_LIBRARY_PATH_ORIG": "/users:/other"},
        ),
        # Left of another frozen program: not what this one has kept.
        (
            {"LD_LIBRARY_PATH_ORIG": "/stale"},
            {"LD_LIBRARY_PATH": "/frozen", "LD_LIBRARY_PATH_ORIG": "/stale"},
        ),
    ],
)
def test_kubectl_has_the_environment_that_the_user_had(
    users: dict[str, str], frozen: dict[str, str]
) -> None:
    environment = {"HOME": "/h", **frozen, **BOOT_LOADER}
    assert child_environment(environment, bundle="/frozen") == {"HOME": "/h", **users}


def test_from_source_the_environment_is_not_changed() -> None:
    environment = {"LD_LIBRARY_PATH": "/x", "LD_LIBRARY_PATH_ORIG": "/y", **BOOT_LOADER}
    assert child_environment(environment, bundle=None) == environment
