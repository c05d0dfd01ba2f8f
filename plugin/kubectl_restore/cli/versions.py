"""What `kubectl restore version` prints."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_restore.about import NAME, VERSION
from kubectl_restore.build import commit
from kubectl_restore.session.kubectl_version import ask_kubectl
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from kubectl_restore.cluster.kubectl import KubectlOptions
    from kubectl_restore.session.kubectl_version import KubectlVersion


@dataclass(frozen=True, slots=True)
class Versions:
    """Our own version, and those of what we stand on."""

    commit: str
    python: str
    kubectl: KubectlVersion

    def text(self) -> str:
        """Return lines for a person; the first has been the same since there was a version."""
        kubectl = self.kubectl
        known = kubectl.version or ("unknown" if kubectl.path else "none")
        where = shown(os.fsencode(kubectl.path)) if kubectl.path else ""
        about = ": ".join(part for part in (where, kubectl.problem) if part)
        return (
            f"{NAME} {VERSION}\n"
            f"commit:  {self.commit}\n"
            f"Python:  {self.python}\n"
            f"kubectl: {known} ({about})\n"
        )

    def json(self) -> str:
        """Return one JSON object on one line, in restic's names where restic has one."""
        kubectl = self.kubectl
        fields = {
            "message_type": "version",
            "name": NAME,
            "version": VERSION,
            "commit": self.commit,
            "python_version": self.python,
            "kubectl_version": kubectl.version,
            "kubectl_path": kubectl.path,
            "kubectl_problem": kubectl.problem or None,
        }
        return json.dumps(fields) + "\n"


def find_versions(options: KubectlOptions) -> Versions:
    """Return every version; a kubectl that is missing or strange is no failure.

    Raises:
        SignalledError: a signal came.
    """
    return Versions(commit(), platform.python_version(), ask_kubectl(options))
