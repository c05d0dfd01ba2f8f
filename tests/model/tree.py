"""A tree in memory: paths, and the files behind them, so that hard links are one file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.contract.trees import Archive, Seen

if TYPE_CHECKING:
    from collections.abc import Iterable

ANY = -1
"""A time that nobody promises."""


@dataclass(frozen=True, slots=True)
class Node:
    """A file, a symbolic link or a directory.

    Attributes:
        kind: file, symlink or directory.
        mode: permission bits; 0o777 for a symlink.
        mtime: whole seconds, or `ANY`.
        content: of a file, or where a symlink leads.
        owner: user and group.
    """

    kind: str
    mode: int = 0o755
    mtime: int = ANY
    content: bytes = b""
    owner: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class Tree:
    """Paths to numbers of nodes."""

    paths: dict[bytes, int] = field(default_factory=dict)
    nodes: dict[int, Node] = field(default_factory=dict)

    def copy(self) -> Tree:
        """Return another one like it."""
        return Tree(dict(self.paths), dict(self.nodes))

    def at(self, path: bytes) -> Node | None:
        """Return what stands at a path."""
        number = self.paths.get(path)
        return None if number is None else self.nodes[number]

    def put(self, path: bytes, node: Node) -> None:
        """Make something new at a path."""
        number = len(self.nodes)
        self.nodes[number] = node
        self.paths[path] = number

    def link(self, path: bytes, other: bytes) -> None:
        """Make a path another name of a file."""
        self.paths[path] = self.paths[other]

    def change(self, path: bytes, **changes: object) -> None:
        """Change the file behind a path, under all its names."""
        number = self.paths[path]
        self.nodes[number] = replace(self.nodes[number], **changes)  # type: ignore[arg-type]

    def names(self, path: bytes) -> frozenset[bytes]:
        """Return the other names of the file at a path."""
        number = self.paths[path]
        return frozenset(one for one, own in self.paths.items() if own == number) - {path}

    def seen(self) -> dict[bytes, Seen]:
        """Return it as the contract tests compare trees."""
        found = {}
        for path, number in self.paths.items():
            node = self.nodes[number]
            plain = node.kind != "symlink"
            content = node.content.decode("utf-8", "surrogateescape")
            if node.kind == "file":
                content = hashlib.sha256(node.content).hexdigest()
            found[path] = Seen(
                kind=node.kind,
                mode=node.mode if plain else None,
                mtime=node.mtime if plain else None,
                content=content,
                owner=node.owner,
                linked=self.names(path),
            )
        return found

    def archive(self, without: Iterable[bytes] = ()) -> bytes:
        """Return a tar of it: directories before what stands in them, hard links last.

        Args:
            without: directories that get no member.
        """
        first: dict[int, bytes] = {}
        links = []
        made = Archive()
        left_out = set(without)
        for path in sorted(self.paths):
            number = self.paths[path]
            node = self.nodes[number]
            if path in left_out:
                continue
            if number in first:
                links.append((path, first[number]))
                continue
            first[number] = path
            made.owner = node.owner
            if node.kind == "directory":
                made.directory(path, mode=node.mode, mtime=node.mtime)
            elif node.kind == "symlink":
                made.symlink(path, node.content)
            else:
                made.add(path, node.content, mode=node.mode, mtime=node.mtime)
        for path, other in links:
            made.owner = self.nodes[self.paths[other]].owner
            made.hardlink(path, other)
        return made.finish()
