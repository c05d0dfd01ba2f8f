"""Every flag: how it is spelled, what it takes, and whether it is built yet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Scope(Enum):
    """Where a flag belongs."""

    RESTORE = "restore"
    OLDER = "older spelling only"
    KUBECTL = "passed through to kubectl"
    INSPECT = "inspect only"
    VERIFY = "verify and diff only"
    COMPLETION = "completion only"
    STATUS = "status only"


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag.

    Attributes:
        name: the long spelling, without dashes.
        shorts: the letters.
        value: what it takes, for help; empty for a switch.
        text: one line of help.
        scope: where it belongs.
        secret: its value is never shown.
        choices: what may stand behind a switch's `=` besides true and false.
    """

    name: str
    shorts: str = ""
    value: str = ""
    text: str = ""
    scope: Scope = Scope.RESTORE
    secret: bool = False
    choices: tuple[str, ...] = ()


def _kubectl(name: str, value: str = "", *, secret: bool = False) -> Flag:
    return Flag(name, "", value, "", Scope.KUBECTL, secret)


FLAGS: Final[tuple[Flag, ...]] = (
    Flag("namespace", "n", "NAME", "the pod's namespace (default: the context's)"),
    Flag("container", "cC", "NAME", "the container (default: kubectl's default container)"),
    Flag("selector", "l", "LABELS", "instead of a target: the pod with these labels (app=db)"),
    Flag("pod", "", "NAME", "which pod of a workload that has several"),
    Flag(
        "via",
        "",
        "HOW",
        "auto, exec, ephemeral (a container is added to the pod) or helper (a pod is made)",
    ),
    Flag(
        "helper-image", "", "IMAGE", "what such a container or pod runs (default: busybox:stable)"
    ),
    Flag(
        "run-as", "", "UID:GID", "whom a helper pod runs as (default: the backup's owner, or root)"
    ),
    Flag("scale-down", "", "", "take the workload's pods away meanwhile (docs/scaling-down.md)"),
    Flag("scale-back", "", "WHEN", "give them back after success, or always (default: success)"),
    Flag("target-path", "t", "PATH", "an absolute directory in the container (default: /)"),
    Flag("force", "f", "", "replace what exists; without it nothing that exists is changed"),
    Flag("overwrite", "", "POLICY", "refuse, if-changed (--force), if-newer, never or always"),
    Flag("compare", "", "HOW", "metadata, or checksum: what is right already is told by content"),
    Flag("delete", "", "", "delete what stands below the backup's directories and is not in it"),
    Flag("dry-run", "", "", "say what would be done (-v: about each path), and do nothing"),
    Flag("verify", "", "HOW", "size, checksum (contents too) or none (default: size)"),
    Flag("strict", "", "", "exit code 10 when the pod did not let everything be set"),
    Flag("sync", "", "", "have the pod write everything to its disks in the end"),
    Flag(
        "save-replaced", "", "FILE", "save what is replaced in FILE first, a new tar (docs/undo.md)"
    ),
    Flag(
        "before",
        "",
        "COMMAND",
        "have the container's sh run it before the first change (docs/hooks.md)",
    ),
    Flag("after", "", "COMMAND", "have the container's sh run it after the proof (docs/hooks.md)"),
    Flag("receipt", "", "FILE", "write what was done to FILE, as JSON (docs/receipt.md)"),
    Flag("timeout", "", "DURATION", "for everything: 90s, 10m, 2h, 0 for no limit (default: 10m)"),
    Flag("retries", "", "N", "go on so often after the link was lost (default: 5)"),
    Flag("stall-timeout", "", "DURATION", "without any progress; 0 for no limit (default: 60s)"),
    Flag("progress", "", "KIND", "auto, live, plain, none or json (default: auto)"),
    Flag("output", "o", "FORMAT", "text, or json: lines for scripts on stdout (docs/json.md)"),
    Flag("quiet", "q", "", "say nothing but errors"),
    Flag("verbose", "v", "", "say more; -vv for everything"),
    Flag(
        "jobs",
        "j",
        "N",
        "so many execs side by side, 1 to 4 (default: 1); with --each so many targets",
    ),
    Flag(
        "each",
        "",
        "TEMPLATE",
        "of a workload every pod, each its own backup: 'b/{pod}.tar.gz' ({ordinal}, {claim})",
    ),
    Flag("map", "", "FILE", "many targets: on each line one and its backup (docs/fleets.md)"),
    Flag("per-node", "", "N", "of many targets so many on one node at a time (default: 2)"),
    Flag("canary", "", "NAME", "of many targets the first, alone; the others after its proof"),
    Flag("skip-missing", "", "", "of many targets leave out what lacks a backup or a running pod"),
    Flag(
        "transport",
        "",
        "HOW",
        "by which of kubectl's protocols: auto, websocket, spdy (default: auto)",
    ),
    Flag(
        "compress",
        "",
        "HOW",
        "what goes over the link: auto (if that is faster), none, gzip (default: auto)",
    ),
    Flag("log-file", "", "FILE", "append all that -vv would say to FILE (mode 0600), with times"),
    Flag("yes", "y", "", "ask nothing"),
    Flag(
        "kubectl",
        "",
        "PATH",
        "the kubectl ($KUBECTL_RESTORE_KUBECTL, else the calling one, else PATH)",
    ),
    Flag("preserve-perms", "p", "", "keep modes as they are in the backup (always so)"),
    Flag("no-same-owner", "", "", "as root too: everything belongs to the container's user"),
    Flag("owner", "", "UID:GID", "everything belongs to this user and group (numbers)"),
    Flag("chmod", "", "D+X", "who may list a directory may enter it: x where r is (0644: 0755)"),
    Flag("keep-directory-symlinks", "", "", "go through links that stay inside the target"),
    Flag("allow-missing-end", "", "", "accept a backup without end marker: it may be cut"),
    Flag(
        "salvage",
        "",
        "",
        "of a damaged backup take what is there; =partial: parts too",
        choices=("partial", "whole"),
    ),
    Flag("no-cache", "", "", "neither use nor keep what is remembered of large backups"),
    Flag("include", "", "GLOB", "restore only what matches, from a name's beginning; repeatable"),
    Flag("exclude", "", "GLOB", "leave out what matches, as GNU tar's --exclude does; repeatable"),
    Flag("skip-paths", "s", "GLOB,...", "the same as --exclude, several with commas between them"),
    Flag("strip-components", "", "N", "leave out so many leading components of each name"),
    Flag("transform-prefix", "", "OLD=NEW", "what stands below OLD goes below NEW; repeatable"),
    Flag("devices", "", "", "restore devices and FIFOs too"),
    Flag("skip-unsafe", "", "", "leave out what is refused, restore the rest"),
    Flag("checksum", "", "sha256:HEX", "what the backup must be; 64 digits alone do too"),
    Flag("require-checksum", "", "", "exit code 3 when no checksum can be read to compare it with"),
    Flag("help", "h", "", "this text"),
    Flag("version", "", "", "print the version"),
    Flag("debug", "d", "", "as -vv", Scope.OLDER),
    Flag("log-level", "", "LEVEL", "debug, info, warn, error or fatal", Scope.OLDER),
    Flag("log-format", "", "FORMAT", "text or json; the lines are text either way", Scope.OLDER),
    Flag(
        "extras",
        "",
        "HOW",
        "what is not in the backup: ignore, report, fail: exit code 9 (default: report)",
        Scope.VERIFY,
    ),
    Flag("cleanup", "", "", "remove what stands there", Scope.STATUS),
    Flag("install", "", "", "write the file that kubectl itself asks", Scope.COMPLETION),
    Flag(
        "tree",
        "",
        "",
        "its directories with their sizes, three deep, or --tree=DEPTH (1 to 9)",
        Scope.INSPECT,
        choices=tuple("123456789"),
    ),
    Flag(
        "against",
        "",
        "TARGET",
        "how much of it is right in a pod already, and what would be done",
        Scope.INSPECT,
    ),
    Flag("list", "", "", "each member on a line, as ls -l shows it", Scope.INSPECT),
    _kubectl("context", "NAME"),
    _kubectl("cluster", "NAME"),
    _kubectl("user", "NAME"),
    _kubectl("kubeconfig", "FILE"),
    _kubectl("as", "USER"),
    _kubectl("as-group", "GROUP"),
    _kubectl("as-uid", "UID"),
    _kubectl("server", "URL"),
    _kubectl("token", "TOKEN", secret=True),
    _kubectl("client-key", "FILE"),
    _kubectl("client-certificate", "FILE"),
    _kubectl("certificate-authority", "FILE"),
    _kubectl("insecure-skip-tls-verify"),
    _kubectl("tls-server-name", "NAME"),
    _kubectl("request-timeout", "DURATION"),
    _kubectl("cache-dir", "DIR"),
    _kubectl("disable-compression"),
    _kubectl("match-server-version"),
    _kubectl("username", "NAME"),
    _kubectl("password", "PASSWORD", secret=True),
)

BY_NAME: Final = {flag.name: flag for flag in FLAGS}
BY_SHORT: Final = {letter: flag for flag in FLAGS for letter in flag.shorts}

_READING: Final = frozenset(
    {
        *("allow-missing-end", "checksum", "require-checksum"),
        *("help", "log-file", "progress", "quiet", "timeout", "verbose"),
    }
)
"""Of what reads a backup and asks no cluster."""

OF_INSPECT: Final = _READING | {
    *(
        "against",
        "devices",
        "exclude",
        "include",
        "list",
        "no-cache",
        "output",
        "skip-paths",
        "skip-unsafe",
    ),
    *("strip-components", "transform-prefix", "tree"),
}

OF_AGAINST: Final = frozenset(
    {flag.name for flag in FLAGS if flag.scope is Scope.KUBECTL}
    | {
        *("namespace", "container", "pod", "target-path", "kubectl", "compare", "transport"),
        *("via", "helper-image", "run-as"),
        *("owner", "no-same-owner", "chmod", "keep-directory-symlinks", "stall-timeout"),
    }
)
"""Those that inspect has with --against alone: a cluster is asked."""

OF_SEAL: Final = _READING | {"devices", "force", "output", "skip-unsafe"}

OF_FLEETS: Final = frozenset({"each", "map", "per-node", "canary", "skip-missing"})
"""Those of many targets at once: of a restore, of verify and of diff."""

OF_A_RESTORE: Final = frozenset(
    {
        *("force", "overwrite", "compare", "delete", "dry-run", "strict", "sync", "yes"),
        *("save-replaced", "receipt", "retries", "jobs", "compress", "before", "after"),
        *("scale-down", "scale-back"),
    }
)
"""Those that only what writes has; verify and diff have the others."""

OF_STATUS: Final = frozenset(
    {flag.name for flag in FLAGS if flag.scope is Scope.KUBECTL}
    | {"namespace", "kubectl", "cleanup", "output", "timeout", "help", "log-file", "progress"}
    | {"quiet", "verbose"}
)

RESERVED: Final = {
    "plan": "say what a restore would do",
    "undo": "put back what a restore replaced",
}
"""Commands that later work builds; until then they are not yet there."""

COMMANDS: Final = (
    *("filesystem", "verify", "diff", "inspect", "seal", "status", "completion", "version"),
    "help",
)
INSTEAD: Final = {
    "list": (
        "what is in a backup inspect lists",
        "kubectl restore inspect BACKUP --list",
    ),
}
"""Words that are often taken for a command: why there is none, and what there is."""

OLDER_COMMANDS: Final = ("backup", "restore", "list", "init", "logs", "tui")
"""The older tool's commands: kept from meaning a pod."""
