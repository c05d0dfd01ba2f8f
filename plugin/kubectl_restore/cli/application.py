"""The Cleo application: which command is meant, and what an error exits with."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from cleo.application import Application as CleoApplication
from cleo.io.inputs.argument import Argument
from cleo.io.inputs.argv_input import ArgvInput
from cleo.io.inputs.definition import Definition

from kubectl_restore.about import NAME, VERSION
from kubectl_restore.cli.argv import parse
from kubectl_restore.cli.commands import all_commands
from kubectl_restore.cli.defaults import defaults_for
from kubectl_restore.cli.ending import Ending
from kubectl_restore.cli.flags import COMMANDS, OLDER_COMMANDS, RESERVED
from kubectl_restore.errors import ExitCode, RestoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cleo.io.inputs.input import Input
    from cleo.io.outputs.output import Output

COMPLETE = "__complete"
"""What shells ask (completing.py); no pod can have such a name."""
_NAMES = frozenset({*COMMANDS, *RESERVED, *OLDER_COMMANDS})


class Application(CleoApplication):
    """kubectl restore.

    Cleo's own `run` turns every exception into 1 and a broken pipe into 0, and its own flags take
    -n, -q and -v; neither fits a program whose exit codes are a contract and whose flags are
    kubectl's. So the mapping is here, and Cleo gets words that argv.py has taken apart.
    """

    def __init__(self, ending: Ending) -> None:
        """Know all commands; `ending` says what no display says."""
        super().__init__(NAME, VERSION)
        self._ending = ending
        self.auto_exits(auto_exits=False)
        for command in all_commands():
            self.add(command)

    @property
    def _default_definition(self) -> Definition:
        return Definition([Argument("command", required=True, description="The command")])

    def run(
        self,
        input: Input | None = None,  # noqa: A002 - Cleo's name
        output: Output | None = None,
        error_output: Output | None = None,
    ) -> int:
        """Run one command line and return its exit code from the register."""
        try:
            io = self.create_io(input, output, error_output)
            return int(self._run(io))
        except RestoreError as error:
            return self._ending.of_error(error)
        except BrokenPipeError:
            # Whoever read our stdout is gone; what was asked for cannot be shown.
            return ExitCode.BUG
        except Exception as error:  # noqa: BLE001 - the last resort, and it says so
            return self._ending.of_bug(error)


def run_words(words: Sequence[str]) -> int:
    """Run the command line `words` (without the program's name)."""
    if words[:1] == [COMPLETE]:
        # Imported late: only shells ask.
        from kubectl_restore.cli.completing import answer  # noqa: PLC0415

        sys.stdout.write(answer(words[1:]))
        return ExitCode.RESTORED
    ending = Ending.wanted_by(words)
    try:
        command, rest = choose_command(words)
    except RestoreError as error:
        return ending.of_error(error)
    defaults = defaults_for(command, rest, os.environ)
    if defaults:
        rest = [*(one.word for one in defaults), *rest]
        ending = Ending.wanted_by([command, *rest], defaults)
    # `--` keeps Cleo from reading a flag: the words are the command's, whole.
    return Application(ending).run(ArgvInput(["kubectl-restore", command, "--", *rest]))


def choose_command(words: Sequence[str]) -> tuple[str, list[str]]:
    """Return the command that is meant, and the words that are its.

    The first positional decides; a restore is what everything else means.

    Raises:
        UsageError: the words cannot be taken apart.
    """
    parsed = parse(words)
    if parsed.is_set("version"):
        return "version", list(words)
    if not words or (parsed.is_set("help") and not parsed.positionals):
        return "help", []
    first = parsed.positionals[0] if parsed.positionals else ""
    if first in _NAMES:
        rest = list(words)
        del rest[parsed.places[0]]
        return first, rest
    return "restore", list(words)
