"""The step behind the stream: what was refused takes nothing along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.restore.checks.unmade import Found
from kubectl_restore.restore.dialect import dialect_of
from kubectl_restore.restore.send import send_rest

if TYPE_CHECKING:
    from kubectl_restore.restore.lanes.lanes import Lanes
    from kubectl_restore.restore.ledger import Ledger
    from kubectl_restore.restore.run import Run
    from kubectl_restore.restore.send import Sent


def go_on_behind(run: Run, lanes: Lanes, ledger: Ledger, sent: Sent) -> Sent:
    """Send what stands behind members that could not be made; copy what cannot be linked.

    Returns:
        What was sent, its answer without the failures that are explained.

    Raises:
        RestoreError: the link was lost, the time ran out or a signal came.
    """
    lane, plan, unmade = lanes.first(has_begun=True), sent.plan, ledger.unmade
    found = Found(
        plan,
        sent.batch,
        lane.questions,
        lane.capabilities,
        ledger.attributes,
        dialect_of(lane.capabilities),
        run.request.owner or (0, 0),
        run.progress,
    )
    found.sent.update(_taken(ledger))
    while unmade.go_on_behind(found, sent.answer):
        for stream in ledger.streams:
            stream.settle()
        ledger.attempts.broke(plan, ledger.streams)
        ledger.streams = []
        again = send_rest(run, lanes, ledger, sent)
        sent.answer = again.answer
        sent.checksums += again.checksums
        found.sent.update(_taken(ledger))
    unmade.copy_links(found)
    sent.answer = unmade.settled(found, sent.answer)
    return sent


def _taken(ledger: Ledger) -> set[int]:
    """Return the members of streams whose last byte was acknowledged."""
    return {
        number
        for one in ledger.streams
        if one.acknowledged >= one.layout.total
        for number in one.layout.files
    }
