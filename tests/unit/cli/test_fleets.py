"""Many targets on a command line: what each of them is asked for, and what means nothing there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_restore.cli.argv import parse
from kubectl_restore.cli.fleets import read_fleet
from kubectl_restore.cluster.kubectl import KubectlOptions
from kubectl_restore.errors import UsageError
from kubectl_restore.fleet.pairs import Pair
from kubectl_restore.plan.policy import Overwrite

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_restore.plan.request import RestoreRequest

FOUND = KubectlOptions(namespace="prod", context="c1")


def request(*words: str) -> RestoreRequest:
    """Return what is asked of one target."""
    with read_fleet(parse(words), words, compares="", timeout=60) as (fleet, _):
        return fleet.request(Pair("pod/db-0", "b/db-0.tar", "n1", "u1"), FOUND)


def test_one_target_is_what_somebody_would_type_for_it_alone() -> None:
    one = request("sts/db", "--each=b/{pod}.tar", "-t", "/data", "--force", "--token=secret", "-j8")
    assert one.target.pod_name == "db-0"
    assert (str(one.backup), one.target_path, one.pod_uid) == ("b/db-0.tar", "/data", "u1")
    assert (one.overwrite, one.lanes) == (Overwrite.IF_CHANGED, 1)
    assert (one.kubectl.namespace, one.kubectl.context) == ("prod", "c1")
    assert " ".join(one.command) == (
        "kubectl restore pod/db-0 b/db-0.tar --force --token=REDACTED --context=c1 "
        "--namespace=prod -t /data"
    )


def test_a_path_behind_the_workload() -> None:
    assert request("sts/db:/srv", "--each={pod}").target_path == "/srv"


@pytest.mark.parametrize(
    "words",
    [
        ("sts/db", "b.tar", "--each={pod}"),
        ("--each={pod}",),
        ("pod/db-0", "--each={pod}"),
        ("pvc/data", "--each={pod}"),
        ("sts/db", "--per-node=2"),
        ("sts/db", "--each={pod}", "--map=x"),
        ("sts/db", "--each={pod}", "--jobs=0"),
        ("sts/db", "--each={pod}", "--per-node=x"),
        ("sts/db", "--each={pod}", "--canary="),
        ("sts/db", "--each={pod}", "--canary=pod/"),
        ("sts/db", "--each={pod}", "--salvage"),
        ("sts/db", "--each={pod}", "--checksum=sha256:" + "0" * 64),
        ("sts/db", "--each={pod}", "--pod=db-0"),
        ("sts/db", "--each={pod}", "--scale-down"),
        ("sts/db:/a", "--each={pod}", "-t", "/b"),
        ("sts/db", "--map=/nowhere"),
    ],
)
def test_what_cannot_be_meant_is_said(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError), read_fleet(parse(words), words, compares="", timeout=60):
        pass


def test_a_list_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_bytes("\ufeffdb-0 b/db-0.tar\r\n".encode())
    words = (f"--map={file}",)
    with read_fleet(parse(words), words, compares="", timeout=60) as (fleet, _):
        assert fleet.listed == (Pair("pod/db-0", "b/db-0.tar"),)


def test_a_checks_words_name_nothing_that_changes_anything() -> None:
    check = request("sts/db", "--each=b/{pod}.tar", "-t", "/data").as_check()
    assert check.dry_run
    assert "--dry-run" in check.command_with("--force").split()
    assert "--dry-run" not in check.command_in_earnest().split()
    planned = request("sts/db", "--each=b/{pod}.tar", "--dry-run").as_check()
    assert planned.command.count("--dry-run") == 1


def test_what_a_template_could_mean_is_listed(tmp_path: Path) -> None:
    for name in ("db-0.tar", "db-1.tar", "other.txt", "[x].tar"):
        (tmp_path / name).touch()
    words = ("sts/db", f"--each={tmp_path}/{{pod}}.tar")
    with read_fleet(parse(words), words, compares="", timeout=60) as (fleet, _):
        names = [name.rpartition("/")[2] for name in fleet.found()]
    assert names == ["[x].tar", "db-0.tar", "db-1.tar"]
