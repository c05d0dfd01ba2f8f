"""What came of a restore: the summary, with what could not be kept."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Extra, Kind
from kubectl_restore.container.capabilities import Tar
from kubectl_restore.plan.compare import Proof
from kubectl_restore.plan.figures import Figures
from kubectl_restore.plan.operation import Action
from kubectl_restore.progress import Hint, Summary
from kubectl_restore.text import LISTED, counted, shown, shown_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.container.capabilities import Capabilities
    from kubectl_restore.container.survey import Entry
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.session.answer import Answer

_NAMED: Final = 3
"""Names on a line of the summary."""
_OF_TIMES: Final = re.compile(r": (time stamp .* s in the future|implausibly old time stamp .*)$")
"""GNU tar's words for times that it sets all the same; those that are not kept are proved."""
_NOUNS: Final = {
    "mode": "path",
    "owner": "path",
    "time": "path",
    "set_ids": "program",
    "list": "path",
    "hard_links": "hard link",
}
_LACKING: Final = {
    "mode": "without the backup's mode, which cannot be had there",
    "owner": "without the backup's owner, which the volume does not keep",
    "time": "without the backup's modification time, which the volume does not keep",
    "list": "without the backup's access control list, which was not set there; the group has what "
    "the list grants it",
    "hard_links": "restored as a file of its own: the volume has no hard links",
    "set_ids": "without set-user-ID and set-group-ID: without the backup's owner it would run as "
    "somebody else",
}
_OF_SEVERAL: Final = {"a file of its own": "files of their own", "it would": "they would"}
"""What is said of several instead."""
_TOOLS: Final = {"mode": "chmod", "owner": "chown", "time": "touch", "hard_links": "ln"}
"""Without them the shell cannot set it."""
_KINDS: Final = {
    Extra.FRACTION: "fractions of a second of the modification time",
    Extra.XATTRS: "extended attributes",
    Extra.CAPABILITIES: "capabilities",
    Extra.OTHER_XATTRS: "system's own extended attributes",
    Extra.ACL: "access control lists (ACLs)",
    Extra.FLAGS: "file flags",
}


@dataclass(slots=True)
class Tally:
    """What was done so far, batch by batch; each number is of members or paths.

    Attributes:
        files: carried out: files, links, directories.
        figures: of what was sent.
        links: of `files`, symbolic and hard.
        devices: of `files`, FIFOs among them.
        replaced: of `files`.
        adjusted: whose content was right, and directories, whose mode, owner or time was set.
        disarmed: programs that lost their set-id bits with their owner, on the user's wish.
        deleted: what is not in the backup.
        proof: what is not as the backup has it.
        kept: directories that were left as they are, by reason.
        skipped: what something else stands in the place of, and stays, by reason.
        lines: what the pod's tar said; the first few.
        said: how many lines it said.
        operations: paths something was planned for, by action.
        hints: what the user may have meant otherwise.
        root: the archive's own entry for the target, and what the target is.
    """

    files: int = 0
    figures: Figures = field(default_factory=Figures)
    proof: Proof = field(default_factory=Proof)
    links: int = 0
    devices: int = 0
    replaced: int = 0
    adjusted: int = 0
    deleted: int = 0
    disarmed: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    said: int = 0
    hints: tuple[Hint, ...] = ()
    root: tuple[Member, Entry] | None = None
    operations: Counter[str] = field(default_factory=Counter)

    def take_plan(self, plan: Plan) -> None:
        """Count what was carried out."""
        self.kept.update(plan.reasons(Action.KEEP))
        self.skipped.update(plan.reasons(Action.SKIP))
        outcomes = plan.outcomes()
        # What an earlier run has begun is restored by the one that sends its rest.
        self.files += outcomes[Action.CREATE] + outcomes[Action.REPLACE] + len(plan.resumed)
        self.replaced += outcomes[Action.REPLACE]
        self.adjusted += outcomes[Action.ADJUST] - sum(
            plan.action(one) is Action.ADJUST for one in plan.resumed
        )
        self.deleted += len(plan.extras)
        self.links += _made(plan, Kind.SYMLINK, Kind.HARDLINK)
        self.devices += _made(plan, Kind.FIFO, Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE)
        self.figures.add(plan.figures)
        known = self.proof.missed.setdefault("closing", [])
        known += plan.touched.closing[: max(0, LISTED - len(known))]
        self.root = plan.root or self.root

    def take_answer(self, answer: Answer) -> None:
        """Count what the pod's tar said."""
        lines = [line for line in answer.lines if not _OF_TIMES.search(line)]
        self.lines += lines[: max(0, LISTED - len(self.lines))]
        self.said += answer.said - len(answer.lines) + len(lines)

    def take_proof(self, proof: Proof) -> None:
        """Count what is not as the backup has it."""
        self.proof.add(proof)

    def losses(self, capabilities: Capabilities) -> tuple[str, ...]:
        """Say what of what was made is not as the backup has it."""
        return (*_not_set(self, capabilities), *_not_kept(self, capabilities))

    def summary(
        self,
        capabilities: Capabilities,
        *,
        path: str,
        seconds: float,
        left_out: Sequence[str] = (),
        verified: str = "",
        dry_run: bool = False,
    ) -> Summary:
        """Return what a proved restore did, and what it could not keep.

        Args:
            capabilities: of the container.
            path: the target.
            seconds: since the beginning.
            left_out: what was left out on the user's wish.
            verified: what was compared; empty for nothing.
            dry_run: nothing was done; this is what would be.
        """
        warnings = (*_words_of(self, capabilities), *self.losses(capabilities))
        return Summary(
            path=path,
            files=self.files,
            regular_files=self.figures.regular_files,
            links=self.links,
            devices=self.devices,
            bytes=self.figures.bytes,
            seconds=seconds,
            kept=self.kept.total(),
            replaced=self.replaced,
            adjusted=self.adjusted,
            same=self.figures.same,
            skipped=self.skipped.total(),
            deleted=self.deleted,
            dry_run=dry_run,
            verified=verified,
            warnings=warnings,
            hints=self.hints,
            notes=(
                *(str(hint) for hint in self.hints if dry_run),
                *left_out,
                *_skipped(self),
                *_filled(self, capabilities, dry_run=dry_run),
                *_closing(self),
                *_left_alone(self),
                *_root_left_alone(self, path),
            ),
        )

    def so_far(self, arrived: Iterable[Member], path: str, seconds: float) -> Summary:
        """Return what had arrived when a restore was broken off, `arrived` of the last batch."""
        files = self.files
        regular_files, size = self.figures.regular_files, self.figures.bytes
        for one in arrived:
            files += 1
            if one.kind is Kind.FILE:
                regular_files += 1
                size += one.size
        return Summary(
            path=path, files=files, regular_files=regular_files, bytes=size, seconds=seconds
        )


def _made(plan: Plan, *kinds: Kind) -> int:
    """Return how many members of these kinds are made, and are sent as what they are."""
    return sum(
        plan.action(number) in {Action.CREATE, Action.REPLACE}
        and plan.member(number).kind is not Kind.FILE
        for number in plan.members.of_kind(*kinds)
    )


def _skipped(tally: Tally) -> list[str]:
    """Say what was not restored because something else stands there, and why that stays."""
    return [
        f"{counted(count, 'member')} left out: {reason}" for reason, count in tally.skipped.items()
    ]


def _words_of(tally: Tally, capabilities: Capabilities) -> list[str]:
    notes = [shown_text(line) for line in tally.lines]
    if tally.said > LISTED:
        notes.append(f"and {tally.said - LISTED:,} more lines from {capabilities.unpacker} (-v)")
    return notes


def _not_set(tally: Tally, capabilities: Capabilities) -> list[str]:
    """Say what the pod did not let us set."""
    proof = tally.proof
    who = "root" if capabilities.is_root else f"uid {capabilities.uid}"
    if capabilities.uid == 0 and not capabilities.is_root:
        who = "root without the right to change owners"
    missed: tuple[tuple[int, str, str], ...] = (
        (proof.modes, "mode", "mode"),
        (proof.times, "time", "modification time"),
        (proof.owners, "owner", "owner"),
    )
    notes = [
        f"{counted(count, 'path')} without the backup's {name} (the container runs as {who}): "
        f"{_named(tally, key, count)}"
        for count, key, name in missed
        if count
    ]
    notes += [
        f"{counted(count, _NOUNS[what])} {_lacking(what, count, capabilities)}: "
        f"{_named(tally, f'lacking {what}', count)}"
        for what, count in sorted(proof.lacking.items())
    ]
    if tally.disarmed:
        lost = _numbered(_LACKING["set_ids"], tally.disarmed)
        notes.append(f"{counted(tally.disarmed, 'program')} {lost}")
    if proof.clamped:
        notes.append(
            f"{counted(proof.clamped, 'path')} with a modification time that the volume does not "
            f"keep; it has put the nearest that it has: {_named(tally, 'clamped', proof.clamped)}"
        )
    if proof.aged:
        notes.append(
            f"{counted(proof.aged, 'file')} kept for the content, with another modification time "
            f"(--force sets it): {_named(tally, 'aged', proof.aged)}"
        )
    if proof.written:
        notes.append(
            f"{counted(proof.written, 'file')} with a later modification time: something in the "
            "pod has written to them since, or the volume keeps no times: "
            f"{_named(tally, 'written', proof.written)}"
        )
    return notes


def _numbered(text: str, count: int) -> str:
    """Return what is said of one, or of several."""
    for one, several in _OF_SEVERAL.items() if count != 1 else ():
        text = text.replace(one, several)
    return text


def _lacking(what: str, count: int, capabilities: Capabilities) -> str:
    """Say what is lacking, and whose fault that is."""
    tool = _TOOLS.get(what, "")
    if capabilities.tar is not Tar.SHELL or tool not in capabilities.without:
        return _numbered(_LACKING[what], count)
    if what == "hard_links":
        return _numbered("restored as a file of its own: the container has no ln", count)
    name = "modification time" if what == "time" else what
    return f"without the backup's {name}: the container has no {tool}"


def _named(tally: Tally, what: str, count: int) -> str:
    """Return the first names of what was missed, on one line."""
    names = tally.proof.missed.get(what, [])[:_NAMED]
    further = f" and {count - len(names):,} more" if count > len(names) else ""
    return ", ".join(shown(name) for name in names) + further


def _not_kept(tally: Tally, capabilities: Capabilities) -> list[str]:
    """Say what this tar cannot keep."""
    return [
        f"{counted(count, 'path')} without the backup's {_KINDS[extra]} ({capabilities.tar})"
        for extra, count in sorted(tally.figures.lost.items(), key=lambda item: item[0].value)
    ]


def _filled(tally: Tally, capabilities: Capabilities, *, dry_run: bool) -> list[str]:
    """Say what was done in another way than the backup has it."""
    tar = capabilities.tar
    notes = []
    if tar is Tar.SHELL and tally.files:
        writes = "would write" if dry_run else "has written"
        notes.append(f"the container has no tar that we can use: its shell {writes} the files")
    if tally.figures.filled:
        notes.append(
            f"{counted(tally.figures.filled, 'file')} with the holes filled with zeros ({tar})"
        )
    if tally.figures.attributed:
        notes.append(
            f"extended attributes and ACLs of {counted(tally.figures.attributed, 'path')} were "
            "handed to the container's tar; it is not compared whether they were set"
        )
    return notes


def _closing(tally: Tally) -> list[str]:
    """Say what nobody but root can look into."""
    if not tally.figures.closing:
        return []
    count = counted(tally.figures.closing, "directory", "directories")
    names = _named(tally, "closing", tally.figures.closing)
    closed = f"{count} that the backup's mode closes to the owner: {names}"
    return [f"{closed} (--chmod D+X adds x where r is)"]


def _root_left_alone(tally: Tally, path: str) -> list[str]:
    """Say what the backup has for the target itself: often a program insists on it."""
    if tally.root is None:
        return []
    member, entry = tally.root
    if (member.mode, member.uid, member.gid) == (entry.mode, entry.uid, entry.gid):
        return []
    kept = f"mode {entry.mode:04o}, owner {entry.uid}:{entry.gid} and modification time"
    backups = f"{member.mode:04o} and {member.uid}:{member.gid}"
    return [f"{path} itself kept its {kept} (./ in the backup has {backups})"]


def _left_alone(tally: Tally) -> list[str]:
    """Say which directories were left as they are, and why."""
    return [
        f"{counted(count, 'directory', 'directories')} {reason}"
        for reason, count in tally.kept.items()
    ]
