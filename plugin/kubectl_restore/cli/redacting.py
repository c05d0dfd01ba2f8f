"""The command line as it is shown: without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.archive.source.location import redacted
from kubectl_restore.cluster.kubectl import server_to_show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.cli.argv import Parsed
    from kubectl_restore.cli.flags import Flag


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


def flags_to_show(parsed: Parsed) -> list[str]:
    """Return the flags that were given, without secrets."""
    return [f"--{flag.name}={_to_show(flag, value)}" for flag, value in parsed.flags]


def _to_show(flag: Flag, value: str) -> str:
    if flag.secret:
        return "REDACTED"
    return server_to_show(value) if flag.name == "server" else value
