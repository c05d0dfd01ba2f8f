"""How many pods a workload is to have: what its object says, and the patches that change it.

The count that it had is noted in an annotation of ours by the same patch that sets 0, and taken out
by the one that sets it again, so that there is no moment in which it is neither there nor noted.
Each patch carries the resourceVersion of what was read: the API server refuses it (Conflict) where
somebody has changed the object meanwhile (Kubernetes, API concepts, "Resource versions").
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.cluster.target import RESOURCES, Kind, Target, require_name
from kubectl_restore.cluster.workload import reading
from kubectl_restore.errors import InTheWayError, PodCannotError, UsageError
from kubectl_restore.text import shown, shown_text

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTED: Final = "kubectl-restore/replicas"
"""The annotation that has the count from before."""
SCALED: Final = frozenset({Kind.DEPLOYMENT, Kind.STATEFUL_SET, Kind.REPLICA_SET})
"""What has replicas."""
RESOURCES_SCALED: Final = ",".join(sorted(RESOURCES[one] for one in SCALED))
"""The same, as kubectl is asked for all of them."""
_COUNT: Final = re.compile(r"\d{1,9}", re.ASCII)
KINDS: Final = {
    "Deployment": Kind.DEPLOYMENT,
    "StatefulSet": Kind.STATEFUL_SET,
    "ReplicaSet": Kind.REPLICA_SET,
}


@dataclass(frozen=True, slots=True)
class Replicas:
    """What a workload's object says of its pods' number.

    Attributes:
        target: the workload.
        version: the object's resourceVersion.
        wanted: how many there are to be.
        noted: how many there were before a run of ours set 0; None where none did.
        controller: what has made the object and may set it back, as TYPE/NAME; empty for nobody.
    """

    target: Target
    version: str
    wanted: int
    noted: int | None = None
    controller: str = ""

    @property
    def before(self) -> int:
        """How many there are to be afterwards: what somebody has set since counts."""
        return self.noted if self.noted is not None and not self.wanted else self.wanted

    def stands(self, at: str) -> str:
        """Return what a run that was broken off has left, and how it is set back by hand.

        Args:
            at: flags that lead to the cluster and the namespace, a blank before each.

        Returns:
            Lines, safe to print; empty where it is not scaled down by us.
        """
        if self.noted is None or self.wanted:
            return ""
        name = f"{RESOURCES[self.target.kind]} {self.target.name}"
        return (
            f"{self.target} is scaled to 0 (it had {self.noted}, which is noted in it): the same "
            f"command finishes it\nto set it back by hand: kubectl{at} scale {name} "
            f"--replicas={self.noted} && kubectl{at} annotate {name} {NOTED}-"
        )

    def down(self) -> str:
        """Return the merge patch (RFC 7386) that notes the count and sets 0."""
        return _patch(self.version, str(self.before), 0)

    def back(self) -> str:
        """Return the merge patch that sets the noted count and takes the note out.

        What somebody has set since is left as it is.
        """
        return _patch(self.version, None, self.before)


def _patch(version: str, noted: str | None, replicas: int) -> str:
    return json.dumps(
        {
            "metadata": {"resourceVersion": version, "annotations": {NOTED: noted}},
            "spec": {"replicas": replicas},
        },
        separators=(",", ":"),
    )


def parse_replicas(target: Target, text: bytes) -> Replicas:
    """Read `kubectl get TYPE NAME -o json`.

    Raises:
        InterruptedRestoreError: this is no such object.
        InTheWayError: it has a note of ours that nobody can read.
    """
    with reading(target):
        found: dict[str, Any] = json.loads(text)
        metadata, spec = found["metadata"], found["spec"]
        wanted = spec.get("replicas", 1)
        if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 0:
            raise TypeError
        controllers = [
            f"{one['kind']}/{one['name']}"
            for one in metadata.get("ownerReferences") or ()
            if one.get("controller")
        ]
        noted = (metadata.get("annotations") or {}).get(NOTED)
        version = str(metadata["resourceVersion"])
    if noted is not None and not (isinstance(noted, str) and _COUNT.fullmatch(noted)):
        raise InTheWayError(
            f"{target} has a note of an earlier restore that cannot be read; nothing was changed",
            reason=f"its annotation {NOTED} is {shown(str(noted).encode('utf-8', 'replace'))}",
            fix=f"kubectl annotate {RESOURCES[target.kind]} {target.name} {NOTED}-, then run the "
            "same command again",
        )
    return Replicas(
        target,
        version,
        wanted,
        None if noted is None else int(noted),
        shown_text("".join(controllers[:1])),
    )


def noted_in(text: bytes) -> dict[Target, dict[str, Any]]:
    """Read `kubectl get` of several kinds: the objects that have a note of ours.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: this is no such list.
        UsageError: one has a name that none can have.
    """
    found: dict[Target, dict[str, Any]] = {}
    for one in json.loads(text)["items"]:
        if NOTED in (one["metadata"].get("annotations") or {}):
            kind, name = KINDS[one["kind"]], one["metadata"]["name"]
            require_name(name, kind)
            found[Target(name, kind)] = one
    return found


@dataclass(frozen=True, slots=True)
class Owner:
    """What controls an object.

    Attributes:
        target: it, where it is something that has replicas.
        named: as TYPE/NAME, whatever it is; safe to print.
    """

    target: Target | None
    named: str


def owner_of(item: Mapping[str, Any]) -> Owner | None:
    """Return what controls a pod or a set; None for nobody.

    Raises:
        KeyError, TypeError, AttributeError: this is no object.
    """
    for one in item["metadata"].get("ownerReferences") or ():
        if one.get("controller"):
            group = str(one.get("apiVersion", "")).partition("/")[0]
            kind = KINDS.get(one["kind"]) if group == "apps" else None
            name = str(one["name"])
            return Owner(
                None if kind is None else Target(name, kind), shown_text(f"{one['kind']}/{name}")
            )
    return None


def require_scalable(target: Target) -> None:
    """Return when a target may be one whose pods can be taken away by a number.

    Raises:
        UsageError: it is none.
    """
    if target.kind in SCALED or target.kind is Kind.CLAIM:
        return
    raise UsageError(
        f"--scale-down does not go with {target}",
        reason="what has a number of replicas can be scaled down: a deployment, a statefulset, a "
        "replicaset; or name a claim, whose pods' owner is looked for",
        fix="kubectl restore deploy/NAME BACKUP -t PATH --scale-down",
    )


def require_owner(named: str, owner: Owner | None) -> Target:
    """Return what has to be scaled down so that a pod goes.

    Args:
        named: the pod, as pod/NAME.
        owner: what controls it, at last.

    Raises:
        PodCannotError: nothing that has a number of replicas.
    """
    if owner is not None and owner.target is not None:
        return owner.target
    by = "nothing that would make it anew controls it" if owner is None else f"{owner.named} does"
    raise PodCannotError(
        f"{named} cannot be scaled down; nothing was changed",
        reason=f"a deployment, a statefulset or a replicaset has a number of pods; {by}",
        fix=f"end it yourself, then run the same command again: kubectl delete {named}",
    )
