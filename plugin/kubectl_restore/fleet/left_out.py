"""What --skip-missing leaves out, and what is an error without it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_restore.errors import NoPodError
from kubectl_restore.text import listed, shown_text

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What has no counterpart: a target, or a backup whose target is not there.

    Attributes:
        reason: a sentence, which names it; safe to print.
        target: its name; empty for a backup alone.
        backup: its name; empty where it has none.
        count: how many targets that is, of those that are named by what they belong to.
    """

    reason: str
    target: str = ""
    backup: str = ""
    count: int = 1

    @property
    def name(self) -> str:
        """What it is called in a list; safe to print."""
        more = f" ({self.count} pods)" if self.count > 1 else ""
        return shown_text(self.target or self.backup) + more

    def as_json(self) -> dict[str, object]:
        """Return it as the last line of `-o json` and the receipt have it."""
        named = {"target": self.target, "backup": shown_text(self.backup)}
        made: dict[str, object] = {field: text for field, text in named.items() if text}
        return made | {"reason": self.reason, "targets": self.targets}

    @property
    def targets(self) -> int:
        """How many targets it is."""
        return self.count if self.target else 0


def missing(left_out: Iterable[LeftOut]) -> NoPodError:
    """Return the error for targets without backups, and backups without targets."""
    return NoPodError(
        "not every pod has its backup; nothing was changed",
        reason=listed([one.reason for one in left_out]),
        fix="put that right, or leave out what has no counterpart: --skip-missing",
    )
