"""A sign of life now and then, while many members are gone through."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kubectl_restore.deadline import Watch
    from kubectl_restore.progress import Progress

T = TypeVar("T")
Beat = Callable[[], None]
"""Called now and then; may raise what ends a run."""
OFTEN: Final = 8192
"""Members between two beats: some hundredths of a second, whatever is done with each."""


def no_beat() -> None:
    """Do nothing."""


def beat_of(watch: Watch, progress: Progress) -> Beat:
    """Return the beat of what asks nobody meanwhile: it can be ended, and displays move."""

    def beat() -> None:
        watch.check()
        progress.tick()

    return beat


def with_beat(members: Iterable[T], beat: Beat) -> Iterator[T]:
    """Return the members, and beat meanwhile."""
    if beat is no_beat:
        yield from members
        return
    for number, one in enumerate(members):
        if not number % OFTEN:
            beat()
        yield one
