"""What the engine says while it works. The engine prints nothing; the ui decides how it looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


MISSING: Final = "missing"
A_DIRECTORY: Final = "a directory"
EXTRA: Final = "extra"
"""The kind of a finding that is not in the backup."""
CHANGED: Final = "changed"
"""The kind of a finding that is several about one path."""


class Phase(StrEnum):
    """The steps of a restore, in order."""

    OPEN = "open"
    """Where the backup is in a store, which is asked for how it begins."""
    CONNECT = "connect"
    CHECK = "check"
    CHECKSUM = "checksum"
    """After CHECK, where a checksum of the file is claimed and is not known by then."""
    SURVEY = "survey"
    BEFORE = "before"
    """Where a command of the user's runs before anything is changed; another SURVEY follows."""
    SAVE = "save"
    """Where what will be replaced is saved first."""
    SEND = "send"
    VERIFY = "verify"
    AFTER = "after"
    """Where a command of the user's runs after the proof."""


class Level(StrEnum):
    """How a message is meant."""

    WARNING = "warning"
    INFO = "info"
    DETAIL = "detail"
    """Shown with -v."""
    TRACE = "trace"
    """Shown with -vv: kubectl's klog lines, the agent's records."""


@dataclass(frozen=True, slots=True)
class Header:
    """What is restored, and to where: the first line that a user sees.

    A field is None while it is not known yet (the cluster has not answered).
    """

    backup: str
    backup_size: int | None
    """Bytes of the file; None for standard input."""
    pod: str | None
    path: str | None
    context: str | None = None
    namespace: str | None = None
    container: str | None = None
    container_is_default: bool = False
    """True when kubectl's default container was taken because none was named."""
    other_containers: tuple[str, ...] = ()
    named: str = ""
    """What was named instead of a pod."""
    found_as: str = ""
    """How the pod was found from that."""
    is_compared: bool = False
    """Nothing is restored: the pod is held against the backup."""


class Carried(NamedTuple):
    """What one lane of several carries at present.

    Attributes:
        lane: its number, from 1 on.
        done: bytes of its share of the stream that the pod has acknowledged.
        total: bytes of the share.
        current: the member that the pod is writing: raw bytes.
        name: of the target, where each lane is another one's; empty otherwise.
    """

    lane: int
    done: int
    total: int
    current: bytes | None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """How far the present phase is. Counts only rise within a phase."""

    phase: Phase
    done_bytes: int = 0
    """SEND: bytes of the archive stream that the pod has acknowledged; CHECK, CHECKSUM: bytes
    read; SAVE: bytes of contents that came from the pod."""
    total_bytes: int | None = None
    done_files: int = 0
    """Members whose last byte has been acknowledged (SEND), looked at (SURVEY, VERIFY), or
    saved (SAVE)."""
    total_files: int | None = None
    current: bytes | None = None
    """The member that the pod is writing: raw bytes, to be escaped before they are shown."""
    lanes: tuple[Carried, ...] = ()
    """SEND over several lanes: those that carry something; empty where there is but one."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of a plan.

    Attributes:
        action: create, replace, adjust, keep, skip, refuse or delete.
        name: the path below the target, raw.
        kind: of what is restored, or deleted.
        size: bytes of a regular file; None for anything else.
        reason: why it is kept, skipped or refused; safe to print.
    """

    action: str
    name: bytes
    kind: str
    size: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the pod has otherwise than the backup.

    Attributes:
        kind: missing, kind, content, size, mode, owner, mtime, link or extra.
        name: the path below the target, raw.
        what: there, and in the backup; safe to print; may be empty.
        parts: of one that is `changed`, what it consists of.
    """

    kind: str
    name: bytes
    what: str = ""
    parts: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class TextDiff:
    """How the text of a file in the pod differs from the backup's.

    Attributes:
        name: the path below the target, raw.
        lines: of a unified diff, its hunks' heads among them, from what stands in the pod (-) to
            the backup (+), without line ends; not safe to print.
    """

    name: bytes
    lines: tuple[str, ...]


class HintKind(StrEnum):
    """What the user may have meant otherwise: words for scripts, which stay."""

    LEADING_DIRECTORY = "leading-directory"
    """All names of the backup begin with a directory that the target is already."""
    NO_TREE = "no-tree"
    """The backup's members are the parts of something that another program reads."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What the user may have meant otherwise; it is done as they have said, if they insist.

    Attributes:
        kind: of what it is about.
        text: a sentence; safe to print.
        fix: what is probably meant: a line that ends with a command; safe to print.
    """

    kind: HintKind
    text: str
    fix: str

    def __str__(self) -> str:
        return f"{self.text}\n{self.fix}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of holding a pod against a backup.

    Attributes:
        path: the target.
        members: how many were compared.
        findings: how many there are of each kind.
        verified: `size`, or the tool that took the checksums in the container.
        seconds: it took.
        notes: what was left out or could not be compared, one sentence each; safe to print.
        hidden: how many contents differ although size and time are the backup's.
        hints: what the user may have meant otherwise.
        is_salvaged: the backup is damaged, and this is about what can be had of it.
        tolerates_extras: what is not in the backup is reported, and no difference.
    """

    path: str
    members: int = 0
    findings: Mapping[str, int] = field(default_factory=dict)
    verified: str = "size"
    seconds: float = 0.0
    notes: tuple[str, ...] = field(default=())
    hidden: int = 0
    hints: tuple[Hint, ...] = ()
    is_salvaged: bool = False
    tolerates_extras: bool = True

    @property
    def failures(self) -> dict[str, int]:
        """How many findings of each kind say that the pod is not as the backup."""
        return {
            kind: count
            for kind, count in self.findings.items()
            if kind != EXTRA or not self.tolerates_extras
        }

    @property
    def tolerated(self) -> int:
        """How many paths are not in the backup, and may stay."""
        return self.findings.get(EXTRA, 0) if self.tolerates_extras else 0


@dataclass(frozen=True, slots=True)
class HookRun:
    """What came of a command of the user's that ran in the container beside a restore.

    Attributes:
        when: `before` or `after`.
        command: as it was given; safe to print.
        exit_code: None where that is not known: the link was lost, or the time ran out.
        seconds: it took.
        output: the last lines of what it said on both of its outputs; safe to print.
        lines: how many it said.
    """

    when: str
    command: str
    exit_code: int | None
    seconds: float
    output: tuple[str, ...] = ()
    lines: int = 0

    def as_json(self) -> dict[str, object]:
        """Return it as the summary of `-o json` and the receipt have it."""
        return {
            "when": self.when,
            "command": self.command,
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 3),
            "output": list(self.output),
            "total_lines": self.lines,
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """What a finished (or broken) restore did."""

    path: str
    files: int = 0
    """Members restored: files, links, directories."""
    regular_files: int = 0
    bytes: int = 0
    """Bytes of file content restored."""
    seconds: float = 0.0
    links: int = 0
    """Symbolic and hard ones, of `files`."""
    devices: int = 0
    """FIFOs among them, of `files`."""
    kept: int = 0
    """Directories that stood there already and were left as they are."""
    replaced: int = 0
    adjusted: int = 0
    """Whose content was right already, and whose mode or owner was set."""
    same: int = 0
    """Files and links that were right already."""
    skipped: int = 0
    """What something else stands in the place of, and stays."""
    deleted: int = 0
    """What stood below the backup's directories and is not in it."""
    dry_run: bool = False
    """Nothing was done: the numbers are of what would be."""
    verified: str = "size"
    """What was compared in the end: `size`, or the tool that took checksums; empty for nothing."""
    warnings: tuple[str, ...] = field(default=())
    """What the pod did not let us set, or its tar complained of; safe to print."""
    notes: tuple[str, ...] = field(default=())
    """What was left out or could not be kept, one sentence each; safe to print."""
    hints: tuple[Hint, ...] = field(default=())
    """What the user may have meant otherwise; said before the restore began."""
    next_steps: tuple[str, ...] = field(default=())
    is_salvaged: bool = False
    """Some of the backup could not be restored, and only what can be had was wanted."""
    hooks: tuple[HookRun, ...] = field(default=())
    """Commands of the user's that ran beside it."""


class Progress(Protocol):
    """Told by the engine what happens; implemented by the ui.

    All calls come from one thread. None may block for long: the data path waits meanwhile.
    """

    def header(self, header: Header) -> None:
        """Say what is restored to where; may be called again when more is known."""

    def status(self, status: Status) -> None:
        """Take the newest counts; a changed phase starts a new one."""

    def planned(self, steps: Iterable[Step]) -> None:
        """Say what would be done; the steps are read once."""

    def differs(self, finding: Finding) -> None:
        """Say what the pod has otherwise than the backup."""

    def contents(self, difference: TextDiff) -> None:
        """Say how the text of a file differs; comes after all that `differs` says."""

    def compared(self, comparison: Comparison) -> None:
        """The pod was held against the backup: the result."""

    def ask(self, question: str) -> None:
        """Ask the person at the terminal something that is answered with yes or no."""

    def answer(self) -> bool | None:
        """Return what was answered; None while nothing was. Never waits."""

    def tick(self) -> None:
        """Called at least every 0.1 s while waiting, so that a display can move."""

    def retrying(self, left: float, count: str) -> None:
        """Called instead of `tick` while nothing is tried: it is again in so many seconds.

        Args:
            left: 0 for now.
            count: which attempt it will be: `1 of 5`.
        """

    def message(self, level: Level, text: str) -> None:
        """Say something in one or more lines; the text is safe to print."""

    def foreign(self, data: bytes) -> None:
        """Pass on what kubectl's credential plugin says to the user, raw and at once."""

    def hold(self, *, is_held: bool) -> None:
        """Draw nothing that moves, from now on or no longer: a plugin may ask at the terminal."""

    def finished(self, summary: Summary) -> None:
        """The restore is proved: the result."""

    def broken_off(self, summary: Summary) -> None:
        """The restore ended early: what had arrived by then (the error itself comes apart)."""


class Silence:
    """A progress that nobody listens to."""

    def header(self, header: Header) -> None:
        """Ignore it."""

    def status(self, status: Status) -> None:
        """Ignore it."""

    def planned(self, steps: Iterable[Step]) -> None:
        """Ignore it."""

    def differs(self, finding: Finding) -> None:
        """Ignore it."""

    def contents(self, difference: TextDiff) -> None:
        """Ignore it."""

    def compared(self, comparison: Comparison) -> None:
        """Ignore it."""

    def ask(self, question: str) -> None:
        """Ignore it."""

    def answer(self) -> bool | None:
        """Say no."""
        return False

    def tick(self) -> None:
        """Ignore it."""

    def retrying(self, left: float, count: str) -> None:
        """Ignore it."""

    def message(self, level: Level, text: str) -> None:
        """Ignore it."""

    def foreign(self, data: bytes) -> None:
        """Ignore it."""

    def hold(self, *, is_held: bool) -> None:
        """Ignore it."""

    def finished(self, summary: Summary) -> None:
        """Ignore it."""

    def broken_off(self, summary: Summary) -> None:
        """Ignore it."""
