"""The pods of a workload, as a fleet sees them: by name, number, claim and node."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.cluster.workload import claim_at, live, owned, reading
from kubectl_restore.errors import AmbiguousError, NoPodError
from kubectl_restore.text import counted

if TYPE_CHECKING:
    from kubectl_restore.cluster.target import Target
    from kubectl_restore.cluster.workload import Workload

_NUMBER: Final = re.compile(r".*-([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Replica:
    """One pod.

    Attributes:
        pod: its name.
        namespace: its.
        uid: the Pod object's.
        claim: what stands at the target path; empty where that is no claim.
        node: where it runs; empty where that is not known.
    """

    pod: str
    namespace: str
    uid: str
    claim: str = ""
    node: str = ""

    @property
    def ordinal(self) -> str:
        """The number at its name's end, as a StatefulSet counts; empty where it has none."""
        found = _NUMBER.fullmatch(self.pod)
        return found[1] if found else ""


def replicas_of(
    target: Target,
    workload: Workload,
    text: bytes,
    *,
    path: str,
    container: str | None,
    skips: bool,
    at: str,
) -> list[Replica]:
    """Return the pods of a workload, in order.

    Args:
        target: as the user named it.
        workload: what its object says.
        text: `kubectl get pods -l SELECTOR -o json`, of a deployment with its replica sets.
        path: where the backups go.
        container: as the user named it.
        skips: fewer than it wants will do.
        at: flags that lead to the cluster and the namespace, for the fix, a blank before each.

    Raises:
        NoPodError: it has none, or fewer than it wants.
        AmbiguousError: two of them have one claim there: two backups would go to one place.
        InterruptedRestoreError: the answer cannot be read.
    """
    with reading(target):
        items: list[dict[str, Any]] = json.loads(text)["items"]
        found = [
            Replica(
                facts.name,
                facts.namespace,
                facts.uid,
                claim_at(facts, pod, path, container)[0],
                str(pod["spec"].get("nodeName") or ""),
            )
            for facts, pod in live(owned(items, workload.uid))
        ]
    found.sort(key=lambda one: (len(one.pod), one.pod))
    look = f"kubectl{at} get pods --selector={json.dumps(workload.selector)}"
    if not found or (len(found) < workload.wanted and not skips):
        raise NoPodError(
            f"{target} has {counted(len(found), 'pod')} that run, and wants {workload.wanted}",
            reason="each backup has to find its pod",
            fix=f"wait for them ({look}), or leave out what is not there: --skip-missing",
        )
    claims = [one.claim for one in found if one.claim]
    twice = sorted({one for one in claims if claims.count(one) > 1})
    if twice:
        raise AmbiguousError(
            f"several pods of {target} have one claim at {path}",
            reason=f"{', '.join(twice)}; two backups would go to one place",
            fix=f"restore into it once: kubectl restore pvc/{twice[0]} BACKUP{at}",
        )
    return found
