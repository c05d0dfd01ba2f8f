"""A command of the user's beside a restore: what is run in the container (scripts/hook.sh)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from kubectl_restore.container.agent import BOOTSTRAP, further_source, without_comments
from kubectl_restore.container.batches import quoted

if TYPE_CHECKING:
    from kubectl_restore.session.mark import Mark

_NEWLINE: Final = b"""'"$newline"'"""
"""A newline inside of a quoted word: a line of the command's that is a dot ends no script."""


def hook_command(mark: Mark) -> list[str]:
    """Return the command that `kubectl exec` runs in the container."""
    return ["sh", "-c", BOOTSTRAP, "kubectl-restore", str(mark)]


def hook_script(command: str) -> bytes:
    """Return what is sent first on stdin: the command, the script that runs it, and its end.

    The command travels there and not in the arguments, which become part of the request's address.
    """
    word = quoted(os.fsencode(command)).replace(b"\n", _NEWLINE)
    source = without_comments(further_source("hook"))
    return b"newline='\n'\nhook=%s\n%s.\n" % (word, source)
