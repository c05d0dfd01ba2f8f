"""The error tree and the public register of exit codes.

Each class owns its code; nothing else in the program knows a number. An error has three layers:
what failed, the evidence (the pod's or kubectl's own words where there are any), and a fix that
can be pasted.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, Final


class ExitCode(IntEnum):
    """The register. docs/exit-codes.md is generated from it."""

    RESTORED = 0
    BUG = 1
    USAGE = 2
    BACKUP = 3
    TARGET = 4
    NOT_ALLOWED = 5
    IN_THE_WAY = 6
    POD_CANNOT = 7
    INTERRUPTED = 8
    VERIFICATION = 9
    WARNINGS = 10
    SIGHUP = 129
    SIGINT = 130
    SIGTERM = 143


MEANING: Final[dict[ExitCode, str]] = {
    ExitCode.RESTORED: "restored, or nothing to do",
    ExitCode.BUG: "a bug of ours",
    ExitCode.USAGE: "usage or configuration: a flag, no kubectl, an unknown context",
    ExitCode.BACKUP: "backup unusable: missing, truncated, corrupt or unsafe; pod untouched "
    "(or, if the file changed while it was read, said so)",
    ExitCode.TARGET: "target not found, not ready, ambiguous or taken by another restore",
    ExitCode.NOT_ALLOWED: "not allowed: RBAC or login, of the cluster or of the backup's store",
    ExitCode.IN_THE_WAY: "something is in the way; nothing was changed",
    ExitCode.POD_CANNOT: "the pod cannot do it: no tar, read-only, no space",
    ExitCode.INTERRUPTED: "cluster or store unreachable, link lost or timed out; "
    "run the command again",
    ExitCode.VERIFICATION: "verification failed: the pod does not hold what was sent",
    ExitCode.WARNINGS: "restored with warnings, under --strict",
    ExitCode.SIGHUP: "ended by SIGHUP; run the command again",
    ExitCode.SIGINT: "ended by Ctrl-C; run the command again",
    ExitCode.SIGTERM: "ended by SIGTERM; run the command again",
}


class RestoreError(Exception):
    """Something that ends a restore, in three layers.

    Attributes:
        what: what failed, one line, no full stop.
        reason: the evidence; may have several lines; safe to print (escaped where it was made).
        fix: what to do, as a command to paste where there is one.
    """

    code: ClassVar[ExitCode] = ExitCode.BUG
    may_pass: ClassVar[bool] = False
    """The same may succeed a moment later."""
    cause: ClassVar[str] = ""
    """A stable word for scripts, where a code has several causes."""

    def __init__(self, what: str, *, reason: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.reason = reason
        self.fix = fix

    @property
    def exit_code(self) -> ExitCode:
        """The code of this error in the register."""
        return self.code


class UsageError(RestoreError):
    """The command line or the local configuration is wrong."""

    code = ExitCode.USAGE


class OldKubectlError(UsageError):
    """The kubectl is older than the oldest that is supported (cluster/kubectl.py)."""


class BackupError(RestoreError):
    """The backup cannot be used."""

    code = ExitCode.BACKUP


class DamagedError(BackupError):
    """The backup is cut or corrupt; some of it may still be read (archive/salvage)."""


class DisprovedError(DamagedError):
    """What a file beside the backup says of it does not hold; no content of it is proved."""


class TargetError(RestoreError):
    """The target is not there, not ready or not clear."""

    code = ExitCode.TARGET


class NotFoundError(TargetError):
    """The cluster does not have something that was asked for."""

    cause = "not-found"


class NoNamespaceError(TargetError):
    """There is no such namespace."""

    cause = "no-such-namespace"


class NoPodError(TargetError):
    """There is no such pod."""

    cause = "no-such-pod"


class NoContainerError(TargetError):
    """The pod has no such container."""

    cause = "no-such-container"


class NoDirectoryError(TargetError):
    """The target is not there, or is no directory."""

    cause = "no-such-directory"


class AmbiguousError(TargetError):
    """Several pods could be meant."""

    cause = "ambiguous"


class CompletedError(TargetError):
    """The pod has ended."""

    cause = "completed"


class NotReadyError(TargetError):
    """The container does not run."""

    cause = "not-ready"


class TakenError(TargetError):
    """Another restore writes there."""

    cause = "taken"


CAUSES: Final[dict[str, str]] = {
    "no-such-namespace": "the namespace does not exist",
    "no-such-pod": "the pod does not exist, or not any more",
    "no-such-container": "the pod has no such container",
    "no-such-directory": "the target path does not exist in the container, or is no directory",
    "ambiguous": "what was named has several pods",
    "completed": "the pod has ended; nothing can run in it",
    "not-ready": "the pod has not started, or its container does not run",
    "taken": "another restore writes there",
    "not-found": "the cluster does not have something else that was asked for",
}
"""Of exit code 4."""


class NotAllowedError(RestoreError):
    """The cluster, or the store of the backup, refuses this user."""

    code = ExitCode.NOT_ALLOWED


class InTheWayError(RestoreError):
    """Something exists where the backup would write; nothing was changed."""

    code = ExitCode.IN_THE_WAY


class PodCannotError(RestoreError):
    """The pod lacks what a restore needs: a tool, a permission, space."""

    code = ExitCode.POD_CANNOT


class NoShellError(PodCannotError):
    """Nothing that we need runs in the container."""


class NotWritableError(PodCannotError):
    """The container's user may write nothing there."""


class InterruptedRestoreError(RestoreError):
    """The link or the time ran out; the same command can go on."""

    code = ExitCode.INTERRUPTED
    may_pass = True


class TimedOutError(InterruptedRestoreError):
    """A time limit of ours has passed."""


class OutOfTimeError(TimedOutError):
    """The time limit of the whole run has passed."""

    may_pass = False


class UnansweredError(InterruptedRestoreError):
    """A command of the user's was begun, and what became of it is not known."""

    may_pass = False


class AnotherPodError(InterruptedRestoreError):
    """The pod that the restore began with is gone."""

    may_pass = False


class VerificationError(RestoreError):
    """The pod does not hold what was sent."""

    code = ExitCode.VERIFICATION


class WarningsError(RestoreError):
    """Everything is restored and proved, but something could not be set, and that is an error."""

    code = ExitCode.WARNINGS


class SignalledError(RestoreError):
    """A signal asked us to end."""

    _codes: ClassVar[dict[int, ExitCode]] = {
        1: ExitCode.SIGHUP,
        2: ExitCode.SIGINT,
        15: ExitCode.SIGTERM,
    }

    def __init__(self, what: str, *, number: int, reason: str = "", fix: str = "") -> None:
        super().__init__(what, reason=reason, fix=fix)
        self.number = number

    @property
    def exit_code(self) -> ExitCode:
        """128 + the signal's number, as shells report it."""
        return self._codes[self.number]
