"""`kubectl restore diff`: what differs, path by path, and the contents of small texts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.contract import trees
from tests.contract.clusters import KUBECTL
from tests.contract.program import diff, restore, run
from tests.contract.test_converging import fixed
from tests.json_page import undocumented

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster

    Writer = Callable[..., Path]

KINDS = ["debian", "busybox"]


def settings(owner: tuple[int, int]) -> bytes:
    archive = trees.Archive(owner=owner)
    archive.directory("app")
    archive.add("app/config.yaml", b"port: 80\nlog: info\nhost: \xc3\xa9\n")
    archive.add("app/image", bytes(range(256)))
    archive.add("app/large", b"line\n" * 20_000)
    archive.add("app/same.txt", b"same\n")
    archive.add("app/gone.txt", b"gone\n")
    archive.add("app/full.txt", b"a\nb\n")
    archive.symlink("app/current", "one")
    archive.hardlink("app/hard.yaml", "app/config.yaml")
    archive.add(b"app/odd\x1b[31m\xff", b"x\n")
    archive.directory("lib")
    archive.add("lib/a", b"a\n")
    archive.directory("lib/sub")
    archive.add("lib/sub/b", b"b\n")
    return archive.finish()


@pytest.mark.parametrize("kind", KINDS)
def test_what_differs_is_said_path_by_path_with_the_lines_that_differ(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    file = backup(settings(pod.owner))
    assert restore(pod, file).code == 0
    alike = diff(pod, file)
    assert alike.code == 0, alike
    assert "is as the backup" in alike.out
    pod.run(
        "sh",
        "-c",
        f"cd {pod.path} && rm -r lib app/gone.txt && echo later >app/new "
        "&& printf 'port: 8080\\nlog: info\\nhost: \\033[31m' >app/config.yaml && : >app/full.txt "
        "&& chmod 600 app/same.txt && printf 1 >>app/image && printf 1 >>app/large "
        "&& rm app/current && ln -s two app/current",
    )
    pod.run("sh", "-c", f"cd {pod.path}/app && for one in odd*; do printf 'y\\n' >\"$one\"; done")
    before = pod.tree()
    found = diff(pod, file)
    assert found.code == 9, found
    assert pod.tree() == before
    named = [
        line.split()[:2] for line in found.out.splitlines() if line[:7] in {"changed", "missing"}
    ]
    kinds = [word for word, _ in named]
    assert kinds == sorted(kinds)
    assert "extra" not in found.out
    (mode,) = [line for line in found.out.splitlines() if " app/same.txt:" in line]
    assert mode == "changed  app/same.txt: mode 0600 instead of 0644"
    assert "changed  app/current: content leads to two instead of one" in found.out
    assert "missing  lib: a directory, with 3 of the backup below it\n" in found.out
    assert "newer there (" in found.out
    # What has a control character is no text; the name's is shown as an escape.
    assert "\x1b" not in found.out
    assert (
        "--- app/odd\\x1b[31m\\xff (in the pod)\n+++ app/odd\\x1b[31m\\xff (in the backup)\n"
        in (found.out)
    )
    assert (
        "--- app/full.txt (in the pod)\n+++ app/full.txt (in the backup)\n@@ -0,0 +1,2 @@\n+a\n+b\n"
        in found.out
    )
    assert "--- app/config.yaml" not in found.out
    assert "Note: the contents of 3 files are not shown: no text\n" in found.out
    assert "Note: the contents of 1 file are not shown: larger than 64 KiB\n" in found.out


def test_named_paths_alone_are_looked_at_and_the_fix_leads_on(
    cluster: Cluster, backup: Writer
) -> None:
    pod = cluster.pod("debian")
    file = backup(settings(pod.owner))
    assert restore(pod, file).code == 0
    pod.run(
        "sh",
        "-c",
        f"cd {pod.path} && rm -r lib && printf 'port: 80\\nlog: info' >app/config.yaml "
        "&& echo >app/new",
    )
    only = diff(pod, file, "app/config.yaml")
    assert only.code == 9, only
    assert "missing" not in only.out
    assert only.out.count("--- ") == 1
    assert (
        "@@ -1,2 +1,3 @@\n port: 80\n-log: info\n\\ No newline at end of file\n+log: info\n"
        "+host: é\n" in only.out
    )
    planned = run(*fixed(only))
    assert planned.code == 0, planned
    below = diff(pod, file, f"{pod.path}/lib", "--extras=report")
    assert below.code == 9, below
    assert below.out.startswith("missing  lib: a directory, with 3 of the backup below it\n")
    assert "app/" not in below.out
    assert diff(pod, file, "app/same.txt", "app/image").code == 0
    lines = [
        json.loads(line)
        for line in diff(pod, file, "app", "-o", "json", "--extras", "report").out.splitlines()
    ]
    assert [undocumented(one) for one in lines] == [[]] * len(lines)
    texts = {one["name"] for one in lines if one["message_type"] == "text_difference"}
    assert texts == {"app/config.yaml", "app/hard.yaml"}
    assert {"app/new"} == {one["name"] for one in lines if one.get("kind") == "extra"}
    for path, why in (
        ("nothing", "nothing is not in the backup"),
        ("/elsewhere/x", "not below the target"),
        ("../x", "not below the target"),
    ):
        wrong = diff(pod, file, path)
        assert wrong.code == 2, wrong
        assert why in wrong.err


def test_inspect_says_how_much_of_a_backup_is_right_in_a_pod(
    cluster: Cluster, backup: Writer
) -> None:
    pod = cluster.pod("debian")
    file = backup(settings(pod.owner))
    there = ("--against", f"pod/{pod.name}:{pod.path}", f"--kubeconfig={cluster.kubeconfig}")
    where = (f"--namespace={cluster.namespace}", f"--kubectl={KUBECTL}")
    assert restore(pod, file).code == 0
    full = run("inspect", str(file), *there, *where)
    assert full.code == 0, full
    assert "[####################] 100% of the contents is there\n" in full.out
    assert re.search(r"\n  14 paths, [\d.]+ KiB: right already\n", full.out)
    pod.run(
        "sh",
        "-c",
        f"cd {pod.path} && rm app/large && echo x >>app/same.txt && chmod 600 app/image "
        "&& rm app/gone.txt && mkdir app/gone.txt && echo >app/gone.txt/x",
    )
    before = pod.tree()
    some = run("inspect", str(file), *there, *where, "-o", "json")
    assert some.code == 0, some
    assert pod.tree() == before
    (line,) = [json.loads(line) for line in some.out.splitlines()]
    assert undocumented(line) == []
    plan = line["against"]
    assert (plan["pod"], plan["path"]) == (pod.name, pod.path)
    assert plan["create"] == {"paths": 1, "bytes": 100_000}
    assert plan["replace"] == {"paths": 1, "bytes": 5}
    assert plan["refuse"] == {"paths": 1, "bytes": 5}
    assert plan["adjust"]["paths"] == 2
    assert 0 < plan["share_right"] < 0.1
    # What is in the backup is said, whatever becomes of the question to the cluster.
    gone = run("inspect", str(file), "--against=pod/gone", *there[2:], *where)
    assert gone.code == 4, gone
    assert "members: " in gone.out
    assert "against" not in gone.out
