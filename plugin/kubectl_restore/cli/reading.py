"""From words to types, once: the request, and how the user wants to see it."""

from __future__ import annotations

import os
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.trust.claims import UnreadableError, parse_digest
from kubectl_restore.cli.argv import check_built
from kubectl_restore.cli.durations import parse_duration
from kubectl_restore.cli.flags import OF_A_RESTORE, Scope
from kubectl_restore.cli.selecting import read_selection
from kubectl_restore.cluster.kubectl import KubectlOptions, server_to_show
from kubectl_restore.cluster.target import parse_target
from kubectl_restore.errors import UsageError
from kubectl_restore.plan.policy import Comparison, Overwrite, Verification
from kubectl_restore.plan.request import RestoreRequest
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kubectl_restore.cli.argv import Parsed
    from kubectl_restore.cli.flags import Flag

_DEFAULT_TIMEOUT: Final = "10m"
_DEFAULT_STALL: Final = "60s"
_DEFAULT_RETRIES: Final = 5
_MOST_RETRIES: Final = 10_000
_PROGRESS: Final = ("auto", "live", "plain", "none", "json")
_BESIDE_JSON: Final = ("auto", "none", "json")
"""Kinds of progress that leave stderr silent, as `-o json` has it."""
_LOG_LEVELS: Final = ("debug", "info", "warn", "error", "fatal")
_OUTPUTS: Final = ("text", "json")
_LOG_FORMATS: Final = ("text", "json")
_ARCHIVE_NAME: Final = re.compile(r"\.(tar|tgz|tar\.\w+)$")
_POSITIONALS: Final = 2
_OWNER: Final = re.compile(r"([0-9]{1,10}):([0-9]{1,10})")
_NOBODY: Final = 0xFFFF_FFFF
"""-1: to chown it means "leave as it is"."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How the user wants to see the restore.

    Attributes:
        progress: auto, live, plain, none or json.
        output: text or json.
        quiet: errors only.
        verbosity: 0, 1 for details, 2 for everything.
        timeout: seconds for everything, None for no limit.
        older: the older spelling, with its lines.
        log_file: where its lines go too.
    """

    progress: str = "auto"
    output: str = "text"
    quiet: bool = False
    verbosity: int = 0
    timeout: float | None = None
    older: bool = False
    log_file: Path | None = None


def read_manner(parsed: Parsed, *, older: bool, also: Collection[str] = ()) -> Manner:
    """Return how the restore is to be shown; flags of `also` are built for this command only.

    Raises:
        UsageError: a value is none of those that a flag takes.
    """
    check_built(parsed, older=older, also=also)
    log_file = parsed.value("log-file")
    _choice(parsed, "log-format", _LOG_FORMATS)
    debug = parsed.is_set("debug") or _choice(parsed, "log-level", _LOG_LEVELS) == "debug"
    output = read_output(parsed, hint="; to replace what exists: --force (-f)")
    progress = _choice(parsed, "progress", _PROGRESS) or "auto"
    if output == "json" and progress not in _BESIDE_JSON:
        raise UsageError(
            f"--progress {progress} and -o json contradict each other",
            reason="with -o json everything is JSON lines on stdout, how far it is among them",
            fix="leave --progress out; without status lines: --progress none",
        )
    return Manner(
        progress=progress,
        output=output,
        quiet=parsed.is_set("quiet"),
        verbosity=2 if debug else min(2, parsed.count("verbose")),
        timeout=parse_duration(_given(parsed, "timeout", _DEFAULT_TIMEOUT), "--timeout"),
        older=older,
        log_file=Path(log_file) if log_file else None,
    )


def read_version_request(parsed: Parsed) -> tuple[KubectlOptions, bool]:
    """Return which kubectl is asked for its version, and whether JSON is wanted.

    Raises:
        UsageError: a flag is not built, or a value is none of those that it takes.
    """
    output = read_output(parsed)
    check_built(parsed, older=False)
    return KubectlOptions(program=parsed.value("kubectl")), output == "json"


def read_output(parsed: Parsed, *, hint: str = "") -> str:
    """Return `text` or `json`.

    Args:
        parsed: the command line.
        hint: what may have been meant, added to the fix.

    Raises:
        UsageError: it is neither.
    """
    output = parsed.value("output")
    if output is not None and output not in _OUTPUTS:
        raise UsageError(
            f"--output: {output!r} is not possible",
            reason=f"it is one of: {', '.join(_OUTPUTS)}",
            fix=f"--output json{hint}",
        )
    return output or "text"


def require_reading(parsed: Parsed) -> None:
    """Return when no flag is given that only a restore has.

    Raises:
        UsageError: there is one.
    """
    for flag, _ in parsed.flags:
        if flag.name in OF_A_RESTORE:
            raise UsageError(
                f"--{flag.name} belongs to a restore",
                reason="verify compares a pod with a backup, and writes nothing",
                fix=f"leave --{flag.name} out",
            )


def read_request(
    parsed: Parsed, command: Sequence[str], *, older: bool, verifies: bool = False
) -> RestoreRequest:
    """Return the request that a command line makes.

    Args:
        parsed: the command line, without the command's name among the positionals.
        command: how to say it again: the words that were given.
        older: the older spelling.
        verifies: nothing is restored; contents are compared unless something else is asked for.

    Raises:
        UsageError: something is missing, too much or of the wrong form.
    """
    overwrite = _overwrite(parsed)
    pod, backup = _positionals(parsed, "filesystem " if older else "verify " * verifies)
    _require_order(pod, backup, parsed, older=older)
    if backup == "-":
        _require_pipe(older=older)
    flags = tuple(
        f"--{flag.name}={value}"
        for flag, value in parsed.flags
        if flag.scope is Scope.KUBECTL and flag.name != "context"
    )
    namespace = parsed.value("namespace")
    target = _target_path(_given(parsed, "target-path", "/"))
    _require_file(parsed, backup, verifies=verifies)
    judged = Verification.CHECKSUM if verifies else Verification.SIZE
    _require_safe_deletion(parsed, target)
    return RestoreRequest(
        pod=parse_target(pod),
        backup=Path(backup),
        is_piped=backup == "-",
        target_path=target,
        kubectl=KubectlOptions(
            program=parsed.value("kubectl"),
            namespace="default" if older and namespace is None else namespace,
            context=parsed.value("context"),
            flags=flags,
        ),
        container=parsed.value("container"),
        overwrite=overwrite,
        compare=Comparison(_choice(parsed, "compare", tuple(Comparison)) or Comparison.METADATA),
        verify=Verification(_choice(parsed, "verify", tuple(Verification)) or judged),
        delete=parsed.is_set("delete"),
        dry_run=parsed.is_set("dry-run"),
        strict=parsed.is_set("strict"),
        sync=parsed.is_set("sync"),
        asks=_asks(parsed, overwrite, older=older),
        allow_missing_end=parsed.is_set("allow-missing-end"),
        cache=not parsed.is_set("no-cache"),
        same_owner=not parsed.is_set("no-same-owner"),
        owner=_owner(parsed),
        checksum=read_checksum(parsed),
        keep_directory_symlinks=parsed.is_set("keep-directory-symlinks"),
        selection=read_selection(parsed),
        receipt=_receipt(parsed),
        save_replaced=_save_replaced(parsed, backup),
        stall_timeout=parse_duration(
            _given(parsed, "stall-timeout", _DEFAULT_STALL), "--stall-timeout"
        ),
        retries=_retries(parsed),
        command=_without_secrets(parsed, command),
    )


def _retries(parsed: Parsed) -> int:
    given = _given(parsed, "retries", str(_DEFAULT_RETRIES))
    if not (given.isascii() and given.isdigit()) or int(given) > _MOST_RETRIES:
        raise UsageError(
            f"--retries: {given!r} is not possible",
            reason=f"it is a number from 0 to {_MOST_RETRIES:,}",
            fix=f"--retries {_DEFAULT_RETRIES}",
        )
    return int(given)


def _asks(parsed: Parsed, overwrite: Overwrite, *, older: bool) -> bool:
    """Tell whether somebody is there who can be asked, and nothing says not to."""
    silent = older or parsed.is_set("yes") or parsed.is_set("quiet")
    silent = silent or parsed.value("overwrite") is not None
    if silent or overwrite is not Overwrite.REFUSE or read_output(parsed) == "json":
        return False
    return all(one is not None and one.isatty() for one in (sys.stdin, sys.stderr))


def _require_file(parsed: Parsed, backup: str, *, verifies: bool) -> None:
    """Notice what needs the whole backup before the first byte is sent."""
    if verifies and parsed.value("verify") == Verification.NONE:
        raise UsageError(
            "--verify none leaves nothing to do",
            reason="kubectl restore verify compares a pod with a backup",
            fix="--verify size, or checksum",
        )
    if backup != "-":
        return
    if verifies:
        raise _not_from_a_pipe("kubectl restore verify")
    for name in ("dry-run", "delete"):
        if parsed.is_set(name):
            raise _not_from_a_pipe(f"--{name}")
    if parsed.value("compare") == Comparison.CHECKSUM:
        raise _not_from_a_pipe("--compare checksum")


def _not_from_a_pipe(flag: str) -> UsageError:
    return UsageError(
        f"{flag} needs a file",
        reason="of standard input nobody knows what is still to come, and it can be read only once",
        fix="write the backup to a file, then name the file",
    )


def _require_safe_deletion(parsed: Parsed, target: str) -> None:
    """Notice a --delete that would delete what nobody meant."""
    if not parsed.is_set("delete"):
        return
    if target == "/":
        raise UsageError(
            "--delete at / is refused",
            reason="everything in the container that is not in the backup would be deleted",
            fix="name the directory that the backup is of: -t PATH",
        )
    for name in ("include", "exclude", "skip-paths", "skip-unsafe"):
        if any(flag.name == name for flag, _ in parsed.flags):
            raise UsageError(
                f"--delete and --{name} contradict each other",
                reason="what is left out of the restore would be deleted",
                fix="leave one of them out",
            )


def _require_pipe(*, older: bool) -> None:
    """Notice a `-` that nobody has piped anything into."""
    if older:
        raise UsageError(
            "the older spelling takes no backup from standard input",
            reason="`-` was given as the backup",
            fix="... | kubectl restore POD - -t PATH",
        )
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(
            "there is no backup on standard input",
            reason="`-` was given as the backup, and standard input is a terminal, or closed",
            fix="cat backup.tar | kubectl restore POD - -t PATH",
        )


def _given(parsed: Parsed, name: str, default: str) -> str:
    """Return a flag's value. An empty one is not the default: a script's variable was not set."""
    value = parsed.value(name)
    return default if value is None else value


def _positionals(parsed: Parsed, command: str) -> tuple[str, str]:
    usage = f"kubectl restore {command}POD BACKUP [-t PATH]"
    given = parsed.positionals
    if len(given) > _POSITIONALS:
        raise UsageError(
            "too many arguments",
            reason=f"a pod and a backup are wanted; given: {shlex.join(given)}",
            fix=usage,
        )
    if len(given) < _POSITIONALS:
        missing = "a backup" if given else "a pod and a backup"
        raise UsageError(f"{missing} is missing", reason=f"usage: {usage}", fix=usage)
    require_named(given[1], usage)
    return given[0], given[1]


def require_named(backup: str, usage: str) -> None:
    """Notice a backup without a name, which to the system would be the current directory.

    Raises:
        UsageError: it has none.
    """
    if not backup:
        raise UsageError(
            "the backup has no name",
            reason="an empty word was given for it; a variable of a script that was not set?",
            fix=usage,
        )


def _require_order(pod: str, backup: str, parsed: Parsed, *, older: bool) -> None:
    """Notice BACKUP POD, the order of an older README."""
    looks_like_backup = _ARCHIVE_NAME.search(pod) or (_is_file(pod) and not _is_file(backup))
    if not looks_like_backup or _ARCHIVE_NAME.search(backup):
        return
    words = ["kubectl", "restore", *(["filesystem"] if older else []), backup, pod]
    words += [f"--{flag.name}={_to_show(flag, value)}" for flag, value in parsed.flags]
    raise UsageError(
        "the pod comes first, then the backup",
        reason=f"{shown(os.fsencode(pod))} looks like a backup",
        fix=shlex.join(words),
    )


def _is_file(name: str) -> bool:
    """Tell whether there is such a file; a name that cannot even be looked up is none."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def _target_path(text: str) -> str:
    if not text.startswith("/"):
        raise _bad_target(text, "it is not absolute")
    if ".." in text.split("/"):
        raise _bad_target(text, "it has .. in it")
    if not text.isprintable():
        raise _bad_target(text, "it has control characters in it")
    return "/" + "/".join(part for part in text.split("/") if part not in {"", "."})


def _overwrite(parsed: Parsed) -> Overwrite:
    try:
        named = _choice(parsed, "overwrite", tuple(Overwrite))
    except UsageError as error:
        # In older versions it was a switch.
        error.fix += "; to replace what exists: --force (-f)"
        raise
    if not parsed.is_set("force"):
        return Overwrite.REFUSE if named is None else Overwrite(named)
    if named not in {None, Overwrite.IF_CHANGED}:
        raise UsageError(
            f"--force and --overwrite {named} contradict each other",
            reason="--force is --overwrite if-changed",
            fix="leave one of them out",
        )
    return Overwrite.IF_CHANGED


def _receipt(parsed: Parsed) -> Path | None:
    text = parsed.value("receipt")
    if text in {"", "-"}:
        raise UsageError(
            "the receipt cannot be written",
            reason=f"{text!r} is no file's name",
            fix="--receipt receipt.json",
        )
    return None if text is None else Path(text)


def _save_replaced(parsed: Parsed, backup: str) -> Path | None:
    text = parsed.value("save-replaced")
    if text is None:
        return None
    reason = ""
    if backup == "-":
        reason = "a backup from standard input is restored part by part, and cannot be read twice"
    elif text in {"", "-"}:
        reason = f"{text!r} is no file's name"
    if reason:
        raise UsageError(
            "what is replaced cannot be saved",
            reason=reason,
            fix="kubectl restore POD BACKUP --force --save-replaced before.tar",
        )
    return Path(text)


def _owner(parsed: Parsed) -> tuple[int, int] | None:
    text = parsed.value("owner")
    if text is None:
        return None
    found = _OWNER.fullmatch(text)
    numbers = (int(found[1]), int(found[2])) if found else (_NOBODY, _NOBODY)
    if max(numbers) >= _NOBODY:
        raise UsageError(
            f"--owner {shown(os.fsencode(text))} is no owner",
            reason="it is UID:GID, two numbers below 4294967295; names differ from pod to pod",
            fix="--owner 1000:1000",
        )
    if parsed.is_set("no-same-owner"):
        raise UsageError(
            "--owner and --no-same-owner contradict each other",
            reason="the one names an owner, the other takes the container's user",
            fix="leave one of them out",
        )
    return numbers


def read_checksum(parsed: Parsed) -> str | None:
    """Return what `--checksum` says, as 64 lower-case hexadecimal digits.

    A line of sha256sum is taken as well, for what is pasted: its name is not looked at.

    Raises:
        UsageError: it is no check sum.
    """
    text = parsed.value("checksum")
    if text is None:
        return None
    first = text.split(maxsplit=1)[0] if text.strip() else text
    # sha256sum begins a line with a backslash where it has escaped the name.
    algorithm, colon, digits = first.removeprefix("\\").partition(":")
    try:
        return parse_digest(f"{algorithm.lower()}{colon}{digits}")
    except UnreadableError as error:
        raise UsageError(
            f"--checksum {shown(os.fsencode(text))} is no check sum",
            reason=str(error),
            fix="sha256sum BACKUP prints them",
        ) from error


def _bad_target(text: str, reason: str) -> UsageError:
    return UsageError(
        f"-t {shown(os.fsencode(text))} is no target path",
        reason=reason,
        fix="name an absolute directory in the container: -t /data",
    )


def _choice(parsed: Parsed, name: str, choices: Sequence[str]) -> str | None:
    value = parsed.value(name)
    if value is not None and value not in choices:
        raise UsageError(
            f"--{name}: {value!r} is not possible",
            reason=f"it is one of: {', '.join(choices)}",
            fix=f"--{name} {choices[0]}",
        )
    return value


def _to_show(flag: Flag, value: str) -> str:
    if flag.secret:
        return "REDACTED"
    return server_to_show(value) if flag.name == "server" else value


def _without_secrets(parsed: Parsed, command: Sequence[str]) -> tuple[str, ...]:
    shown_as = {
        value: as_shown
        for flag, value in parsed.flags
        if value and (as_shown := _to_show(flag, value)) != value
    }
    words = []
    for word in command:
        name, equals, value = word.partition("=")
        if equals and value in shown_as:
            words.append(f"{name}={shown_as[value]}")
        else:
            words.append(shown_as.get(word, word))
    return ("kubectl", "restore", *words)
