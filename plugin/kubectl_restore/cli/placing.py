"""Where a backup goes when the command line does not say: asked at a terminal, else said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.cli.targets import target_path
from kubectl_restore.errors import UsageError

if TYPE_CHECKING:
    from kubectl_restore.deadline import Watch
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.ui.display import Display

_PAUSE: Final = 0.05
"""Seconds between two looks for an answer."""


def placed(
    request: RestoreRequest, display: Display, watch: Watch, *, is_asked: bool, is_compared: bool
) -> RestoreRequest:
    """Return the request with the target path that the person at the terminal names.

    Args:
        request: goes to `/`, as nothing else was said.
        display: asks, or warns.
        watch: may end it.
        is_asked: somebody is there who can be asked.
        is_compared: nothing is written.

    Raises:
        UsageError: nothing was named, or no target path.
        TimedOutError, SignalledError: the watch ended the run.
    """
    if not is_asked:
        display.unplaced(is_compared=is_compared)
        return request
    display.prompt("No target path was given (-t). Restore below which directory of the pod? ")
    while (typed := display.typed()) is None:
        watch.check()
        watch.rest(_PAUSE)
    if not typed.strip():
        raise UsageError(
            "no target path was given; nothing was changed",
            reason="without one a backup goes to / of the container, over its own files",
            fix=request.command_with("-t", "/data"),
        )
    return request.placed_at(target_path(typed.strip()))
