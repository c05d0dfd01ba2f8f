"""How much of a backup is right in a pod already: lines for people, fields for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.plan.operation import Action
from kubectl_restore.text import counted, shown_text
from kubectl_restore.ui.amounts import as_size
from kubectl_restore.ui.json_fields import hint_fields

if TYPE_CHECKING:
    from kubectl_restore.restore.foreseen import Foreseen

_BAR: Final = 20
_WORDS: Final = {
    Action.KEEP: "right already",
    Action.CREATE: "would be created",
    Action.REPLACE: "would be replaced (--force)",
    Action.ADJUST: "would get mode, owner and time (--force)",
    Action.SKIP: "would be left out: something else stands there",
    Action.REFUSE: "in the way, which --force does not replace",
}


def against_lines(foreseen: Foreseen) -> list[str]:
    """Return lines: where, a bar of what is right, and a line for each thing to be done."""
    right = foreseen.right
    # Never full while something is to be done, nor empty while something is there.
    filled = min(max(round(_BAR * right), right > 0), _BAR if right == 1 else _BAR - 1)
    namespace = f", namespace {foreseen.namespace}" if foreseen.namespace else ""
    where = f"pod {foreseen.pod}, container {foreseen.container}, path {foreseen.path}{namespace}"
    lines = [
        f"against {shown_text(where)}:",
        f"  [{'#' * filled:<{_BAR}}] {int(100 * right)}% of the contents is there",
    ]
    for action, words in _WORDS.items():
        amount = foreseen.amounts[action]
        if amount.paths:
            size = f", {as_size(amount.bytes)}" if amount.bytes else ""
            lines.append(f"  {counted(amount.paths, 'path')}{size}: {words}")
    for hint in foreseen.hints:
        lines += [f"  Note: {hint.text}", f"    {hint.fix}"]
    return lines


def against_fields(foreseen: Foreseen) -> dict[str, Any]:
    """Return the same for scripts (docs/json.md)."""
    return {
        "namespace": foreseen.namespace,
        "pod": foreseen.pod,
        "container": foreseen.container,
        "path": foreseen.path,
        "share_right": round(foreseen.right, 4),
        **{
            action.value: {"paths": amount.paths, "bytes": amount.bytes}
            for action, amount in foreseen.amounts.items()
        },
        "hints": [hint_fields(hint) for hint in foreseen.hints],
    }
