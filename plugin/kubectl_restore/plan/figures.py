"""Members that are sent, counted, and what of them cannot be kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubectl_restore.archive.members.member import Extra


@dataclass(slots=True)
class Figures:
    """What a stream brings, in numbers.

    Attributes:
        regular_files: that are sent.
        bytes: of their content, as restored.
        same: members other than directories that are right already.
        filled: members whose holes are written out.
        attributed: members with attributes or ACLs that the pod's tar is given.
        closing: directories whose mode closes them to their own owner.
        lost: members with what the pod's tar cannot keep, by kind.
    """

    regular_files: int = 0
    bytes: int = 0
    same: int = 0
    filled: int = 0
    attributed: int = 0
    closing: int = 0
    lost: Counter[Extra] = field(default_factory=Counter)

    def add(self, other: Figures) -> None:
        """Take those of a further stream."""
        self.regular_files += other.regular_files
        self.bytes += other.bytes
        self.same += other.same
        self.filled += other.filled
        self.attributed += other.attributed
        self.closing += other.closing
        self.lost.update(other.lost)
