"""Random trees, backups and policies: a real pod ends as the model says (tests/model).

RESTORE_CASES: how many; in all, over the kinds of pod. The seeds are the numbers from 0 on.
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
from tests.model.promise import promised
from tests.model.tree import ANY, Node, Tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod
    from tests.contract.trees import Seen
    from tests.model.cases import Case
    from tests.model.promise import Promise

    Writer = Callable[..., Path]

KINDS = ["busybox", "debian", "bsdtar", "toybox", "nonroot-gnu"]
CASES = int(os.environ.get("RESTORE_CASES", "40"))


def lay_down(pod: Pod, backup: Writer, cases: dict[int, Case]) -> None:
    """Have all trees stand there as the model has them, each below a directory of its own."""
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
    result = restore(pod, backup(together.archive(), "before.tar"))
    assert result.code == 0, result
    assert trees.differences(together.seen(), pod.tree(), owners=pod.is_root) == []


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
    expected = promise.tree.seen()
    for path, seen in expected.items():
        if seen.mtime == ANY and path in after:
            expected[path] = replace(seen, mtime=after[path].mtime)
    return trees.differences(expected, after, owners=owners)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pod_ends_as_the_model_says(cluster: Cluster, backup: Writer, kind: str) -> None:
    pod = cluster.pod(kind)
    numbers = range(KINDS.index(kind), CASES, len(KINDS))
    cases = {
        number: random_case(random.Random(number), pod.owner, others=pod.is_root)  # noqa: S311
        for number in numbers
    }
    lay_down(pod, backup, cases)
    roots = pod.owner if kind.startswith("nonroot") else (0, 0)
    wrong: list[str] = []
    promises = {}
    for number, case in cases.items():
        file = backup(case.backup.archive(without=case.unnamed), f"{number}.tar")
        promises[number] = promise = promised(case, roots=roots)
        target = f"--target-path={pod.path}/case{number}"
        flags = (f"--overwrite={case.policy}", "-o", "json", "--progress=none", target)
        result = restore(pod, file, *flags)
        about = f"seed {number}, {case.policy}: "
        counts = json.loads(result.out.splitlines()[-1])
        if result.code != promise.code:
            wrong.append(f"{about}{promise.fates}\n{result}")
        elif result.code == 0:
            found = [counts[f"files_{what}"] for what in ("unchanged", "adjusted", "skipped")]
            if found != [promise.unchanged, promise.adjusted, promise.skipped]:
                wrong.append(f"{about}{found} unchanged, adjusted, skipped; {promise.fates}")
            again = json.loads(restore(pod, file, *flags).out.splitlines()[-1])
            if case.policy != "always" and again.get("regular_files_restored") != 0:
                wrong.append(f"{about}a second run sent something: {again}")
    tree = pod.tree()
    for number, promise in promises.items():
        different = differing(promise, below(tree, b"case%d/" % number), owners=pod.is_root)
        if different:
            wrong.append(f"seed {number}, {cases[number].policy}: {different}\n{promise.fates}")
    assert not wrong, "\n\n".join(wrong)
    assert promises
    assert pod.marked() == []
