"""The commands: words into a request, the engine called, its end into an exit code."""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from cleo.commands.command import Command
from cleo.helpers import argument

from kubectl_restore.cli.argv import parse
from kubectl_restore.cli.contradictions import require_reading
from kubectl_restore.cli.defaults import defaults_for
from kubectl_restore.cli.diffing import read_diff_request
from kubectl_restore.cli.flags import INSTEAD, OF_FLEETS, OLDER_COMMANDS, RESERVED
from kubectl_restore.cli.habits import FORCED, can_ask, may_mean_a_file, somebody_is_there
from kubectl_restore.cli.help_text import help_of, help_text
from kubectl_restore.cli.log_file import log_file
from kubectl_restore.cli.manner import read_manner
from kubectl_restore.cli.placing import placed
from kubectl_restore.cli.positionals import nearest_command
from kubectl_restore.cli.reading import read_request, read_version_request
from kubectl_restore.cli.redacting import without_secrets
from kubectl_restore.errors import (
    DamagedError,
    ExitCode,
    NoPodError,
    RestoreError,
    SignalledError,
    UsageError,
)
from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.plan.whole_commands import with_whole_commands
from kubectl_restore.progress import Level
from kubectl_restore.ui.choice import choose_display
from kubectl_restore.ui.environment import Environment
from kubectl_restore.ui.json_fields import json_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cleo.io.inputs.argument import Argument

    from kubectl_restore.archive.source.location import BackupName
    from kubectl_restore.cli.argv import Parsed
    from kubectl_restore.cli.manner import Manner
    from kubectl_restore.deadline import Watch
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Progress
    from kubectl_restore.restore.foreseen import Foreseen
    from kubectl_restore.ui.display import Display


class _WordsCommand(Command):
    """A command that takes its words as they are: argv.py knows pflag's grammar, Cleo does not."""

    arguments: ClassVar[list[Argument]] = [argument("words", optional=True, multiple=True)]

    @property
    def words(self) -> list[str]:
        """What stood behind the command's name."""
        return [str(word) for word in self.argument("words")]

    def say_defaults(self, display: Display) -> None:
        """Say, before anything else, which flags the environment has given."""
        found = defaults_for(str(self.name), (), os.environ)
        given = self.words[: len(found)]
        texts = [one.text() for one in found if one.word in given]
        if texts:
            display.message(Level.DETAIL, f"from the environment: {', '.join(texts)}")

    @contextmanager
    def showing(
        self,
        parsed: Parsed,
        manner: Manner,
        said: str,
        *,
        environment: Environment,
        reads: Iterable[BackupName] = (),
    ) -> Iterator[tuple[Display, Watch]]:
        """Have a display, and the time limit; what is said goes to the log, too.

        Args:
            parsed: the command line.
            manner: how it is to be shown.
            said: the command line, as it may be shown.
            environment: where it shows.
            reads: the backups, into which no log is written.
        """
        # Imported late: not every command has a time limit.
        from kubectl_restore.deadline import Watch  # noqa: PLC0415

        with (
            log_file(manner.log_file, parsed, said, reads) as log,
            Watch(manner.timeout) as watch,
        ):
            display = choose_display(
                environment,
                progress=manner.progress,
                quiet=manner.quiet,
                verbosity=manner.verbosity,
                older=manner.older,
                output=manner.output,
                log=log,
            )
            try:
                self.say_defaults(display)
                yield display, watch
            finally:
                display.close()


class RestoreCommand(_WordsCommand):
    """The default command."""

    name = "restore"
    description = "Restore a backup into a pod"
    older: ClassVar[bool] = False
    compares: ClassVar[bool] = False

    def handle(self) -> int:
        """Run a restore; errors are shown here, where the display is known."""
        parsed = parse(self.words)
        if parsed.is_set("help"):
            self.io.output.write(help_of(str(self.name)) if self.compares else help_text())
            return ExitCode.RESTORED
        manner = read_manner(parsed, older=self.older, also=("extras",) if self.compares else ())
        prefix = [] if self.name == "restore" else [str(self.name)]
        if self.compares:
            require_reading(parsed, str(self.name))
        if any(flag.name in OF_FLEETS for flag, _ in parsed.flags):
            return self._restore_fleet(parsed, manner, [*prefix, *self.words])
        request = self.read(parsed, [*prefix, *self.words])
        is_told = not self.older and may_mean_a_file(parsed, self.words)
        if is_told and can_ask(parsed, older=self.older):
            # Who is there is asked, as without it.
            request = replace(request, overwrite=Overwrite.REFUSE, asks=True)
            is_told = False
        # Imported late: the first line must not wait for what only the engine needs.
        from kubectl_restore.restore.engine import diff, restore, verify  # noqa: PLC0415

        engines = {"verify": verify, "diff": diff}
        run: Callable[[RestoreRequest, Progress, Watch], object]
        run = engines.get(str(self.name), restore)

        said = shlex.join(request.command)
        with self.showing(
            parsed, manner, said, environment=Environment(), reads=[request.backup]
        ) as (display, watch):
            try:
                if not (request.is_placed or request.finds_its_path or self.older):
                    request = placed(
                        request,
                        display,
                        watch,
                        is_asked=not self.compares
                        and not request.dry_run
                        and somebody_is_there(parsed),
                        is_compared=self.compares,
                    )
                if is_told:
                    display.message(Level.INFO, FORCED)
                run(request, display, watch)
                if self.compares or request.dry_run:
                    # Nothing else was wanted.
                    display.environment.require_written()
            except RestoreError as error:
                _name_the_command_meant(error, request)
                return _ended(error, display, request.command)
        return ExitCode.RESTORED

    def _restore_fleet(self, parsed: Parsed, manner: Manner, words: list[str]) -> int:
        """Restore many targets, each from a backup of its own."""
        # Imported late: one target needs none of it.
        from kubectl_restore.cli.fleets import backups_of, read_fleet  # noqa: PLC0415
        from kubectl_restore.fleet.engine import carry_out  # noqa: PLC0415
        from kubectl_restore.ui.fleet import FleetDisplay, error_of  # noqa: PLC0415

        compares = str(self.name) if self.compares else ""
        again = without_secrets(parsed, words)
        said = shlex.join(again)
        reading = read_fleet(parsed, words, compares=compares, timeout=manner.timeout)
        # The time limit is each target's own.
        shown = replace(manner, older=False, timeout=None)
        with (
            reading as (fleet, write),
            self.showing(
                parsed, shown, said, environment=Environment(), reads=backups_of(fleet)
            ) as (display, watch),
        ):
            audience = FleetDisplay(
                display,
                fleet,
                is_json=manner.output == "json",
                verbosity=-1 if manner.quiet else manner.verbosity,
                again=said,
            )
            try:
                results = carry_out(fleet, audience, watch)
                audience.ended(results)
                write(results, audience.without)
                display.environment.require_written()
            except RestoreError as error:
                return _ended(error, display, again)
        worst = error_of(results)
        return ExitCode.RESTORED if worst is None else worst.exit_code

    def read(self, parsed: Parsed, words: list[str]) -> RestoreRequest:
        """Return what the user asked for.

        Raises:
            UsageError: it is nothing that can be done.
        """
        compares = str(self.name) if self.compares else ""
        return read_request(parsed, words, older=self.older, compares=compares)


class FilesystemCommand(RestoreCommand):
    """The older spelling."""

    name = "filesystem"
    description = "Restore a backup into a pod, in the older spelling"
    older = True


class VerifyCommand(RestoreCommand):
    """A pod held against a backup."""

    name = "verify"
    description = "Compare a pod with a backup, write nothing"
    compares = True


class DiffCommand(RestoreCommand):
    """How a pod differs from a backup."""

    name = "diff"
    description = "Show how a pod differs from a backup, write nothing"
    compares = True

    def read(self, parsed: Parsed, words: list[str]) -> RestoreRequest:
        """Return it, with the paths that are to be looked at."""
        return read_diff_request(parsed, words)


class SealCommand(_WordsCommand):
    """Checksums beside a backup."""

    name = "seal"
    description = "Write a backup's checksums beside it"

    def handle(self) -> int:
        """Check the backup as for a restore, and write what it is."""
        parsed = parse(self.words)
        if parsed.is_set("help"):
            self.io.output.write(help_of(str(self.name)))
            return ExitCode.RESTORED
        # Imported late, as the engine: other commands need no decompressor.
        from kubectl_restore.archive.salvage.report import (  # noqa: PLC0415
            how_to_salvage,
            restored_so,
        )
        from kubectl_restore.archive.trust.seal import seal  # noqa: PLC0415
        from kubectl_restore.cli.seal import read_seal_request  # noqa: PLC0415

        request = read_seal_request(parsed, self.words)
        manner = read_manner(parsed, older=False)
        environment = Environment()
        said = shlex.join(request.command)
        with self.showing(
            parsed, manner, said, environment=environment, reads=[request.backup]
        ) as (display, watch):
            try:
                sealed = seal(request, display, watch)
            except DamagedError as error:
                error.fix += f"\n{how_to_salvage(restored_so(request.backup), request.backup)}"
                return _ended(error, display, request.command)
            except RestoreError as error:
                return _ended(error, display, request.command)
        if manner.output == "json":
            environment.result(json_line(sealed.fields(request.backup)))
        elif not manner.quiet:
            environment.result(sealed.text(request.backup))
        return ExitCode.RESTORED


class InspectCommand(_WordsCommand):
    """What is in a backup."""

    name = "inspect"
    description = "Say what is in a backup"

    def handle(self) -> int:
        """Read the backup as for a restore, and show it."""
        parsed = parse(self.words)
        if parsed.is_set("help"):
            self.io.output.write(help_of(str(self.name)))
            return ExitCode.RESTORED
        # Imported late, as the engine: other commands need no decompressor.
        from kubectl_restore.cli.inspect import read_inspect_request  # noqa: PLC0415
        from kubectl_restore.cli.inspecting import inspect  # noqa: PLC0415

        request = read_inspect_request(parsed, self.words)
        manner = read_manner(parsed, older=False, also=("against", "list", "tree"))
        # One object that can be piped into a program as it is, unless more is asked for.
        is_alone = request.as_json and manner.progress == "auto"
        environment = Environment()
        said = shlex.join(request.command)
        shown = replace(manner, progress="none" if is_alone else manner.progress)
        with self.showing(parsed, shown, said, environment=environment, reads=[request.backup]) as (
            display,
            watch,
        ):

            def foreseen(against: RestoreRequest) -> Foreseen:
                # Imported late: it is asked for rarely.
                from kubectl_restore.restore.engine import foresee  # noqa: PLC0415

                if not (against.is_placed or against.finds_its_path):
                    display.unplaced(is_compared=True)
                return foresee(against, display, watch)

            try:
                code = inspect(request, display, watch, display.pour, foreseen)
                environment.require_written()
            except RestoreError as error:
                error.fix = with_whole_commands(error.fix, request.command, request.backup)
                return _ended(error, display, request.command)
        return code


class StatusCommand(_WordsCommand):
    """What of ours stands in a namespace."""

    name = "status"
    description = "Say which helper pods stand in a namespace, and remove them"

    def handle(self) -> int:
        """Ask the cluster, and show it."""
        parsed = parse(self.words)
        if parsed.is_set("help"):
            self.io.output.write(help_of(str(self.name)))
            return ExitCode.RESTORED
        # Imported late: no other command needs it.
        from kubectl_restore.cli.status import (  # noqa: PLC0415
            read_status_request,
            status_json,
            status_text,
        )
        from kubectl_restore.restore.reach.leftovers import leftovers  # noqa: PLC0415
        from kubectl_restore.restore.run import Kubectl  # noqa: PLC0415

        request = read_status_request(parsed, self.words)
        manner = read_manner(parsed, older=False, also=("cleanup",))
        environment = Environment()
        said = shlex.join(request.command)
        progress = "none" if manner.progress == "auto" else manner.progress
        showing = self.showing(
            parsed, replace(manner, progress=progress), said, environment=environment
        )
        with showing as (display, watch):
            try:
                kubectl = Kubectl.found(request.kubectl)
                found = leftovers(
                    kubectl, request.kubectl, display, watch, is_cleaned=request.is_cleaned
                )
            except RestoreError as error:
                return _ended(error, display, request.command)
        environment.result(status_json(found) if manner.output == "json" else status_text(found))
        return ExitCode.RESTORED


class VersionCommand(_WordsCommand):
    """The version."""

    name = "version"
    description = "Print the version, and those of Python and kubectl"

    def handle(self) -> int:
        """Print it; what stands beside the flags has no meaning here."""
        kubectl, as_json = read_version_request(parse(self.words))
        # Imported late: no other command needs it.
        from kubectl_restore.cli.versions import find_versions  # noqa: PLC0415

        versions = find_versions(kubectl)
        self.io.output.write(versions.json() if as_json else versions.text())
        return ExitCode.RESTORED


class CompletionCommand(_WordsCommand):
    """What shells complete by."""

    name = "completion"
    description = "Print a shell's completion script, or install kubectl's"

    def handle(self) -> int:
        """Print it, or install it."""
        parsed = parse(self.words)
        if parsed.is_set("help"):
            self.io.output.write(help_of(str(self.name)))
            return ExitCode.RESTORED
        # Imported late: no other command needs it.
        from kubectl_restore.cli.completion import completion  # noqa: PLC0415

        self.io.output.write(completion(parsed))
        return ExitCode.RESTORED


class HelpCommand(_WordsCommand):
    """The help."""

    name = "help"
    description = "Print the help"

    def handle(self) -> int:
        """Print it."""
        self.io.output.write(help_text())
        return ExitCode.RESTORED


class ReservedCommand(_WordsCommand):
    """A name that is kept for later."""

    def __init__(self, name: str) -> None:
        """Keep a name."""
        self.name = name
        super().__init__()

    def handle(self) -> int:
        """Say so.

        Raises:
            UsageError: always.
        """
        if self.name in INSTEAD:
            raise UsageError(
                f"kubectl restore has no command {self.name}",
                reason=INSTEAD[self.name][0],
                fix=INSTEAD[self.name][1]
                + f"\nfor a pod called {self.name}: kubectl restore pod/{self.name} BACKUP",
            )
        what = (
            f"kubectl restore {self.name} is not yet supported"
            if self.name in RESERVED
            else f"kubectl restore has no command {self.name}"
        )
        raise UsageError(
            what,
            reason=f"{self.name} is kept as a command's name",
            fix=f"for a pod called {self.name}: kubectl restore pod/{self.name} BACKUP",
        )


def _name_the_command_meant(error: RestoreError, request: RestoreRequest) -> None:
    """Have an error for a pod that is not there say which command its name may be meant for."""
    pod = request.target.pod_name if isinstance(error, NoPodError) else None
    meant = "" if pod is None else nearest_command(pod)
    if meant:
        again = shlex.join(("kubectl", "restore", meant, str(request.backup)))
        error.fix = f"did you mean the command {meant}? {again}\n{error.fix}"


def _ended(error: RestoreError, display: Display, command: Sequence[str]) -> int:
    """Say why it ended, and return the exit code."""
    if isinstance(error, SignalledError) and not error.fix:
        # It had not come to the stream, so the same command begins again.
        error.fix = f"to go on: {shlex.join(command)}"
    display.error(error)
    return error.exit_code


def all_commands() -> list[Command]:
    """Return every command, the reserved ones included."""
    built: list[Command] = [
        FilesystemCommand(),
        VerifyCommand(),
        DiffCommand(),
        InspectCommand(),
        SealCommand(),
        StatusCommand(),
        VersionCommand(),
        CompletionCommand(),
        HelpCommand(),
    ]
    reserved = [ReservedCommand(name) for name in (*RESERVED, *OLDER_COMMANDS) if name != "restore"]
    return [RestoreCommand(), *built, *reserved]
