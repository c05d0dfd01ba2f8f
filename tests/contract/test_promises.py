"""Random trees, backups and policies: a real pod ends as the model says (tests/model).

RESTORE_CASES: how many; in all, over the kinds of pod. The seeds are the numbers from 0 on. A
quarter as many besides are to volumes that refuse calls or only pretend to take them; which ones,
RESTORE_SEED decides.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.program import restore
from tests.model.cases import random_case
from tests.model.kept import Kept, random_refusals
from tests.model.promise import promised
from tests.model.tree import ANY, Node, Tree
from tests.refusals import REFUSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod
    from tests.contract.trees import Seen
    from tests.model.cases import Case
    from tests.model.promise import Promise

    Writer = Callable[..., Path]

KINDS = ["busybox", "debian", "bsdtar", "toybox", "nonroot-gnu"]
CASES = int(os.environ.get("RESTORE_CASES", "40"))
REFUSED_CASES = CASES // 4
SEED = os.environ.get("RESTORE_SEED", "1")
TARS = ("debian", "busybox", "bsdtar", "toybox")


def all_before(pod: Pod, cases: dict[int, Case]) -> Tree:
    """Return all trees that are to stand there, each below a directory of its own."""
    together = Tree()
    for number, case in cases.items():
        together.put(b"case%d" % number, Node("directory", 0o755, trees.MTIME, owner=pod.owner))
        first: dict[int, bytes] = {}
        for path, own in case.before.paths.items():
            whole = b"case%d/" % number + path
            if own in first:
                together.link(whole, first[own])
            else:
                first[own] = whole
                together.put(whole, case.before.nodes[own])
    return together


def below(tree: dict[bytes, Seen], top: bytes) -> dict[bytes, Seen]:
    """Return what stands below a directory."""
    found = {}
    for path, seen in tree.items():
        if path.startswith(top):
            linked = frozenset(one.removeprefix(top) for one in seen.linked)
            found[path.removeprefix(top)] = replace(seen, linked=linked)
    return found


def differing(promise: Promise, after: dict[bytes, Seen], *, owners: bool) -> list[str]:
    """Return how a tree is not as it was promised."""
    expected, after = promise.tree.seen(), dict(after)
    for path in promise.unmade:
        expected.pop(path, None)
        after.pop(path, None)
    for path, seen in expected.items():
        there = after.get(path, seen)
        mtime = there.mtime if seen.mtime == ANY else seen.mtime
        mode = there.mode if seen.mode == ANY else seen.mode
        expected[path] = replace(seen, mtime=mtime, mode=mode)
    return trees.differences(expected, after, owners=owners)


def judge(
    pod: Pod, file: Path, number: int, case: Case, promise: Promise, *, about: str = ""
) -> Iterator[str]:
    """Restore a case, once more where it ended well, and tell what was not as promised."""
    target = f"--target-path={pod.path}/case{number}"
    flags = (f"--overwrite={case.policy}", "-o", "json", "--progress=none", target)
    result = restore(pod, file, *flags)
    about = f"seed {number}, {case.policy}{about}: "
    if result.code != promise.code:
        yield f"{about}{promise.fates}\n{result}"
    elif result.code == 0:
        counts = json.loads(result.out.splitlines()[-1])
        found = [counts[f"files_{what}"] for what in ("unchanged", "adjusted", "skipped")]
        if found != [promise.unchanged, promise.adjusted, promise.skipped]:
            yield f"{about}{found} unchanged, adjusted, skipped; {promise.fates}"
        again = json.loads(restore(pod, file, *flags).out.splitlines()[-1])
        if case.policy != "always" and again.get("regular_files_restored") != 0:
            yield f"{about}a second run sent something: {again}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_pod_ends_as_the_model_says(cluster: Cluster, backup: Writer, kind: str) -> None:
    pod = cluster.pod(kind)
    numbers = range(KINDS.index(kind), CASES, len(KINDS))
    cases = {
        number: random_case(random.Random(number), pod.owner, others=pod.is_root)  # noqa: S311
        for number in numbers
    }
    before = all_before(pod, cases)
    result = restore(pod, backup(before.archive(), "before.tar"))
    assert result.code == 0, result
    assert trees.differences(before.seen(), pod.tree(), owners=pod.is_root) == []
    roots = pod.owner if kind.startswith("nonroot") else (0, 0)
    wrong: list[str] = []
    promises = {}
    for number, case in cases.items():
        file = backup(case.backup.archive(without=case.unnamed), f"{number}.tar")
        promises[number] = promise = promised(case, roots=roots)
        wrong += judge(pod, file, number, case, promise)
    tree = pod.tree()
    for number, promise in promises.items():
        different = differing(promise, below(tree, b"case%d/" % number), owners=pod.is_root)
        if different:
            wrong.append(f"seed {number}, {cases[number].policy}: {different}\n{promise.fates}")
    assert not wrong, "\n\n".join(wrong)
    assert promises
    assert pod.marked() == []


@pytest.mark.parametrize("tar", TARS)
@pytest.mark.leaves("record")
def test_a_volume_that_refuses_calls_ends_as_the_model_says(
    cluster: Cluster, backup: Writer, tar: str
) -> None:
    chance = random.Random(f"{SEED} {tar}")  # noqa: S311 - repeatable
    seeds = [f"{SEED} {number}" for number in range(TARS.index(tar), REFUSED_CASES, len(TARS))]
    there = [one for one in REFUSING if one.tar == tar]
    # A pod of the real node has its profile for good.
    given = chance.choice(there)
    pod = cluster.pod(tar if cluster.embedded else given.name)
    wrong: list[str] = []
    for number, seed in enumerate(seeds):
        own = random.Random(seed)  # noqa: S311 - repeatable
        refused = random_refusals(own) if cluster.embedded else given.refused
        case = random_case(own, pod.owner, others=pod.is_root)
        promise = promised(case, kept=Kept.of(refused))
        pod.lay_down(all_before(pod, {number: case}).archive())
        if cluster.embedded:
            pod.refuse(refused)
        file = backup(case.backup.archive(without=case.unnamed), f"{number}.tar")
        about = f", {tar}, {seed!r}, {json.dumps(refused)}"
        wrong += judge(pod, file, number, case, promise, about=about)
        tree = below(pod.tree(), b"case%d/" % number)
        if different := differing(promise, tree, owners=pod.is_root):
            wrong.append(f"{number}, {case.policy}{about}: {different}\n{promise.fates}")
    assert not wrong, "\n\n".join(wrong)
    assert pod.marked() == []
