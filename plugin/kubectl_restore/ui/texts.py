"""The sentences that every display shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from colorama import Fore, Style

from kubectl_restore.progress import Phase
from kubectl_restore.text import counted, shown, shown_text, shown_whole
from kubectl_restore.ui.amounts import as_rate, as_size, as_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_restore.progress import Comparison, Finding, Header, Step, Summary, TextDiff
    from kubectl_restore.ui.tracker import Tracker

_COLOURS: Final = {"-": Fore.RED, "+": Fore.GREEN, "@": Fore.CYAN}
"""Of a line of a diff, by its mark."""
PHASES: Final = {
    Phase.OPEN: "asking the store",
    Phase.CONNECT: "asking the cluster",
    Phase.CHECK: "checking the backup",
    Phase.CHECKSUM: "computing the backup's checksum",
    Phase.SURVEY: "asking what is there",
    Phase.BEFORE: "running --before",
    Phase.SAVE: "saving what is to be replaced",
    Phase.SEND: "restoring",
    Phase.VERIFY: "checking what arrived",
    Phase.AFTER: "running --after",
}


def phase_words(phase: Phase, header: Header | None) -> str:
    """Return what a phase is called; of a comparison nothing has arrived."""
    if phase is Phase.VERIFY and header is not None and header.is_compared:
        return "comparing what is there"
    return PHASES[phase]


def first_line(header: Header) -> str:
    """Return the line that names what is restored to where, as far as it is known."""
    places = [_pod(header)]
    if header.container is not None:
        places.append(_container(header))
    if header.path is not None:
        places.append(f"path {header.path}")
    if header.namespace is not None:
        places.append(f"namespace {header.namespace}")
    if header.context is not None:
        places.append(f"context {header.context}")
    size = header.backup_size
    backup = header.backup if size is None else f"{header.backup} ({as_size(size)})"
    what = f"Comparing {backup} with" if header.is_compared else f"Restoring {backup} to"
    return _harmless(f"{what} {', '.join(places)}")


def news(before: Header, after: Header) -> str:
    """Return what a later header knows that the first line did not say; empty for nothing."""
    parts = []
    if after.pod != before.pod:
        parts.append(_pod(after))
    if after.container is not None and after.container != before.container:
        parts.append(_container(after))
    if after.path != before.path:
        parts.append(f"path {after.path}")
    if after.namespace != before.namespace:
        parts.append(f"namespace {after.namespace}")
    if after.context != before.context:
        parts.append(f"context {after.context}")
    return _harmless(", ".join(parts))


def _pod(header: Header) -> str:
    if header.pod is None:
        return header.named
    return f"pod {header.pod} ({header.found_as})" if header.found_as else f"pod {header.pod}"


def _container(header: Header) -> str:
    which = ""
    if header.container_is_default and header.other_containers:
        which = f" (kubectl's default; there is also {', '.join(header.other_containers)})"
    elif header.container_is_default:
        which = " (the only one)"
    return f"container {header.container}{which}"


def _harmless(line: str) -> str:
    """Return one line: a kubeconfig may call a context anything."""
    return shown_text(line).replace("\n", "\\n")


def counts(tracker: Tracker, room: int | None = None, *, instead: str = "") -> str:
    """Return bytes, files, rate and time left of the present phase, as far as they are known.

    Args:
        tracker: knows them.
        room: columns; where they are few, what says least is left out; None for enough.
        instead: what is to be said instead of a rate and a time left; may be empty.
    """
    parts = [one for one in _counts(tracker, instead) if one[1]]
    if room is not None:
        for least in sorted(parts, key=lambda one: one[0], reverse=True)[:-1]:
            if len(", ".join(text for _, text in parts)) <= room:
                break
            parts.remove(least)
    return ", ".join(text for _, text in parts)


def _counts(tracker: Tracker, instead: str) -> Iterator[tuple[int, str]]:
    """Return each of them with its place among what is told first; an empty one is not known."""
    status, share = tracker.status, tracker.share
    yield 0, "" if share is None else f"{share:.0%}"
    if status.total_bytes is not None:
        yield 2, f"{as_size(status.done_bytes)} of {as_size(status.total_bytes)}"
    else:
        # From standard input; nobody knows how much will come.
        yield 2, as_size(status.done_bytes) if status.done_bytes else ""
    if status.total_files is not None:
        yield 4, f"{status.done_files:,} of {counted(status.total_files, 'file')}"
    else:
        yield 4, counted(status.done_files, "file") if status.done_files else ""
    still = tracker.still
    if not instead and still is not None and status.phase is Phase.SEND:
        instead = f"nothing has moved for {as_time(still)}"
    if instead:
        yield 1, instead
        return
    rate, left = tracker.rate, tracker.left
    yield 3, "" if rate is None or not status.done_bytes else as_rate(rate)
    is_open = left is not None and status.done_bytes < (status.total_bytes or 0)
    yield 1, f"{as_time(left)} left" if left is not None and is_open else ""


def result(summary: Summary) -> str:
    """Return the lines that say what was done, once it is proved; or what would be done."""
    would, rights = summary.dry_run, "the backup's mode, owner and time"
    lines = [_head(summary)]
    for count, done, undone in (
        (summary.replaced, "replaced", "be replaced"),
        (summary.adjusted, f"given {rights}", f"be given {rights}"),
        (summary.same, "right already, and kept", "be kept: right already"),
        (summary.deleted, "deleted: not in the backup", "be deleted: not in the backup"),
    ):
        if count:
            verb = f"would {undone}" if would else f"{'was' if count == 1 else 'were'} {done}"
            lines.append(f"{counted(count, 'path')} {verb}")
    if summary.verified not in {"", "size"} and not would:
        lines.append(f"Contents compared by {summary.verified} in the container")
    elif not summary.verified and not would:
        lines.append("Note: not compared with what stands there now (--verify none)")
    notes = (note.replace("\n", "\n  ") for note in (*summary.warnings, *summary.notes))
    lines += [f"Note: {note}" for note in notes]
    lines += [f"Next: {step}" for step in summary.next_steps]
    if would:
        lines.append("Nothing was changed (--dry-run)")
    return "\n".join(lines) + "\n"


def _head(summary: Summary) -> str:
    if not summary.files:
        return f"Nothing to restore to {summary.path}"
    others = summary.links + summary.devices
    kinds = (
        (max(0, summary.files - summary.regular_files - others), "directory", "directories"),
        (summary.links, "link", "links"),
        (summary.devices, "device or FIFO", "devices and FIFOs"),
    )
    *most, last = [
        counted(summary.regular_files, "file"),
        *(counted(*kind) for kind in kinds if kind[0]),
    ]
    made = f"{', '.join(most)} and {last}" if most else last
    what = f"{made}, {as_size(summary.bytes)} to {summary.path}"
    if summary.dry_run:
        return f"Would restore {what}"
    return f"Restored {what} in {as_time(summary.seconds)}"


def step_line(step: Step) -> str:
    """Return a line about one path of a plan."""
    size = "" if step.size is None else f", {as_size(step.size)}"
    about = f" ({step.kind}{size})" if step.kind else ""
    reason = f": {step.reason}" if step.reason else ""
    return f"{step.action:<8} {shown_whole(step.name)}{about}{reason}\n"


def finding_line(finding: Finding) -> str:
    """Return a line about one difference."""
    what = f": {finding.what}" if finding.what else ""
    return f"{finding.kind:<8} {shown_whole(finding.name)}{what}\n"


def diff_lines(difference: TextDiff, *, coloured: bool = False) -> Iterator[str]:
    """Return the lines of a unified diff; whatever could move a terminal is escaped."""
    name = shown_whole(difference.name)
    for line in (f"--- {name} (in the pod)", f"+++ {name} (in the backup)"):
        yield _painted(line, Style.BRIGHT if coloured else "")
    for line in difference.lines:
        harmless = "\t".join(map(shown_text, line.split("\t")))
        yield _painted(harmless, _COLOURS.get(line[0], "") if coloured else "")


def _painted(line: str, colour: str) -> str:
    return f"{colour}{line}{Style.RESET_ALL}\n" if colour else f"{line}\n"


def comparison_text(comparison: Comparison) -> str:
    """Return the lines that say what came of a comparison."""
    how = "size and time" if comparison.verified == "size" else comparison.verified
    members = counted(comparison.members, "member")
    took = f"contents by {how}, in {as_time(comparison.seconds)}"
    failures = comparison.failures
    total = sum(failures.values())
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in failures.items())
    left = "what is left of the backup" if comparison.is_salvaged else "the backup"
    lines = [
        f"{counted(total, 'difference')} between {comparison.path} and {members}: {kinds} ({took})"
        if total
        else f"{comparison.path} is as {left}: {members} compared ({took})"
    ]
    if comparison.tolerated:
        lines.append(
            f"{counted(comparison.tolerated, 'path')} there not in the backup, which is no "
            "difference (--extras fail makes it one)"
        )
    return "\n".join([*lines, *(f"Note: {note}" for note in comparison.notes)]) + "\n"


def so_far(summary: Summary) -> str:
    """Return the line that says what had arrived when the restore was broken off."""
    if not summary.files:
        return "Not one member had arrived whole\n"
    return (
        f"Arrived in the pod before it ended: {counted(summary.files, 'member')}, "
        f"{as_size(summary.bytes)}; not verified\n"
    )


def current(tracker: Tracker) -> str:
    """Return the member under way, escaped; empty when there is none."""
    name = tracker.status.current
    return shown(name) if name else ""
