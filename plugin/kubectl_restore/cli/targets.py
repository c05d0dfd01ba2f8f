"""The target that a command line names, and the path in it."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_restore.cli.values import (
    given,
)
from kubectl_restore.cluster.target import Kind, Target, parse_target, require_name
from kubectl_restore.errors import UsageError
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from kubectl_restore.cli.argv import Parsed


def read_target(parsed: Parsed, named: str | None) -> tuple[Target, str | None]:
    """Return the target, and its path as somebody named it.

    Raises:
        UsageError: it is none, or is named twice.
    """
    path = parsed.value("target-path")
    if named is None:
        target, behind = Target(_selector(parsed), Kind.SELECTOR), None
    else:
        target, behind = parse_target(named)
    if behind is not None and path is not None:
        raise UsageError(
            "the target path is named twice",
            reason=f"-t {shown(os.fsencode(path))} and {shown(os.fsencode(named or ''))}",
            fix="leave one of them out",
        )
    pod = parsed.value("pod")
    if pod is not None:
        if target.kind is Kind.POD:
            raise UsageError(
                "--pod chooses one of several pods",
                reason=f"the target is a pod itself: {target.name}",
                fix="leave --pod out",
            )
        require_name(pod)
        target = replace(target, pod=pod)
    return target, path if behind is None else behind


def _selector(parsed: Parsed) -> str:
    """Return the label selector; kubectl itself says whether it is one.

    Raises:
        UsageError: it selects every pod.
    """
    selector = given(parsed, "selector", "")
    if not selector.strip() or not selector.isprintable():
        raise UsageError(
            "-l wants a label selector",
            reason=f"{selector!r} was given",
            fix="kubectl restore -l app=NAME BACKUP -t PATH",
        )
    return selector


def target_path(text: str) -> str:
    """Return a target path as it is shown and sent: no slash at its end, none twice.

    Raises:
        UsageError: it is not absolute, or could lead elsewhere.
    """
    if not text.startswith("/"):
        raise _bad_target(text, "it is not absolute")
    if ".." in text.split("/"):
        raise _bad_target(text, "it has .. in it")
    if not text.isprintable():
        raise _bad_target(text, "it has control characters in it")
    return "/" + "/".join(part for part in text.split("/") if part not in {"", "."})


def _bad_target(text: str, reason: str) -> UsageError:
    return UsageError(
        f"-t {shown(os.fsencode(text))} is no target path",
        reason=reason,
        fix="name an absolute directory in the container: -t /data",
    )
