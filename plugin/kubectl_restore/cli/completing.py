"""What may stand at the end of a command line, for shells: `kubectl restore __complete WORDS`.

The answer is cobra's (kubectl's own way, spf13/cobra, completions.go): a line for each, then a line
with a colon and a number that says what the shell does with them. Nothing is ever said about a
failure: what is not known is not completed.
"""

from __future__ import annotations

import os
import stat
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.source.magic import MAGIC
from kubectl_restore.archive.tar.header import is_header
from kubectl_restore.cli.argv import parse_what_can_be
from kubectl_restore.cli.defaults import takes
from kubectl_restore.cli.flags import BY_NAME, BY_SHORT, COMMANDS, FLAGS, Flag, Scope
from kubectl_restore.cli.manner import LOG_FORMATS, LOG_LEVELS, OUTPUTS, PROGRESS
from kubectl_restore.cli.values import JOBS
from kubectl_restore.cluster.kubectl import KubectlOptions, child_environment, find_kubectl
from kubectl_restore.cluster.target import RESOURCES, TYPES, Kind, parse_target
from kubectl_restore.cluster.transports import Wire
from kubectl_restore.cluster.via import Via
from kubectl_restore.errors import UsageError
from kubectl_restore.pipe.transit import Packing
from kubectl_restore.plan.policy import Comparison, Extras, Overwrite, ScaleBack, Verification
from kubectl_restore.text import shown_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubectl_restore.cli.argv import Parsed

_LIMIT: Final = 1.0
"""Seconds for a call of kubectl."""
_BLOCK: Final = 512
_MOST_LOOKED_AT: Final = 1000
"""Files of a directory whose beginning is read."""
NO_FILES: Final = 4
NO_SPACE: Final = 2
FILES: Final = 0
"""cobra's ShellCompDirectiveNoFileComp, NoSpace (they are added), and Default."""
SHELLS: Final = ("bash", "zsh", "fish", "kubectl")
_COMPARING: Final = frozenset({"verify", "diff"})
_OF_A_BACKUP: Final = frozenset({"inspect", "seal"})
_VALUES: Final = {
    "overwrite": tuple(Overwrite),
    "compare": tuple(Comparison),
    "verify": tuple(Verification),
    "extras": tuple(Extras),
    "progress": PROGRESS,
    "output": OUTPUTS,
    "jobs": JOBS,
    "transport": tuple(Wire),
    "via": tuple(Via),
    "scale-back": tuple(ScaleBack),
    "compress": tuple(Packing),
    "chmod": ("D+X",),
    "log-level": LOG_LEVELS,
    "log-format": LOG_FORMATS,
}
"""Of flags that take one of a few."""
_ASKED: Final = {
    "namespace": ("get", "namespaces", "--output=name"),
    "context": ("config", "get-contexts", "--output=name"),
    "cluster": ("config", "get-clusters"),
    "user": ("config", "get-users"),
}
_OF_FILES: Final = frozenset(
    {
        *("kubeconfig", "client-key", "client-certificate", "certificate-authority", "cache-dir"),
        *("save-replaced", "receipt", "log-file", "kubectl"),
    }
)


def complete(words: Sequence[str]) -> tuple[list[str], int]:
    """Return what the last of the words may be, and what the shell does with it.

    Args:
        words: behind `kubectl restore`; the last one is not whole, and may be empty.
    """
    *before, last = words or ("",)
    parsed = parse_what_can_be(before)
    command = parsed.positionals[0] if parsed.positionals else ""
    is_named = command in COMMANDS
    command = command if is_named else "restore"
    waiting = _waiting(before)
    if waiting is not None:
        return _value(waiting, last, parsed, command)
    if last.startswith("--") and "=" in last:
        name, _, value = last.partition("=")
        flag = BY_NAME.get(name[2:])
        if flag is None:
            return [], NO_FILES
        found, directive = _value(flag, value, parsed, command)
        return [f"{name}={one}" for one in found], directive
    if last.startswith("-"):
        return _flags(command, last, parsed), NO_FILES
    return _positional(command, len(parsed.positionals) - is_named, last, parsed)


def _waiting(before: Sequence[str]) -> Flag | None:
    """Return the flag whose value is the next word; None for none."""
    if not before or "--" in before:
        return None
    word = before[-1]
    if word.startswith("--"):
        flag = BY_NAME.get(word[2:])
    elif word.startswith("-"):
        flag = BY_SHORT.get(word[-1])
    else:
        return None
    return flag if flag is not None and flag.value else None


def _flags(command: str, last: str, parsed: Parsed) -> list[str]:
    asks = parsed.value("against") is not None
    also = {"help", "kubectl", "pod"} if asks else {"help", "kubectl"}
    also |= {"against"} if command == "inspect" else set()
    return [
        f"--{flag.name}\t{flag.text}" if flag.text else f"--{flag.name}"
        for flag in FLAGS
        if f"--{flag.name}".startswith(last)
        and (takes(command, flag, asks_a_cluster=asks) or flag.name in also)
        and not (flag.scope is Scope.OLDER and command != "filesystem")
    ]


def _positional(command: str, place: int, last: str, parsed: Parsed) -> tuple[list[str], int]:
    if command == "completion":
        return _beginning(SHELLS if place == 0 else (), last), NO_FILES
    if command in _OF_A_BACKUP:
        return _backups(last) if place == 0 else ([], NO_FILES)
    if command in {"restore", "filesystem", *_COMPARING} and place <= 1:
        if place == 1:
            return _backups(last)
        commands = COMMANDS if command == "restore" else ()
        return _beginning((*commands, *_targets(last, parsed)), last), NO_FILES
    return [], NO_FILES


def _value(flag: Flag, last: str, parsed: Parsed, command: str) -> tuple[list[str], int]:
    name = flag.name
    if name in _OF_FILES:
        return [], FILES
    if name == "target-path":
        return _directories(last, parsed, command), NO_FILES | NO_SPACE
    if name == "container":
        return _beginning(_containers(parsed, command), last), NO_FILES
    if name in {"against", "pod"}:
        begun = last if name == "against" else ""
        return _beginning(_targets(begun, parsed), last), NO_FILES
    if name in _ASKED:
        asked = _kubectl(parsed, *_ASKED[name])
        names = (one.rpartition("/")[2] if name == "namespace" else one for one in asked)
        return _beginning((one for one in names if one != "NAME"), last), NO_FILES
    return _beginning(_VALUES.get(name, flag.choices), last), NO_FILES


def _beginning(names: Iterable[str], last: str) -> list[str]:
    return [one for one in names if one.startswith(last)]


def _targets(last: str, parsed: Parsed) -> list[str]:
    """Return the targets of the type that is typed already; pods where none is."""
    type_, slash, _ = last.partition("/")
    kind = TYPES.get(type_) if slash else Kind.POD
    if kind is None:
        return []
    found = _kubectl(parsed, "get", RESOURCES[kind], "--output=name")
    return [f"{type_ + slash if slash else ''}{one.rpartition('/')[2]}" for one in found]


def _target(parsed: Parsed, command: str) -> tuple[str, str]:
    """Return what is named, as `kubectl get` and `kubectl exec` take it, and where it has pods."""
    named = parsed.values("against") or parsed.positionals[0 if command == "restore" else 1 :]
    with suppress(UsageError):
        target, _ = parse_target(named[0] if named else "")
        pod = parsed.value("pod") or target.pod_name
        if pod is not None:
            return f"pod/{pod}", ".spec"
        return f"{RESOURCES[target.kind]}/{target.name}", ".spec.template.spec"
    return "", ""


def _containers(parsed: Parsed, command: str) -> list[str]:
    named, spec = _target(parsed, command)
    if not named:
        return []
    path = f"{{range {spec}.containers[*]}}{{.name}}{{'\\n'}}{{end}}"
    return _kubectl(parsed, "get", named, f"--output=jsonpath={path}")


def _directories(last: str, parsed: Parsed, command: str) -> list[str]:
    """Return the directories in the container that begin so, with a slash behind each."""
    named, _ = _target(parsed, command)
    if not named or (last and not last.startswith("/")):
        return []
    container = parsed.value("container")
    above = last.rpartition("/")[0] + "/"
    script = 'for one in "$1"*/; do [ -d "$one" ] && printf "%s\\n" "$one"; done'
    which = [f"--container={container}"] if container else []
    found = _kubectl(parsed, "exec", named, *which, "--", "sh", "-c", script, "sh", above)
    return _beginning(found, last or "/")


def _kubectl(parsed: Parsed, *words: str) -> list[str]:
    """Return the lines of an answer; nothing where it takes too long, or fails."""
    options = KubectlOptions(
        program=parsed.value("kubectl"),
        namespace=parsed.value("namespace"),
        context=parsed.value("context"),
        flags=tuple(
            f"--{flag.name}={value}"
            for flag, value in parsed.flags
            if flag.scope is Scope.KUBECTL and flag.name != "context"
        ),
    )
    with suppress(UsageError, OSError, subprocess.SubprocessError):
        # Started without a shell; the words are ours, or the user's as a restore takes them.
        done = subprocess.run(
            [find_kubectl(options), *options.common(), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_LIMIT,
            env=child_environment(),
            check=True,
        )
        lines = done.stdout.split(b"\n")
        return [
            text
            for line in lines
            if line and (text := line.decode("utf-8", "replace")) == shown_whole(line)
        ]
    return []


def _backups(last: str) -> tuple[list[str], int]:
    """Return the backups that begin so, told by their contents, and the directories.

    A directory alone has no space behind it, so that one goes on into it.
    """
    above, slash, begun = last.rpartition("/")
    place = Path(f"{above}/" if slash else ".").expanduser()
    found: list[str] = []
    backups = 0
    with suppress(OSError):
        with os.scandir(place) as entries:
            names = sorted(one.name for one in entries if one.name.startswith(begun))
        for name in names[:_MOST_LOOKED_AT]:
            if name.startswith(".") and not begun.startswith("."):
                continue
            if (place / name).is_dir():
                found.append(f"{above}{slash}{name}/")
            elif _is_backup(place / name):
                found.append(f"{above}{slash}{name}")
                backups += 1
    shown = [one for one in found if shown_whole(os.fsencode(one)) == one]
    return shown, NO_FILES | (0 if backups else NO_SPACE)


def _is_backup(path: Path) -> bool:
    """Tell whether a regular file begins as an archive does, or as what a compression makes."""
    try:
        # A pipe that nobody writes to is not waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return False
        head = os.read(descriptor, _BLOCK)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    if head.startswith(tuple(MAGIC.values())):
        return True
    return len(head) == _BLOCK and is_header(head)


def answer(words: Sequence[str]) -> str:
    """Return what the shell reads."""
    found, directive = complete(words)
    return "".join(f"{one}\n" for one in found) + f":{directive}\n"
