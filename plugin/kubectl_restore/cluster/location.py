"""Where a path of a container really is: which volume, and where in it.

One directory has many names: a claim, each pod that mounts it, a workload of such a pod. Two
targets are one place where their locations are equal.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Location:
    """A directory, however it was named.

    Attributes:
        holder: a claim, a volume of a pod, or a container's own file system; one of a kind.
        path: in that, absolute.
    """

    holder: str
    path: str

    def __str__(self) -> str:
        return f"{self.path} of {self.holder}"


@dataclass(frozen=True, slots=True)
class MountedVolume:
    """A volume as a container has it.

    Attributes:
        path: where it stands.
        holder: see `Location`.
        part: of the volume, which is mounted alone; empty for the whole.
    """

    path: str
    holder: str
    part: str = ""


def volumes_of(pod: dict[str, Any], container: str) -> tuple[MountedVolume, ...]:
    """Return the volumes that a container of a Pod object mounts.

    Raises:
        KeyError, TypeError, AttributeError: this is no Pod object.
    """
    about, spec = pod["metadata"], pod["spec"]
    kinds = ("containers", "initContainers", "ephemeralContainers")
    known = [one for kind in kinds for one in spec.get(kind) or () if one["name"] == container]
    sources = {str(one["name"]): one for one in spec.get("volumes") or ()}
    found = []
    for mount in (mount for one in known for mount in one.get("volumeMounts") or ()):
        name = str(mount["name"])
        source = sources.get(name, {})
        claim = (source.get("persistentVolumeClaim") or {}).get("claimName")
        if source.get("ephemeral"):
            # Whose claim is called so (pkg/controller/volume/ephemeral).
            claim = f"{about['name']}-{name}"
        holder = f"claim {claim}" if claim else f"volume {name} of pod {_named(about)}"
        part = str(mount.get("subPath") or "")
        if mount.get("subPathExpr"):
            # What the pod's environment makes of it is its own.
            holder = f"{mount['subPathExpr']} of {holder} as pod {_named(about)} has it"
        found.append(MountedVolume(str(mount["mountPath"]), holder, part))
    return tuple(found)


def location_at(
    path: str, volumes: Sequence[MountedVolume], *, pod: str, uid: str, container: str
) -> Location:
    """Return where a path of a container is.

    Args:
        path: absolute; links in it are not followed.
        volumes: that the container mounts.
        pod: its pod's name.
        uid: its pod's.
        container: its name.
    """
    path = _absolute(path)
    above = [one for one in volumes if f"{path}/".startswith(f"{_absolute(one.path).rstrip('/')}/")]
    if not above:
        return Location(f"container {container} of pod {pod} ({uid})", path)
    nearest = max(above, key=lambda one: len(_absolute(one.path)))
    below = path[len(_absolute(nearest.path).rstrip("/")) :]
    return Location(nearest.holder, _absolute(f"/{nearest.part}/{below}"))


def _absolute(path: str) -> str:
    return posixpath.normpath(f"/{path.lstrip('/')}")


def _named(about: dict[str, Any]) -> str:
    return f"{about['name']} ({about['uid']})"
