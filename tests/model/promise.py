"""What each policy promises, said of trees: docs/converging.md in Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubectl_restore.plan.policy import Overwrite
from tests.model.kept import EVERYTHING, Kept
from tests.model.tree import ANY, Node, Tree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.model.cases import Case

IN_THE_WAY = 6
NOT_MADE = 7
_SETS_ALL = {Overwrite.IF_CHANGED, Overwrite.ALWAYS}


@dataclass(slots=True)
class Promise:
    """What comes of a case.

    Attributes:
        code: the exit code.
        tree: what stands there afterwards.
        unchanged: files and links that were right.
        adjusted: paths, directories too, of which mode, owner or time were set alone.
        skipped: paths at which something else stays.
        fates: what becomes of each path of the backup.
        unmade: paths that the volume refuses: what stands there afterwards nobody promises.
    """

    code: int
    tree: Tree
    unchanged: int = 0
    adjusted: int = 0
    skipped: int = 0
    fates: dict[bytes, str] = field(default_factory=dict)
    unmade: set[bytes] = field(default_factory=set)


def promised(case: Case, *, roots: tuple[int, int] = (0, 0), kept: Kept = EVERYTHING) -> Promise:
    """Return what a case's policy promises.

    Args:
        case: the restore.
        roots: whom directories belong to that the backup needs and does not name.
        kept: what the volume keeps.
    """
    fates = {path: _fate(case, path, kept) for path in _order(case.backup)}
    if not refused(fates):
        for path, target in _links(case.backup).items():
            fates[path] = _fate_of_link(case, path, target, fates, kept)
    if refused(fates):
        return Promise(IN_THE_WAY, case.before, fates=fates)
    promise = Promise(0, case.before.copy(), fates=fates)
    changed: set[bytes] = set()
    for path in _order(case.backup):
        _carry_out(case, promise, path, changed, kept)
    _link_all(case, promise, changed, kept)
    _set_directories(case, promise, changed, roots, kept)
    if promise.unmade:
        promise.code = NOT_MADE
    return promise


def refused(fates: dict[bytes, str]) -> bool:
    """Tell whether something is in the way."""
    return "refuse" in fates.values()


def _links(backup: Tree) -> dict[bytes, bytes]:
    """Return the names that a tar has as hard links, with the name that has the content."""
    first: dict[int, bytes] = {}
    links = {}
    for path in sorted(backup.paths):
        number = backup.paths[path]
        if number in first:
            links[path] = first[number]
        else:
            first[number] = path
    return links


def _order(backup: Tree) -> list[bytes]:
    links = _links(backup)
    return [path for path in sorted(backup.paths) if path not in links]


def _is_same(stands: Node, wanted: Node, kept: Kept) -> bool:
    """Kind, size and time, contents where times are not kept; of a symlink where it leads."""
    if stands.kind != wanted.kind:
        return False
    if wanted.kind == "symlink" or not kept.time:
        return stands.content == wanted.content
    return (len(stands.content), stands.mtime) == (len(wanted.content), wanted.mtime)


def _has_rights(stands: Node, wanted: Node, kept: Kept) -> bool:
    modes = wanted.kind == "symlink" or not kept.mode or stands.mode == wanted.mode
    return modes and (not kept.owner or stands.owner == wanted.owner)


def _fate(case: Case, path: bytes, kept: Kept) -> str:
    wanted, stands = case.backup.at(path), case.before.at(path)
    assert wanted is not None
    if stands is None:
        return "create"
    if wanted.kind == "directory":
        return "directory" if stands.kind == "directory" else "refuse"
    # Under its other names nothing is changed.
    shared = wanted.kind == "file" and bool(case.before.names(path))
    return _fate_of_file(case, stands, wanted, kept, linked=True, shared=shared)


def _fate_of_file(
    case: Case, stands: Node, wanted: Node, kept: Kept, *, linked: bool, shared: bool = False
) -> str:
    policy = case.policy
    if stands.kind == "directory":
        return "skip" if policy is Overwrite.NEVER else "refuse"
    if linked and _is_same(stands, wanted, kept) and policy is not Overwrite.ALWAYS:
        if _has_rights(stands, wanted, kept):
            return "keep"
        if policy is Overwrite.IF_CHANGED and not shared:
            return "adjust"
    if policy in _SETS_ALL or (policy is Overwrite.IF_NEWER and wanted.mtime > stands.mtime):
        return "replace"
    return "refuse" if policy is Overwrite.REFUSE else "skip"


def _fate_of_link(
    case: Case, path: bytes, target: bytes, fates: dict[bytes, str], kept: Kept
) -> str:
    wanted, stands = case.backup.at(path), case.before.at(path)
    assert wanted is not None
    if stands is None:
        return "create"
    is_one = target in case.before.names(path) and fates[target] not in {"create", "replace"}
    return _fate_of_file(case, stands, wanted, kept, linked=is_one or not kept.links)


def _carry_out(case: Case, promise: Promise, path: bytes, changed: set[bytes], kept: Kept) -> None:
    wanted, fate, tree = case.backup.at(path), promise.fates[path], promise.tree
    assert wanted is not None
    if fate not in {"create", "replace"}:
        _leave(promise, path, wanted, kept)
        return
    changed.add(path)
    if wanted.kind == "symlink" and not kept.symlinks:
        promise.unmade.add(path)
    else:
        tree.put(path, kept.made(wanted))


def _leave(promise: Promise, path: bytes, wanted: Node, kept: Kept) -> None:
    """Have the content of a file stay; directories wait for the end."""
    fate = promise.fates[path]
    if fate == "adjust":
        kept.set(promise.tree, path, mode=wanted.mode, owner=wanted.owner)
        promise.adjusted += 1
    elif fate == "keep":
        promise.unchanged += 1
    elif fate == "skip":
        promise.skipped += 1


def _link_all(case: Case, promise: Promise, changed: set[bytes], kept: Kept) -> None:
    """Links are one file with what they lead to; where that stays, with each other.

    Where the volume has no links each is a file of its own.
    """
    heirs: dict[bytes, bytes] = {}
    for path, target in _links(case.backup).items():
        fate, tree = promise.fates[path], promise.tree
        wanted = case.backup.at(path)
        assert wanted is not None
        if fate in {"create", "replace"}:
            changed.add(path)
            if not kept.links:
                tree.put(path, kept.made(wanted))
            elif promise.fates[target] != "skip":
                tree.link(path, target)
            elif target in heirs:
                tree.link(path, heirs[target])
            else:
                heirs[target] = path
                tree.put(path, kept.made(wanted))
        else:
            _leave(promise, path, wanted, kept)


def _set_directories(
    case: Case, promise: Promise, changed: Iterable[bytes], roots: tuple[int, int], kept: Kept
) -> None:
    tree = promise.tree
    parents = {path.rpartition(b"/")[0] for path in changed}
    needed = {path for path in case.backup.paths if _is_directory(case.backup, path)}
    for path in sorted(needed):
        wanted, stood = case.backup.at(path), case.before.at(path)
        assert wanted is not None
        if path in case.unnamed:
            if stood is None:
                owner = roots if roots != (0, 0) else _only_owner_below(case, path)
                tree.put(path, kept.made(Node("directory", 0o755, ANY, owner=owner)))
            elif path in parents:
                tree.change(path, mtime=ANY)
            continue
        if stood is None:
            tree.put(path, kept.made(wanted))
            continue
        is_written, is_right = path in parents, kept.is_right(stood, wanted)
        if is_written:
            tree.change(path, mtime=ANY)
        if case.policy in _SETS_ALL or (is_written and is_right):
            # The time of one that was right comes right again.
            kept.set(tree, path, mode=wanted.mode, owner=wanted.owner, mtime=wanted.mtime)
            is_always = case.policy is Overwrite.ALWAYS
            promise.adjusted += is_always or not is_right or is_written


def _only_owner_below(case: Case, path: bytes) -> tuple[int, int]:
    """Return whom all belongs to that the backup has below a directory; root where that varies."""
    owners = {
        case.backup.nodes[number].owner
        for one, number in case.backup.paths.items()
        if one.startswith(path + b"/") and one not in case.unnamed
    }
    return owners.pop() if len(owners) == 1 else (0, 0)


def _is_directory(tree: Tree, path: bytes) -> bool:
    node = tree.at(path)
    return node is not None and node.kind == "directory"
