"""What the user asked for, once, as types."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.select.selection import Selection
from kubectl_restore.cluster.helper_pod import HelperPod
from kubectl_restore.cluster.target import Kind, Target
from kubectl_restore.cluster.transports import Wire
from kubectl_restore.cluster.via import Via
from kubectl_restore.pipe.transit import Packing
from kubectl_restore.plan.policy import (
    Comparison,
    Extras,
    Overwrite,
    Salvage,
    ScaleBack,
    Verification,
)
from kubectl_restore.text import pasteable_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kubectl_restore.archive.source.location import BackupName
    from kubectl_restore.cluster.kubectl import KubectlOptions


_SAVE: Final = "--save-replaced"
_EXTRAS: Final = "--extras"
_STRIP: Final = "--strip-components"
_RUN_AS: Final = "--run-as"
_MOVE: Final = "--transform-prefix"
_COMPARING: Final = (("verify",), ("diff",))


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """One restore of one backup into one pod."""

    target: Target
    """As the user named it; once it is pinned, the pod itself."""
    backup: BackupName
    target_path: str
    """Absolute, without `..`, no trailing slash (but `/` itself)."""
    kubectl: KubectlOptions
    is_placed: bool = True
    """Somebody has named the target path."""
    is_piped: bool = False
    """The backup comes on standard input."""
    container: str | None = None
    pod_uid: str = ""
    """Which pod is meant, where its name was found before; empty where the name says it."""
    via: Via = Via.AUTO
    """By what the target is reached."""
    helper: HelperPod = field(default_factory=lambda: HelperPod(""))
    """What a helper pod would be: image and user."""
    found_again: tuple[str, ...] = ()
    """Target and flags that lead there again where the pod is a helper, which goes; else empty."""
    scale_down: bool = False
    """The pods of the target's workload are taken away meanwhile; a helper pod has their claim."""
    scale_back: ScaleBack = ScaleBack.SUCCESS
    """When they come back."""
    overwrite: Overwrite = Overwrite.REFUSE
    compare: Comparison = Comparison.METADATA
    verify: Verification = Verification.SIZE
    extras: Extras = Extras.REPORT
    """Of a comparison: what becomes of what is not in the backup."""
    paths: tuple[bytes, ...] = ()
    """Of a comparison: what is looked at, and what is below it; raw, absolute or below the target,
    as they stand at the end of the command; empty for all."""
    delete: bool = False
    """What stands below the backup's directories and is not in it is deleted."""
    dry_run: bool = False
    """Only say what would be done."""
    strict: bool = False
    """What the pod did not let us set is an error at the end."""
    sync: bool = False
    """Have the pod write everything to its disks."""
    asks: bool = False
    """Somebody is there who can be asked before something is replaced or deleted."""
    allow_missing_end: bool = False
    salvage: Salvage = Salvage.NO
    """Of a damaged backup restore what is there."""
    cache: bool = True
    """Whether indexes of large backups are remembered."""
    same_owner: bool = True
    """False: everything belongs to whom the container runs as."""
    owner: tuple[int, int] | None = None
    """Numeric user and group for everything, instead of the backup's."""
    searchable: bool = False
    """Directories of the backup have x where they have r (`--chmod D+X`)."""
    checksum: str | None = None
    """The file's SHA-256 as the user has it: 64 lower-case hexadecimal digits."""
    require_checksum: bool = False
    """Somebody has to name the file's checksum, and whatever names one has to be readable."""
    keep_directory_symlinks: bool = False
    """A symlink where the backup has a directory stays, if it leads inside the target."""
    selection: Selection = field(default_factory=Selection)
    """What of the backup is restored, and under which paths."""
    save_replaced: Path | None = None
    """Where what is replaced is saved first: a tar, a new file on this machine."""
    receipt: Path | None = None
    """Where it is written down what was done."""
    stall_timeout: float | None = 60.0
    """Seconds without progress; None for no limit."""
    transport: Wire = Wire.AUTO
    """By which of its protocols kubectl carries the backup."""
    packing: Packing = Packing.AUTO
    """Whether the backup's bytes are packed for the way."""
    lanes: int = 1
    """Execs side by side that carry a backup that is a file; the result does not depend on it."""
    before: str | None = None
    """Run by a shell of the container before the first change."""
    after: str | None = None
    """Run by a shell of the container after the proof."""
    retries: int = 5
    """How often a restore goes on by itself after its link was lost."""
    command: tuple[str, ...] = ()
    """How to say this again, without secrets: shown in fixes (`kubectl restore ...`)."""

    @property
    def finds_its_path(self) -> bool:
        """Whether the target path is where a claim is mounted, which the cluster says."""
        return not self.is_placed and self.target.kind is Kind.CLAIM

    def command_to_go_on(self, *flags: str, is_noted: bool = False) -> str:
        """Return how to go on with a restore that has begun, for a fix.

        What it replaces was saved before it began; it is not what stands there now.

        Args:
            flags: further ones.
            is_noted: the pod has a record of what was in flight, so nothing of it is in the way.
        """
        again = replace(self, command=_without_value(self.command, _SAVE))
        return again.command_with(*([] if is_noted else ["--force"]), *flags)

    def command_with(self, *flags: str) -> str:
        """Return how to say this again, with these flags where they are missing, for a fix."""
        forced = self.overwrite is not Overwrite.REFUSE
        more = [one for one in flags if one not in self.command]
        more = [one for one in more if one != "--force" or not forced]
        return pasteable_words(_with(self.command, more))

    def as_check(self) -> RestoreRequest:
        """Return the dry run that is done before it; what its fixes name changes nothing either."""
        words = [] if "--dry-run" in self.command else ["--dry-run"]
        return replace(self, dry_run=True, receipt=None, command=_with(self.command, words))

    def command_in_earnest(self, *flags: str) -> str:
        """Return the same without --dry-run, for a fix that says that something is changed."""
        return self._without("--dry-run").command_with(*flags)

    def command_of_a_restore(self, *flags: str) -> str:
        """Return the restore that a comparison leads to, with these flags, for a fix."""
        return replace(self, command=self._restoring()).command_with(*flags)

    def _restoring(self) -> tuple[str, ...]:
        """Return the command line of the restore that a comparison is about."""
        words = _without_value(self.command, _EXTRAS)
        if words[2:3] not in _COMPARING:
            return words
        if self.paths:
            words = words[: -len(self.paths)]
        end = len(words) - (words[-1] == "--")
        return (*words[:2], *words[3:end])

    def command_stripping(self, count: int) -> str:
        """Return the same with so many leading components of each name left out."""
        words = _without_value(self.command, _STRIP)
        return replace(self, command=words).command_with(f"{_STRIP}={count}")

    def command_moving(self, prefix: bytes) -> str:
        """Return the same with a leading directory left out, however the names are written."""
        return self.command_with(f"{_MOVE}={os.fsdecode(prefix)}=")

    def command_as(self, user: str) -> str:
        """Return the same with a helper that runs as somebody else."""
        words = _without_value(self.command, _RUN_AS)
        return replace(self, command=words).command_with(f"{_RUN_AS}={user}")

    def placed_at(self, path: str) -> RestoreRequest:
        """Return the same with a target path, which the command line did not name."""
        return replace(self, target_path=path, command=_with(self.command, ["-t", path]))

    def command_leaving_out(self, *flags: str) -> str:
        """Return the same without --delete: what is left out of a restore would be deleted."""
        return self._without("--delete").command_with(*flags)

    def command_to_salvage(self) -> str:
        """Return how to restore what is left of a damaged backup, also from a comparison."""
        words = _without_switches(self._restoring(), ("--delete", "--require-checksum"))
        return replace(self, command=words).command_with("--salvage")

    def command_to_compare_salvaged(self) -> str:
        """Return how to compare with what is left of a damaged backup; empty for a restore.

        Of what is lost nobody knows whether what stands there is extra.
        """
        if self.command[2:3] not in _COMPARING:
            return ""
        words = _without_value(self.command, _EXTRAS)
        words = _without_switches(words, ("--require-checksum",))
        return replace(self, command=words).command_with("--salvage")

    def pinned(
        self,
        kubectl: KubectlOptions,
        pod: Target,
        *,
        path: str | None = None,
        container: str | None = None,
    ) -> RestoreRequest:
        """Return the same with the pod, the context and the namespace that were found.

        Args:
            kubectl: has context and namespace.
            pod: the pod.
            path: where its claim is mounted, if that was asked for.
            container: by which of its containers.

        The commands that are shown carry them too, so that they are right hours later, in another
        terminal.
        """
        found = []
        if kubectl.context is not None and not self._says("--context"):
            found.append(f"--context={kubectl.context}")
        if kubectl.namespace is not None and not self._says("-n", "--namespace"):
            # The older spelling's is another one than the context's.
            found.append(f"--namespace={kubectl.namespace}")
        command = _with(self.command, found)
        return replace(
            self,
            kubectl=kubectl,
            target=pod,
            target_path=path or self.target_path,
            container=container or self.container,
            command=command,
        )

    def _says(self, *flags: str) -> bool:
        """Tell whether the command line begins a word so; to say the same twice does no harm."""
        return any(word.startswith(flags) for word in self.command)

    def _without(self, *switches: str) -> RestoreRequest:
        return replace(self, command=_without_switches(self.command, switches))


def _without_switches(command: Sequence[str], switches: Sequence[str]) -> tuple[str, ...]:
    return tuple(one for one in command if one.partition("=")[0] not in switches)


def _without_value(command: tuple[str, ...], flag: str) -> tuple[str, ...]:
    """Return a command line without a flag and its value."""
    words: list[str] = []
    left = iter(command)
    for word in left:
        if word == flag:
            next(left, None)
        elif not word.startswith(f"{flag}="):
            words.append(word)
    return tuple(words)


def _with(command: tuple[str, ...], flags: Sequence[str]) -> tuple[str, ...]:
    """Return a command line with further flags; behind `--` they would be none."""
    end = command.index("--") if "--" in command else len(command)
    return (*command[:end], *flags, *command[end:])
