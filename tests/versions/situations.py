"""What is played with each kubectl over each transport, and what has to come of it.

The failures are those in which kubectl's own words decide (cluster/messages.py): they differ
from version to version and between the transports.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from tests.contract import trees
from tests.contract.clusters import Pod
from tests.contract.program import Result, interrupt
from tests.contract.test_trouble import until_nothing_is_left, wait_for
from tests.versions.stage import READER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.versions.stage import Stage

KINDS: Final = ("debian", "static", "completed")
"""The pods that are needed."""
_SOME: Final = 20_000_000
"""Bytes: some seconds of a slow link, and more than a window."""
_CLOSED: Final = 1
"""A port on which nothing listens."""


def _expect(result: Result, code: int, *words: str) -> None:
    assert result.code == code, f"exit {result.code}, not {code}: {result}"
    for part in words:
        assert part in result.err + result.out, f"it does not say {part!r}: {result}"
    if code:
        for layer in ("Error: ", "Reason: ", "Fix: "):
            assert f"\n{layer}" in f"\n{result.err}", f"no {layer}: {result}"


def _expect_tree(pod: Pod, archive: bytes) -> None:
    different = trees.differences(trees.tree_of(archive), pod.tree(), owners=pod.is_root)
    assert different == [], different[:5]


def _two_thousand_entries(stage: Stage) -> None:
    pod = stage.cluster.pod("debian")
    archive = trees.two_thousand(owner=pod.owner)
    _expect(stage.restore(pod, stage.backup(archive)), 0, "Restored 1,493 files")
    _expect_tree(pod, archive)


def _some_megabytes(stage: Stage) -> None:
    pod = stage.cluster.pod("debian")
    archive = trees.of_size(_SOME, files=7)
    _expect(stage.restore(pod, stage.backup(archive)), 0, "Restored 7 files")
    _expect_tree(pod, archive)


def _in_the_way(stage: Stage) -> None:
    pod = stage.cluster.pod("debian")
    pod.run("sh", "-c", f"mkdir {pod.path}/app && echo mine >{pod.path}/app/config.yaml")
    before = pod.tree()
    _expect(stage.restore(pod, stage.backup(trees.small())), 6, "nothing was changed")
    assert pod.tree() == before


def _cut_link(stage: Stage) -> None:
    pod = stage.cluster.pod("debian")
    archive = trees.of_size(_SOME, files=7)
    backup, kubeconfig = stage.backup(archive), stage.through_link()
    stage.link.cut_after = _SOME // 2
    result = stage.restore(pod, backup, "--retries=0", kubeconfig=kubeconfig)
    _expect(result, 8, "Error: the link was lost", "to go on: kubectl restore ")
    assert "Restored" not in result.out
    assert until_nothing_is_left(pod) == []
    stage.link.heal()
    _expect(stage.restore(pod, backup, kubeconfig=kubeconfig), 0)
    _expect_tree(pod, archive)


def _interrupted(stage: Stage) -> None:
    pod = stage.cluster.pod("debian")
    stage.link.rate = 5e6
    backup = stage.backup(trees.of_size(_SOME, files=7))
    process = stage.start(pod, backup, kubeconfig=stage.through_link())
    wait_for(process, "restoring")
    while stage.link.sent < _SOME // 8:
        time.sleep(0.01)
    interrupt(process)
    out, err = process.communicate(timeout=60)
    _expect(Result(process.returncode, out, err), 130, "to go on: kubectl restore ")
    assert until_nothing_is_left(pod) == []


def _may_not_get(stage: Stage) -> None:
    result = stage.restore(
        stage.cluster.pod("debian"), stage.backup(trees.small()), "--as=nobody-here"
    )
    _expect(result, 5, "Error: the cluster does not allow this", 'cannot get resource "pods"')


def _may_not_exec(stage: Stage) -> None:
    pod = stage.cluster.pod("debian")
    result = stage.restore(pod, stage.backup(trees.small()), f"--as={READER}")
    _expect(result, 5, "Error: the cluster does not allow this", 'resource "pods/exec"')


def _unknown_user(stage: Stage) -> None:
    pod, kubeconfig = stage.cluster.pod("debian"), stage.stranger()
    result = stage.restore(pod, stage.backup(trees.small()), kubeconfig=kubeconfig)
    _expect(result, 5, "Error: the cluster does not know this user")


def _no_such_pod(stage: Stage) -> None:
    result = stage.restore(Pod(stage.cluster, "nobody"), stage.backup(trees.small()))
    _expect(result, 4, "Error: the pod does not exist", 'pods "nobody" not found')


def _completed(stage: Stage) -> None:
    result = stage.restore(stage.cluster.pod("completed"), stage.backup(trees.small()))
    _expect(result, 4, "Succeeded")


def _no_shell(stage: Stage) -> None:
    pod, backup = stage.cluster.pod("static"), stage.backup(trees.small())
    # Over SPDY the connection can be gone before the reason has come: kubectl ends without a word
    # then (seen once in twenty), and the same command is to be run again.
    result, tries = stage.restore(pod, backup), 1
    while tries < 3 and result.code == 8 and "kubectl said nothing" in result.err:
        result, tries = stage.restore(pod, backup), tries + 1
    _expect(result, 7, "Error: the container has no shell")


def _nobody_listens(stage: Stage) -> None:
    kubeconfig = stage.cluster.through(_CLOSED, "closed")
    pod = stage.cluster.pod("debian")
    result = stage.restore(pod, stage.backup(trees.small()), kubeconfig=kubeconfig)
    _expect(result, 8, "Error: the API server does not answer")


def _another_certificate(stage: Stage) -> None:
    flag = "--tls-server-name=another.example"
    result = stage.restore(stage.cluster.pod("debian"), stage.backup(trees.small()), flag)
    _expect(result, 2, "Error: the API server's certificate is not accepted")


def _no_such_context(stage: Stage) -> None:
    pod = stage.cluster.pod("debian")
    result = stage.restore(pod, stage.backup(trees.small()), "--context=nope")
    _expect(result, 2, "Error: the kubeconfig does not have what was named")


SITUATIONS: Final[Mapping[str, Callable[[Stage], None]]] = {
    "2,000 entries of every kind": _two_thousand_entries,
    "20 MB": _some_megabytes,
    "something in the way (6)": _in_the_way,
    "the link cut in the middle (8), and gone on": _cut_link,
    "Ctrl-C in the middle (130)": _interrupted,
    "get pods forbidden (5)": _may_not_get,
    "pods/exec forbidden (5)": _may_not_exec,
    "an unknown user (5)": _unknown_user,
    "no such pod (4)": _no_such_pod,
    "a completed pod (4)": _completed,
    "no shell (7)": _no_shell,
    "no API server (8)": _nobody_listens,
    "another's certificate (2)": _another_certificate,
    "no such context (2)": _no_such_context,
}
"""By the name that the table's text gives them."""
