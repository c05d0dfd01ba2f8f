"""What was saved: for the summary, and to be compared with what is deleted later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubectl_restore.container.survey import Standing
from kubectl_restore.undo.states import number_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_restore.archive.checksums import Algorithm
    from kubectl_restore.container.questions import Questions
    from kubectl_restore.container.survey import Entry


@dataclass(frozen=True, slots=True)
class Saved:
    """What a summary says about it, and what is to be deleted as it was saved.

    Attributes:
        notes: sentences.
        next_steps: commands.
        further: for each path of `Replaced.further`, a number that stands for what was saved.
    """

    notes: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    further: Mapping[bytes, int] = field(default_factory=dict)

    def changed(self, found: Mapping[bytes, Entry], digests: Mapping[bytes, bytes]) -> list[bytes]:
        """Return those of `further` that are not what was saved.

        Args:
            found: what stands there now.
            digests: the checksums of the files among it; see `contents_of`.
        """
        return [
            path
            for path, entry in found.items()
            if self.further.get(path, 0) != number_of(entry, digests.get(path))
        ]


def contents_of(
    found: Mapping[bytes, Entry], questions: Questions, algorithm: Algorithm | None
) -> dict[bytes, bytes]:
    """Ask for the checksums of files: their times, in whole seconds, do not show a change.

    Args:
        found: what stands at some paths.
        questions: asked through the open exec.
        algorithm: what the container has; None for nothing, which is enough for no files.
    """
    full = [path for path, one in found.items() if one.kind is Standing.FILE and one.size]
    return {} if algorithm is None else questions.digests(full, algorithm)
