"""Which context kubectl uses, as its own configuration says."""

from __future__ import annotations

import json
from contextlib import suppress


def context_in(config: bytes) -> str | None:
    """Return the current context of `kubectl config view -o json`; None where it says none."""
    with suppress(ValueError, AttributeError):
        name = json.loads(config).get("current-context")
        return name if isinstance(name, str) and name else None
    return None
