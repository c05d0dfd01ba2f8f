"""Each archive of the corpus is refused before the pod is touched; the rest of it does no harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_restore.text import shown
from tests.contract.corpus import CORPUS, Hostile
from tests.contract.program import restore, restore_piped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster

    Writer = Callable[[bytes], Path]

ALONE = [one for one in CORPUS if one.rest is not None]
_ON_A_NODE = 6
"""Of so many one is tried on a real node: what is refused here does not depend on the cluster."""


def draw(cluster: Cluster, hostile: Hostile) -> None:
    """Skip most on a real node."""
    if cluster.embedded is None and CORPUS.index(hostile) % _ON_A_NODE:
        pytest.skip("the embedded cluster tries all of these, the node every sixth")


def test_there_are_enough_of_them() -> None:
    assert len(ALONE) >= 40
    assert len({one.name for one in CORPUS}) == len(CORPUS)


@pytest.mark.parametrize("hostile", CORPUS, ids=lambda one: one.name)
def test_it_is_refused_before_the_pod_is_touched(
    cluster: Cluster, backup: Writer, hostile: Hostile
) -> None:
    draw(cluster, hostile)
    pod = cluster.pod("debian")
    result = restore(pod, backup(hostile.data), "--force")
    assert result.code == 3, result
    assert hostile.words in result.err
    assert result.err.replace("\n", "").isprintable()
    assert pod.tree().keys() <= {b"", b"."}


@pytest.mark.parametrize("hostile", ALONE, ids=lambda one: one.name)
def test_it_is_left_out_alone(cluster: Cluster, backup: Writer, hostile: Hostile) -> None:
    draw(cluster, hostile)
    pod = cluster.pod("debian")
    result = restore(pod, backup(hostile.data), "--skip-unsafe")
    assert result.code == 0, result
    assert "left out as not safe" in result.out
    assert (result.err + result.out).replace("\n", "").isprintable()
    assert frozenset(pod.tree()) - {b"", b"."} == hostile.rest


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize("hostile", CORPUS, ids=lambda one: one.name)
@pytest.mark.leaves("record")
def test_it_is_refused_when_it_is_piped(cluster: Cluster, hostile: Hostile) -> None:
    # What refuses it is the same program; the real node has seen it as a file.
    pod = cluster.pod("debian")
    result = restore_piped(pod, hostile.data, "--force")
    assert result.code == 3, result
    assert pod.tree().keys() <= {b"", b"."}


def test_names_are_shown_escaped(cluster: Cluster, backup: Writer) -> None:
    (moving,) = [one for one in CORPUS if "terminal" in one.name]
    result = restore(cluster.pod("debian"), backup(moving.data))
    assert shown(b"../\x1b[2J\x07evil") in result.err
