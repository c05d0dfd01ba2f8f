"""Defaults from the environment: `KUBECTL_RESTORE_TIMEOUT=30m` for `--timeout=30m`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.cli.argv import SWITCHES, parse_what_can_be
from kubectl_restore.cli.flags import (
    FLAGS,
    OF_A_RESTORE,
    OF_AGAINST,
    OF_INSPECT,
    OF_SEAL,
    OF_STATUS,
    Flag,
    Scope,
)
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PREFIX: Final = "KUBECTL_RESTORE_"
_NOT: Final = frozenset(
    {
        *("against", "help", "version", "kubectl", "selector", "pod", "via"),
        *("before", "after", "scale-down", "scale-back"),
    }
)
"""The kubectl's variable has a place of its own among what is tried (cluster/kubectl.py); which pod
is meant, what runs in it, and what is added or taken away stands on the command line, and a
variable of such a name is somebody else's."""
_TOGETHER: Final = (
    frozenset({"force", "overwrite"}),
    frozenset({"owner", "no-same-owner"}),
    frozenset({"output", "progress"}),
    frozenset({"quiet", "verbose"}),
)
"""Of these the one that is given stands for all: a default never contradicts it."""


@dataclass(frozen=True, slots=True)
class Default:
    """One flag that the environment gives.

    Attributes:
        flag: it.
        value: as it stands in the environment.
    """

    flag: Flag
    value: str

    @property
    def variable(self) -> str:
        """The variable's name."""
        return variable_of(self.flag.name)

    @property
    def word(self) -> str:
        """The same on a command line."""
        return f"--{self.flag.name}={self.value}"

    def text(self) -> str:
        """Return where which flag comes from, without a secret."""
        value = "REDACTED" if self.flag.secret else shown(os.fsencode(self.value))
        return f"--{self.flag.name}={value} ({self.variable})"


def variable_of(flag: str) -> str:
    """Return the variable that has a flag's default."""
    return PREFIX + flag.replace("-", "_").upper()


def defaults_for(
    command: str, words: Sequence[str], environment: Mapping[str, str]
) -> list[Default]:
    """Return what the environment says of the flags that a command takes and was not given.

    Args:
        command: its name.
        words: what was given to it; a flag among them wins.
        environment: a variable that is empty is not set.
    """
    if not any(name.startswith(PREFIX) for name in environment):
        return []
    given = {flag.name for flag, _ in parse_what_can_be(words).flags}
    for group in _TOGETHER:
        if given & group:
            given |= group
    return [
        Default(flag, value)
        for flag in FLAGS
        if (value := environment.get(variable_of(flag.name)))
        and flag.name not in given
        and takes(command, flag, asks_a_cluster="against" in given)
    ]


def takes(command: str, flag: Flag, *, asks_a_cluster: bool = False) -> bool:
    """Tell whether a flag of a command may have its default in the environment.

    Args:
        command: its name.
        flag: it.
        asks_a_cluster: inspect has --against.
    """
    name, scope = flag.name, flag.scope
    if name in _NOT:
        return False
    always = {Scope.RESTORE, Scope.KUBECTL}
    compares = scope in {*always, Scope.VERIFY} and name not in OF_A_RESTORE
    taken = {
        "restore": scope in always,
        "filesystem": scope in {*always, Scope.OLDER} and name not in SWITCHES,
        "verify": compares,
        "diff": compares,
        "inspect": name in OF_INSPECT or (asks_a_cluster and name in OF_AGAINST),
        "seal": name in OF_SEAL,
        "status": name in OF_STATUS and scope is not Scope.STATUS,
    }
    return taken.get(command, False)
