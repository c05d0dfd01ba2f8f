"""What became of a kubectl that ended before it was to: its words decide which error it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kubectl_restore.cluster.kubectl import leading
from kubectl_restore.cluster.messages import error_from, find_rule, is_kubectls_own
from kubectl_restore.errors import (
    InterruptedRestoreError,
    NoShellError,
    PodCannotError,
    RestoreError,
)
from kubectl_restore.text import listed, shown_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN: Final = 3
"""Lines of a container that are evidence."""
_EXITED: Final = re.compile(r"command terminated with exit code (\d+)")
_ENDED: Final = frozenset({137, 143})
"""What a shell that KILL or TERM ended exits with."""


def never_began(lines: Sequence[str], code: int | None, arguments: Sequence[str]) -> RestoreError:
    """Return the error for a kubectl that ended before the agent said its first word.

    Args:
        lines: what was said on stderr.
        code: kubectl's exit code.
        arguments: its command line.
    """
    rule, _ = find_rule(lines)
    if code is not None and code < 0:
        return InterruptedRestoreError(
            "kubectl was ended before the agent began",
            reason=f"signal {-code} ended it",
            fix="run the same command again",
        )
    if code in _ENDED:
        return InterruptedRestoreError(
            "the agent was ended before it began",
            reason="another exec of the same restore, or something else in the container, "
            f"ended it ({code - 128})",
            fix="run the same command again",
        )
    # A shell whose input ends before the script does exits with 1 and says nothing: the link broke.
    said = [line for line in lines if not is_kubectls_own(line)]
    if rule is None and (code not in (0, 1) or (said and any(map(_EXITED.search, lines)))):
        return NoShellError(
            "the container's shell could not run the agent",
            reason=shown_text((said or lines or [f"it exited with {code}"])[-1]),
            fix="name another container: -c CONTAINER",
        )
    otherwise = "kubectl exec ended before it began"
    return error_from(lines, otherwise=otherwise, at=leading(arguments))


def no_agent(lines: Sequence[str], seconds: float) -> NoShellError:
    """Return the error for a container that talks, and is no agent."""
    words = listed([shown_text(line) for line in lines[-_SHOWN:]])
    return NoShellError(
        "the container's shell does not run the agent",
        reason=f"{seconds:.0f} s after its first words the agent's had not come"
        + (f"; it says:\n{words}" if words else ""),
        fix="name a container with a POSIX shell: -c CONTAINER",
    )


def link_lost(
    lines: Sequence[str], code: int | None, arguments: Sequence[str]
) -> InterruptedRestoreError | PodCannotError:
    """Return the error for a kubectl that ended before the end record came.

    The exec was under way, so whatever kubectl says now, it is the link that broke; unless what
    ended is the container's shell, by itself: it would do so again.

    Args:
        lines: what was said on stderr.
        code: kubectl's exit code.
        arguments: its command line.
    """
    own = [line for line in lines if is_kubectls_own(line)]
    exit_code = next((found[1] for line in reversed(own) if (found := _EXITED.search(line))), "")
    if exit_code and int(exit_code) not in _ENDED:
        return PodCannotError(
            "the container's shell ended before its work was done",
            reason=listed([shown_text(line) for line in lines[-_SHOWN:]]),
            fix="see what its shell lacks there (memory, processes), or name another container: "
            "-c CONTAINER",
        )
    error = error_from(own, otherwise="the link was lost", at=leading(arguments))
    reason = error.reason
    if not own:
        reason = f"{reason}, and exited with {code}"
    what = error.what if isinstance(error, InterruptedRestoreError) else "the link was lost"
    return InterruptedRestoreError(what, reason=reason, fix=error.fix)


def gone_astray(command: str, state: str) -> RestoreError:
    """Return the error for an agent that was told what makes no sense to it: a bug of ours.

    Args:
        command: the word that it was told.
        state: of its target.
    """
    return RestoreError(
        "a bug in kubectl restore",
        reason=f"the agent in the container was told {command!r}, and its target is {state!r}",
        fix="run it again with -vv and report what it prints",
    )


def out_of_step(reason: str) -> InterruptedRestoreError:
    """Return the error for an agent that says what no agent says."""
    return InterruptedRestoreError(
        "the pod's side is out of step", reason=reason, fix="run the same command again"
    )
