"""How a failure is said where no display is there to say it: for people, or in JSON."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from kubectl_restore.archive.source.location import secrets_in, without_secrets
from kubectl_restore.cli.argv import parse_what_can_be
from kubectl_restore.errors import RestoreError
from kubectl_restore.progress import Level
from kubectl_restore.text import shown_text
from kubectl_restore.ui.environment import Environment
from kubectl_restore.ui.json_fields import exit_error_fields, json_line, message_fields
from kubectl_restore.ui.messages import error_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.cli.defaults import Default
_WITHOUT_JSON: Final = frozenset({"filesystem"})
"""Commands that have no `-o json`."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command line's failure is said.

    Attributes:
        as_json: `-o json` was asked for, of a command that has it.
        loud: a bug of ours shows where it is.
        defaults: flags that the environment has given.
        secrets: what stands in URLs on the command line and is not printed.
    """

    as_json: bool = False
    loud: bool = False
    defaults: tuple[Default, ...] = ()
    secrets: tuple[str, ...] = ()

    @classmethod
    def wanted_by(cls, words: Sequence[str], defaults: Sequence[Default] = ()) -> Self:
        """Return the ending that the words ask for, also where they are no command line.

        Args:
            words: the command line.
            defaults: what of it the environment gives.
        """
        parsed = parse_what_can_be(words)
        command = parsed.positionals[0] if parsed.positionals else ""
        return cls(
            as_json=parsed.value("output") == "json" and command not in _WITHOUT_JSON,
            loud=parsed.is_set("debug") or parsed.count("verbose") > 1,
            defaults=tuple(defaults),
            secrets=tuple(secrets_in(parsed.positionals)),
        )

    def of_error(self, error: RestoreError) -> int:
        """Say why it ended, and return the exit code."""
        environment = Environment()
        blamed = [one.text() for one in self.defaults if f"--{one.flag.name}" in error.what]
        if blamed:
            error.reason += f"\nit comes from the environment: {', '.join(blamed)}"
        if self.secrets:
            # What stands in the wrong place on a command line is quoted in many messages.
            error.what = without_secrets(error.what, self.secrets)
            error.reason = without_secrets(error.reason, self.secrets)
            error.fix = without_secrets(error.fix, self.secrets)
        if self.as_json:
            environment.result(json_line(exit_error_fields(error)))
        else:
            environment.say(error_text(error, coloured=environment.coloured))
        return error.exit_code

    def of_bug(self, error: Exception) -> int:
        """Say that it is our fault, and return the exit code."""
        where = "".join(traceback.format_exception(error)) if self.loud else ""
        where = without_secrets(where, self.secrets)
        if where and self.as_json:
            # Before the error, which is the last line.
            Environment().result(json_line(message_fields(Level.TRACE, where)))
        code = self.of_error(
            RestoreError(
                "a bug in kubectl restore",
                reason=f"{type(error).__name__}: {error!s:.500}",
                fix="run it again with -vv and report what it prints",
            )
        )
        if where and not self.as_json:
            Environment().say(shown_text(where))
        return code
