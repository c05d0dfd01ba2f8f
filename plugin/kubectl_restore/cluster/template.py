"""Which claim the pods of a workload have at a path, told by its template: there may be no pod."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.cluster.helper_pod import MOUNT
from kubectl_restore.cluster.pod import DEFAULT_CONTAINER
from kubectl_restore.cluster.workload import is_below, reading
from kubectl_restore.errors import (
    AmbiguousError,
    NoContainerError,
    NoPodError,
    PodCannotError,
)
from kubectl_restore.text import counted, shown_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_restore.cluster.target import Target

_MOST_SHOWN: Final = 12
_OTHERS: Final = frozenset({"name"})


@dataclass(frozen=True, slots=True)
class ClaimPart:
    """A place on a claim.

    Attributes:
        claim: its name.
        part: the way from its root, without a slash at either end; empty for the root itself.
        mount: where the pods have the whole claim; empty where they have a part of it only.
    """

    claim: str
    part: str = ""
    mount: str = ""

    def placed(self, path: str) -> tuple[str, str]:
        """Return where a helper pod has the claim, and where the place stands in it.

        Where the pods have the whole claim it is the same path as in them.

        Args:
            path: in the pods.
        """
        if self.mount:
            return self.mount, path
        return MOUNT, f"{MOUNT}/{self.part}".rstrip("/")


@dataclass(frozen=True, slots=True)
class _Template:
    """What a workload's object says of its pods.

    Attributes:
        name: the workload's.
        spec: a pod's.
        default: the container that kubectl takes.
        made: names of volumes for which each pod has a claim of its own.
        start: the number of the first pod.
    """

    name: str
    spec: dict[str, Any]
    default: str
    made: frozenset[str]
    start: int

    @classmethod
    def read(cls, found: dict[str, Any]) -> _Template:
        spec = found["spec"]
        template = spec["template"]
        containers = [str(one["name"]) for one in template["spec"]["containers"]]
        annotations = (template.get("metadata") or {}).get("annotations") or {}
        named = annotations.get(DEFAULT_CONTAINER)
        return cls(
            str(found["metadata"]["name"]),
            template["spec"],
            named if named in containers else containers[0],
            frozenset(
                str(one["metadata"]["name"]) for one in spec.get("volumeClaimTemplates") or ()
            ),
            int((spec.get("ordinals") or {}).get("start") or 0),
        )

    def has_made(self, volume: str, claim: str) -> bool:
        """Tell whether a claim is one pod's own for a volume."""
        before = re.escape(f"{volume}-{self.name}-")
        return re.fullmatch(rf"{before}\d+", claim, re.ASCII) is not None

    def claims(self, count: int) -> list[str]:
        """Return the claims of so many pods.

        Those that are made are called TEMPLATE-SET-NUMBER (pkg/controller/statefulset,
        stateful_set_utils.go, `getPersistentVolumeClaimName`).
        """
        named = [
            str(one["persistentVolumeClaim"]["claimName"])
            for one in self.spec.get("volumes") or ()
            if one.get("persistentVolumeClaim") and one["name"] not in self.made
        ]
        numbers = range(self.start, self.start + max(1, count))
        return sorted(named) + [
            f"{one}-{self.name}-{number}" for one in sorted(self.made) for number in numbers
        ]


def claim_at(
    target: Target,
    text: bytes,
    *,
    path: str,
    container: str | None,
    count: int,
    naming: Callable[[str], str],
) -> ClaimPart:
    """Return what of a claim a workload's pods have at a path.

    Args:
        target: the workload, and which of its pods is meant.
        text: `kubectl get TYPE NAME -o json`.
        path: in a container of theirs.
        container: which; None for kubectl's default.
        count: how many pods there are when nothing is restored.
        naming: returns how to say the same of one pod, for the fix.

    Raises:
        NoContainerError: they have no such container.
        NoPodError: there is no such pod.
        AmbiguousError: it depends on the pod, and none was named.
        PodCannotError: no claim stands there.
        InterruptedRestoreError: the answer cannot be read.
    """
    with reading(target):
        template = _Template.read(json.loads(text))
        claims = template.claims(count)
        mount = _mount_at(target, template, path, container or template.default)
        where = f"{path} of container {container or template.default}"
        if mount is None:
            raise _no_claim(target, where, "", claims)
        if mount.get("subPathExpr"):
            raise _ambiguous(
                target, f"at {where} each pod has a part of its own", claims, _name_a_claim(target)
            )
        stands = "/" + str(mount["mountPath"]).strip("/")
        below, of = path.removeprefix(stands).strip("/"), str(mount.get("subPath") or "").strip("/")
        part = "/".join(filter(None, (of, below)))
        stands = "" if of else stands
        name = str(mount["name"])
        if name in template.made:
            number = _number(target, template, count, claims, naming)
            return ClaimPart(f"{name}-{template.name}-{number}", part, stands)
        volumes = [one for one in template.spec.get("volumes") or () if one["name"] == name]
        for one in volumes:
            if one.get("persistentVolumeClaim"):
                return ClaimPart(str(one["persistentVolumeClaim"]["claimName"]), part, stands)
        kind = next(iter(sorted(volumes[0].keys() - _OTHERS)), "volume") if volumes else "volume"
        raise _no_claim(target, where, kind, claims)


def mount_of(target: Target, text: bytes, claim: str, path: str) -> str:
    """Return where a workload's pods have the whole of a claim, at a path or above it.

    Args:
        target: the workload.
        text: `kubectl get TYPE NAME -o json`.
        claim: its name.
        path: in a container of theirs.

    Returns:
        Where a helper pod has it, where they have it in no such place.

    Raises:
        InterruptedRestoreError: the answer cannot be read.
    """
    with reading(target):
        template = _Template.read(json.loads(text))
        names = {
            str(one["name"])
            for one in template.spec.get("volumes") or ()
            if (one.get("persistentVolumeClaim") or {}).get("claimName") == claim
        }
        names -= template.made
        names |= {one for one in template.made if template.has_made(one, claim)}
        found = {
            str(mount["mountPath"]).rstrip("/")
            for container in template.spec["containers"]
            for mount in container.get("volumeMounts") or ()
            if mount["name"] in names and not (mount.get("subPath") or mount.get("subPathExpr"))
        }
        return max((one for one in found if one and is_below(path, one)), key=len, default=MOUNT)


def uses_claim(item: dict[str, Any], claim: str) -> bool:
    """Tell whether the pods of a workload have a claim.

    Raises:
        KeyError, TypeError, AttributeError, IndexError, ValueError: this is no workload's object.
    """
    template = _Template.read(item)
    return claim in template.claims(0) or any(
        template.has_made(one, claim) for one in template.made
    )


def _mount_at(
    target: Target, template: _Template, path: str, container: str
) -> dict[str, Any] | None:
    for one in template.spec["containers"]:
        if one["name"] == container:
            mounts = [m for m in one.get("volumeMounts") or () if is_below(path, m["mountPath"])]
            return max(mounts, key=lambda m: len(m["mountPath"].rstrip("/")), default=None)
    names = ", ".join(one["name"] for one in template.spec["containers"])
    raise NoContainerError(
        f"the pods of {target} have no container {container}",
        reason=f"their containers: {shown_text(names)}",
        fix=f"name one of them: -c {shown_text(template.default)}",
    )


def _number(
    target: Target,
    template: _Template,
    count: int,
    claims: list[str],
    naming: Callable[[str], str],
) -> int:
    """Return the number of the pod that is meant."""
    first, last = template.start, template.start + max(1, count) - 1
    if target.pod is None:
        if count > 1:
            raise _ambiguous(
                target,
                "each of its pods has a claim of its own",
                claims,
                f"name one of them: {naming(f'{template.name}-{first}')}",
            )
        return first
    before, _, number = target.pod.rpartition("-")
    if before != template.name or not re.fullmatch(r"0|[1-9]\d{0,8}", number, re.ASCII):
        is_one = False
    else:
        is_one = first <= int(number) <= last
    if not is_one:
        pods = f"{template.name}-{first}" + (f" to {template.name}-{last}" if last > first else "")
        raise NoPodError(
            f"{target} has no pod {target.pod}",
            reason=f"its pods, when it has them all: {pods}",
            fix=f"name one of them: {naming(f'{template.name}-{first}')}",
        )
    return int(number)


def _ambiguous(target: Target, why: str, claims: list[str], fix: str) -> AmbiguousError:
    return AmbiguousError(
        f"which claim of {target} is meant cannot be told",
        reason=f"{why}; its claims: {_listed(claims)}",
        fix=fix,
    )


def _name_a_claim(target: Target) -> str:
    words = f"kubectl restore pvc/NAME BACKUP --scale-down, with one of {target}"
    return f"name the claim itself: {words}"


def _no_claim(target: Target, where: str, kind: str, claims: list[str]) -> PodCannotError:
    what = f"what stands there ({shown_text(kind)}) goes with the pods" if kind else "none is there"
    known = f"; its claims: {_listed(claims)}" if claims else ""
    return PodCannotError(
        f"no claim of {target} stands at {where}; nothing was changed",
        reason=f"{what}, and with --scale-down a restore goes to a claim{known}",
        fix="name the directory at which its pods mount one: -t PATH",
    )


def _listed(claims: list[str]) -> str:
    more = len(claims) - _MOST_SHOWN
    text = shown_text(", ".join(claims[:_MOST_SHOWN]))
    return f"{text} and {counted(more, 'more', 'more')}" if more > 0 else text
