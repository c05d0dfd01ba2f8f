"""`inspect --against`: which flags it takes, and what it says."""

from __future__ import annotations

import pytest

from kubectl_restore.cli.argv import parse
from kubectl_restore.cli.defaults import defaults_for
from kubectl_restore.cli.inspect import InspectRequest, read_inspect_request
from kubectl_restore.errors import UsageError
from kubectl_restore.plan.operation import Action
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.restore.foreseen import Amount, Foreseen
from kubectl_restore.ui.against import against_lines


def request(*words: str) -> InspectRequest:
    return read_inspect_request(parse(words), words)


def test_the_plan_is_that_of_a_restore_with_force_that_writes_nothing() -> None:
    made = request("b.tar", "--against", "deploy/web:/srv", "-n", "prod", "--include", "app/*")
    assert made.against is not None
    assert (made.against.target.name, made.against.target_path) == ("web", "/srv")
    assert made.against.kubectl.namespace == "prod"
    assert made.against.dry_run
    assert made.against.overwrite is Overwrite.IF_CHANGED
    assert made.against.selection.include == (b"app/*",)
    assert made.against.command[:4] == ("kubectl", "restore", "inspect", "b.tar")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("b.tar", "-n", "prod"), "without --against"),
        (("b.tar", "--against", ""), "no target"),
        (("b.tar", "--against", "db-0", "--list"), "contradict"),
        (("b.tar", "--against", "db-0", "--force"), "no meaning"),
    ],
)
def test_what_cannot_be_is_said(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError) as error:
        request(*words)
    assert said in error.value.what
    assert error.value.fix


def test_the_environment_names_the_namespace_where_a_cluster_is_asked_only() -> None:
    there = {"KUBECTL_RESTORE_NAMESPACE": "prod"}
    assert defaults_for("inspect", ["b.tar"], there) == []
    (found,) = defaults_for("inspect", ["b.tar", "--against", "db-0"], there)
    assert found.word == "--namespace=prod"


@pytest.mark.parametrize(
    ("amounts", "bar"),
    [
        ({}, "[####################] 100%"),
        ({Action.KEEP: Amount(3, 10)}, "[####################] 100%"),
        ({Action.KEEP: Amount(3, 0), Action.CREATE: Amount(1, 0)}, "[###############     ] 75%"),
        ({Action.KEEP: Amount(1, 1), Action.CREATE: Amount(1, 9999)}, "[#                   ] 0%"),
        ({Action.CREATE: Amount(1, 1)}, "[                    ] 0%"),
        (
            {Action.ADJUST: Amount(1, 9999), Action.REPLACE: Amount(1, 1)},
            "[################### ] 99%",
        ),
    ],
    ids=["empty", "all", "no contents", "hardly any", "none", "nearly all"],
)
def test_the_bar_is_full_when_nothing_is_to_be_done(
    amounts: dict[Action, Amount], bar: str
) -> None:
    every = dict.fromkeys(Action, Amount()) | amounts
    lines = against_lines(Foreseen("prod", "db-0", "app", "/d\x1b", every))
    assert lines[0] == "against pod db-0, container app, path /d\\x1b, namespace prod:"
    assert lines[1].startswith(f"  {bar} of the contents")
    assert len(lines) == 2 + len(amounts)
