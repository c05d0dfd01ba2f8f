"""What tells the pods that this program has made from all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

MANAGED: Final = "app.kubernetes.io/managed-by"
"""Kubernetes' recommended label for it."""
OURS: Final = "kubectl-restore"
SELECTOR: Final = f"{MANAGED}={OURS}"
"""Selects everything that this program has made in a namespace."""
READS: Final = "kubectl-restore/reads"
"""Label of a pod that only reads: it belongs to the run that made it, and no other uses it."""
RUNS: Final = "kubectl-restore/runs"
"""Annotation: which image, as whom."""
CLAIM: Final = "kubectl-restore/claim"
"""Annotation: of which claim. A claim's name may be longer than a label's value."""


def is_ours(pod: Mapping[str, Any]) -> bool:
    """Tell whether this program has made a Pod object.

    A label alone is anybody's: what a controller owns, or has no claim noted, is never taken for
    ours, and so never deleted.
    """
    metadata = pod["metadata"]
    is_labelled = (metadata.get("labels") or {}).get(MANAGED) == OURS
    is_noted = bool((metadata.get("annotations") or {}).get(CLAIM))
    return bool(is_labelled and is_noted and not metadata.get("ownerReferences"))


def is_helper(pod: Mapping[str, Any]) -> bool:
    """Tell whether it was made to write, so that any restore of its claim may go on with it."""
    return is_ours(pod) and READS not in pod["metadata"]["labels"]


def is_readers(pod: Mapping[str, Any]) -> bool:
    """Tell whether it was made to read, so that it belongs to another run."""
    return is_ours(pod) and READS in pod["metadata"]["labels"]
