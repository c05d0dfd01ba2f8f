"""Differences as a person reads them: all of one path together, what is changed first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.progress import CHANGED, EXTRA, MISSING, Finding

if TYPE_CHECKING:
    from kubectl_restore.progress import Progress

_OF_CONTENTS: Final = frozenset({"content", "size"})


class Grouped:
    """Passes findings on in their order: changed, missing, extra.

    What is changed goes on at once; what is missing waits, a path each.

    Attributes:
        contents: paths whose contents are not the backup's, in the order of their findings.
    """

    def __init__(self, progress: Progress) -> None:
        """Know of none."""
        self._progress = progress
        self._parts: list[Finding] = []
        self._later: list[Finding] = []
        self._extra: list[Finding] = []
        self.contents: list[bytes] = []

    def tell(self, finding: Finding) -> None:
        """Take the next one; those of one path come one after the other."""
        if self._parts and self._parts[0].name != finding.name:
            self._flush()
        if finding.kind == MISSING:
            self._later.append(finding)
        elif finding.kind == EXTRA:
            self._extra.append(finding)
        else:
            self._parts.append(finding)

    def close(self) -> None:
        """Pass on what waits."""
        self._flush()
        for finding in (*self._later, *self._extra):
            self._progress.differs(finding)

    def _flush(self) -> None:
        if not self._parts:
            return
        name = self._parts[0].name
        if any(one.kind in _OF_CONTENTS for one in self._parts):
            self.contents.append(name)
        what = "; ".join(
            one.what if one.kind in {"kind", "link"} else f"{one.kind} {one.what}"
            for one in self._parts
        )
        self._progress.differs(Finding(CHANGED, name, what, tuple(self._parts)))
        self._parts = []
