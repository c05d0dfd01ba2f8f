"""For random trees, backups and policies: the plan, carried out, gives what the policy promises."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from kubectl_restore.archive.members.member import Kind, normal_path
from kubectl_restore.container.survey import Entry, Standing
from kubectl_restore.plan.operation import Action
from kubectl_restore.plan.sameness import Policy
from tests.contract.trees import differences
from tests.model.cases import random_case
from tests.model.promise import promised
from tests.model.tree import ANY, Node, Tree
from tests.unit.archive.making import index_of_bytes
from tests.unit.plan.planning import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.plan.plan import Plan

CASES = 1500
OWNER = (1234, 567)
_STANDING = {
    "file": Standing.FILE,
    "symlink": Standing.SYMLINK,
    "directory": Standing.DIRECTORY,
}
_NODES = {Kind.FILE: "file", Kind.SYMLINK: "symlink", Kind.DIRECTORY: "directory"}


def survey_of(tree: Tree) -> dict[bytes, Entry]:
    """Return what a pod would say of a tree."""
    found = {b"": Entry(Standing.DIRECTORY, 0, 0o755, 0, 0, 0, 1_000_000)}
    for path, number in tree.paths.items():
        node = tree.nodes[number]
        uid, gid = node.owner
        kind = _STANDING[node.kind]
        links = 1 + len(tree.names(path))
        found[path] = Entry(
            kind, len(node.content), node.mode, node.mtime, uid, gid, number, 8, links=links
        )
    return found


def carried_out(before: Tree, plan: Plan, contents: dict[bytes, bytes]) -> Tree:
    """Return the tree after a plan; `contents` has those of the backup's files, by path."""
    tree = before.copy()
    made = [path for path, one in sorted(plan.parents.items()) if one.action is Action.CREATE]
    for path in made:
        tree.put(path, Node("directory", 0o755, ANY, owner=plan.parent_owners.get(path, (0, 0))))
    directories = {}
    for number in plan.carried():
        member = plan.member(number)
        if member.kind is Kind.DIRECTORY:
            directories[member.path] = _node(member, b"")
            if tree.at(member.path) is not None:
                continue
        made.append(member.path)
        if member.kind is Kind.HARDLINK:
            tree.link(member.path, normal_path(member.link))
        else:
            tree.put(member.path, _node(member, contents.get(member.path, b"")))
    for one in plan.operations():
        if one.action is Action.ADJUST and one.member is not None:
            content_of = plan.contents.of(one.member)
            tree.change(one.path, mode=content_of.mode, owner=(content_of.uid, content_of.gid))
    for parent in {path.rpartition(b"/")[0] for path in made} - {b""}:
        tree.change(parent, mtime=ANY)
    for path, node in directories.items():
        tree.change(path, mode=node.mode, mtime=node.mtime, owner=node.owner)
    return tree


def _node(member: Member, content: bytes) -> Node:
    content = member.link if member.kind is Kind.SYMLINK else content
    owner = (member.uid, member.gid)
    return Node(_NODES[member.kind], member.mode, member.mtime, content, owner)


def test_the_plan_gives_what_the_policy_promises(tmp_path: Path) -> None:
    codes = {0: 0, 6: 0}
    for seed in range(CASES):
        chance = random.Random(seed)  # noqa: S311 - no secret
        case = random_case(chance, OWNER, others=True)
        index = index_of_bytes(tmp_path, case.backup.archive(without=case.unnamed))
        policy = Policy(overwrite=case.policy)
        plan = make_plan(index, survey_of(case.before), policy)
        promise = promised(case)
        codes[promise.code] += 1
        about = f"seed {seed}, {case.policy}: {promise.fates}"
        assert plan.is_refused == (promise.code == 6), about
        if plan.is_refused:
            continue
        contents = {path: case.backup.nodes[n].content for path, n in case.backup.paths.items()}
        after = carried_out(case.before, plan, contents)
        assert differences(promise.tree.seen(), after.seen(), owners=True) == [], about
        assert plan.figures.same == promise.unchanged, about
        assert plan.outcomes()[Action.ADJUST] == promise.adjusted, about
        assert plan.count(Action.SKIP) == promise.skipped, about
    # The cases are of both sorts.
    assert min(codes.values()) > CASES / 10
