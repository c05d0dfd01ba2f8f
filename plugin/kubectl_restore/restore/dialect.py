"""What is written for the container's tar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.archive.members.member import Extra
from kubectl_restore.archive.stream.normalise import Dialect, Shell
from kubectl_restore.container.capabilities import Tar

if TYPE_CHECKING:
    from kubectl_restore.container.capabilities import Capabilities


def dialect_of(capabilities: Capabilities) -> Dialect:
    """Return what the container's tar reads beyond the common ground."""
    extras = Extra.NOTHING
    shell = None
    if capabilities.tar is Tar.SHELL:
        shell = Shell("text" in capabilities.ways, "fractions" in capabilities.ways)
        extras = Extra.FRACTION if shell.fractions else Extra.NOTHING
    if capabilities.reads_records:
        extras = Extra.FRACTION | Extra.XATTRS | Extra.ACL
        if capabilities.sets_capabilities:
            extras |= Extra.CAPABILITIES
    return Dialect(
        holes=capabilities.reads_holes,
        extras=extras,
        old_times=capabilities.tar is not Tar.TOYBOX,
        old_fractions=capabilities.tar not in {Tar.BSD, Tar.SHELL},
        acl_names=capabilities.tar is Tar.GNU,
        shell=shell,
    )
