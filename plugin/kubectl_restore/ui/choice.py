"""Which display a user gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.ui.display import Display, Quiet
from kubectl_restore.ui.json_lines import JsonLines, JsonProgress
from kubectl_restore.ui.live import Live
from kubectl_restore.ui.older import Older
from kubectl_restore.ui.plain import Plain

if TYPE_CHECKING:
    from kubectl_restore.ui.environment import Environment
    from kubectl_restore.ui.logged import Log


_NO_MESSAGES: Final = -1


def choose_display(
    environment: Environment,
    *,
    progress: str,
    quiet: bool,
    verbosity: int,
    older: bool,
    output: str = "text",
    log: Log | None = None,
) -> Display:
    """Return the display that a user's flags ask for.

    Args:
        environment: where it shows.
        progress: auto, live, plain, none or json.
        quiet: in JSON too, what comes of it is said.
        verbosity: 0, 1 or 2.
        older: the older spelling.
        output: text or json.
        log: has everything besides, whatever is shown.
    """
    display = _shown(
        environment,
        progress=progress,
        quiet=quiet,
        verbosity=verbosity,
        older=older,
        output=output,
    )
    if log is None:
        return display
    # Imported late: hardly anybody wants one.
    from kubectl_restore.ui.logged import Logged  # noqa: PLC0415

    return Logged(display, log, older=older)


def _shown(
    environment: Environment,
    *,
    progress: str,
    quiet: bool,
    verbosity: int,
    older: bool,
    output: str,
) -> Display:
    if output == "json":
        statuses = progress != "none" and not quiet
        return JsonLines(environment, _NO_MESSAGES if quiet else verbosity, statuses=statuses)
    if quiet:
        return Quiet(environment, 0)
    if progress == "none":
        return Display(environment, verbosity)
    if progress == "json":
        return JsonProgress(environment, verbosity)
    drawn = environment.err_is_terminal and (progress == "live" or not environment.is_ci)
    if drawn and progress in {"auto", "live"}:
        return Live(environment, verbosity)
    return Older(environment, verbosity) if older else Plain(environment, verbosity)
