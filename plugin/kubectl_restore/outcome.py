"""What came of a restore: the proof, the error, or the summary with what could not be kept."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.index import Extra, Kind
from kubectl_restore.errors import (
    InterruptedRestoreError,
    PodCannotError,
    RestoreError,
    VerificationError,
)
from kubectl_restore.names import shown, shown_text
from kubectl_restore.operation import Action
from kubectl_restore.phrases import LISTED, counted, listed
from kubectl_restore.progress import Summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.archive.index import Member
    from kubectl_restore.pipe.session import Answer
    from kubectl_restore.plan import Plan
    from kubectl_restore.pod.capabilities import Capabilities
    from kubectl_restore.verify import Verdict

_KILLED: Final = 137
"""128 + SIGKILL."""
_NO_SPACE: Final = ("No space left on device", "Disk quota exceeded")
_POD_CANNOT: Final[dict[tuple[str, ...], str]] = {
    _NO_SPACE: "the volume is full",
    ("Cannot mknod", "can't create node"): "the container may not make device nodes",
    ("Read-only file system",): "the container's file system is read-only there",
    ("Permission denied", "Operation not permitted"): "the container may not write there",
    ("Cannot open: File exists", "can't remove old file"): "something there cannot be replaced",
    ("Cannot allocate memory", "Out of memory"): "the container is out of memory",
}
_EXTRAS_ONLY: Final = re.compile(
    r": (Cannot restore extended attributes: [\w.]+|Failed to set \S+ acl\S*|Can't restore .*ACL)"
    r"(: [\w ()-]+)?$"
)
"""bsdtar's words for attributes and ACLs that the volume does not take (tried: 3.6.2)."""
_END_OF_ERRORS: Final = ("previous errors", "Error exit delayed")
_KINDS: Final = {
    Extra.FRACTION: "fractions of a second of the modification time",
    Extra.XATTRS: "extended attributes",
    Extra.CAPABILITIES: "capabilities",
    Extra.OTHER_XATTRS: "system's own extended attributes",
    Extra.ACL: "access control lists (ACLs)",
    Extra.FLAGS: "file flags",
}


def is_full(answer: Answer) -> bool:
    """Tell whether the pod's tar complained of too little space."""
    return any(sign in line for line in answer.lines for sign in _NO_SPACE)


def error_of(
    answer: Answer, verdict: Verdict, *, again: str, space: str = ""
) -> RestoreError | None:
    """Return what kept the restore from being proved; None when it is proved.

    Args:
        answer: how the pod's tar ended.
        verdict: the comparison.
        again: the command that goes on, for the fix.
        space: how much room is left, for a volume that is full.

    Returns:
        PodCannotError where the pod's tar said why it could not, VerificationError for anything
        else that is not as it was sent, InterruptedRestoreError for a stream that was cut.
    """
    proved = answer.is_whole and not verdict.differences
    if proved and (answer.consumer == 0 or _only_extras_failed(answer)):
        return None
    reason = _evidence(answer, verdict)
    fix = f"put that right, then: {again}"
    for signs, what in _POD_CANNOT.items():
        if any(sign in line for line in answer.lines for sign in signs):
            figures = f"{space}\n" if signs is _NO_SPACE and space else ""
            return PodCannotError(what, reason=figures + reason, fix=fix)
    if not answer.is_whole and not answer.consumer:
        return InterruptedRestoreError(
            "the stream did not arrive whole",
            reason=reason or f"the agent ended it with {answer.received}",
            fix=again,
        )
    return VerificationError(
        "the pod does not hold what was sent"
        if verdict.differences
        else "the container's tar reported errors",
        reason=reason,
        fix=fix,
    )


def _only_extras_failed(answer: Answer) -> bool:
    """Tell whether bsdtar failed for nothing but attributes and ACLs, which are counted anyway."""
    words = [line for line in answer.lines if not any(end in line for end in _END_OF_ERRORS)]
    return (
        answer.consumer == 1
        and bool(words)
        and answer.said == len(answer.lines)
        and all(_EXTRAS_ONLY.search(line) for line in words)
    )


def _evidence(answer: Answer, verdict: Verdict) -> str:
    ended = "the container's tar did not finish"
    if answer.consumer is not None:
        ended = f"the container's tar ended with exit code {answer.consumer}"
    if answer.consumer == _KILLED:
        ended += ": it was killed (the container's memory limit?)"
    words = [
        shown_text(line) for line in answer.lines if not any(end in line for end in _END_OF_ERRORS)
    ]
    differences = [f"{shown(one.path)}: {one.what}" for one in verdict.differences]
    return "\n".join(
        [
            *([ended] if answer.consumer != 0 else []),
            *words[:LISTED],
            *([listed(differences)] if differences else []),
        ]
    )


def so_far(plan: Plan, acknowledged: int, path: str, seconds: float) -> Summary:
    """Return what had arrived when a restore was broken off."""
    members = plan.layout.members_until(acknowledged) if plan.layout is not None else []
    return Summary(
        path=path,
        files=len(members),
        regular_files=sum(one.kind is Kind.FILE for one in members),
        bytes=_bytes(members),
        seconds=seconds,
    )


def summary_of(
    plan: Plan,
    verdict: Verdict,
    answer: Answer,
    capabilities: Capabilities,
    *,
    path: str,
    seconds: float,
    left_out: Sequence[str] = (),
) -> Summary:
    """Return what a proved restore did, and what it could not keep."""
    done = plan.carried_out
    files = [one.member for one in done if one.member is not None and one.member.kind is Kind.FILE]
    return Summary(
        path=path,
        files=len(done),
        regular_files=len(files),
        bytes=_bytes(files),
        seconds=seconds,
        kept=sum(one.action is Action.KEEP and one.member is not None for one in plan.operations),
        replaced=sum(one.action is Action.REPLACE for one in done),
        notes=(
            *left_out,
            *_words_of(answer),
            *_not_set(verdict, capabilities),
            *_not_kept(plan, capabilities),
            *_left_alone(plan),
            *_root_left_alone(plan, path),
        ),
    )


def _bytes(members: Sequence[Member]) -> int:
    return sum(one.size for one in members if one.kind is Kind.FILE)


def _words_of(answer: Answer) -> list[str]:
    notes = [shown_text(line) for line in answer.lines[:LISTED]]
    if answer.said > LISTED:
        notes.append(f"and {answer.said - LISTED:,} more lines from the container's tar (-v)")
    return notes


def _not_set(verdict: Verdict, capabilities: Capabilities) -> list[str]:
    """Say what the pod did not let us set."""
    who = "root" if capabilities.is_root else f"uid {capabilities.uid}"
    if capabilities.uid == 0 and not capabilities.is_root:
        who = "root without the right to change owners"
    missed: tuple[tuple[int, str], ...] = (
        (len(verdict.modes), "mode"),
        (len(verdict.times), "modification time"),
        (len(verdict.owners), "owner"),
    )
    return [
        f"{counted(count, 'path')} without the backup's {name} (we are {who})"
        for count, name in missed
        if count
    ]


def _not_kept(plan: Plan, capabilities: Capabilities) -> list[str]:
    """Say what this tar cannot keep."""
    tar = capabilities.tar
    notes = [
        f"{counted(count, 'path')} without the backup's {_KINDS[extra]} ({tar})"
        for extra, count in sorted(plan.lost.items(), key=lambda item: item[0].value)
    ]
    if plan.filled:
        notes.append(f"{counted(plan.filled, 'file')} with the holes filled with zeros ({tar})")
    if plan.attributed:
        notes.append(
            f"extended attributes and ACLs of {counted(plan.attributed, 'path')} were handed to "
            f"the container's tar; it is not compared whether they were set"
        )
    return notes


def _root_left_alone(plan: Plan, path: str) -> list[str]:
    """Say what the backup has for the target itself: often a program insists on it."""
    if plan.root is None:
        return []
    member, entry = plan.root
    if (member.mode, member.uid, member.gid) == (entry.mode, entry.uid, entry.gid):
        return []
    kept = f"mode {entry.mode:04o}, owner {entry.uid}:{entry.gid} and modification time"
    backups = f"{member.mode:04o} and {member.uid}:{member.gid}"
    return [f"{path} itself kept its {kept} (./ in the backup has {backups})"]


def _left_alone(plan: Plan) -> list[str]:
    """Say which directories were left as they are, and why."""
    reasons = Counter(
        one.reason
        for one in plan.operations
        if one.action is Action.KEEP and one.member is not None
    )
    return [
        f"{counted(count, 'directory', 'directories')} {reason}"
        for reason, count in reasons.items()
    ]
