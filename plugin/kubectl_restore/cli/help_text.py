"""Help, made from the table of flags; docs/cli.md is generated from it."""

from __future__ import annotations

from typing import Final

from kubectl_restore.cli.flags import (
    FLAGS,
    OF_A_RESTORE,
    OF_AGAINST,
    OF_INSPECT,
    OF_SEAL,
    OF_STATUS,
    RESERVED,
    Flag,
    Scope,
)

_HEAD: Final = """\
Restore a backup archive into a running pod, and show that it arrived.

The archive (tar, plain or packed with gzip, bzip2, xz, zstd or lz4) is checked whole before the
pod is touched; what exists in the pod is found out before the first byte is written; what arrived
is compared afterwards. It needs sh, tar and a few small tools there.

Examples:
  # Restore into kubectl's default container, below /data
  kubectl restore db-0 backup.tar.gz -t /data

  # Into a container by name, in another namespace, replacing what exists
  kubectl restore db-0 backup.tar.gz -t /data -n prod -c app --force

  # Into the only pod of a workload; of several one is named
  kubectl restore deploy/web:/srv backup.tar.gz
  kubectl restore sts/db backup.tar.gz -t /data --pod db-0

  # Each pod of a StatefulSet, from its own backup (docs/fleets.md)
  kubectl restore sts/db --each 'backups/{pod}.tar.gz' -t /data --dry-run

  # Only some of it, and to another place (docs/choosing.md)
  kubectl restore db-0 backup.tar.gz -t /data --include app --exclude '*.log' --strip-components 1

  # In a script
  kubectl restore db-0 backup.tar -t /data -q && echo restored

Usage:
  kubectl restore [TYPE/]NAME[:PATH] BACKUP [flags]   TYPE: po, deploy, sts, ds, rs, job, svc, pvc
  kubectl restore -l LABELS BACKUP [flags]        the pod with these labels
  kubectl restore WORKLOAD --each TEMPLATE [flags] each of its pods, from a backup of its own
  kubectl restore filesystem POD BACKUP [flags]   the older spelling: namespace `default`, its lines
  kubectl restore verify [TYPE/]NAME BACKUP [flags] compare the pod with the backup, write nothing
  kubectl restore diff [TYPE/]NAME BACKUP [PATH...] show how they differ, small texts too
  kubectl restore inspect BACKUP [--list]         what is in it, and what a restore would take of it
  kubectl restore seal BACKUP [--force]           writes BACKUP.sha256 and BACKUP.meta.json
  kubectl restore status [--cleanup]              what of ours stands in a namespace: helper pods
  kubectl restore completion SHELL                 bash, zsh or fish; --install: for kubectl itself
  kubectl restore version [-o json]               its version, commit, Python and kubectl
  BACKUP: a file, the first part of a split one, - for a pipe, s3://BUCKET/KEY, https://HOST/PATH
"""

_COMPARING: Final = frozenset(
    flag.name for flag in FLAGS if flag.scope in {Scope.RESTORE, Scope.KUBECTL, Scope.VERIFY}
) - (OF_A_RESTORE | {"version"})
_OF_COMMANDS: Final = {
    "verify": (
        "kubectl restore verify [TYPE/]NAME[:PATH] BACKUP [flags]",
        "Compare a pod with a backup, and write nothing. Exit code 9 where they differ.",
        _COMPARING,
    ),
    "diff": (
        "kubectl restore diff [TYPE/]NAME[:PATH] BACKUP [PATH...] [flags]",
        """Show how what stands in a pod differs from a backup, and write nothing: what is changed,
and how; what is missing; with --extras report what is not in the backup; then the contents of text
files of up to 64 KiB as unified diffs, from the pod (-) to the backup (+). PATH: of the backup
only what stands there or below it. Exit code 0 without a difference, 9 with one.""",
        _COMPARING,
    ),
    "inspect": (
        "kubectl restore inspect BACKUP [flags]",
        """Say what is in a backup, and what of it a restore with the same flags would take. With
--against TARGET also how much of it is right in that pod already, and what would be done: the plan.
The flags that name the cluster, the container and the path are taken with --against alone.""",
        OF_INSPECT | OF_AGAINST,
    ),
    "status": (
        "kubectl restore status [flags]",
        """Say which helper pods stand in a namespace: those of restores under way, and those that a
restore that was killed has left. They end by themselves; --cleanup removes them at once. A restore
that is under way through one of them is broken off by that.""",
        OF_STATUS,
    ),
    "completion": (
        "kubectl restore completion bash|zsh|fish|kubectl, or --install",
        """Print what a shell completes by; or write kubectl_complete-restore beside the plugin,
or on PATH, by which kubectl 1.26 and newer completes `kubectl restore` itself.""",
        frozenset({"install", "force", "help"}),
    ),
    "seal": (
        "kubectl restore seal BACKUP [flags]",
        "Check a backup as a restore does, and write BACKUP.sha256 and BACKUP.meta.json beside it.",
        OF_SEAL,
    ),
}
"""Of each its usage, what it does, and its flags."""
_MEANS: Final = {
    ("verify", "verify"): "checksum, or size (default: checksum)",
    ("diff", "verify"): "checksum, or size (default: checksum)",
    ("diff", "extras"): "what is not in the backup: ignore, report, fail (default: ignore)",
    ("seal", "force"): "replace a seal that says something else",
    ("completion", "force"): "replace another program's file",
    ("seal", "devices"): "do not refuse devices and FIFOs",
    ("seal", "skip-unsafe"): "seal it although a restore leaves some of it out",
}
"""Where a flag's line says what it does to a restore."""


def help_of(command: str) -> str:
    """Return the help of a command."""
    usage, about, names = _OF_COMMANDS[command]
    flags = [flag for flag in FLAGS if flag.name in names]
    lines = [
        _line(flag, _MEANS.get((command, flag.name), flag.text))
        for flag in flags
        if flag.scope is not Scope.KUBECTL
    ]
    passed = [f"--{flag.name}" for flag in flags if flag.scope is Scope.KUBECTL]
    parts = [f"{about}\n", f"Usage:\n  {usage}\n", "\n".join(["Flags:", *lines]) + "\n"]
    if passed:
        parts.append("\n".join(["Flags passed through to kubectl:", *_folded(passed)]) + "\n")
    return "\n".join(parts)


def head() -> tuple[list[str], list[str], list[str]]:
    """Return what stands before the flags: paragraphs, lines of examples, lines of usage."""
    about, _, rest = _HEAD.partition("Examples:\n")
    examples, _, usage = rest.partition("Usage:\n")
    paragraphs = [" ".join(one.split()) for one in about.split("\n\n") if one.strip()]
    return paragraphs, examples.strip("\n").split("\n"), usage.strip("\n").split("\n")


def help_text() -> str:
    """Return the whole help."""
    parts = [_HEAD]
    for scope, title in (
        (Scope.RESTORE, "Flags:"),
        (Scope.INSPECT, "Flags of inspect alone (kubectl restore inspect --help has the others):"),
        (
            Scope.VERIFY,
            "Flags of verify and diff alone (kubectl restore verify --help has the others):",
        ),
        (Scope.OLDER, "Flags of the older spelling:"),
        (Scope.KUBECTL, "Flags passed through to kubectl:"),
    ):
        flags = [flag for flag in FLAGS if flag.scope is scope]
        if scope is not Scope.KUBECTL:
            lines = [_line(flag, flag.text) for flag in flags]
        else:
            lines = _folded([f"--{flag.name}" for flag in flags])
        parts.append("\n".join([title, *lines]) + "\n")
    parts.append(
        "Reserved commands, not yet supported: "
        + ", ".join(RESERVED)
        + "\nA pod with a command's name is written pod/NAME.\n"
        "-s and -v keep their older meaning (skip paths, verbose), not kubectl's.\n"
        "Each flag may have its default in the environment: KUBECTL_RESTORE_TIMEOUT=30m is "
        "--timeout 30m,\n"
        "KUBECTL_RESTORE_SAVE_REPLACED, KUBECTL_RESTORE_FORCE=true and so on; a flag that is given "
        "wins.\n(--selector, --pod, --via, --before, --after, --scale-down and --scale-back have "
        "none.)\n"
        "Exit codes: docs/exit-codes.md\n"
    )
    return "\n".join(parts)


def _line(flag: Flag, text: str) -> str:
    return f"  {_spelling(flag):<32} {text}"


def _spelling(flag: Flag) -> str:
    shorts = ", ".join(f"-{letter}" for letter in flag.shorts)
    name = f"--{flag.name}" + (f" {flag.value}" if flag.value else "")
    return f"{shorts}, {name}" if shorts else f"    {name}"


def _folded(words: list[str], width: int = 98) -> list[str]:
    lines = [" "]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > width:
            lines.append(" ")
        lines[-1] += f" {word}"
    return lines
