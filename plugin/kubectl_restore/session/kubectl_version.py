"""Which kubectl would be used, and its version: asked without a cluster, and it may be missing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.cluster.kubectl import (
    OLDEST_TEXT,
    child_environment,
    find_kubectl,
    is_too_old,
    version_command,
)
from kubectl_restore.deadline import Watch, as_duration
from kubectl_restore.errors import InterruptedRestoreError, TimedOutError, UsageError
from kubectl_restore.progress import Silence
from kubectl_restore.session.query import Query
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from kubectl_restore.cluster.kubectl import KubectlOptions

LIMIT: Final = 5.0
"""Seconds that kubectl has to answer; it takes about 0.05."""


@dataclass(frozen=True, slots=True)
class KubectlVersion:
    """What is known about the kubectl that would be used.

    Attributes:
        path: where it is, None when there is none.
        version: as it says itself (`v1.34.1`), None when it does not say.
        problem: why something is not known, or that it is too old, safe to print; else empty.
    """

    path: str | None
    version: str | None
    problem: str = ""


def ask_kubectl(options: KubectlOptions, *, limit: float = LIMIT) -> KubectlVersion:
    """Return what the kubectl says about itself within `limit` seconds.

    Raises:
        SignalledError: a signal came.
    """
    try:
        program = find_kubectl(options)
    except UsageError as error:
        return KubectlVersion(None, None, shown_text(error.reason))
    try:
        with (
            Watch(limit) as watch,
            Query(version_command(program), child_environment(), Silence()) as query,
        ):
            query.wait(watch)
            version = version_in(query.answer)
            said = query.said
    except TimedOutError:
        return KubectlVersion(program, None, f"it did not answer in {as_duration(limit)}")
    except (InterruptedRestoreError, UsageError) as error:
        return KubectlVersion(program, None, shown_text(error.reason))
    if version is None:
        last = f"; it said: {said[-1]}" if said else ""
        return KubectlVersion(program, None, f"it does not say its version{last}")
    problem = f"too old: {OLDEST_TEXT} or newer is needed" if is_too_old(version) else ""
    return KubectlVersion(program, version, problem)


def version_in(answer: bytes) -> str | None:
    """Return the version in what `version_command` printed, safe to print; None without one."""
    try:
        version = json.loads(answer)["clientVersion"]["gitVersion"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return shown_text(version) if isinstance(version, str) and version else None
