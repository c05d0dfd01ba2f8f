"""`kubectl restore status`, and the flags that say by what a target is reached."""

from __future__ import annotations

import json

import pytest

from kubectl_restore.cli.argv import parse
from kubectl_restore.cli.reaching import read_helper, read_via
from kubectl_restore.cli.status import read_status_request, status_json, status_text
from kubectl_restore.cluster.helper_pod import IMAGE, State, User
from kubectl_restore.cluster.scaling import Replicas
from kubectl_restore.cluster.standing import Standing
from kubectl_restore.cluster.target import Kind, Target
from kubectl_restore.cluster.via import Via
from kubectl_restore.errors import UsageError
from kubectl_restore.restore.reach.leftovers import Found
from tests.json_page import undocumented

ONE = Standing("restore-data-1", "prod", "u1", "data", State.RUNNING, "2026-01-01", reads=False)


def test_where_it_looks_is_kubectls_to_say() -> None:
    words = ["-n", "prod", "--context=c1", "--token=secret", "--cleanup"]
    request = read_status_request(parse(words), words)
    assert (request.kubectl.namespace, request.kubectl.context) == ("prod", "c1")
    assert request.kubectl.flags == ("--token=secret",)
    assert request.is_cleaned
    assert "secret" not in " ".join(request.command)


@pytest.mark.parametrize("words", [["db-0"], ["--force"], ["-t", "/data"]])
def test_what_means_nothing_here_is_said(words: list[str]) -> None:
    with pytest.raises(UsageError):
        read_status_request(parse(words), words)


def test_what_stands_there_is_a_table_with_the_command_that_removes_it() -> None:
    lines = status_text(Found(" -n prod", [ONE], [])).splitlines()
    assert lines[0].split() == ["POD", "CLAIM", "STATE", "CREATED"]
    assert lines[1].split() == ["restore-data-1", "data", "running", "2026-01-01"]
    assert lines[2].endswith("kubectl restore status -n prod --cleanup")
    assert status_text(Found("", [ONE], ["restore-data-1"])) == "pod/restore-data-1 deleted\n"
    assert status_text(Found("", [], [])).startswith("Nothing")


def test_what_is_scaled_down_is_named_with_the_commands_that_set_it_back() -> None:
    scaled = [Replicas(Target("web", Kind.DEPLOYMENT), "7", 0, 3)]
    alone = status_text(Found(" -n prod", [], [], scaled))
    assert alone.startswith("deployment/web is scaled to 0 (it had 3")
    assert "kubectl -n prod scale deployments.apps web --replicas=3 && kubectl -n prod" in alone
    assert status_text(Found(" -n prod", [ONE], [], scaled)).endswith(alone)
    line = json.loads(status_json(Found("", [], [], scaled)))
    assert line["scaled_down"] == [{"workload": "deployment/web", "replicas": 3}]
    assert undocumented(line) == []


def test_its_json_is_as_the_page_says() -> None:
    assert undocumented(json.loads(status_json(Found("", [ONE], ["restore-data-1"])))) == []


@pytest.mark.parametrize(
    ("text", "user"), [("999", User(999, 999)), ("5:6", User(5, 6)), ("0", User(0, 0))]
)
def test_whom_a_helper_runs_as(text: str, user: User) -> None:
    assert read_helper(parse([f"--run-as={text}"])).user == user


@pytest.mark.parametrize("text", ["", "a", "1:", ":1", "-1", "1:2:3", "99999999999", "\u0663"])
def test_what_is_no_user_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--run-as"):
        read_helper(parse([f"--run-as={text}"]))


def test_the_image() -> None:
    assert read_helper(parse([])).image == IMAGE
    with pytest.raises(UsageError, match="--helper-image"):
        read_helper(parse(["--helper-image=a b"]))


def test_a_helper_reaches_claims_alone() -> None:
    words = parse(["--via=helper"])
    assert read_via(words, Target("data", Kind.CLAIM)) is Via.HELPER
    with pytest.raises(UsageError, match="reaches a claim"):
        read_via(words, Target("db-0"))
