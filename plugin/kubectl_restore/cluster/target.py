"""The target grammar: `[TYPE/]NAME`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from kubectl_restore.errors import UsageError

_POD_TYPES: Final = frozenset({"pod", "pods", "po"})
_LATER_TYPES: Final = frozenset(
    {
        "deploy",
        "deployment",
        "deployments",
        "sts",
        "statefulset",
        "statefulsets",
        "svc",
        "service",
        "services",
        "pvc",
        "ds",
        "daemonset",
        "daemonsets",
        "job",
        "jobs",
        "rs",
        "replicaset",
        "replicasets",
    }
)
# RFC 1123 subdomain, as the API server asks of a pod's name.
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_NAME: Final = 253


@dataclass(frozen=True, slots=True)
class PodName:
    """A pod, as the user named it."""

    name: str

    def __str__(self) -> str:
        return self.name


def parse_target(text: str) -> PodName:
    """Return the pod that `text` names.

    Raises:
        UsageError: the text is no target, or of a type that is not supported yet.
    """
    kind, slash, name = text.rpartition("/")
    if slash and kind not in _POD_TYPES:
        if kind in _LATER_TYPES:
            raise UsageError(
                f"targets of type {kind}/ are not supported yet",
                reason=f"{text} was given",
                fix="name one pod: kubectl get pods, then kubectl restore POD BACKUP",
            )
        raise UsageError(
            f"{text!r} names no target",
            reason="a target is a pod's name or pod/NAME",
            fix="kubectl get pods",
        )
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be a pod's name",
            reason="a name has lower-case letters, digits, '-' and '.', at most 253 of them",
            fix="kubectl get pods",
        )
    return PodName(name)
