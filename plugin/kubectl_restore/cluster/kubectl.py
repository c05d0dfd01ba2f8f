"""The kubectl that is used: which program, its command lines and its environment."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.cluster.stated import (
    CONFIG_VIEW,
    CREATE,
    DEBUG,
    DELETE,
    EVERYWHERE,
    EXEC,
    GET,
    PATCH,
    VERSION,
    flags,
)
from kubectl_restore.errors import UsageError
from kubectl_restore.text import pasteable_word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubectl_restore.cluster.ephemeral import Ephemeral

PROGRAM_VARIABLE: Final = "KUBECTL_RESTORE_KUBECTL"
CALLER_VARIABLE: Final = "KUBECTL_PATH"
"""Which kubectl called this plugin: kubectl says so since 1.37."""

OLDEST: Final = (1, 24)
"""The oldest kubectl that is supported, and tested (tests/versions)."""
OLDEST_TEXT: Final = ".".join(map(str, OLDEST))
NEWER_KUBECTL: Final = (
    f"install kubectl {OLDEST_TEXT} or newer, or name one: --kubectl /path/to/kubectl"
)
"""The fix for one that is too old."""
_VERSION: Final = re.compile(r"v?(\d{1,9})\.(\d{1,9})")
_SECRET: Final = re.compile(r"^(--(?:token|password))=.*$", re.DOTALL)
_SERVER: Final = "--server="
_LEADING: Final = frozenset(
    {"--kubeconfig", "--context", "--cluster", "--server", "--user", "--namespace"}
)
_USER_INFO: Final = re.compile(r"^(\w+://)?.*@", re.DOTALL)
"""Who one is, in an address: a name, and mostly a password, which may have anything in it."""
_FROZEN_VARIABLES: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH")
"""What PyInstaller's boot loader changes; it keeps the user's value under NAME_ORIG."""
_BUNDLE: Final[str | None] = getattr(sys, "_MEIPASS", None)
"""Where a frozen program's libraries are; None from source."""


@dataclass(frozen=True, slots=True)
class KubectlOptions:
    """What the user said about kubectl and the cluster.

    Attributes:
        program: the path given by --kubectl, None for the environment's, the caller's or PATH's.
        namespace: the namespace asked for, None for the context's.
        context: the context asked for, None for the current one.
        flags: kubectl's own flags, in kubectl's spelling, as given, without namespace and context.
    """

    program: str | None = None
    namespace: str | None = None
    context: str | None = None
    flags: tuple[str, ...] = ()

    def told(self) -> list[str]:
        """Return the flags that every kubectl command line of this run carries.

        What the user said comes behind what is stated anyway: the last one counts.
        """
        return [*flags(EVERYWHERE), *self.common()]

    def common(self) -> list[str]:
        """Return the flags that the user gave, or that were found."""
        words = list(self.flags)
        if self.context is not None:
            words.append(f"--context={self.context}")
        if self.namespace is not None:
            words.append(f"--namespace={self.namespace}")
        return words

    def to_show(self) -> list[str]:
        """Return the same flags for a command that is shown to a person: without secrets."""
        return [_to_show(word) for word in self.common()]


def leading(arguments: Sequence[str]) -> str:
    """Return those flags of a command line that lead to its cluster and namespace, to be shown.

    Each has a blank before it, so that they can follow `kubectl` in a fix.
    """
    found: dict[str, str] = {}
    for word in arguments:
        if word == "--":
            break
        name, _, value = word.partition("=")
        if name in _LEADING:
            # The last one counts.
            found.pop(name, None)
            if value:
                found[name] = word
    return "".join(f" {pasteable_word(_to_show(word))}" for word in found.values())


def _to_show(word: str) -> str:
    if word.startswith(_SERVER):
        return f"{_SERVER}{server_to_show(word.removeprefix(_SERVER))}"
    return _SECRET.sub(r"\1=REDACTED", word)


def server_to_show(address: str) -> str:
    """Return the address of an API server without a name and a password in it."""
    return _USER_INFO.sub(r"\1REDACTED@", address)


def find_kubectl(options: KubectlOptions, environment: Mapping[str, str] = os.environ) -> str:
    """Return the path of the kubectl to use.

    Raises:
        UsageError: there is none, or what was named cannot be run.
    """
    origin, named = "--kubectl", options.program
    for variable in (PROGRAM_VARIABLE, CALLER_VARIABLE):
        if not named:
            origin, named = variable, environment.get(variable)
    found = shutil.which(named or "kubectl", path=environment.get("PATH", os.defpath))
    if found is None:
        raise UsageError(
            "no kubectl to run",
            reason=f"{origin} names {named}, which cannot be run"
            if named
            else "there is no kubectl on PATH",
            fix="install kubectl, or name one: --kubectl /path/to/kubectl",
        )
    return found


def config_command(options: KubectlOptions, program: str) -> list[str]:
    """Return the argument list that asks which context is used, without a cluster."""
    return [program, *options.told(), "config", "view", *flags(CONFIG_VIEW)]


def pod_command(options: KubectlOptions, program: str, pod: str) -> list[str]:
    """Return the argument list that asks for a pod as JSON; a kubectl before OLDEST refuses it."""
    return named_command(options, program, "pod", pod)


def named_command(options: KubectlOptions, program: str, resource: str, name: str) -> list[str]:
    """Return the argument list that asks for an object as JSON."""
    return [program, *options.told(), "get", resource, name, *flags(GET)]


def listing_command(
    options: KubectlOptions, program: str, resources: str, selector: str
) -> list[str]:
    """Return the argument list that asks for the objects that a label selector selects, as JSON.

    The selector stands behind the empty one of `GET`: the last one counts.
    """
    return [program, *options.told(), "get", resources, *flags(GET), f"--selector={selector}"]


def events_command(options: KubectlOptions, program: str, uid: str) -> list[str]:
    """Return the argument list that asks what happened to an object, as JSON."""
    of = f"--field-selector=involvedObject.uid={uid}"
    return [program, *options.told(), "get", "events", *flags(GET), of]


def create_command(options: KubectlOptions, program: str, file: str) -> list[str]:
    """Return the argument list that makes what a file says, and prints it as JSON."""
    return [program, *options.told(), "create", *flags(CREATE), f"--filename={file}"]


def delete_pod_command(
    options: KubectlOptions, program: str, namespace: str, pod: str, file: str
) -> list[str]:
    """Return the argument list that deletes a pod as a file with DeleteOptions says.

    Only so can the UID that is meant be said (`preconditions`): names come again.
    """
    where = f"--raw=/api/v1/namespaces/{namespace}/pods/{pod}"
    return [program, *options.told(), "delete", *flags(DELETE), where, f"--filename={file}"]


def patch_command(
    options: KubectlOptions, program: str, resource: str, name: str, patch: str
) -> list[str]:
    """Return the argument list that merges a patch (RFC 7386) into an object, told as JSON."""
    return [
        program,
        *options.told(),
        "patch",
        resource,
        name,
        *flags(PATCH),
        f"--patch={patch}",
    ]


def is_too_old(version: str) -> bool:
    """Tell whether a kubectl that calls itself so (`v1.23.0`) is older than OLDEST.

    False where the version cannot be read.
    """
    found = _VERSION.match(version)
    return found is not None and (int(found[1]), int(found[2])) < OLDEST


def exec_command(
    options: KubectlOptions,
    program: str,
    pod: str,
    container: str,
    command: Sequence[str],
    *,
    is_fed: bool = True,
) -> list[str]:
    """Return the argument list of `kubectl exec` for `command` in the container.

    Args:
        options: what the user said, and what was found.
        program: kubectl's path.
        pod: its name.
        container: its name.
        command: what runs there.
        is_fed: with `-i`: it has our stdin.
    """
    return [
        program,
        *options.told(),
        "exec",
        pod,
        *flags(EXEC),
        *([] if is_fed else ["--stdin=false"]),
        f"--container={container}",
        "--",
        *command,
    ]


def debug_command(
    options: KubectlOptions, program: str, pod: str, ephemeral: Ephemeral, file: str
) -> list[str]:
    """Return the argument list that adds an ephemeral container to a pod.

    Args:
        options: what the user said, and what was found.
        program: kubectl's path.
        pod: its name.
        ephemeral: the container.
        file: has the rest of its entry as JSON.
    """
    return [
        program,
        *options.told(),
        "debug",
        pod,
        *flags(DEBUG),
        f"--image={ephemeral.image}",
        f"--container={ephemeral.name}",
        f"--custom={file}",
        "--",
        *ephemeral.command,
    ]


def version_command(program: str) -> list[str]:
    """Return the argument list that asks a kubectl for its own version, without a cluster.

    It carries none of the user's flags: a context that does not exist must not hide the version.
    """
    return [program, "version", *flags(VERSION)]


def child_environment(
    environment: Mapping[str, str] = os.environ, *, bundle: str | None = _BUNDLE
) -> dict[str, str]:
    """Return the environment for kubectl: the user's own.

    A frozen program's boot loader puts its own libraries, in `bundle`, first in the dynamic
    linker's path; inherited by kubectl that breaks credential plugins written in Python
    (PyInstaller's manual, "LD_LIBRARY_PATH considerations"). What stands behind them is the
    user's. The value kept under NAME_ORIG is no proof: it may be left of another frozen program.
    """
    child = dict(environment)
    if bundle is None:
        return child
    for name in _FROZEN_VARIABLES:
        value = child.get(name, "")
        if value == bundle:
            del child[name]
        elif value.startswith(f"{bundle}:"):
            child[name] = value.removeprefix(f"{bundle}:")
            child.pop(f"{name}_ORIG", None)
    return {name: value for name, value in child.items() if not name.startswith("_PYI_")}
