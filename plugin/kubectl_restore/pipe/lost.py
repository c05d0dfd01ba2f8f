"""What became of a kubectl that ended before it was to: its words decide which error it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.cluster.kubectl import leading
from kubectl_restore.cluster.messages import error_from, find_rule, is_kubectls_own
from kubectl_restore.errors import InterruptedRestoreError, PodCannotError
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.errors import RestoreError

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
    if code in _ENDED:
        return InterruptedRestoreError(
            "the agent was ended before it began",
            reason="another exec of the same restore, or something else in the container, "
            f"ended it ({code - 128})",
            fix="run the same command again",
        )
    if rule is None and code not in (0, 1):
        return PodCannotError(
            "the container's shell could not run the agent",
            reason=(shown_text(lines[-1]) if lines else "") or f"it exited with {code}",
            fix="name another container: -c CONTAINER",
        )
    otherwise = "kubectl exec ended before it began"
    return error_from(lines, otherwise=otherwise, at=leading(arguments))


def link_lost(
    lines: Sequence[str], code: int | None, arguments: Sequence[str]
) -> InterruptedRestoreError:
    """Return the error for a kubectl that ended before the end record came.

    The exec was under way, so whatever kubectl says now, it is the link that broke.

    Args:
        lines: what was said on stderr.
        code: kubectl's exit code.
        arguments: its command line.
    """
    own = [line for line in lines if is_kubectls_own(line)]
    error = error_from(own, otherwise="the link was lost", at=leading(arguments))
    reason = error.reason
    if not own:
        reason = f"{reason}, and exited with {code}"
    what = error.what if isinstance(error, InterruptedRestoreError) else "the link was lost"
    return InterruptedRestoreError(what, reason=reason, fix=error.fix)


def out_of_step(reason: str) -> InterruptedRestoreError:
    """Return the error for an agent that says what no agent says."""
    return InterruptedRestoreError(
        "the pod's side is out of step", reason=reason, fix="run the same command again"
    )
