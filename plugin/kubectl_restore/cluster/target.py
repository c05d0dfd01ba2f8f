"""The target grammar: `[TYPE/]NAME[:PATH]`, or a label selector."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from kubectl_restore.errors import UsageError
from kubectl_restore.text import shown_text


class Kind(Enum):
    """What a target is. The value is the name that people read."""

    POD = "pod"
    DEPLOYMENT = "deployment"
    STATEFUL_SET = "statefulset"
    DAEMON_SET = "daemonset"
    REPLICA_SET = "replicaset"
    JOB = "job"
    SERVICE = "service"
    CLAIM = "persistentvolumeclaim"
    SELECTOR = "selector"


RESOURCES: Final = {
    Kind.POD: "pods",
    Kind.DEPLOYMENT: "deployments.apps",
    Kind.STATEFUL_SET: "statefulsets.apps",
    Kind.DAEMON_SET: "daemonsets.apps",
    Kind.REPLICA_SET: "replicasets.apps",
    Kind.JOB: "jobs.batch",
    Kind.SERVICE: "services",
    Kind.CLAIM: "persistentvolumeclaims",
}
"""What kubectl is asked for: with its group, since an extension may have one of the same name."""


def pods_of(kind: Kind) -> str:
    """Return what kubectl lists for the pods of a kind: a deployment's are found by its sets."""
    return "replicasets.apps,pods" if kind is Kind.DEPLOYMENT else "pods"


_SHORT: Final = {
    Kind.POD: "po",
    Kind.DEPLOYMENT: "deploy",
    Kind.STATEFUL_SET: "sts",
    Kind.DAEMON_SET: "ds",
    Kind.REPLICA_SET: "rs",
    Kind.JOB: "job",
    Kind.SERVICE: "svc",
    Kind.CLAIM: "pvc",
}


def _spellings() -> dict[str, Kind]:
    found = {}
    for kind, short in _SHORT.items():
        resource = RESOURCES[kind]
        group = resource.partition(".")[1:]
        plain = (short, kind.value, resource.partition(".")[0])
        for name in (*plain, *("".join((one, *group)) for one in plain)):
            found[name] = kind
    return found


TYPES: Final = _spellings()
"""Each type as kubectl takes it: short, singular, plural, and with its group."""
# RFC 1123 subdomain, as the API server asks of a pod's name.
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_NAME: Final = 253


@dataclass(frozen=True, slots=True)
class Target:
    """What the user named.

    Attributes:
        name: the object's; of SELECTOR the selector itself.
        kind: what it is.
        pod: which of its pods is meant; None where nobody said.
    """

    name: str
    kind: Kind = Kind.POD
    pod: str | None = None

    @property
    def pod_name(self) -> str | None:
        """The pod, where it was named itself; None where it is still to be found."""
        return self.name if self.kind is Kind.POD else None

    def __str__(self) -> str:
        if self.kind is Kind.SELECTOR:
            return f"{self.kind.value} {shown_text(self.name)}"
        return f"{self.kind.value}/{self.name}"


def parse_target(text: str) -> tuple[Target, str | None]:
    """Return what `text` names, and the path behind its colon; None without a colon.

    Raises:
        UsageError: the text is no target.
    """
    words, colon, path = text.partition(":")
    type_, slash, name = words.rpartition("/")
    kind = TYPES.get(type_) if slash else Kind.POD
    if kind is None:
        where = f"{name}{colon}{shown_text(path)}"
        raise UsageError(
            f"{text!r} names no target",
            reason="a target is a pod's name, or TYPE/NAME with one of the types "
            + ", ".join(_SHORT.values()),
            fix=f"for a pod of another namespace: kubectl restore {where} BACKUP -n {type_}"
            if _NAME.fullmatch(name) and _NAME.fullmatch(type_)
            else "kubectl get pods",
        )
    require_name(name, kind)
    return Target(name, kind), path if colon else None


def require_name(name: str, kind: Kind = Kind.POD) -> None:
    """Return when a name is one that an object can have.

    Raises:
        UsageError: no object can have it.
    """
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be a {kind.value}'s name",
            reason="a name has lower-case letters, digits, '-' and '.', at most 253 of them",
            fix=f"kubectl get {RESOURCES[kind]}",
        )
