"""What `-o json` prints, as objects (docs/json.md); restic's field names where restic has one."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.progress import Hint, HookRun
from kubectl_restore.text import shown_text, shown_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_restore.errors import RestoreError
    from kubectl_restore.progress import (
        Comparison,
        Finding,
        Header,
        Level,
        Step,
        Summary,
        TextDiff,
    )
    from kubectl_restore.ui.tracker import Tracker

_MILLISECONDS: Final = 3
_SUMMARY_NAMES: Final = {
    "files": "files_restored",
    "regular_files": "regular_files_restored",
    "links": "links_restored",
    "devices": "devices_restored",
    "bytes": "bytes_restored",
    "seconds": "seconds_elapsed",
    "kept": "directories_kept",
    "replaced": "files_replaced",
    "adjusted": "files_adjusted",
    "same": "files_unchanged",
    "skipped": "files_skipped",
    "deleted": "files_deleted",
    "is_salvaged": "salvaged",
}
"""Fields of a summary that scripts know by another name than the engine does."""


def json_line(made: Mapping[str, Any]) -> str:
    """Return one object on one line: ASCII, so neither a locale nor a terminal can spoil it."""
    return json.dumps(made) + "\n"


def named(name: bytes, field: str = "name") -> dict[str, str]:
    """Return a name as text; as it stands, too, where text cannot say it.

    Returns:
        `{field: text}`; for a name that is not UTF-8 the text is escaped, and `FIELD_bytes` has
        the name in base64.
    """
    try:
        return {field: name.decode("utf-8")}
    except UnicodeDecodeError:
        return {
            field: shown_whole(name),
            f"{field}_bytes": base64.b64encode(name).decode("ascii"),
        }


def status_fields(tracker: Tracker) -> dict[str, Any]:
    """Return how far the present phase is; null for what is not known."""
    status, left = tracker.status, tracker.left
    made: dict[str, Any] = {
        "message_type": "status",
        "phase": status.phase.value,
        "seconds_elapsed": round(tracker.elapsed, _MILLISECONDS),
        "seconds_remaining": None if left is None else math.ceil(left),
        "percent_done": tracker.share,
        "total_files": status.total_files,
        "files_done": status.done_files,
        "total_bytes": status.total_bytes,
        "bytes_done": status.done_bytes,
        "current_files": [],
    }
    if status.current is not None:
        # restic has several at a time, so each is a list of one.
        current = named(status.current, "current_files")
        made.update({field: [text] for field, text in current.items()})
    return made


def message_fields(level: Level, text: str) -> dict[str, Any]:
    """Return a warning, or what `-v` asks for."""
    return {"message_type": "message", "level": level.value, "text": shown_text(text)}


def step_fields(step: Step) -> dict[str, Any]:
    """Return one operation of a plan."""
    return {
        "message_type": "plan",
        "action": step.action,
        **named(step.name),
        "kind": step.kind,
        "size": step.size,
        "reason": step.reason,
    }


def finding_fields(finding: Finding) -> dict[str, Any]:
    """Return one difference between a pod and a backup."""
    return {
        "message_type": "difference",
        "kind": finding.kind,
        **named(finding.name),
        "text": finding.what,
    }


def text_diff_fields(difference: TextDiff) -> dict[str, Any]:
    """Return how the text of a file differs, as `patch` takes it."""
    return {
        "message_type": "text_difference",
        **named(difference.name),
        "diff": "".join(f"{line}\n" for line in difference.lines),
    }


def comparison_fields(comparison: Comparison, header: Header | None) -> dict[str, Any]:
    """Return what came of a comparison, and of what."""
    return {
        "message_type": "comparison",
        **_places(header),
        "path": comparison.path,
        "members_compared": comparison.members,
        "differences": dict(comparison.findings),
        "extras_fail": not comparison.tolerates_extras,
        "verified": comparison.verified,
        "seconds_elapsed": round(comparison.seconds, _MILLISECONDS),
        "notes": [shown_text(note) for note in comparison.notes],
        "hints": [hint_fields(hint) for hint in comparison.hints],
        "salvaged": comparison.is_salvaged,
    }


def hint_fields(hint: Hint) -> dict[str, str]:
    """Return what the user may have meant otherwise."""
    return {
        "kind": hint.kind.value,
        "text": shown_text(hint.text),
        "fix": shown_text(hint.fix),
    }


def _places(header: Header | None) -> dict[str, Any]:
    return {
        name: None if header is None else getattr(header, name)
        for name in ("namespace", "pod", "container", "backup")
    }


def summary_fields(summary: Summary, header: Header | None) -> dict[str, Any]:
    """Return what a proved restore did, and to what: every field that the summary has."""
    counts = {
        _SUMMARY_NAMES.get(one.name, one.name): _plain(getattr(summary, one.name))
        for one in fields(summary)
    }
    return {"message_type": "summary", **_places(header), **counts}


def exit_error_fields(error: RestoreError, arrived: Summary | None = None) -> dict[str, Any]:
    """Return why a run failed: its last line.

    Args:
        error: its three layers are text as a terminal shows it.
        arrived: what the pod had acknowledged when the stream broke; None where there was none.
    """
    made: dict[str, Any] = {
        "message_type": "exit_error",
        "code": int(error.exit_code),
        "message": shown_text(error.what),
        "cause": error.cause,
        "reason": shown_text(error.reason),
        "fix": shown_text(error.fix),
    }
    if arrived is not None:
        made["files_acknowledged"] = arrived.files
        made["bytes_acknowledged"] = arrived.bytes
    return made


def _plain(value: object) -> object:
    """Return a value as JSON has it."""
    if isinstance(value, Hint):
        return hint_fields(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, HookRun):
        return value.as_json()
    if isinstance(value, float):
        return round(value, _MILLISECONDS)
    return shown_text(value) if isinstance(value, str) else value
