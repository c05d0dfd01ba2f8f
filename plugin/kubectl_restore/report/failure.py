"""What kept a restore from being proved, as an error with its evidence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kubectl_restore.errors import (
    InterruptedRestoreError,
    PodCannotError,
    RestoreError,
    VerificationError,
)
from kubectl_restore.text import LISTED, listed, shown, shown_text

if TYPE_CHECKING:
    from kubectl_restore.plan.compare import Proof
    from kubectl_restore.session.answer import Answer

_KILLED: Final = 137
"""128 + SIGKILL."""
_NO_SPACE: Final = ("No space left on device", "Disk quota exceeded", ": Wrote only ")
_NO_MEMORY: Final = ("Cannot allocate memory", "Out of memory")
_NO_PROCESS: Final = ("Cannot fork", "can't fork", "Resource temporarily unavailable")
_POD_CANNOT: Final[dict[tuple[str, ...], str]] = {
    _NO_SPACE: "the volume is full",
    ("Cannot mknod", "can't create node"): "the container may not make device nodes",
    ("Read-only file system",): "the container's file system is read-only there",
    ("Permission denied", "Operation not permitted"): "the container may not write there",
    ("Cannot open: File exists", "can't remove old file"): "something there cannot be replaced",
    _NO_MEMORY: "the container is out of memory",
    _NO_PROCESS: "the pod may not start more processes",
}
_EXTRAS_ONLY: Final = re.compile(
    r": (Cannot restore extended attributes: [\w.]+|Failed to set \S+ acl\S*|Can't restore .*ACL)"
    r"(: [\w ()-]+)?$"
)
"""bsdtar's words for attributes and ACLs that the volume does not take (tried: 3.6.2)."""
_END_OF_ERRORS: Final = ("previous errors", "Error exit delayed")


def is_full(answer: Answer) -> bool:
    """Tell whether the pod's tar complained of too little space."""
    return any(sign in line for line in answer.lines for sign in _NO_SPACE)


def is_out_of_room(answer: Answer) -> bool:
    """Tell whether what stopped the pod's tar would stop it at the next member, too."""
    signs = (*_NO_SPACE, *_NO_MEMORY, *_NO_PROCESS, "Read-only file system")
    return any(sign in line for line in answer.lines for sign in signs)


def error_of(
    answer: Answer, proof: Proof, *, unpacker: str, again: str, space: str = ""
) -> RestoreError | None:
    """Return what kept the restore from being proved; None when it is proved.

    Args:
        answer: how the pod's tar ended.
        proof: the comparison.
        unpacker: see `Capabilities.unpacker`.
        again: the command that goes on, for the fix.
        space: how much room is left, for a volume that is full.

    Returns:
        PodCannotError where the pod's tar said why it could not, VerificationError for anything
        else that is not as it was sent, InterruptedRestoreError for a stream that was cut.
    """
    proved = answer.is_whole and not proof.differences
    if proved and (answer.consumer == 0 or _only_extras_failed(answer)):
        return None
    reason = _evidence(answer, proof, unpacker)
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
        if proof.differences
        else f"{unpacker} reported errors",
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


def _evidence(answer: Answer, proof: Proof, unpacker: str) -> str:
    ended = f"{unpacker} did not finish"
    if answer.consumer is not None:
        ended = f"{unpacker} ended with exit code {answer.consumer}"
    if answer.consumer == _KILLED:
        ended += ": it was killed (the container's memory limit?)"
    words = [
        shown_text(line) for line in answer.lines if not any(end in line for end in _END_OF_ERRORS)
    ]
    differences = [f"{shown(one.path)}: {one.what}" for one in proof.differences]
    return "\n".join(
        [
            *([ended] if answer.consumer != 0 else []),
            *words[:LISTED],
            *([listed(differences, proof.further)] if differences else []),
        ]
    )
