"""`kubectl restore status`: what of ours stands in a namespace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_restore.cli.flags import OF_STATUS
from kubectl_restore.cli.reading import kubectl_options
from kubectl_restore.cli.redacting import without_secrets
from kubectl_restore.errors import UsageError
from kubectl_restore.ui.json_fields import json_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.cli.argv import Parsed
    from kubectl_restore.cluster.kubectl import KubectlOptions
    from kubectl_restore.restore.reach.leftovers import Found

USAGE = "kubectl restore status [-n NAMESPACE] [--cleanup]"


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """What is asked.

    Attributes:
        kubectl: where.
        is_cleaned: what stands there is removed.
        command: how to say it again.
    """

    kubectl: KubectlOptions
    is_cleaned: bool
    command: tuple[str, ...]


def read_status_request(parsed: Parsed, words: Sequence[str]) -> StatusRequest:
    """Return what is asked, as these words say it.

    Raises:
        UsageError: something is too much, or has no meaning here.
    """
    for flag, _ in parsed.flags:
        if flag.name not in OF_STATUS:
            raise UsageError(
                f"--{flag.name} has no meaning for status",
                reason="it says what helper pods stand in a namespace",
                fix=USAGE,
            )
    if parsed.positionals:
        raise UsageError(
            "status takes no target",
            reason=f"{len(parsed.positionals)} words were given; it looks at a namespace",
            fix=f"{USAGE}; for a pod called status: kubectl restore pod/status BACKUP",
        )
    return StatusRequest(
        kubectl_options(parsed),
        parsed.is_set("cleanup"),
        without_secrets(parsed, ("kubectl", "restore", "status", *words)),
    )


def status_text(found: Found) -> str:
    """Return what was found, for a person."""
    scaled = "".join(f"{one.stands(found.at)}\n" for one in found.scaled)
    if not found.pods:
        return scaled or "Nothing that kubectl restore has made stands there\n"
    if found.removed:
        return "".join(f"pod/{name} deleted\n" for name in found.removed) + scaled
    rows = [("POD", "CLAIM", "STATE", "CREATED")]
    rows += [(one.name, one.claim, one.state.value, one.created) for one in found.pods]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.append(f"to remove them: kubectl restore status{found.at} --cleanup")
    return "\n".join(lines) + f"\n{scaled}"


def status_json(found: Found) -> str:
    """Return the same as a line of JSON."""
    return json_line(
        {
            "message_type": "helpers",
            "pods": [one.fields() for one in found.pods],
            "removed": found.removed,
            "scaled_down": [
                {"workload": str(one.target), "replicas": one.noted} for one in found.scaled
            ],
        }
    )
