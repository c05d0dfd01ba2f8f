"""What this program has made in a namespace, and what still stands there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubectl_restore.cluster.helper_pod import State, seen
from kubectl_restore.cluster.labels import CLAIM, is_ours, is_readers
from kubectl_restore.cluster.target import require_name
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Standing:
    """A helper pod.

    Attributes:
        name: the pod's.
        namespace: its.
        uid: the Pod object's.
        claim: which it has; safe to print.
        state: how far it is.
        created: when, as the cluster writes times (RFC 3339).
        reads: it was made to compare.
    """

    name: str
    namespace: str
    uid: str
    claim: str
    state: State
    created: str
    reads: bool

    def fields(self) -> dict[str, object]:
        """Return it for JSON."""
        return {
            "name": self.name,
            "claim": self.claim,
            "state": self.state.value,
            "created": self.created,
            "reads": self.reads,
        }


def parse_standing(text: bytes) -> list[Standing]:
    """Read `kubectl get pods -l ... -o json`.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, IndexError, UsageError: these are no pods.
    """
    return [_standing(one) for one in json.loads(text)["items"] if is_ours(one)]


def _standing(pod: Mapping[str, Any]) -> Standing:
    metadata = pod["metadata"]
    found = seen(json.dumps(pod).encode())
    require_name(metadata["name"])
    require_name(metadata["namespace"])
    return Standing(
        name=metadata["name"],
        namespace=metadata["namespace"],
        uid=found.uid,
        claim=shown_text(str((metadata.get("annotations") or {}).get(CLAIM, ""))),
        state=found.state,
        created=shown_text(str(metadata.get("creationTimestamp", ""))),
        reads=is_readers(pod),
    )
