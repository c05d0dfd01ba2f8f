"""By what a target is reached: `--via`."""

from __future__ import annotations

from enum import StrEnum


class Via(StrEnum):
    """Which container the agent runs in."""

    AUTO = "auto"
    """The target's own; of a claim that no pod mounts a helper pod's."""
    EXEC = "exec"
    """The target's own, and nothing is made."""
    EPHEMERAL = "ephemeral"
    """An ephemeral container, added to the pod, with the target container's volumes."""
    HELPER = "helper"
    """A pod of ours that mounts the claim."""
