"""Where the node keeps what: its state, which `down` removes, and the cache, which stays."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STATE_VARIABLE: Final = "RESTORE_NODE_DIR"
CACHE_VARIABLE: Final = "RESTORE_BUILD_CACHE"
CONTAINERD_VARIABLE: Final = "RESTORE_CONTAINERD"
"""`2`: the node has containerd 2, built here, instead of Debian's."""


def build_cache() -> Path:
    """Return where things stay that are built or fetched once for all checkouts of this user."""
    named = os.environ.get(CACHE_VARIABLE)
    cache = named or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache).absolute() / "kubectl-restore"


@dataclass(frozen=True, slots=True)
class Places:
    """The directories of one node.

    Attributes:
        state: everything that lives as long as the node.
        cache: what is built once for all checkouts of this user.
        has_new_containerd: the node is to have containerd 2.
    """

    state: Path
    cache: Path
    has_new_containerd: bool = False

    @classmethod
    def here(cls) -> Places:
        """Return the places that the environment asks for."""
        # `up` refuses a directory that is not its user's, so a known name is safe here.
        usual = f"/var/tmp/kubectl-restore-node-{os.getuid()}"  # noqa: S108
        is_new = os.environ.get(CONTAINERD_VARIABLE) == "2"
        # Both can be up.
        state = os.environ.get(STATE_VARIABLE) or usual + "-2" * is_new
        return cls(Path(state).absolute(), build_cache() / "node", is_new)

    @property
    def identity(self) -> str:
        """A name for this node that no other node on the machine has."""
        digest = hashlib.sha256(os.fsencode(self.state)).hexdigest()
        return f"kubectl-restore-node-{digest[:8]}"

    @property
    def record(self) -> Path:
        """The file that says what runs; its presence marks the directory as a node's."""
        return self.state / "node.json"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.state / "admin.kubeconfig"

    @property
    def logs(self) -> Path:
        """One log a component, and one for the commands that `up` runs."""
        return self.state / "logs"

    @property
    def certificates(self) -> Path:
        """Keys and certificates."""
        return self.state / "certificates"

    @property
    def configuration(self) -> Path:
        """Configuration files of the components."""
        return self.state / "configuration"

    @property
    def containerd_socket(self) -> Path:
        """Where this node's containerd listens."""
        return self.state / "containerd.sock"
