"""Which pod a workload, a service or a selector means.

A restore goes to one pod. Where several could be meant, none is taken, but where it is the same
which: all of them have the same claim at the target path. What the cluster holds is taken from its
own JSON: selector (as kubectl's `exec` does) and owner references (as its `rollout` does), so that
a pod that only carries the labels is nobody's.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.cluster.pod import PodFacts, facts_of
from kubectl_restore.cluster.target import Kind, require_name
from kubectl_restore.errors import AmbiguousError, InterruptedRestoreError, NoPodError, UsageError
from kubectl_restore.text import counted, shown_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kubectl_restore.cluster.target import Target

_REPLICATED: Final = frozenset({Kind.DEPLOYMENT, Kind.STATEFUL_SET, Kind.REPLICA_SET})
_ENDED: Final = frozenset({"Succeeded", "Failed"})
_MOST_SHOWN: Final = 12
_UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError, IndexError, UsageError)
_OPERATORS: Final = {
    "In": "{key} in ({values})",
    "NotIn": "{key} notin ({values})",
    "Exists": "{key}",
    "DoesNotExist": "!{key}",
}
"""Of a LabelSelector's requirement, in the form that kubectl takes (apimachinery, meta/v1,
`LabelSelectorAsSelector`)."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What a workload's object says of its pods.

    Attributes:
        selector: as `kubectl get -l` takes it.
        uid: the object's; empty where pods are nobody's (a service, a selector).
        wanted: how many pods it is to have; 0 where it does not say.
        namespace: the object's; None where there is no object (a selector).
        modes: of a claim, its access modes.
    """

    selector: str
    uid: str = ""
    wanted: int = 0
    namespace: str | None = None
    modes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Choice:
    """The pod that is meant.

    Attributes:
        facts: the pod's.
        why: how it was found, for the first line.
        container: the one that mounts a claim; None where that decides nothing.
        path: where it does, or what was named below that; None likewise.
        mount: where it does; empty likewise.
    """

    facts: PodFacts
    why: str
    container: str | None = None
    path: str | None = None
    mount: str = ""


def parse_workload(target: Target, text: bytes) -> Workload:
    """Read `kubectl get TYPE NAME -o json`.

    Raises:
        InterruptedRestoreError: this is no such object.
        NoPodError: it has no selector, so it has no pods that anybody could find.
    """
    with reading(target):
        found: dict[str, Any] = json.loads(text)
        spec = found["spec"]
        selector = spec.get("selector") or {}
        if target.kind is Kind.SERVICE:
            selector, uid, wanted = {"matchLabels": selector}, "", 0
        else:
            replicas = spec.get("replicas", 1) if target.kind in _REPLICATED else 0
            uid, wanted = found["metadata"]["uid"], int(replicas)
        where = found.get("metadata", {}).get("namespace")
        selected = _required(target, _as_text(selector), f" --namespace={where}" if where else "")
        return Workload(selected, uid, wanted, str(found["metadata"]["namespace"]))


def _required(target: Target, selector: str, at: str) -> str:
    if not selector:
        raise NoPodError(
            f"{target} has no pods of its own",
            reason="it has no selector",
            fix=f"name the pod: kubectl{at} get pods",
        )
    return selector


def _as_text(selector: dict[str, Any]) -> str:
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for one in selector.get("matchExpressions") or ():
        values = ",".join(one.get("values") or ())
        parts.append(_OPERATORS[one["operator"]].format(key=one["key"], values=values))
    return ",".join(parts)


def choose_pod(
    target: Target,
    workload: Workload,
    text: bytes,
    *,
    path: str,
    container: str | None,
    at: str,
    naming: Callable[[str], str],
) -> Choice:
    """Return the pod that is meant.

    Args:
        target: as the user named it.
        workload: what its object says.
        text: `kubectl get pods -l SELECTOR -o json`, of a deployment with its replica sets.
        path: where the backup goes; a claim that all pods have there makes them equal.
        container: as the user named it.
        at: flags that lead to the cluster and the namespace, for the fix, a blank before each.
        naming: returns how to say the same of one pod, for the fix.

    Raises:
        NoPodError: there is none, or not the one that was named.
        AmbiguousError: there are several, and nobody said which.
        InterruptedRestoreError: the answer cannot be read.
    """
    with reading(target):
        items: list[dict[str, Any]] = json.loads(text)["items"]
        found = live(owned(items, workload.uid))
    look = f"kubectl{at} get pods --selector={json.dumps(workload.selector)}"
    if target.pod is not None:
        for facts, _ in found:
            if facts.name == target.pod:
                return Choice(facts, f"of {target}, named by --pod")
        raise NoPodError(
            f"{target} has no pod {target.pod}",
            reason=f"its pods: {_listed(found)}" if found else "it has no pod that runs",
            fix=look,
        )
    if not found:
        raise NoPodError(f"{target} has no pod that runs", reason=_gone(items, workload), fix=look)
    if len(found) == 1 and workload.wanted <= 1:
        return Choice(found[0][0], f"the only one of {target}")
    claims = {claim_at(facts, pod, path, container) for facts, pod in found}
    (claim, _), *others = claims
    if claim and not others and target.kind is not Kind.STATEFUL_SET:
        first = "ready one" if _is_ready(found[0][1]) else "one"
        many = counted(len(found), "pod") if len(found) > 1 else "one pod"
        return Choice(
            found[0][0],
            f"the first {first} of {target}: {many}, all with the claim {claim} at {path}",
        )
    fewer = f"; it wants {workload.wanted}" if workload.wanted > len(found) else ""
    raise AmbiguousError(
        f"{target} has several pods, and a restore goes to one",
        reason=f"its pods: {_listed(found)}{fewer}",
        fix=f"name one of them: {naming(found[0][0].name)}",
    )


def names_of_pods(target: Target, workload: Workload, text: bytes) -> list[str]:
    """Return the pods of a workload that have not ended, those that are being deleted too.

    Args:
        target: the workload.
        workload: what its object says.
        text: `kubectl get pods -l SELECTOR -o json`, of a deployment with its replica sets.

    Raises:
        InterruptedRestoreError: the answer cannot be read.
    """
    with reading(target):
        items: list[dict[str, Any]] = json.loads(text)["items"]
        names = []
        for one in owned(items, workload.uid):
            if not has_ended(one):
                require_name(one["metadata"]["name"])
                names.append(one["metadata"]["name"])
        return sorted(names, key=_by_number)


def owned(items: Sequence[dict[str, Any]], uid: str) -> list[dict[str, Any]]:
    """Return the pods among the items that belong to an object, by themselves or by a set."""
    pods = [one for one in items if one.get("kind", "Pod") == "Pod"]
    if not uid:
        return pods
    sets = [one for one in items if one.get("kind") == "ReplicaSet"]
    owners = {uid, *(one["metadata"]["uid"] for one in sets if uid in _owners(one))}
    return [one for one in pods if owners & _owners(one)]


def _owners(item: dict[str, Any]) -> set[str]:
    return {one["uid"] for one in item["metadata"].get("ownerReferences") or ()}


def live(pods: Iterable[dict[str, Any]]) -> list[tuple[PodFacts, dict[str, Any]]]:
    """Return the pods that are not on their way out, the ready ones first.

    Raises:
        KeyError, TypeError, AttributeError, IndexError: one is no Pod object.
        UsageError: one has a name that none can have.
    """
    found = [(facts_of(one), one) for one in pods if _runs_on(one)]
    for facts, _ in found:
        require_name(facts.name)
    return sorted(found, key=lambda pair: (not _is_ready(pair[1]), _by_number(pair[0].name)))


def has_ended(pod: dict[str, Any]) -> bool:
    """Tell whether nothing of a pod runs any more."""
    return (pod.get("status") or {}).get("phase") in _ENDED


def _runs_on(pod: dict[str, Any]) -> bool:
    return "deletionTimestamp" not in pod["metadata"] and not has_ended(pod)


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def _by_number(name: str) -> tuple[str, int, str]:
    """Sort db-10 behind db-9."""
    before, _, number = name.rpartition("-")
    return (before, int(number), "") if number.isdecimal() else (before, -1, number)


def is_below(path: str, mount: str) -> bool:
    """Tell whether a path is a mount point, or stands below it."""
    return f"{path}/".startswith(f"{mount.rstrip('/')}/")


def _claims(pod: dict[str, Any]) -> dict[str, str]:
    """Return the claim of each volume that is one."""
    return {
        one["name"]: one["persistentVolumeClaim"]["claimName"]
        for one in pod["spec"].get("volumes") or ()
        if one.get("persistentVolumeClaim")
    }


def claim_at(
    facts: PodFacts, pod: dict[str, Any], path: str, container: str | None
) -> tuple[str, str]:
    """Return the claim that stands at a path, and the part of it; empty where none does."""
    wanted = container or facts.default
    mounts = [
        mount
        for one in pod["spec"]["containers"]
        if one["name"] == wanted
        for mount in one.get("volumeMounts") or ()
        if is_below(path, mount["mountPath"])
    ]
    if not mounts:
        return "", ""
    nearest = max(mounts, key=lambda mount: len(mount["mountPath"].rstrip("/")))
    if nearest.get("subPathExpr"):
        # Each pod's own, mostly.
        return "", ""
    return _claims(pod).get(nearest["name"], ""), nearest.get("subPath") or ""


def _listed(found: Sequence[tuple[PodFacts, dict[str, Any]]]) -> str:
    names = []
    for facts, pod in found[:_MOST_SHOWN]:
        about = [] if _is_ready(pod) else [f"not ready, {facts.phase}"]
        claims = sorted(set(_claims(pod).values()))
        about += [f"claim {' and '.join(claims)}"] if claims else []
        names.append(f"{facts.name} ({'; '.join(about)})" if about else facts.name)
    more = len(found) - len(names)
    return shown_text(", ".join(names)) + (f" and {more} more" if more else "")


def _gone(items: Sequence[dict[str, Any]], workload: Workload) -> str:
    """Return what is known of a workload without a pod."""
    pods = owned(items, workload.uid)
    if pods:
        verb = "is" if len(pods) == 1 else "are"
        return f"{counted(len(pods), 'pod')} of it ended, or {verb} being deleted"
    if not workload.uid:
        return "no pod has these labels"
    return "no pod has the labels that it selects, and belongs to it"


@contextmanager
def reading(target: Target) -> Iterator[None]:
    """Turn what an answer that is none makes of its reading into an error of ours."""
    try:
        yield
    except _UNREADABLE as error:
        raise InterruptedRestoreError(
            f"the cluster's answer about {target} cannot be read",
            reason=f"{type(error).__name__} in the JSON of kubectl get",
            fix="run the same command again",
        ) from error
