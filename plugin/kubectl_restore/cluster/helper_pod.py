"""A helper pod: what reaches a claim that no pod mounts. Its manifest, and what its status means.

It has the claim at one directory and a shell, runs nothing else, and ends by itself: after its
deadline whatever became of us. One name for each claim, so that two restores cannot make two of
them: the API server refuses the second.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.cluster.labels import CLAIM, MANAGED, OURS, READS, RUNS
from kubectl_restore.cluster.pod import facts_of
from kubectl_restore.errors import PodCannotError
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOUNT: Final = "/data"
"""Where it has the claim."""
IMAGE: Final = "busybox:stable"
"""A shell and tar in 4 MB, on every architecture that Kubernetes runs on."""
CONTAINER: Final = "restore"
UNLIMITED: Final = 24 * 3600
"""Seconds that one lives at most where a restore has no time limit."""
MARGIN: Final = 600
"""Seconds that it lives longer than the restore may take."""
_LONGEST_NAME: Final = 63
"""Of a pod whose name is its host name, too (RFC 1123)."""
_NEVER: Final = frozenset(
    {
        *("ErrImageNeverPull", "ImagePullBackOff", "InvalidImageName"),
        *("CreateContainerConfigError", "CreateContainerError", "RunContainerError"),
    }
)
"""Reasons of a waiting container that waiting does not mend (kubelet, pkg/kubelet/images/types.go
and kuberuntime_container.go). ErrImagePull is tried again some seconds later."""
_AS_ROOT: Final = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "MKNOD")
"""What setting owners, modes and making devices needs; the PodSecurity standard `baseline` admits
them."""


@dataclass(frozen=True, slots=True)
class User:
    """Whom a helper runs as: numeric user and group."""

    uid: int
    gid: int


ROOT: Final = User(0, 0)


@dataclass(frozen=True, slots=True)
class HelperPod:
    """One that is wanted.

    Attributes:
        claim: its name.
        mount: where it stands in the helper.
        part: of the claim, which is mounted alone (a subPath); empty for the whole.
        reads: nothing is written: the claim is mounted read-only.
        node: where it has to run, since another pod there has the claim; empty for anywhere.
        tolerations: of that pod.
        image: what it runs.
        user: whom it runs as; None where the backup's owners decide.
    """

    claim: str
    mount: str = MOUNT
    part: str = ""
    reads: bool = False
    node: str = ""
    tolerations: tuple[Mapping[str, Any], ...] = ()
    image: str = IMAGE
    user: User | None = None

    def flags(self) -> list[str]:
        """Return the flags of a command line that say the same image and user, where it has to."""
        words = [] if self.image == IMAGE else [f"--helper-image={self.image}"]
        if self.user is not None:
            words.append(f"--run-as={self.user.uid}:{self.user.gid}")
        return words

    def name(self, word: str = "") -> str:
        """Return the pod's name: a claim's own, with a word that tells one of several apart."""
        digest = hashlib.sha256(f"{self.claim}\0{word}".encode()).hexdigest()[:8]
        room = _LONGEST_NAME - len(f"{CONTAINER}--{digest}")
        return f"{CONTAINER}-{self.claim[:room].strip('-.').replace('.', '-')}-{digest}"

    def runs(self, user: User) -> str:
        """Return what is noted of it: which image, as whom."""
        return f"{self.image} as {user.uid}:{user.gid}"

    def users(self, owners: Iterable[tuple[int, int]]) -> tuple[User, ...]:
        """Return whom it may run as, the best one first.

        As root everything gets the owner that the backup has. Where no policy admits root, and all
        of the backup belongs to one other user, that one will do: nothing has to be given away.

        Args:
            owners: numeric user and group of everything that is restored.
        """
        if self.user is not None:
            return (self.user,)
        only = sole_owner(owners)
        return (ROOT,) if only is None else (ROOT, only)

    def manifest(self, user: User, seconds: int, word: str = "") -> dict[str, Any]:
        """Return the pod, for `kubectl create`.

        As anybody but root it is what the PodSecurity standard `restricted` admits.

        Args:
            user: whom it runs as.
            seconds: after which it ends by itself.
            word: see `name`.
        """
        mount: dict[str, Any] = {"name": "claim", "mountPath": self.mount, "readOnly": self.reads}
        if self.part:
            mount["subPath"] = self.part
        claim = {"claimName": self.claim, "readOnly": self.reads}
        spec: dict[str, Any] = {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": seconds,
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": _pod_security(user, reads=self.reads),
            "containers": [
                {
                    "name": CONTAINER,
                    "image": self.image,
                    # What the node has is used: a registry may be what is out of order.
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["sleep", str(seconds)],
                    "securityContext": _container_security(user),
                    "resources": {
                        "requests": {"cpu": "100m", "memory": "64Mi"},
                        "limits": {"cpu": "2", "memory": "512Mi"},
                    },
                    "volumeMounts": [mount],
                }
            ],
            "volumes": [{"name": "claim", "persistentVolumeClaim": claim}],
        }
        if self.node:
            spec["affinity"] = _only_on(self.node)
            spec["tolerations"] = [dict(one) for one in self.tolerations]
        labels = {MANAGED: OURS} | ({READS: "true"} if self.reads else {})
        metadata = {
            "name": self.name(word),
            "labels": labels,
            "annotations": {CLAIM: self.claim, RUNS: self.runs(user)},
        }
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def sole_owner(owners: Iterable[tuple[int, int]]) -> User | None:
    """Return the one owner that everything has; None where that is root, or there are several."""
    found = set(owners)
    if len(found) == 1:
        (only,) = found
        if only[0] > 0 and only[1] > 0:
            return User(*only)
    return None


def _pod_security(user: User, *, reads: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "runAsUser": user.uid,
        "runAsGroup": user.gid,
        "runAsNonRoot": user.uid != 0,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    if user.uid and not reads:
        # A new volume belongs to root; only so can somebody else write to it.
        found |= {"fsGroup": user.gid, "fsGroupChangePolicy": "OnRootMismatch"}
    return found


def _container_security(user: User) -> dict[str, Any]:
    capabilities: dict[str, Any] = {"drop": ["ALL"]}
    if user.uid == 0:
        capabilities["add"] = list(_AS_ROOT)
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": capabilities,
    }


def _only_on(node: str) -> dict[str, Any]:
    # By name, not by label: kubernetes.io/hostname may be another word than the node's name.
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


class State(StrEnum):
    """How far a helper pod is."""

    STARTING = "starting"
    RUNNING = "running"
    ENDED = "ended"
    """Or on its way out."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What its object says.

    Attributes:
        state: how far it is.
        uid: the Pod object's.
        why: what it waits for, in the cluster's words; safe to print; empty where it does not say.
        is_hopeless: waiting does not mend that.
        runs: of a pod of ours: which image, as whom; empty for anybody else's.
        claims: whose names it mounts.
    """

    state: State
    uid: str
    why: str = ""
    is_hopeless: bool = False
    runs: str = ""
    claims: frozenset[str] = frozenset()


def seen(text: bytes) -> Seen:
    """Read `kubectl get pod NAME -o json`, or what `kubectl create` answers.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, IndexError: this is no Pod object.
    """
    facts = facts_of(json.loads(text))
    name = facts.containers[0]
    why = facts.states.get(name, "") or facts.why
    state = State.RUNNING if name in facts.running else State.STARTING
    if facts.terminating or facts.phase in {"Succeeded", "Failed"}:
        state = State.ENDED
    return Seen(
        state,
        facts.uid,
        "" if state is State.RUNNING else why,
        state is State.STARTING and is_hopeless(why),
        facts.runs,
        facts.claims,
    )


def is_hopeless(why: str) -> bool:
    """Tell whether waiting does not mend what a container waits for (`PodFacts.states`)."""
    return why.removeprefix("waiting: ").partition(":")[0] in _NEVER


def warnings_of(text: bytes) -> list[str]:
    """Read `kubectl get events -o json`: what went wrong, the oldest first; safe to print.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: these are no events.
    """
    items = json.loads(text)["items"]
    warnings = [one for one in items if one.get("type") == "Warning"]
    warnings.sort(key=lambda one: str(one.get("lastTimestamp") or one.get("eventTime") or ""))
    found = (f"{one.get('reason', '')}: {one.get('message', '')}".strip() for one in warnings)
    return [shown_text(one) for one in dict.fromkeys(found)]


def cannot_start(what: str, why: str, at: str) -> PodCannotError:
    """Return the error for something that will never run."""
    is_image = "Image" in why
    return PodCannotError(
        f"{what} cannot start",
        reason=why,
        fix="the same command with an image that the node can have, one with sh: "
        "--helper-image=IMAGE"
        if is_image
        else f"kubectl{at} get events",
    )
