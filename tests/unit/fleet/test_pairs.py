"""Which backup belongs to which pod: by name, never by place."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.errors import NoPodError, UsageError
from kubectl_restore.fleet.pairs import (
    Pair,
    by_template,
    expanded,
    of_replicas,
    parse_map,
    require_template,
)
from kubectl_restore.fleet.replicas import Replica

NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\x85"))


def replica(name: str, claim: str = "", node: str = "") -> Replica:
    return Replica(name, "prod", f"uid-{name}", claim, node)


def test_what_a_template_knows() -> None:
    one = replica("db-12", claim="data-db-12")
    text = "s3://b/{namespace}/{pod}/{ordinal}/{claim}.tar"
    require_template(text)
    assert expanded(text, one) == "s3://b/prod/db-12/12/data-db-12.tar"


@pytest.mark.parametrize("text", ["b.tar", "{namespace}.tar", "{pods}.tar", "{pod", "pod}", "{}"])
def test_what_tells_no_pod_from_another_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--each"):
        require_template(text)


def test_a_pod_without_what_is_asked_for_is_named() -> None:
    for template in ("{ordinal}.tar", "{claim}.tar"):
        with pytest.raises(NoPodError, match="pod web-x7k has no"):
            expanded(template, replica("web-x7k"))


@given(names=st.lists(NAMES, unique=True, min_size=1), more=st.randoms())
def test_the_order_of_pods_decides_nothing(names: list[str], more: object) -> None:
    replicas = [replica(name) for name in names]
    shuffled = list(replicas)
    more.shuffle(shuffled)  # type: ignore[attr-defined]
    pairs = by_template("b/{pod}.tar", shuffled)
    assert {(one.target, one.backup, one.uid) for one in pairs} == {
        (f"pod/{name}", f"b/{name}.tar", f"uid-{name}") for name in names
    }


def test_two_pods_never_get_one_backup() -> None:
    with pytest.raises(UsageError, match="one backup stands for several"):
        by_template("{ordinal}.tar", [replica("a-1"), replica("b-1")])


@given(entries=st.dictionaries(NAMES, WORDS.filter(bool), min_size=1))
def test_a_list_is_read_as_a_shell_reads_words(entries: dict[str, str]) -> None:
    text = "\n".join(f"{name}  {shlex.quote(word)} # a word" for name, word in entries.items())
    if any("\n" in word or "\r" in word for word in entries.values()):
        return
    found = {one.name: one.backup for one in parse_map(f"# a list\n\n{text}\n")}
    assert found == entries


@pytest.mark.parametrize(
    "text", ["", "# nothing", "db-0", "db-0 a b", "db-0:/data a", "x/y/z a", "db-0 a\ndb-0 b", "'"]
)
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_map(text)


@pytest.mark.parametrize(
    "text", ["# x\ndb-0 a\nx/y/z a", "# x\n\ndb-0", "db-0 a\n\npod/db-0 b", "#\n\nsts/a/b c"]
)
def test_what_is_wrong_with_a_list_is_said_with_its_line(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_map(text)
    assert "line 3" in raised.value.what


def test_claims_stand_in_a_list_too() -> None:
    assert parse_map("pvc/data b.tar")[0].target == "pvc/data"


@given(
    pods=st.sets(NAMES),
    listed=st.sets(NAMES),
)
def test_a_workload_and_a_list_have_to_agree(pods: set[str], listed: set[str]) -> None:
    replicas = [replica(name, node="n1") for name in sorted(pods)]
    pairs = [Pair(f"pod/{name}", f"{name}.tar") for name in sorted(listed)]
    if pods != listed:
        with pytest.raises(NoPodError, match="not every pod has its backup"):
            of_replicas(pairs, replicas, skips=False)
    found, left_out = of_replicas(pairs, replicas, skips=True)
    assert {one.name for one in found} == pods & listed
    assert len(left_out) == len(pods ^ listed)
    assert all(one.uid == f"uid-{one.name}" and one.node == "n1" for one in found)
