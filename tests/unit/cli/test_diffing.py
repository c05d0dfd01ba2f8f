"""`kubectl restore diff` as a command line: what is compared, and the commands that it leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_restore.cli.argv import parse
from kubectl_restore.cli.diffing import read_diff_request
from kubectl_restore.errors import UsageError
from kubectl_restore.plan.policy import Extras, Verification

if TYPE_CHECKING:
    from kubectl_restore.plan.request import RestoreRequest


def request(*words: str) -> RestoreRequest:
    return read_diff_request(parse(words), ["diff", *words])


def test_contents_are_compared_and_what_is_extra_is_named_on_request_only() -> None:
    made = request("pod", "b.tar", "-t", "/d")
    assert (made.verify, made.extras, made.paths) == (Verification.CHECKSUM, Extras.IGNORE, ())
    assert request("pod", "b.tar", "--extras", "report").extras is Extras.REPORT


@pytest.mark.parametrize(
    "words",
    [
        ("pod", "b.tar", "app", "-n", "app", "/d/lib", "-t", "/d"),
        ("pod", "-n", "app", "b.tar", "-t", "/d", "--", "app", "/d/lib"),
        ("-n", "app", "-t", "/d", "--", "pod", "b.tar", "app", "/d/lib"),
    ],
)
def test_paths_stand_behind_the_backup_and_no_restore_has_them(words: tuple[str, ...]) -> None:
    made = request(*words)
    assert (made.target.name, str(made.backup)) == ("pod", "b.tar")
    assert made.paths == (b"app", b"/d/lib")
    again = made.command_of_a_restore("--dry-run").split()
    assert "diff" not in again
    assert "/d/lib" not in again
    assert again.count("app") == 1
    assert parse(again[2:]).positionals == ["pod", "b.tar"]
    assert parse(again[2:]).is_set("dry-run")
    # Said again it is the same comparison.
    assert request(*made.command_with("--allow-missing-end").split()[3:]).paths == made.paths


def test_a_selector_stands_for_the_target() -> None:
    made = request("-l", "app=shop", "b.tar", "app")
    assert made.paths == (b"app",)
    assert made.command_of_a_restore() == "kubectl restore -l app=shop b.tar"


@pytest.mark.parametrize("words", [("pod",), ("pod", "-"), ("pod", "b.tar", "--verify", "none")])
def test_what_cannot_be_compared_is_said_in_its_own_name(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as error:
        request(*words)
    assert "kubectl restore diff" in f"{error.value.what}{error.value.reason}"
