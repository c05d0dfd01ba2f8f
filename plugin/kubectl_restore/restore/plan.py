"""The step that decides: what stands there becomes a plan, which a person has agreed to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.archive.select.no_tree import no_tree
from kubectl_restore.plan.steps import steps_of
from kubectl_restore.progress import Level, Phase
from kubectl_restore.restore.checks.misplaced import misplaced
from kubectl_restore.restore.checks.obstacles import require_possible
from kubectl_restore.restore.checks.volumes import attributes_of
from kubectl_restore.restore.confirm import Offer, confirm, has_to_be_asked
from kubectl_restore.restore.ledger import Ledger
from kubectl_restore.restore.survey import Surveyor
from kubectl_restore.resume.in_flight import Doubt, read_doubt
from kubectl_restore.resume.places import Notes, doubt_by_place

if TYPE_CHECKING:
    from kubectl_restore.archive.index.index import Index
    from kubectl_restore.container.capabilities import Capabilities
    from kubectl_restore.plan.batch import Batch
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Hint
    from kubectl_restore.restore.lanes.lane import Lane
    from kubectl_restore.restore.run import Run


def plan_batch(
    run: Run, lane: Lane, ledger: Ledger, batch: Batch, earlier: Plan | None = None
) -> Plan:
    """Ask what stands at a batch's paths, and return what is done about them.

    Args:
        run: whose plan it is.
        lane: is asked.
        ledger: knows what was done before.
        batch: of what.
        earlier: a plan of which nothing was carried out, where something may have changed since;
            a person may have agreed to that one.

    Raises:
        InTheWayError: something is in the way, and is not to be replaced.
        PodCannotError: something has to be made where we may make nothing, or there is no room.
    """
    request = run.request
    surveyor = _prepared(run, lane, ledger, batch)
    plan = surveyor.plan(batch, ledger.attempts.agreed or request.overwrite)
    is_first = ledger.attempts.first is None
    if earlier is None:
        ledger.attempts.require_no_more(plan)
        if is_first:
            ledger.tally.hints = hints_about(run, lane, batch, plan)
    else:
        # What was said of the earlier one holds.
        is_first = False
        ledger.attempts.replan(earlier, plan, so_far=ledger.state_of_the_pod)
    offer = Offer(batch, plan, ledger.tally.hints)
    if request.dry_run:
        run.progress.planned(steps_of(plan))
    elif request.asks and not ledger.attempts.has_agreed and has_to_be_asked(offer, request):
        plan = confirm(run, lane, ledger.attempts, surveyor, offer)
    elif is_first:
        for hint in offer.hints:
            run.progress.message(Level.WARNING, str(hint))
    ledger.plan = plan
    is_noted = ledger.doubt.is_noted or request.dry_run
    require_possible(
        request,
        lane.questions,
        lane.capabilities,
        plan,
        ledger.volumes,
        limits=run.place.limits,
        so_far=ledger.state_of_the_pod,
        is_noted=is_noted,
    )
    ledger.one_name.require_apart(
        batch.index.members, lane.questions, ledger.restored, ledger.state_of_the_pod
    )
    ledger.attempts.began(plan)
    return plan


def foresee_batch(run: Run, lane: Lane, batch: Batch) -> Plan:
    """Return what would be done about a batch, whatever of it is in the way.

    Raises:
        RestoreError: the link was lost, the time ran out or a signal came.
    """
    return _prepared(run, lane, Ledger(None), batch).plan(batch, run.request.overwrite)


def _prepared(run: Run, lane: Lane, ledger: Ledger, batch: Batch) -> Surveyor:
    """Find out what the plan of a batch has to know besides what stands there."""
    request = run.request
    if ledger.restored is not None:
        ledger.restored.require_targets(batch.index)
    ledger.tally.disarmed += give_away(batch.index, request, lane.capabilities)
    ledger.open(batch)
    ledger.doubt = _doubt(lane, ledger, batch)
    volumes = ledger.volumes.for_members(
        batch.index.members, lane.questions, lane.capabilities, run.progress
    )
    ledger.attributes = attributes_of(request, lane.capabilities, volumes)
    return _surveyor(run, lane, ledger, batch)


def hints_about(run: Run, lane: Lane, batch: Batch, plan: Plan) -> tuple[Hint, ...]:
    """Say that a backup is no tree, or has a directory too many where nothing of it stands.

    Of what comes on standard input nobody knows what all of it is.
    """
    if not batch.is_kept:
        return ()
    members, request = batch.index.members, run.request
    hint = no_tree(members, request.backup)
    if hint is None and not plan.finds_anything:
        hint = misplaced(members, request, lane.questions, Phase.SURVEY)
    return () if hint is None else (hint,)


def give_away(index: Index, request: RestoreRequest, capabilities: Capabilities) -> int:
    """Give members the owner and mode that the user asked for; see `Members.give_to`."""
    if request.searchable:
        index.members.make_searchable()
    owner = request.owner
    if owner is None and not request.same_owner and capabilities.uid == 0:
        owner = (0, capabilities.gid or 0)
    return 0 if owner is None else index.members.give_to(*owner)


def _doubt(lane: Lane, ledger: Ledger, batch: Batch) -> Doubt:
    """Return what an earlier run, or attempt, has left unfinished."""
    members, identity = batch.index.members, batch.identity.encode()

    def noted() -> Doubt:
        if batch.is_kept:
            return read_doubt(*lane.questions.doubt(identity), identity, members)
        if ledger.notes is None:
            ledger.notes = Notes(*lane.questions.doubts())
        return doubt_by_place(ledger.notes, members)

    return ledger.attempts.doubt(noted, members)


def _surveyor(run: Run, lane: Lane, ledger: Ledger, batch: Batch) -> Surveyor:
    return Surveyor(
        lane.questions,
        run.request,
        lane.capabilities,
        ledger.restored,
        run.progress,
        ledger.doubt,
        ledger.attempts.brought(run.request.overwrite, batch.index.members),
        ledger.attributes,
    )
