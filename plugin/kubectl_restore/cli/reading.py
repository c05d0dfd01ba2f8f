"""From words to types, once: the request, and how the user wants to see it."""

from __future__ import annotations

import os
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.source.location import backup_name, redacted
from kubectl_restore.cli.argv import check_built
from kubectl_restore.cli.durations import parse_duration
from kubectl_restore.cli.flags import COMMANDS, OF_A_RESTORE, Scope
from kubectl_restore.cli.habits import can_ask, require_no_habit
from kubectl_restore.cli.manner import read_output
from kubectl_restore.cli.reaching import read_helper, read_scaling, read_via
from kubectl_restore.cli.salvaging import read_salvage, require_salvageable
from kubectl_restore.cli.selecting import read_selection
from kubectl_restore.cli.values import (
    choice,
    given,
    read_checksum,
    read_hook,
    read_lanes,
    read_overwrite,
    read_owner,
    read_retries,
)
from kubectl_restore.cluster.kubectl import KubectlOptions, server_to_show
from kubectl_restore.cluster.target import Kind, Target, parse_target, require_name
from kubectl_restore.cluster.transports import Wire
from kubectl_restore.errors import UsageError
from kubectl_restore.pipe.transit import Packing
from kubectl_restore.plan.policy import Comparison, Extras, Overwrite, Verification
from kubectl_restore.plan.request import RestoreRequest
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.cli.argv import Parsed
    from kubectl_restore.cli.flags import Flag

_DEFAULT_STALL: Final = "60s"
_ARCHIVE_NAME: Final = re.compile(r"\.(tar|tgz|tar\.\w+)$")
_POSITIONALS: Final = 2
PARTIAL: Final = ("include", "exclude", "skip-paths", "skip-unsafe")
"""Flags that leave some of a backup out."""


def read_version_request(parsed: Parsed) -> tuple[KubectlOptions, bool]:
    """Return which kubectl is asked for its version, and whether JSON is wanted.

    Raises:
        UsageError: a flag is not built, or a value is none of those that it takes.
    """
    output = read_output(parsed)
    check_built(parsed, older=False)
    return KubectlOptions(program=parsed.value("kubectl")), output == "json"


def require_reading(parsed: Parsed, command: str) -> None:
    """Return when no flag is given that only a restore has.

    Args:
        parsed: the command line.
        command: the name of what only reads.

    Raises:
        UsageError: there is one.
    """
    for flag, _ in parsed.flags:
        if flag.name in OF_A_RESTORE:
            raise UsageError(
                f"--{flag.name} belongs to a restore",
                reason=f"{command} compares a pod with a backup, and writes nothing",
                fix=f"leave --{flag.name} out",
            )


def read_request(
    parsed: Parsed, command: Sequence[str], *, older: bool, compares: str = ""
) -> RestoreRequest:
    """Return the request that a command line makes.

    Args:
        parsed: the command line, without the command's name among the positionals.
        command: how to say it again: the words that were given.
        older: the older spelling.
        compares: the command, where nothing is restored: then contents are compared unless
            something else is asked for.

    Raises:
        UsageError: something is missing, too much or of the wrong form.
    """
    require_no_habit(parsed, older=older)
    overwrite = read_overwrite(parsed)
    pod, backup = _positionals(parsed, "filesystem " if older else f"{compares} " * bool(compares))
    if pod is not None:
        _require_order(pod, backup, parsed, "filesystem" if older else compares)
    if backup == "-":
        _require_pipe(older=older)
    target, place = _target(parsed, pod)
    path = target_path("/" if place is None else place)
    scale_down, scale_back = read_scaling(parsed, target)
    _require_file(parsed, backup, compares)
    require_salvageable(parsed, backup)
    judged = Verification.CHECKSUM if compares else Verification.SIZE
    is_open = place is None and target.kind is Kind.CLAIM
    _require_safe_deletion(parsed, None if is_open else path)
    return RestoreRequest(
        target=target,
        backup=backup_name(backup),
        is_piped=backup == "-",
        target_path=path,
        is_placed=place is not None,
        kubectl=kubectl_options(parsed, older=older),
        container=parsed.value("container"),
        via=read_via(parsed, target),
        helper=read_helper(parsed),
        scale_down=scale_down,
        scale_back=scale_back,
        overwrite=overwrite,
        compare=Comparison(choice(parsed, "compare", tuple(Comparison)) or Comparison.METADATA),
        verify=Verification(choice(parsed, "verify", tuple(Verification)) or judged),
        extras=_extras(parsed),
        delete=parsed.is_set("delete"),
        dry_run=parsed.is_set("dry-run"),
        strict=parsed.is_set("strict"),
        sync=parsed.is_set("sync"),
        asks=overwrite is Overwrite.REFUSE and can_ask(parsed, older=older),
        allow_missing_end=parsed.is_set("allow-missing-end"),
        require_checksum=parsed.is_set("require-checksum"),
        salvage=read_salvage(parsed),
        cache=not parsed.is_set("no-cache"),
        same_owner=not parsed.is_set("no-same-owner"),
        owner=read_owner(parsed),
        checksum=read_checksum(parsed),
        searchable=choice(parsed, "chmod", ("D+X",)) is not None,
        keep_directory_symlinks=parsed.is_set("keep-directory-symlinks"),
        selection=read_selection(parsed),
        receipt=_receipt(parsed),
        save_replaced=_save_replaced(parsed, backup),
        stall_timeout=parse_duration(
            given(parsed, "stall-timeout", _DEFAULT_STALL), "--stall-timeout"
        ),
        before=read_hook(parsed, "before"),
        after=read_hook(parsed, "after"),
        retries=read_retries(parsed),
        transport=Wire(choice(parsed, "transport", tuple(Wire)) or Wire.AUTO),
        packing=Packing(choice(parsed, "compress", tuple(Packing)) or Packing.AUTO),
        lanes=read_lanes(parsed, os.environ),
        command=without_secrets(parsed, command),
    )


def kubectl_options(parsed: Parsed, *, older: bool = False) -> KubectlOptions:
    """Return what a command line says of kubectl and the cluster."""
    namespace = parsed.value("namespace")
    return KubectlOptions(
        program=parsed.value("kubectl"),
        namespace="default" if older and namespace is None else namespace,
        context=parsed.value("context"),
        flags=tuple(
            f"--{flag.name}={value}"
            for flag, value in parsed.flags
            if flag.scope is Scope.KUBECTL and flag.name != "context"
        ),
    )


def _target(parsed: Parsed, named: str | None) -> tuple[Target, str | None]:
    """Return the target, and its path as somebody named it.

    Raises:
        UsageError: it is none, or is named twice.
    """
    path = parsed.value("target-path")
    if named is None:
        target, behind = Target(_selector(parsed), Kind.SELECTOR), None
    else:
        target, behind = parse_target(named)
    if behind is not None and path is not None:
        raise UsageError(
            "the target path is named twice",
            reason=f"-t {shown(os.fsencode(path))} and {shown(os.fsencode(named or ''))}",
            fix="leave one of them out",
        )
    pod = parsed.value("pod")
    if pod is not None:
        if target.kind is Kind.POD:
            raise UsageError(
                "--pod chooses one of several pods",
                reason=f"the target is a pod itself: {target.name}",
                fix="leave --pod out",
            )
        require_name(pod)
        target = replace(target, pod=pod)
    return target, path if behind is None else behind


def _selector(parsed: Parsed) -> str:
    """Return the label selector; kubectl itself says whether it is one.

    Raises:
        UsageError: it selects every pod.
    """
    selector = given(parsed, "selector", "")
    if not selector.strip() or not selector.isprintable():
        raise UsageError(
            "-l wants a label selector",
            reason=f"{selector!r} was given",
            fix="kubectl restore -l app=NAME BACKUP -t PATH",
        )
    return selector


def _extras(parsed: Parsed) -> Extras:
    """Return what becomes of what is not in the backup.

    Raises:
        UsageError: it is to fail, and cannot be told from what is left out.
    """
    extras = Extras(choice(parsed, "extras", tuple(Extras)) or Extras.REPORT)
    if extras is Extras.FAIL:
        _require_whole(
            parsed,
            "--extras fail",
            "what is left out would be taken for what the backup does not have",
        )
    return extras


def _require_file(parsed: Parsed, backup: str, compares: str) -> None:
    """Notice what needs the whole backup before the first byte is sent."""
    if compares and parsed.value("verify") == Verification.NONE:
        raise UsageError(
            "--verify none leaves nothing to do",
            reason=f"kubectl restore {compares} compares a pod with a backup",
            fix="--verify size, or checksum",
        )
    if backup != "-":
        return
    if compares:
        raise _not_from_a_pipe(f"kubectl restore {compares}")
    for name in ("dry-run", "delete"):
        if parsed.is_set(name):
            raise _not_from_a_pipe(f"--{name}")
    if parsed.value("compare") == Comparison.CHECKSUM:
        raise _not_from_a_pipe("--compare checksum")
    if parsed.is_set("require-checksum") and parsed.value("checksum") is None:
        raise UsageError(
            "--require-checksum of standard input needs --checksum",
            reason="beside a pipe stands no file with its checksum",
            fix="--checksum sha256:HEX, as it came with the backup",
        )


def _not_from_a_pipe(flag: str) -> UsageError:
    return UsageError(
        f"{flag} needs a file",
        reason="of standard input nobody knows what is still to come, and it can be read only once",
        fix="write the backup to a file, then name the file",
    )


def _require_safe_deletion(parsed: Parsed, target: str | None) -> None:
    """Notice a --delete that would delete what nobody meant; None for where a claim stands."""
    if not parsed.is_set("delete"):
        return
    if target == "/":
        raise UsageError(
            "--delete at / is refused",
            reason="everything in the container that is not in the backup would be deleted",
            fix="name the directory that the backup is of: -t PATH",
        )
    _require_whole(parsed, "--delete", "what is left out of the restore would be deleted")


def _require_whole(parsed: Parsed, flag: str, reason: str) -> None:
    """Notice a flag that is about the whole backup beside one that leaves some of it out."""
    for name in PARTIAL:
        if any(one.name == name for one, _ in parsed.flags):
            raise UsageError(
                f"{flag} and --{name} contradict each other",
                reason=reason,
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


def _positionals(parsed: Parsed, command: str) -> tuple[str | None, str]:
    """Return the target and the backup; no target where a selector stands for it."""
    usage = f"kubectl restore {command}POD BACKUP [-t PATH]"
    given = parsed.positionals
    if parsed.value("selector") is not None:
        if len(given) != 1:
            raise UsageError(
                "a target and -l were given" if given else "a backup is missing",
                reason="-l stands instead of a target, so only a backup is wanted; given: "
                + (shlex.join(given) or "nothing"),
                fix=f"kubectl restore {command}-l LABELS BACKUP [-t PATH]",
            )
        require_named(given[0], usage)
        return None, given[0]
    if len(given) > _POSITIONALS:
        meant = "" if command else nearest_command(given[0])
        words = [meant, *given[1:], *_flags_to_show(parsed)]
        raise UsageError(
            f"there is no command {shown(os.fsencode(given[0]))}"
            if meant
            else "too many arguments",
            reason=f"a pod and a backup are wanted; given: {shlex.join(given)}",
            fix=f"kubectl restore {shlex.join(words)}" if meant else usage,
        )
    if len(given) < _POSITIONALS:
        meant = nearest_command(given[0]) if given and not command else ""
        missing = "a backup" if given else "a pod and a backup"
        if given and not meant and (_is_archive(given[0]) or _is_file(given[0])):
            words = ["POD", *given, *_flags_to_show(parsed)]
            raise UsageError(
                "a pod is missing",
                reason=f"only a backup was named: {shown(os.fsencode(given[0]))}",
                fix=f"kubectl restore {command}{shlex.join(words)}",
            )
        fix = f"did you mean kubectl restore {meant}? Else: {usage}" if meant else usage
        raise UsageError(f"{missing} is missing", reason=f"usage: {usage}", fix=fix)
    require_named(given[1], usage)
    return given[0], given[1]


def _flags_to_show(parsed: Parsed) -> list[str]:
    """Return the flags that were given, without secrets."""
    return [f"--{flag.name}={_to_show(flag, value)}" for flag, value in parsed.flags]


def nearest_command(word: str) -> str:
    """Return the command that a word is a near miss of; empty for none."""
    # Imported late: hardly any command line is wrong.
    import difflib  # noqa: PLC0415

    return next(iter(difflib.get_close_matches(word, COMMANDS, 1, 0.7)), "")


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


def _require_order(pod: str, backup: str, parsed: Parsed, command: str) -> None:
    """Notice BACKUP POD, the order of an older README."""
    looks_like_backup = _is_archive(pod) or (_is_file(pod) and not _is_file(backup))
    if not looks_like_backup or _is_archive(backup):
        return
    words = ["kubectl", "restore", *([command] if command else []), backup, pod]
    words += _flags_to_show(parsed)
    raise UsageError(
        "the pod comes first, then the backup",
        reason=f"{shown(os.fsencode(pod))} looks like a backup",
        fix=shlex.join(words),
    )


def _is_archive(name: str) -> bool:
    """Tell whether a word is called as backups are."""
    return bool(_ARCHIVE_NAME.search(name)) or "://" in name


def _is_file(name: str) -> bool:
    """Tell whether there is such a file; a name that cannot even be looked up is none."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def target_path(text: str) -> str:
    """Return a target path as it is shown and sent: no slash at its end, none twice.

    Raises:
        UsageError: it is not absolute, or could lead elsewhere.
    """
    if not text.startswith("/"):
        raise _bad_target(text, "it is not absolute")
    if ".." in text.split("/"):
        raise _bad_target(text, "it has .. in it")
    if not text.isprintable():
        raise _bad_target(text, "it has control characters in it")
    return "/" + "/".join(part for part in text.split("/") if part not in {"", "."})


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


def _bad_target(text: str, reason: str) -> UsageError:
    return UsageError(
        f"-t {shown(os.fsencode(text))} is no target path",
        reason=reason,
        fix="name an absolute directory in the container: -t /data",
    )


def _to_show(flag: Flag, value: str) -> str:
    if flag.secret:
        return "REDACTED"
    return server_to_show(value) if flag.name == "server" else value


def without_secrets(parsed: Parsed, command: Sequence[str]) -> tuple[str, ...]:
    """Return the words of a command line as they may be shown."""
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
            words.append(shown_as.get(word, redacted(word)))
    return ("kubectl", "restore", *words)
