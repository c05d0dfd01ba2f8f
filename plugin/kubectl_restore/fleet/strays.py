"""Backups that a template could mean, and that belong to no pod: only such as a pod could have.

Beside the backups of a workload lie other files. Pods are called after what makes them: those of a
StatefulSet NAME-NUMBER (pkg/controller/statefulset, `getPodName`), of the others NAME, and further
parts of letters and digits (apiserver/pkg/storage/names, `GenerateName`).
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from kubectl_restore.cluster.target import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubectl_restore.cluster.target import Target
    from kubectl_restore.fleet.replicas import Replica

_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_ANY: Final = r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?"
_PART: Final = "-[a-z0-9]+"
_BEHIND: Final = {
    Kind.STATEFUL_SET: "-[0-9]+",
    Kind.DEPLOYMENT: _PART * 2,
    Kind.REPLICA_SET: _PART,
    Kind.DAEMON_SET: _PART,
    # An indexed one has the index in front.
    Kind.JOB: f"(-[0-9]+)?{_PART}",
}
"""What stands behind a workload's name in those of its pods."""
_LONGEST: Final = 40
"""Characters of a workload's name that its pods' names have for certain."""


def strays(
    template: str,
    files: Iterable[str],
    known: Iterable[str],
    target: Target,
    replicas: Sequence[Replica],
) -> list[str]:
    """Return the files that would be a backup of a pod of this workload, and are of none.

    Args:
        template: names each pod's backup.
        files: whose names it could give.
        known: the backups that have a pod.
        target: the workload.
        replicas: its pods.
    """
    has_pod = {os.path.normpath(one) for one in known}
    pattern = re.compile(_pattern(os.path.normpath(template), target, replicas))
    return [
        one
        for one in files
        if os.path.normpath(one) not in has_pod and pattern.fullmatch(os.path.normpath(one))
    ]


def _pattern(template: str, target: Target, replicas: Sequence[Replica]) -> str:
    fields = {
        "pod": _pods(target),
        "ordinal": "[0-9]+",
        "claim": _claims(target, replicas),
        "namespace": "|".join({re.escape(one.namespace) for one in replicas}),
    }
    made, end = "", 0
    seen: set[str] = set()
    for found in _FIELD.finditer(template):
        name = found[1]
        made += re.escape(template[end : found.start()])
        made += f"(?P={name})" if name in seen else f"(?P<{name}>{fields[name]})"
        seen.add(name)
        end = found.end()
    return made + re.escape(template[end:])


def _pods(target: Target) -> str:
    behind = _BEHIND.get(target.kind)
    if behind is None or len(target.name) > _LONGEST:
        return _ANY
    return re.escape(target.name) + behind


def _claims(target: Target, replicas: Sequence[Replica]) -> str:
    """Return what claims can be called: of a StatefulSet the template's name, then the pod's."""
    if target.kind is not Kind.STATEFUL_SET:
        return _ANY
    before = {
        re.escape(one.claim.removesuffix(one.pod))
        for one in replicas
        if one.claim.endswith(f"-{one.pod}")
    }
    return f"({'|'.join(sorted(before))}){_pods(target)}" if before else _ANY
