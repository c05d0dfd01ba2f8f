"""What besides its owner decides about the number of a workload's pods, or when they may go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from kubectl_restore.cluster.target import Kind
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_restore.cluster.target import Target

AUTOSCALERS: Final = "horizontalpodautoscalers.autoscaling"
BUDGETS: Final = "poddisruptionbudgets.policy"
_KINDS: Final = {
    Kind.DEPLOYMENT: "Deployment",
    Kind.STATEFUL_SET: "StatefulSet",
    Kind.REPLICA_SET: "ReplicaSet",
}


def autoscalers_of(target: Target, text: bytes) -> list[str]:
    """Return the autoscalers that set a workload's number of pods, each with its bounds.

    Args:
        target: the workload.
        text: `kubectl get horizontalpodautoscalers -o json`.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: this is no such list.
    """
    found = []
    for one in json.loads(text)["items"]:
        spec = one["spec"]
        scaled = spec["scaleTargetRef"]
        if (scaled["kind"], scaled["name"]) == (_KINDS.get(target.kind), target.name):
            bounds = f"{spec.get('minReplicas', 1)} to {spec['maxReplicas']}"
            found.append(shown_text(f"{one['metadata']['name']} ({bounds})"))
    return found


def budgets_of(labels: Mapping[str, str], text: bytes) -> list[str]:
    """Return the disruption budgets that hold for pods with these labels.

    Args:
        labels: of the workload's pods.
        text: `kubectl get poddisruptionbudgets -o json`.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: this is no such list.
    """
    return [
        shown_text(one["metadata"]["name"])
        for one in json.loads(text)["items"]
        if selects(one["spec"].get("selector"), labels)
    ]


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Tell whether a LabelSelector selects labels: none selects nothing, an empty one everything.

    Raises:
        KeyError, TypeError, AttributeError: it is none.
    """
    if selector is None:
        return False
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _is_met(one, labels) for one in selector.get("matchExpressions") or ()
    )


def _is_met(requirement: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Tell whether labels meet a requirement (apimachinery, labels, `Requirement.Matches`)."""
    key, operator = requirement["key"], requirement["operator"]
    values = requirement.get("values") or ()
    met = {
        "In": key in labels and labels[key] in values,
        "NotIn": key not in labels or labels[key] not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }
    return bool(met[operator])
