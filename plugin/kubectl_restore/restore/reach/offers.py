"""The other ways to a target, named where the one that was taken leads nowhere."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from kubectl_restore.cluster.target import Kind
from kubectl_restore.cluster.via import Via
from kubectl_restore.errors import NoShellError, NotReadyError, PodCannotError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_restore.cluster.pod import PodFacts
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.restore.run import Run

_ANOTHER: Final = "-c CONTAINER"
_CLAIM: Final = f"{Kind.CLAIM.value}/"


@contextmanager
def offering_without_entering(request: RestoreRequest, facts: PodFacts) -> Iterator[None]:
    """Have the error of a container that does not run name the command that needs no such one.

    A pod that no node has yet runs no ephemeral container either.
    """
    try:
        yield
    except NotReadyError as error:
        is_claim = request.target.kind is Kind.CLAIM
        if request.via is Via.AUTO and (is_claim or facts.phase == "Running"):
            other = _other(request, is_claim=is_claim)
            error.fix = f"{error.fix}\n{other}"
        raise


def _other(request: RestoreRequest, *, is_claim: bool) -> str:
    what = "a pod of our own with the claim" if is_claim else "by a container added to the pod"
    way = Via.HELPER if is_claim else Via.EPHEMERAL
    return f"{what}: {request.command_with(f'--via={way}')}"


@contextmanager
def offering_others(run: Run) -> Iterator[None]:
    """Have errors that another way does not have name the command that goes it."""
    try:
        yield
    except NoShellError as error:
        if run.place.via is Via.EXEC:
            is_claim = run.place.named.startswith(_CLAIM)
            error.fix = f"{_other(run.request, is_claim=is_claim)}\n{error.fix}"
        raise
    except PodCannotError as error:
        # There is no other container; there is another user.
        if run.place.via in {Via.HELPER, Via.EPHEMERAL} and _ANOTHER in error.fix:
            again = run.request.command_as("0")
            error.fix = f"have it run as root, where it does not: {again}"
        raise
