"""From words to types, once: the request, and how the user wants to see it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.source.location import backup_name
from kubectl_restore.cli.argv import check_built
from kubectl_restore.cli.contradictions import read_extras, require_file, require_safe_deletion
from kubectl_restore.cli.durations import parse_duration
from kubectl_restore.cli.flags import Scope
from kubectl_restore.cli.habits import can_ask, require_no_habit
from kubectl_restore.cli.manner import read_output
from kubectl_restore.cli.positionals import read_positionals, require_order, require_pipe
from kubectl_restore.cli.reaching import read_helper, read_scaling, read_via
from kubectl_restore.cli.redacting import without_secrets
from kubectl_restore.cli.salvaging import read_salvage, require_salvageable
from kubectl_restore.cli.selecting import read_selection
from kubectl_restore.cli.targets import read_target, target_path
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
from kubectl_restore.cli.written import read_receipt, read_save_replaced
from kubectl_restore.cluster.kubectl import KubectlOptions
from kubectl_restore.cluster.target import Kind
from kubectl_restore.cluster.transports import Wire
from kubectl_restore.pipe.transit import Packing
from kubectl_restore.plan.policy import Comparison, Overwrite, Verification
from kubectl_restore.plan.request import RestoreRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.cli.argv import Parsed

_DEFAULT_STALL: Final = "60s"


def read_version_request(parsed: Parsed) -> tuple[KubectlOptions, bool]:
    """Return which kubectl is asked for its version, and whether JSON is wanted.

    Raises:
        UsageError: a flag is not built, or a value is none of those that it takes.
    """
    output = read_output(parsed)
    check_built(parsed, older=False)
    return KubectlOptions(program=parsed.value("kubectl")), output == "json"


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
    pod, backup = read_positionals(
        parsed, "filesystem " if older else f"{compares} " * bool(compares)
    )
    if pod is not None:
        require_order(pod, backup, parsed, "filesystem" if older else compares)
    if backup == "-":
        require_pipe(older=older)
    target, place = read_target(parsed, pod)
    path = target_path("/" if place is None else place)
    scale_down, scale_back = read_scaling(parsed, target)
    require_file(parsed, backup, compares)
    require_salvageable(parsed, backup)
    judged = Verification.CHECKSUM if compares else Verification.SIZE
    is_open = place is None and target.kind is Kind.CLAIM
    require_safe_deletion(parsed, None if is_open else path)
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
        extras=read_extras(parsed),
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
        checksum=read_checksum(parsed, backup_name(backup)),
        searchable=choice(parsed, "chmod", ("D+X",)) is not None,
        keep_directory_symlinks=parsed.is_set("keep-directory-symlinks"),
        selection=read_selection(parsed),
        receipt=read_receipt(parsed),
        save_replaced=read_save_replaced(parsed, backup),
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
