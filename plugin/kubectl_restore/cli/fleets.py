"""`--each` and `--map`: many targets at once, from words to what is asked for."""

from __future__ import annotations

import glob
import json
import os
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.about import VERSION
from kubectl_restore.cli.argv import Parsed
from kubectl_restore.cli.diffing import read_diff_request
from kubectl_restore.cli.flags import BY_NAME, OF_FLEETS
from kubectl_restore.cli.reading import kubectl_options, read_request
from kubectl_restore.cli.redacting import without_secrets
from kubectl_restore.cli.targets import target_path
from kubectl_restore.cli.values import given
from kubectl_restore.cluster.target import Kind, parse_target
from kubectl_restore.errors import UsageError
from kubectl_restore.fleet.engine import Fleet, Limits
from kubectl_restore.fleet.pairs import parse_map, require_template
from kubectl_restore.report.receipt import SCHEMA, TOOL, put_receipt, require_place_for_receipt
from kubectl_restore.restore.engine import diff, verify
from kubectl_restore.text import shown, shown_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kubectl_restore.cluster.kubectl import KubectlOptions
    from kubectl_restore.cluster.target import Target
    from kubectl_restore.fleet.left_out import LeftOut
    from kubectl_restore.fleet.pairs import Pair
    from kubectl_restore.fleet.side_by_side import Result
    from kubectl_restore.plan.request import RestoreRequest

_MOST: Final = 64
"""Targets at a time: each takes a thread, kubectl's memory and a share of the link."""
_DEFAULT_JOBS: Final = 4
_DEFAULT_PER_NODE: Final = 2
_LARGEST_MAP: Final = 4 << 20
_NOT: Final = (
    *("salvage", "save-replaced", "checksum", "pod", "selector"),
    *("scale-down", "scale-back"),
)
"""What says something of one backup, or of one pod; or takes away pods that are others' targets."""
USAGE: Final = "kubectl restore sts/NAME --each 'backups/{pod}.tar.gz' -t PATH"


def is_fleet(parsed: Parsed) -> bool:
    """Tell whether a command line means many targets."""
    return any(flag.name in OF_FLEETS for flag, _ in parsed.flags)


@contextmanager
def read_fleet(
    parsed: Parsed, words: Sequence[str], *, compares: str, timeout: float | None
) -> Iterator[tuple[Fleet, Callable[[Sequence[Result], Sequence[LeftOut]], None]]]:
    """Have what a command line asks for, and what writes the receipt of it.

    Args:
        parsed: the command line.
        words: the same, as it was given, for what is shown.
        compares: the command, where nothing is restored.
        timeout: seconds for each target.

    Raises:
        UsageError: something is missing, too much or of the wrong form.
    """
    each, listed = parsed.value("each"), parsed.value("map")
    if (each is None) == (listed is None):
        raise UsageError(
            "many targets want --each or --map",
            reason="neither was given" if each is None else "both were given",
            fix=f"{USAGE}, or --map FILE",
        )
    for name in _NOT:
        if parsed.value(name) is not None:
            raise UsageError(
                f"--{name} belongs to one target",
                reason="with --each and --map there are many",
                fix=f"leave --{name} out, or restore that one alone",
            )
    target, path = _target(parsed, is_needed=each is not None)
    if each is not None:
        require_template(each)
    receipt = parsed.value("receipt")
    options = kubectl_options(parsed, older=False)
    with tempfile.TemporaryDirectory(prefix="kubectl-restore-") as directory:

        def request(pair: Pair, options: KubectlOptions) -> RestoreRequest:
            return _request(
                parsed, pair, options, path, compares, Path(directory) if receipt else None
            )

        fleet = Fleet(
            kubectl=options,
            target=target,
            container=parsed.value("container"),
            path=target_path("/" if path is None else path),
            template=each or "",
            listed=() if listed is None else tuple(parse_map(_read(listed))),
            request=request,
            has_backup=lambda name: "://" in name or os.path.lexists(name),
            found=_found_by(each) if each else tuple,
            limits=Limits(
                _number(parsed, "jobs", _DEFAULT_JOBS),
                _number(parsed, "per-node", _DEFAULT_PER_NODE),
            ),
            canary=_canary(parsed),
            skips=parsed.is_set("skip-missing"),
            compare={"verify": verify, "diff": diff}.get(compares),
            dry_run=parsed.is_set("dry-run"),
            timeout=timeout,
        )
        began = datetime.now(UTC)
        if receipt is not None:
            require_place_for_receipt(Path(receipt))

        def write(results: Sequence[Result], left_out: Sequence[LeftOut]) -> None:
            if receipt is not None:
                made = _receipt(without_secrets(parsed, words), began, results, Path(directory))
                made["left_out"] = [one.as_json() for one in left_out]
                put_receipt(Path(receipt), made)

        yield fleet, write


def _target(parsed: Parsed, *, is_needed: bool) -> tuple[Target | None, str | None]:
    words = parsed.positionals
    if len(words) > 1 or (is_needed and not words):
        raise UsageError(
            "with --each or --map there is a workload, and no backup beside it",
            reason=f"{len(words)} words were given",
            fix=USAGE,
        )
    path = parsed.value("target-path")
    if not words:
        return None, path
    target, behind = parse_target(words[0])
    if target.kind in {Kind.POD, Kind.CLAIM}:
        raise UsageError(
            f"{target} is one target",
            reason="--each and --map want a workload, whose pods are the targets",
            fix=USAGE,
        )
    if behind is not None and path is not None:
        raise UsageError(
            "the target path is named twice",
            reason=f"-t {shown(os.fsencode(path))} and {shown(os.fsencode(words[0]))}",
            fix="leave one of them out",
        )
    return target, path if behind is None else behind


def _request(  # noqa: PLR0917 - one step of read_fleet
    parsed: Parsed,
    pair: Pair,
    options: KubectlOptions,
    path: str | None,
    compares: str,
    receipts: Path | None,
) -> RestoreRequest:
    """Return the request for one target: what somebody would type for it alone."""
    left = {*OF_FLEETS, "jobs", "receipt", "target-path"}
    flags = [one for one in parsed.flags if one[0].name not in left]
    given_names = {flag.name for flag, _ in flags}
    for name, found in (("context", options.context), ("namespace", options.namespace)):
        if found and name not in given_names:
            flags.append((BY_NAME[name], found))
    words = [compares] if compares else []
    words += [pair.target, pair.backup]
    words += [
        f"--{flag.name}" if not flag.value and value == "true" else f"--{flag.name}={value}"
        for flag, value in flags
    ]
    if path is not None:
        flags.append((BY_NAME["target-path"], path))
        words += ["-t", path]
    one = Parsed(flags, [pair.target, pair.backup], [0, 1])
    if compares == "diff":
        made = read_diff_request(one, words)
    else:
        made = read_request(one, words, older=False, compares=compares)
    receipt = None if receipts is None else receipts / _receipt_name(pair)
    return replace(made, kubectl=options, pod_uid=pair.uid, receipt=receipt, asks=False)


def _found_by(template: str) -> Callable[[], Sequence[str]]:
    """Return what lists the files that a template could mean."""

    def found() -> Sequence[str]:
        if "://" in template:
            return ()
        pattern = ""
        rest = template
        while rest:
            before, brace, rest = rest.partition("{")
            pattern += glob.escape(before)
            if brace:
                _, _, rest = rest.partition("}")
                pattern += "*"
        return sorted(glob.glob(pattern))  # noqa: PTH207 - names as they were given

    return found


def backups_of(fleet: Fleet) -> list[Path]:
    """Return the files that are, or may be, backups of a fleet."""
    names = (*(one.backup for one in fleet.listed), *fleet.found())
    return [Path(name) for name in names if "://" not in name]


def _read(name: str) -> str:
    try:
        # Editors of Windows put a byte order mark in front.
        with open(name, encoding="utf-8-sig") as file:  # noqa: PTH123 - a name as it was given
            text = file.read(_LARGEST_MAP + 1)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--map {shown(os.fsencode(name))} cannot be read",
            reason=shown_text(str(error)),
            fix="name a text file: on each line a target and its backup",
        ) from error
    if len(text) > _LARGEST_MAP:
        raise UsageError(
            f"--map {shown(os.fsencode(name))} is too long for a list",
            reason=f"more than {_LARGEST_MAP >> 20} MiB",
            fix="is it a backup? a list has a target and its backup on each line",
        )
    return text


def _canary(parsed: Parsed) -> str:
    """Return which target is first; empty where none was asked for.

    Raises:
        UsageError: it is empty: a variable of a script that was not set, perhaps.
    """
    text = parsed.value("canary")
    name = "" if text is None else text.removeprefix("pod/")
    if text is not None and not name:
        raise UsageError(
            "--canary wants a target's name",
            reason=f"{text!r} was given",
            fix="--canary NAME, the target that is first; or leave it out",
        )
    return name


def _number(parsed: Parsed, name: str, default: int) -> int:
    text = given(parsed, name, str(default))
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= _MOST:
        raise UsageError(
            f"--{name}: {shown_text(text)!r} is not possible",
            reason=f"it is a number from 1 to {_MOST}",
            fix=f"--{name} {default}",
        )
    return int(text)


def _receipt_name(pair: Pair) -> str:
    """Return the file that a target's own receipt is kept in meanwhile."""
    return f"{pair.target.replace('/', '.')}.json"


def _receipt(
    words: Sequence[str], began: datetime, results: Sequence[Result], directory: Path
) -> dict[str, Any]:
    ended = datetime.now(UTC)
    targets = []
    for one in results:
        path = directory / _receipt_name(one.pair)
        known = json.loads(path.read_text("utf-8")) if path.exists() else None
        targets.append({"target": one.pair.name, "is_begun": one.is_begun, "receipt": known})
    return {
        "schema": SCHEMA,
        "tool": {"name": TOOL, "version": VERSION},
        "command": [shown_text(word) for word in words],
        "started": began.isoformat(timespec="milliseconds"),
        "ended": ended.isoformat(timespec="milliseconds"),
        "targets": targets,
        "result": {"exit_code": max((one.exit_code for one in results), default=0)},
    }
