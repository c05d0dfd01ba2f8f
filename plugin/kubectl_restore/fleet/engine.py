"""A fleet, step by step. Prints nothing.

    resolve   all targets, from one answer of the cluster; each with its backup
    check     every backup read, every plan made: all of them, or nothing happens;
              no two targets are one place
    canary    one before the others, if that is wanted
    restore   so many at a time; what fails is noted, the others go on
    report    each by its own words, and the worst exit code

The same command finishes what failed: what is there already is right already.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from kubectl_restore.cluster.kubectl import listing_command, named_command
from kubectl_restore.cluster.place import pinned
from kubectl_restore.cluster.target import RESOURCES, Kind, pods_of
from kubectl_restore.cluster.workload import Workload, parse_workload
from kubectl_restore.errors import (
    CompletedError,
    NoPodError,
    NotFoundError,
    NotReadyError,
    UsageError,
)
from kubectl_restore.fleet.left_out import LeftOut, missing
from kubectl_restore.fleet.pairs import by_template, of_replicas
from kubectl_restore.fleet.places import Places
from kubectl_restore.fleet.replicas import replicas_of
from kubectl_restore.fleet.side_by_side import Result, run_side_by_side
from kubectl_restore.fleet.strays import strays
from kubectl_restore.fleet.swapped import swapped
from kubectl_restore.progress import Level
from kubectl_restore.restore.engine import restore
from kubectl_restore.restore.reach.starting import Cluster
from kubectl_restore.restore.run import Kubectl
from kubectl_restore.text import counted, listed, shown_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from kubectl_restore.cluster.kubectl import KubectlOptions
    from kubectl_restore.cluster.target import Target
    from kubectl_restore.deadline import Watch
    from kubectl_restore.fleet.pairs import Pair
    from kubectl_restore.fleet.replicas import Replica
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Comparison, Progress, Summary

    class Audience(Protocol):
        """Who is told: of all of them, and of each."""

        @property
        def whole(self) -> Progress:
            """Who is told of what is no target's own."""

        def tick(self) -> None:
            """Called while waiting."""

        def of(self, name: str, *, is_checked: bool) -> Progress:
            """Return who is told about one target."""

        def checked(self, results: Sequence[Result]) -> None:
            """Say what is planned for each."""

        def left_out(self, found: Sequence[LeftOut]) -> None:
            """Say what has no counterpart, or does not run; it counts in the end."""


_NOT_THERE = (NoPodError, NotFoundError, NotReadyError, CompletedError)
"""What says that a target is not there, or does not run: --skip-missing leaves it out."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the user asked for.

    Attributes:
        kubectl: leads to the cluster.
        target: whose pods; None where a list names all of them.
        container: as somebody named it.
        path: where the backups go.
        template: names each pod's backup; empty with a list.
        listed: the list; empty with a template.
        request: returns the request for one pair, of that cluster.
        has_backup: tells whether a backup is there, where that can be told cheaply.
        found: lists the files that the template could mean, where that can be told.
        limits: how many at a time.
        canary: which is first, alone; empty for none.
        skips: what has no counterpart, or does not run, is left out.
        compare: holds one against its backup; None where they are restored.
        dry_run: nothing is written: it ends with the plans.
        timeout: seconds for each target; None for no limit.
    """

    kubectl: KubectlOptions
    target: Target | None
    container: str | None
    path: str
    template: str
    listed: tuple[Pair, ...]
    request: Callable[[Pair, KubectlOptions], RestoreRequest]
    has_backup: Callable[[str], bool]
    found: Callable[[], Sequence[str]]
    limits: Limits
    canary: str = ""
    skips: bool = False
    compare: Callable[[RestoreRequest, Progress, Watch], Comparison] | None = None
    dry_run: bool = False
    timeout: float | None = None

    @property
    def compares(self) -> bool:
        """Nothing is written: each is held against its backup."""
        return self.compare is not None


@dataclass(frozen=True, slots=True)
class Limits:
    """How many at a time.

    Attributes:
        jobs: at all.
        per_node: on one node.
    """

    jobs: int = 4
    per_node: int = 2


def carry_out(fleet: Fleet, audience: Audience, watch: Watch) -> list[Result]:
    """Restore, or compare, each target, and return what came of each.

    Raises:
        RestoreError: not every target has its backup, or two are one place; nothing was changed.
    """
    options, replicas, fewer = _found(fleet, audience.whole, watch)
    pairs = _paired(fleet, replicas, fewer, audience)
    _require_canary(fleet, pairs)
    for said in swapped(fleet.listed):
        audience.whole.message(Level.WARNING, said)
    places = Places()

    def run(pairs: Sequence[Pair], *, is_checked: bool) -> list[Result]:
        def work(pair: Pair) -> Summary | Comparison:
            request = fleet.request(pair, options)
            one = watch.of_one(fleet.timeout)
            progress = audience.of(pair.name, is_checked=is_checked)
            if fleet.compare is not None:
                return fleet.compare(request, progress, one)
            if is_checked:
                return restore(request.as_check(), progress, one, partial(places.note, pair))
            return restore(request, progress, one, partial(places.require_own, pair))

        return run_side_by_side(
            pairs,
            work,
            jobs=fleet.limits.jobs,
            per_node=fleet.limits.per_node,
            watch=watch,
            tick=audience.tick,
        )

    if fleet.compares:
        return _that_are_there(fleet, run(pairs, is_checked=False), audience)
    checked = _that_are_there(fleet, run(pairs, is_checked=True), audience)
    watch.check()
    pairs = [one.pair for one in checked]
    _require_canary(fleet, pairs)
    places.require_apart(pairs)
    audience.checked(checked)
    if fleet.dry_run:
        return checked
    if any(one.error is not None for one in checked):
        return [one if one.error else Result(one.pair, is_begun=False) for one in checked]
    first = [one for one in pairs if one.name == fleet.canary]
    done = run(first, is_checked=False)
    others = [one for one in pairs if one.name != fleet.canary]
    if any(one.error is not None for one in done):
        done += [Result(one, is_begun=False) for one in others]
    else:
        done += run(others, is_checked=False)
    by_pair = {one.pair: one for one in done}
    return [by_pair[one] for one in pairs]


def _that_are_there(fleet: Fleet, results: Sequence[Result], audience: Audience) -> list[Result]:
    """Return the results without those of what is not there, where that is left out."""
    if not fleet.skips:
        return list(results)
    kept, left_out = [], []
    for one in results:
        if isinstance(one.error, _NOT_THERE):
            why = "; ".join(filter(None, (one.error.what, one.error.reason.partition("\n")[0])))
            said = f"{shown_text(one.pair.name)}: {why}"
            left_out.append(LeftOut(said, one.pair.name, one.pair.backup))
        else:
            kept.append(one)
    if left_out:
        audience.left_out(left_out)
    if not kept:
        raise NoPodError(
            "none of the targets is there; nothing was changed",
            reason=listed([one.reason for one in left_out]),
            fix="put that right, then run the same command again",
        )
    return kept


def _found(
    fleet: Fleet, progress: Progress, watch: Watch
) -> tuple[KubectlOptions, list[Replica], list[LeftOut]]:
    """Return the cluster, pinned, the workload's pods, and how many it lacks."""
    kubectl = Kubectl.found(fleet.kubectl)
    cluster = Cluster(kubectl, fleet.kubectl, progress, watch).in_context()
    options, target = cluster.options, fleet.target
    if target is None:
        return options, [], []
    workload = Workload(target.name)
    if target.kind is not Kind.SELECTOR:
        text = cluster.answer(
            named_command(options, kubectl.program, RESOURCES[target.kind], target.name)
        )
        workload = parse_workload(target, text)
        options = pinned(options, None, workload.namespace)
        cluster = replace(cluster, options=options)
    text = cluster.answer(
        listing_command(options, kubectl.program, pods_of(target.kind), workload.selector)
    )
    replicas = replicas_of(
        target,
        workload,
        text,
        path=fleet.path,
        container=fleet.container,
        skips=fleet.skips,
        at=cluster.at,
    )
    fewer = workload.wanted - len(replicas)
    left_out = []
    if fewer > 0:
        said = f"{counted(fewer, 'pod')} of the {workload.wanted} that {target} wants"
        left_out.append(LeftOut(f"{said}: not there", str(target), count=fewer))
    return pinned(options, None, replicas[0].namespace), replicas, left_out


def _paired(
    fleet: Fleet, replicas: Sequence[Replica], fewer: Sequence[LeftOut], audience: Audience
) -> list[Pair]:
    left_out: list[LeftOut] = []
    if fleet.template and fleet.target is not None:
        pairs = by_template(fleet.template, replicas)
        known = [one.backup for one in pairs]
        found = strays(fleet.template, fleet.found(), known, fleet.target, replicas)
        left_out = [LeftOut(f"{shown_text(one)} has no pod", backup=one) for one in found]
    elif fleet.target is not None:
        pairs, left_out = of_replicas(fleet.listed, replicas, skips=fleet.skips)
    else:
        pairs = list(fleet.listed)
    absent = [one for one in pairs if not fleet.has_backup(one.backup)]
    left_out = [
        *fewer,
        *(
            LeftOut(f"{one.name}: there is no {shown_text(one.backup)}", one.name, one.backup)
            for one in absent
        ),
        *left_out,
    ]
    if left_out and not fleet.skips:
        raise missing(left_out)
    pairs = [one for one in pairs if one not in absent]
    if left_out:
        audience.left_out(left_out)
    if not pairs:
        raise missing(left_out)
    return pairs


def _require_canary(fleet: Fleet, pairs: Sequence[Pair]) -> None:
    if fleet.canary and fleet.canary not in {one.name for one in pairs}:
        raise UsageError(
            f"--canary {shown_text(fleet.canary)} is none of the targets",
            reason=f"they are: {', '.join(one.name for one in pairs[:12])}",
            fix=f"--canary {pairs[0].name}",
        )
