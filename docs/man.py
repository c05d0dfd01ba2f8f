"""The manual page, made from the table of flags and the register of exit codes (man(7))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.cli.flags import FLAGS, Scope
from kubectl_restore.cli.help_text import head
from kubectl_restore.errors import MEANING

if TYPE_CHECKING:
    from kubectl_restore.cli.flags import Flag

_TITLES: Final = {
    Scope.RESTORE: "OPTIONS",
    Scope.INSPECT: "OPTIONS OF INSPECT ALONE",
    Scope.VERIFY: "OPTIONS OF VERIFY AND DIFF ALONE",
    Scope.COMPLETION: "OPTIONS OF COMPLETION ALONE",
    Scope.OLDER: "OPTIONS OF THE OLDER SPELLING",
}
_ENVIRONMENT: Final = (
    ("KUBECTL_RESTORE_KUBECTL", "the kubectl that is used, where --kubectl names none"),
    (
        "KUBECTL_RESTORE_FLAG",
        "the default of a flag (KUBECTL_RESTORE_TIMEOUT=30m); one that is given wins",
    ),
)


def manual_page() -> str:
    """Return kubectl-restore(1) as roff."""
    about, examples, usage = head()
    parts = [
        '.\\" Made by docs/generate.py; do not edit.',
        ".TH KUBECTL\\-RESTORE 1",
        *_section("NAME"),
        "kubectl\\-restore \\- put a backup archive back into a running pod",
        *_section("SYNOPSIS"),
        *_verbatim(usage),
        *_section("DESCRIPTION"),
        *"\n.PP\n".join(map(_text, about)).split("\n"),
    ]
    for scope, title in _TITLES.items():
        parts += _section(title)
        for flag in FLAGS:
            if flag.scope is scope:
                parts += [".TP", _spelling(flag), _text(flag.text)]
    passed = ", ".join(f"--{flag.name}" for flag in FLAGS if flag.scope is Scope.KUBECTL)
    parts += [*_section("OPTIONS PASSED THROUGH TO KUBECTL"), _text(passed)]
    parts += _section("ENVIRONMENT")
    for name, meaning in _ENVIRONMENT:
        parts += [".TP", f".B {_text(name)}", _text(meaning)]
    parts += _section("EXIT STATUS")
    for code, meaning in MEANING.items():
        parts += [".TP", f".B {code.value}", _text(meaning)]
    parts += [*_section("EXAMPLES"), *_verbatim(examples)]
    return "\n".join(parts) + "\n"


def _section(title: str) -> list[str]:
    return [f".SH {title}"]


def _spelling(flag: Flag) -> str:
    names = [*(f"-{letter}" for letter in flag.shorts), f"--{flag.name}"]
    value = f" \\fI{_escaped(flag.value)}\\fR" if flag.value else ""
    return ", ".join(f"\\fB{_escaped(name)}\\fR" for name in names) + value


def _verbatim(lines: list[str]) -> list[str]:
    return [".nf", *map(_text, lines), ".fi"]


def _text(line: str) -> str:
    escaped = _escaped(line)
    # A control character of roff at a line's beginning is text behind a zero-width space.
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


def _escaped(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-")
