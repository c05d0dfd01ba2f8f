"""What a pod may keep on its node's disk: of its emptyDirs and of its own layer. Pure.

What is beyond is not refused when it is written: the kubelet evicts the pod soon afterwards
(pkg/kubelet/eviction/eviction_manager.go, `localStorageEviction`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_STORAGE: Final = "ephemeral-storage"
_QUANTITY: Final = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3}|[numkMGTPE]|[KMGTPE]i)?")
"""k8s.io/apimachinery/pkg/api/resource/quantity.go; a limit has no sign."""
_POWERS_OF_TEN: Final = {
    "": 0, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
}  # fmt: skip
_POWERS_OF_TWO: Final = {f"{prefix}i": 10 * (at + 1) for at, prefix in enumerate("KMGTPE")}


@dataclass(frozen=True, slots=True)
class Limit:
    """What may stand below a path of a container.

    Attributes:
        path: a mount point, or `/` for the container's own layer.
        size: bytes; None for no limit.
        what: says which limit it is.
    """

    path: str
    size: int | None
    what: str = ""


def read_quantity(text: object) -> int | None:
    """Return the whole number in a quantity of Kubernetes; None where it is none."""
    found = _QUANTITY.fullmatch(str(text))
    if found is None:
        return None
    whole, _, part = found[1].partition(".")
    number, suffix = int(whole + part), found[2] or ""
    power = -len(part)
    if suffix in _POWERS_OF_TWO:
        number <<= _POWERS_OF_TWO[suffix]
    elif suffix in _POWERS_OF_TEN:
        power += _POWERS_OF_TEN[suffix]
    else:
        power += int(suffix[1:])
    if power < 0:
        return number // int(10**-power)
    return number * int(10**power)


def limits_of(pod: Mapping[str, Any], container: str) -> tuple[Limit, ...]:
    """Return what may stand where in a container, each of its mounts once.

    Args:
        pod: the Pod object.
        container: its name; ephemeral containers have no limits of their own.
    """
    spec = pod["spec"]
    every = [
        one
        for kind in ("containers", "initContainers", "ephemeralContainers")
        for one in spec.get(kind) or ()
    ]
    own: Mapping[str, Any] = next((one for one in every if one["name"] == container), {})
    of_pod = [_limit(one) for one in spec.get("containers") or ()]
    together = sum(one for one in of_pod if one is not None)
    layer = "the container's limit for ephemeral-storage"
    found = [Limit("/", _limit(own), layer)]
    volumes = {one["name"]: one for one in spec.get("volumes") or ()}
    for mount in own.get("volumeMounts") or ():
        empty = volumes.get(mount["name"], {}).get("emptyDir")
        path = mount["mountPath"]
        if empty is None:
            found.append(Limit(path, None))
            continue
        sizes: list[tuple[int, str]] = []
        if size := read_quantity(empty.get("sizeLimit")):
            sizes.append((size, "the sizeLimit of its emptyDir"))
        if empty.get("medium") in {None, ""} and together:
            sizes.append((together, "the pod's limit for ephemeral-storage"))
        found.append(Limit(path, *min(sizes)) if sizes else Limit(path, None))
    return tuple(found)


def _limit(container: Mapping[str, Any]) -> int | None:
    limits = (container.get("resources") or {}).get("limits") or {}
    return read_quantity(limits[_STORAGE]) if _STORAGE in limits else None


def limit_at(limits: Iterable[Limit], path: str) -> Limit | None:
    """Return the limit that holds at a path: that of the innermost mount."""
    whole = path.rstrip("/") + "/"
    fitting = [one for one in limits if whole.startswith(one.path.rstrip("/") + "/")]
    return max(fitting, key=lambda one: len(one.path.rstrip("/")), default=None)
