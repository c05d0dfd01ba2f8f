"""Random trees, and backups that overlap with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubectl_restore.plan.policy import Overwrite
from tests.contract.trees import MTIME
from tests.model.tree import Node, Tree

if TYPE_CHECKING:
    from random import Random

_NAMES = (b"a", b"b b", b"c\nc", b"-d", b"e\xff", b"f\\f")
_DIRECTORIES = (b"", b"x/", b"x/y/", b"z z/", b"w/")
_CONTENTS = (b"", b"one", b"two", b"other", b"a longer one")
_TIMES = (MTIME - 1000, MTIME, MTIME + 1000)
_MODES = (0o644, 0o600, 0o755)
_LINKS = (b"nowhere", b"a", b"../outside")


@dataclass(slots=True)
class Case:
    """One restore.

    Attributes:
        before: what stands there.
        backup: what is restored.
        unnamed: directories of the backup that have no member.
        policy: what becomes of what differs.
    """

    before: Tree = field(default_factory=Tree)
    backup: Tree = field(default_factory=Tree)
    unnamed: frozenset[bytes] = frozenset()
    policy: Overwrite = Overwrite.REFUSE


def random_case(chance: Random, owner: tuple[int, int], *, others: bool) -> Case:
    """Return a case.

    Args:
        chance: decides.
        owner: whom things belong to.
        others: some belong to root instead.
    """
    owners = [owner, owner, owner, (0, 0)] if others else [owner]
    backup = _tree(chance, owners)
    before = Tree()
    for path in sorted(backup.paths):
        parent = path.rpartition(b"/")[0]
        above = before.at(parent) if parent else Node("directory")
        if above is not None and above.kind == "directory":
            _put_before(chance, before, path, backup.nodes[backup.paths[path]], owners)
    _link_before(chance, before, backup)
    _add_strangers(chance, before, owners)
    kinds = {path: backup.nodes[number].kind for path, number in backup.paths.items()}
    unnamed = frozenset(
        path
        for path, kind in kinds.items()
        if kind == "directory"
        and chance.random() < 0.2
        and any(one.startswith(path + b"/") for one in kinds)
    )
    return Case(before, backup, unnamed, chance.choice(list(Overwrite)))


def _put_before(
    chance: Random, before: Tree, path: bytes, node: Node, owners: list[tuple[int, int]]
) -> None:
    """Put there what the backup has, something like it, something else, or nothing."""
    fate = chance.random()
    if fate < 0.25:
        return
    if fate < 0.6:
        before.put(path, _with_time(chance, node))
    elif node.kind == "directory" and chance.random() < 0.9:
        # Files where directories have to be are rare: they end everything.
        other = Node("directory", chance.choice((0o755, 0o700)), chance.choice(_TIMES))
        before.put(path, _owned(other, owners, chance))
    elif fate < 0.95:
        before.put(path, _leaf(chance, owners))
    elif chance.random() < 0.3:
        before.put(path, Node("directory", 0o755, MTIME, owner=owners[0]))


def _link_before(chance: Random, before: Tree, backup: Tree) -> None:
    """Make some of what the backup has as one file one file."""
    for path in backup.paths:
        group = sorted(backup.names(path) | {path})
        files = [
            one for one in group if (node := before.at(one)) is not None and node.kind == "file"
        ]
        if len(files) > 1 and chance.random() < 0.6:
            for one in files[1:]:
                before.link(one, files[0])


def _tree(chance: Random, owners: list[tuple[int, int]]) -> Tree:
    tree = Tree()
    for directory in _DIRECTORIES:
        if directory and chance.random() < 0.3:
            continue
        above = directory.rstrip(b"/")
        while above:
            if above not in tree.paths:
                mode = chance.choice((0o755, 0o750))
                node = Node("directory", mode, chance.choice(_TIMES))
                tree.put(above, _owned(node, owners, chance))
            above = above.rpartition(b"/")[0]
        for name in _NAMES:
            if chance.random() < 0.4:
                tree.put(directory + name, _leaf(chance, owners))
    files = sorted(path for path in tree.paths if tree.nodes[tree.paths[path]].kind == "file")
    for number in range(chance.choice((0, 0, 1, 2))):
        if files:
            first = chance.choice(files)
            tree.link(b"hard%d" % number, first)
            if chance.random() < 0.5:
                tree.link(b"x-hard%d" % number, first)
    return tree


def _leaf(chance: Random, owners: list[tuple[int, int]]) -> Node:
    if chance.random() < 0.25:
        return _owned(Node("symlink", 0o777, MTIME, chance.choice(_LINKS)), owners, chance)
    content = chance.choice(_CONTENTS)
    node = Node("file", chance.choice(_MODES), chance.choice(_TIMES), content)
    return _owned(node, owners, chance)


def _owned(node: Node, owners: list[tuple[int, int]], chance: Random) -> Node:
    return Node(node.kind, node.mode, node.mtime, node.content, chance.choice(owners))


def _with_time(chance: Random, node: Node) -> Node:
    """Return it as it is, or with another time or mode."""
    if chance.random() < 0.6 or node.kind == "symlink":
        return node
    if chance.random() < 0.5:
        return Node(node.kind, node.mode, chance.choice(_TIMES), node.content, node.owner)
    modes = (0o755, 0o700) if node.kind == "directory" else _MODES
    return Node(node.kind, chance.choice(modes), node.mtime, node.content, node.owner)


def _add_strangers(chance: Random, tree: Tree, owners: list[tuple[int, int]]) -> None:
    for directory in _DIRECTORIES:
        node = tree.at(directory.rstrip(b"/")) if directory else Node("directory")
        if node is not None and node.kind == "directory" and chance.random() < 0.4:
            tree.put(directory + b"stranger", _leaf(chance, owners))
