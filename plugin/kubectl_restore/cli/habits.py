"""Letters that mean something else in kubectl, or in tar: noticed before anything happens.

Of the short flags that both have, -n, -o, -q and -h mean the same, and -c does. -v takes a level in
kubectl, -t is a switch there: a command line that means those is no command line here (exit 2). -s,
-f and tar's -C are looked at here. docs/older-spelling.md says which of them scripts rely on.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from typing import TYPE_CHECKING, Final

from kubectl_restore.cli.argv import parse_what_can_be
from kubectl_restore.cli.manner import read_output
from kubectl_restore.errors import UsageError
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.cli.argv import Parsed

_ADDRESS: Final = re.compile(r".*://.*", re.DOTALL)
_HOST_AND_PORT: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):\d{2,5}")

FORCED: Final = "-f is --force here: what differs is replaced; the backup needs no flag"


def require_no_habit(parsed: Parsed, *, older: bool) -> None:
    """Return when no letter has a value that only another tool's flag of this letter would have.

    Raises:
        UsageError: one has.
    """
    for flag, value in parsed.flags:
        if flag.name == "skip-paths" and (
            _ADDRESS.fullmatch(value) or (not older and _HOST_AND_PORT.fullmatch(value))
        ):
            said = shown(os.fsencode(value))
            raise UsageError(
                f"-s {said} looks like the address of an API server",
                reason="in kubectl -s is --server; here it is --skip-paths, which leaves files out",
                fix=f"to name the server: --server={shlex.quote(said)}; to leave files out: "
                f"--exclude={shlex.quote(said)}",
            )
        if flag.name == "container" and "/" in value:
            said = shown(os.fsencode(value))
            raise UsageError(
                f"{said} is no container's name",
                reason="in tar -C is a directory; here -C and -c name a container",
                fix=f"to name the directory in the container: -t {shlex.quote(said)}",
            )


def may_mean_a_file(parsed: Parsed, words: Sequence[str]) -> bool:
    """Tell whether a -f stands right before the backup: kubectl's and tar's "from this file"."""
    before_backup = 0 if parsed.value("selector") is not None else 1
    if len(parsed.places) <= before_backup:
        return False
    before = parsed.places[before_backup] - 1
    if before < 0 or words[before].startswith("--") or not words[before].startswith("-"):
        return False
    given = parse_what_can_be([words[before]]).flags
    return bool(given) and given[-1][0].name == "force" and words[before].endswith("f")


def can_ask(parsed: Parsed, *, older: bool) -> bool:
    """Tell whether somebody is there who can be asked, and nothing says not to."""
    if older or parsed.value("overwrite") is not None:
        return False
    return somebody_is_there(parsed)


def somebody_is_there(parsed: Parsed) -> bool:
    """Tell whether a person sits at a terminal, and did not say that nothing is to be asked."""
    if parsed.is_set("yes") or parsed.is_set("quiet") or read_output(parsed) == "json":
        return False
    return all(one is not None and one.isatty() for one in (sys.stdin, sys.stderr))
