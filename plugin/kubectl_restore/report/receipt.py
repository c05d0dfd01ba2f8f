"""`--receipt`: what a restore did, or how it failed, as JSON (docs/receipt.md)."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.about import VERSION
from kubectl_restore.errors import ExitCode, RestoreError, UsageError
from kubectl_restore.text import listed, shown, shown_text, shown_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubectl_restore.cluster.place import PinnedTarget
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import HookRun, Summary

SCHEMA: Final = 1
TOOL: Final = "kubectl-restore"
_LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a receipt."""
"""Of the JSON: a field is never given another meaning without another number."""
_MILLISECONDS: Final = 3
_PLACE: Final = "name a file in a directory that takes it"
_TEMPORARY: Final = ".kubectl-restore-"


@dataclass(slots=True)
class Receipt:
    """What is known of a run so far; None where it did not come to that.

    Attributes:
        request: what was asked for.
        started: when.
        place: the pod and the container, as they were found.
        kubectl: its version.
        backup: what it is: `size`, `modified`, `compression`, `members`, `sha256`, `parts`.
        operations: how many paths something was planned for, by action.
        arrived: what the pod had acknowledged when the run broke.
        retries: how often it went on after a lost link.
        path: the target path that was found, where it is not the one that was asked for.
        hooks: commands of the user's that ran beside the restore.
    """

    request: RestoreRequest
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    place: PinnedTarget | None = None
    kubectl: str | None = None
    backup: dict[str, Any] = field(default_factory=dict)
    operations: Mapping[str, int] = field(default_factory=dict)
    arrived: Summary | None = None
    retries: int = 0
    path: str | None = None
    hooks: Sequence[HookRun] = ()

    def write(self, *, summary: Summary | None, error: BaseException | None) -> None:
        """Write it to its place, or leave what stood there.

        Args:
            summary: what was done, if it was proved.
            error: what ended the run, if something did.

        Raises:
            OSError: it cannot be written.
        """
        path = self.request.receipt
        if path is not None:
            put_receipt(path, self.as_json(summary=summary, error=error))

    def as_json(
        self, *, summary: Summary | None = None, error: BaseException | None = None
    ) -> dict[str, Any]:
        """Return the record; see `write`."""
        ended = datetime.now(UTC)
        request, place = self.request, self.place
        done = None if summary is None or summary.dry_run else summary
        return {
            "schema": SCHEMA,
            "tool": {"name": TOOL, "version": VERSION, "kubectl": self.kubectl},
            "command": [shown_text(word) for word in request.command],
            "started": self.started.isoformat(timespec="milliseconds"),
            "ended": ended.isoformat(timespec="milliseconds"),
            "seconds": round((ended - self.started).total_seconds(), _MILLISECONDS),
            "backup": {
                "name": "-" if request.is_piped else shown_whole(bytes(request.backup)),
                **{key: self.backup.get(key) for key in _OF_A_BACKUP},
            },
            "target": {
                "context": None if place is None else place.kubectl.context,
                "namespace": None if place is None else place.kubectl.namespace,
                "named": str(request.target),
                "pod": request.target.pod_name if place is None else place.pod,
                "pod_uid": None if place is None else place.uid,
                "container": None if place is None else place.container,
                "image": None if place is None else place.image,
                "path": self.path or request.target_path,
            },
            "policy": {
                "overwrite": request.overwrite.value,
                "compare": request.compare.value,
                "delete": request.delete,
                "dry_run": request.dry_run,
            },
            "operations": dict(self.operations),
            "files_restored": 0 if done is None else done.files,
            "bytes_restored": 0 if done is None else done.bytes,
            "retries": self.retries,
            "hooks": [one.as_json() for one in self.hooks],
            "verification": {
                "compared": "" if done is None else done.verified,
                "is_proved": done is not None and bool(done.verified),
            },
            "warnings": [] if summary is None else list(summary.warnings),
            "notes": [] if summary is None else list(summary.notes),
            "result": self._result(error),
        }

    def _result(self, error: BaseException | None) -> dict[str, Any]:
        result: dict[str, Any] = {"exit_code": 0, "message": None, "reason": None, "fix": None}
        if isinstance(error, RestoreError):
            result = {
                "exit_code": int(error.exit_code),
                "message": shown_text(error.what),
                "reason": shown_text(error.reason),
                "fix": shown_text(error.fix),
            }
        elif error is not None:
            result |= {"exit_code": int(ExitCode.BUG), "message": type(error).__name__}
        arrived = self.arrived
        result["files_acknowledged"] = None if arrived is None else arrived.files
        result["bytes_acknowledged"] = None if arrived is None else arrived.bytes
        return result


_OF_A_BACKUP: Final = ("size", "modified", "compression", "members", "parts", "sha256")


def require_receipt(request: RestoreRequest) -> None:
    """Return when a receipt can be written, or none is wanted.

    Raises:
        UsageError: it cannot.
    """
    path = request.receipt
    if path is None:
        return
    require_place_for_receipt(path)
    named = f"--receipt {shown(os.fsencode(path))}"
    with suppress(OSError):
        if path.samefile(request.backup):
            raise UsageError(f"{named} is the backup itself", reason="it would be lost", fix=_PLACE)
    saved = request.save_replaced
    if saved is not None and path.resolve() == saved.resolve():
        raise UsageError(
            f"{named} is also where what is replaced is saved",
            reason="one would take the other's place",
            fix="name two files",
        )


def require_place_for_receipt(path: Path) -> None:
    """Return when a receipt can be written to a file.

    Raises:
        UsageError: it cannot, or something else would be lost.
    """
    named = f"--receipt {shown(os.fsencode(path))}"
    if path.exists() and not path.is_file():
        raise UsageError(f"{named} is no file", reason="something else stands there", fix=_PLACE)
    if path.exists() and not _is_receipt(path):
        raise UsageError(
            f"{named} is there already, and is no receipt",
            reason="what stands there would be lost",
            fix="name a new file",
        )
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=_TEMPORARY):
            pass
    except OSError as error:
        raise UsageError(
            f"{named} cannot be written", reason=error.strerror or str(error), fix=_PLACE
        ) from error


def _is_receipt(path: Path) -> bool:
    """Tell whether a file is empty, or a receipt of an earlier run, which a new one may replace."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST)
        return not text or json.loads(text)["tool"]["name"] == TOOL
    except (OSError, ValueError, LookupError, TypeError):
        return False


def not_written(error: OSError) -> UsageError:
    """Return what a restore ends with that was proved, but whose receipt was lost."""
    return UsageError(
        "everything is restored and proved, but the receipt could not be written",
        reason=listed([error.strerror or str(error)]),
        fix="the restore need not be run again",
    )


def put_receipt(path: Path, record: Mapping[str, Any]) -> None:
    """Write a file whole, readable for its owner alone, or leave what stood there.

    Raises:
        OSError: it cannot be written.
    """
    text = json.dumps(record, indent=2) + "\n"
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=_TEMPORARY)
    try:
        with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123 - a descriptor
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
