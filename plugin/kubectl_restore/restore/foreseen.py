"""What a restore would find in a pod, by what would be done: paths and bytes of contents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.plan.operation import Action
from kubectl_restore.restore.plan import foresee_batch, hints_about

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_restore.plan.batch import Batch
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.progress import Hint
    from kubectl_restore.restore.lanes.lane import Lane
    from kubectl_restore.restore.run import Run


class Amount(NamedTuple):
    """So much of a backup.

    Attributes:
        paths: files, directories, links.
        bytes: of the contents of the files among them; a hard link has none of its own.
    """

    paths: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the plan of a restore with `--force` says.

    Attributes:
        namespace: the pod's; None where kubectl names none.
        pod: its name.
        container: the container's name.
        path: the target.
        amounts: by what would be done; what would be replaced or adjusted needs --force.
        hints: what the user may have meant otherwise.
    """

    namespace: str | None
    pod: str
    container: str
    path: str
    amounts: Mapping[Action, Amount]
    hints: tuple[Hint, ...] = ()

    @property
    def right(self) -> float:
        """How much of the contents is there already, 0 to 1; of paths where there are none."""
        all_of_it, same = Amount(), Amount()
        for action, one in self.amounts.items():
            all_of_it = Amount(all_of_it.paths + one.paths, all_of_it.bytes + one.bytes)
            if action in {Action.KEEP, Action.ADJUST}:
                same = Amount(same.paths + one.paths, same.bytes + one.bytes)
        if all_of_it.bytes:
            return same.bytes / all_of_it.bytes
        return same.paths / all_of_it.paths if all_of_it.paths else 1.0


def foresee(run: Run, lane: Lane, batch: Batch) -> Foreseen:
    """Ask what stands at a backup's paths, and return what would be done; nothing is written.

    Raises:
        RestoreError: the link was lost, the time ran out or a signal came.
    """
    plan = foresee_batch(run, lane, batch)
    place = run.place
    return Foreseen(
        namespace=place.kubectl.namespace,
        pod=place.pod,
        container=place.container,
        path=run.request.target_path,
        amounts=amounts(plan),
        hints=hints_about(run, lane, batch, plan),
    )


def amounts(plan: Plan) -> dict[Action, Amount]:
    """Return how much of a plan is which outcome."""
    found = dict.fromkeys(Action, Amount())
    for one in plan.operations():
        before, member = found[one.outcome], one.member
        size = member.size if member is not None and member.kind is Kind.FILE else 0
        found[one.outcome] = Amount(before.paths + 1, before.bytes + size)
    return found
