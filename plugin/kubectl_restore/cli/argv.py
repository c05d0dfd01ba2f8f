"""Command lines as kubectl's users write them (pflag's grammar), made plain for Cleo."""

from __future__ import annotations

import difflib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.cli.flags import BY_NAME, BY_SHORT, Flag, Scope
from kubectl_restore.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_TRUE: Final = frozenset({"1", "t", "true", "T", "TRUE", "True"})
SWITCHES: Final = frozenset({"output", "overwrite"})
"""What replaced existing files in older versions, as a switch (docs/older-spelling.md)."""
_ELSEWHERE: Final = {
    Scope.INSPECT: ("inspect", "a restore lists nothing", " BACKUP"),
    Scope.COMPLETION: ("completion", "a restore installs nothing", ""),
    Scope.STATUS: ("status", "a restore removes what it has made by itself", ""),
    Scope.VERIFY: (
        "verify",
        "a restore leaves what is not in the backup, unless --delete is given",
        " POD BACKUP",
    ),
}
"""Flags of one command alone: its name, why a restore has none, what stands before the flag."""
_FALSE: Final = frozenset({"0", "f", "false", "F", "FALSE", "False"})


@dataclass(slots=True)
class Parsed:
    """A command line taken apart.

    Attributes:
        flags: (flag, value) as given, in order; a switch has the value `true` or `false`.
        positionals: everything else, in order.
        places: where in the words each positional stood.
    """

    flags: list[tuple[Flag, str]] = field(default_factory=list)
    positionals: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)

    def value(self, name: str) -> str | None:
        """Return the last value given for a flag, None when it was not given."""
        values = self.values(name)
        return values[-1] if values else None

    def values(self, name: str) -> list[str]:
        """Return every value given for a flag, in order."""
        return [value for flag, value in self.flags if flag.name == name]

    def is_set(self, name: str) -> bool:
        """Tell whether a switch is on."""
        return self.value(name) == "true"

    def count(self, name: str) -> int:
        """Return how often a switch was turned on since it was last turned off."""
        number = 0
        for flag, value in self.flags:
            if flag.name == name:
                number = number + 1 if value == "true" else 0
        return number


def parse(words: Sequence[str]) -> Parsed:
    """Take a command line apart.

    Flags stand anywhere; `--flag value`, `--flag=value`, joined shorts (`-fpt/data`), `-n=x`,
    `-nx` and `-n x` are the same as in kubectl; `--` ends the flags.

    Raises:
        UsageError: an unknown flag, a missing value, a switch with a value that is none.
    """
    parsed = Parsed()
    rest = list(words)
    while rest:
        _take(words, rest, parsed)
    return parsed


def parse_what_can_be(words: Sequence[str]) -> Parsed:
    """Take a command line apart, passing over the words that `parse` refuses."""
    parsed = Parsed()
    rest = list(words)
    while rest:
        with suppress(UsageError):
            _take(words, rest, parsed)
    return parsed


def _take(words: Sequence[str], rest: list[str], parsed: Parsed) -> None:
    """Take the next of `rest`, the end of `words`; the last ones with it where it is `--`."""
    word = rest.pop(0)
    if word == "--":
        parsed.places += range(len(words) - len(rest), len(words))
        parsed.positionals += rest
        rest.clear()
    elif word.startswith("--"):
        _take_long(word, rest, parsed)
    elif word.startswith("-") and word != "-":
        _take_shorts(word, rest, parsed)
    else:
        parsed.places.append(len(words) - len(rest) - 1)
        parsed.positionals.append(word)


def _take_long(word: str, rest: list[str], parsed: Parsed) -> None:
    name, equals, value = word[2:].partition("=")
    flag = BY_NAME.get(name)
    if flag is None:
        raise _unknown(f"--{name}", name)
    if not flag.value and value in flag.choices:
        parsed.flags.append((flag, value))
    elif not flag.value:
        parsed.flags.append((flag, _switch(f"--{name}", value if equals else "true")))
    elif equals:
        parsed.flags.append((flag, value))
    else:
        parsed.flags.append((flag, _next_value(f"--{name}", flag, rest)))


def _take_shorts(word: str, rest: list[str], parsed: Parsed) -> None:
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        flag = BY_SHORT.get(letter)
        if flag is None:
            raise _unknown(f"-{letter}", letter)
        if flag.value:
            joined = letters.removeprefix("=")
            value = joined if letters else _next_value(f"-{letter}", flag, rest)
            parsed.flags.append((flag, value))
            return
        if letters.startswith("="):
            parsed.flags.append((flag, _switch(f"-{letter}", letters[1:])))
            return
        parsed.flags.append((flag, "true"))


def _switch(spelling: str, value: str) -> str:
    if value in _TRUE:
        return "true"
    if value in _FALSE:
        return "false"
    raise UsageError(
        f"{spelling} is a switch",
        reason=f"it was given the value {value!r}",
        fix=f"{spelling}, or {spelling}=false",
    )


def _next_value(spelling: str, flag: Flag, rest: list[str]) -> str:
    if not rest:
        if flag.name in SWITCHES:
            # As a switch it is an older tool's spelling: `check_built` and `read_output` answer.
            return ""
        raise UsageError(
            f"{spelling} needs a value",
            reason="nothing follows it",
            fix=f"{spelling} {flag.value}",
        )
    return rest.pop(0)


def _unknown(spelling: str, name: str) -> UsageError:
    near = difflib.get_close_matches(name, BY_NAME, 1)
    return UsageError(
        f"unknown flag: {spelling}",
        reason="kubectl restore has no such flag",
        fix=f"did you mean --{near[0]}?" if near else "kubectl restore --help",
    )


def check_built(parsed: Parsed, *, older: bool, also: Collection[str] = ()) -> None:
    """Return when every flag given is built and belongs to this spelling.

    Flags named in `also` are built for this command, although not for a restore.

    Raises:
        UsageError: one does not.
    """
    for flag, _ in parsed.flags:
        if flag.name in SWITCHES and older:
            raise UsageError(
                f"--{flag.name} does not replace existing files any more",
                reason="in older versions -o/--overwrite was a switch; now it is something else",
                fix="to replace what exists: --force (-f)",
            )
        if flag.scope in _ELSEWHERE and flag.name not in also:
            command, reason, arguments = _ELSEWHERE[flag.scope]
            words = f"{command}{arguments} --{flag.name} {flag.value}"
            raise UsageError(
                f"--{flag.name} belongs to {command}",
                reason=reason,
                fix=f"kubectl restore {words}".rstrip(),
            )
        if flag.scope is Scope.OLDER and not older:
            raise UsageError(
                f"--{flag.name} belongs to the older spelling",
                reason="it is taken by `kubectl restore filesystem` only",
                fix="use -v, or -vv for everything",
            )
