"""What a volume keeps of what is set on it, as the calls that are refused there say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tests.model.tree import ANY, Node, Tree
from tests.refusals import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

_FAMILIES: Final = ("chown", "chmod", "utime", "link", "symlink")


@dataclass(frozen=True, slots=True)
class Kept:
    """A volume.

    Attributes:
        owner: it keeps owners; else all that is made is root's.
        mode: it keeps modes; else nobody promises which one there is.
        time: it keeps modification times.
        links: it has hard links.
        symlinks: it has symbolic links.
    """

    owner: bool = True
    mode: bool = True
    time: bool = True
    links: bool = True
    symlinks: bool = True

    @staticmethod
    def of(refused: Mapping[str, str]) -> Kept:
        """Return what is kept where these families of calls are refused or ignored."""
        return Kept(*(family not in refused for family in _FAMILIES))

    def made(self, node: Node) -> Node:
        """Return what comes of it when it is made there."""
        return replace(
            node,
            owner=node.owner if self.owner else (0, 0),
            mode=node.mode if self.mode or node.kind == "symlink" else ANY,
            mtime=node.mtime if self.time else ANY,
        )

    def set(self, tree: Tree, path: bytes, **wanted: object) -> None:
        """Set attributes of what stands at a path: those that are kept."""
        is_kept = {"owner": self.owner, "mode": self.mode, "mtime": self.time}
        tree.change(path, **{name: value for name, value in wanted.items() if is_kept[name]})

    def is_right(self, stands: Node, wanted: Node) -> bool:
        """Tell whether a directory is as the backup has it, as far as it can be."""
        return self.made(stands) == self.made(wanted)


EVERYTHING: Final = Kept()


def random_refusals(chance: Random) -> dict[str, str]:
    """Return one to three families of calls, each with an answer."""
    families = chance.sample(_FAMILIES, chance.choice((1, 2, 2, 3)))
    return {family: chance.choice(list(ANSWERS)) for family in sorted(families)}
