"""Which display a user gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.ui.display import Display, Quiet
from kubectl_restore.ui.live import Live
from kubectl_restore.ui.older import Older
from kubectl_restore.ui.plain import Plain

if TYPE_CHECKING:
    from kubectl_restore.ui.environment import Environment


def choose_display(
    environment: Environment, *, progress: str, quiet: bool, verbosity: int, older: bool
) -> Display:
    """Return the display for `--progress auto|live|plain|none`, `-q` and the older spelling."""
    if quiet:
        return Quiet(environment, 0)
    if progress == "none":
        return Display(environment, verbosity)
    drawn = environment.err_is_terminal and (progress == "live" or not environment.is_ci)
    if drawn and progress in {"auto", "live"}:
        return Live(environment, verbosity)
    return Older(environment, verbosity) if older else Plain(environment, verbosity)
