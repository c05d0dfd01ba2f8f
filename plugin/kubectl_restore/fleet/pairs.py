"""Which backup belongs to which target: by a template of names, or by a list. Pure."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kubectl_restore.cluster.target import parse_target
from kubectl_restore.errors import NoPodError, UsageError
from kubectl_restore.fleet.left_out import LeftOut, missing
from kubectl_restore.text import counted, shown_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.fleet.replicas import Replica

_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_FIELDS: Final = ("pod", "ordinal", "namespace", "claim")
_TELLING: Final = frozenset({"pod", "ordinal", "claim"})
"""Of these a template needs one: without it all pods would have one backup."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One target and its backup.

    Attributes:
        target: as a command line names it, without a path.
        backup: a file's name, or an object's address.
        node: where the target runs; empty where that is not known.
        uid: of the pod that is meant; empty where that is not known yet.
    """

    target: str
    backup: str
    node: str = ""
    uid: str = ""

    @property
    def name(self) -> str:
        """What the target is called in what is said."""
        return self.target.removeprefix("pod/")


def require_template(text: str) -> None:
    """Return when a text is a template that tells pods apart.

    Raises:
        UsageError: it is not.
    """
    names = _FIELD.findall(text)
    strange = [name for name in names if name not in _FIELDS]
    rest = _FIELD.sub("", text)
    if strange or "{" in rest or "}" in rest:
        raise UsageError(
            f"--each: {shown_text(text)!r} is no template",
            reason=f"between braces stands one of {', '.join(_FIELDS)}",
            fix="--each 'backups/{pod}.tar.gz'",
        )
    if not _TELLING & set(names):
        raise UsageError(
            f"--each: {shown_text(text)!r} is one backup for all pods",
            reason="without {pod}, {ordinal} or {claim} each would get the same",
            fix="--each 'backups/{pod}.tar.gz'; where that is wanted: --map FILE",
        )


def expanded(template: str, replica: Replica) -> str:
    """Return the backup that a template names for a pod.

    Raises:
        NoPodError: the pod has nothing of what the template asks for.
    """

    def value(found: re.Match[str]) -> str:
        text = str(getattr(replica, found[1]))
        if not text:
            raise NoPodError(
                f"pod {replica.pod} has no {found[1]}, which --each asks for",
                reason="the pods of a StatefulSet have a number; a claim is what stands at the "
                "target path",
                fix="use {pod} in --each, or name each backup: --map FILE",
            )
        return text

    return _FIELD.sub(value, template)


def by_template(template: str, replicas: Sequence[Replica]) -> list[Pair]:
    """Return each pod with the backup that a template names for it.

    Raises:
        NoPodError: a pod lacks what the template asks for.
        UsageError: two pods would get one backup.
    """
    pairs = [Pair(f"pod/{one.pod}", expanded(template, one), one.node, one.uid) for one in replicas]
    _require_each_once([one.backup for one in pairs], "backup", "--each")
    return pairs


def parse_map(text: str) -> list[Pair]:
    """Read a list: on each line a target and its backup, as a shell would read two words.

    Raises:
        UsageError: a line is something else, or a target stands there twice.
    """
    pairs = []
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            raise _no_line(number, line, str(error)) from error
        if not words:
            continue
        if len(words) != 2:
            raise _no_line(number, line, f"{counted(len(words), 'word')}")
        try:
            target, path = parse_target(words[0])
        except UsageError as error:
            error.what = f"--map: line {number}: {error.what}"
            raise
        if path is not None:
            raise _no_line(number, line, "the target path stands on the command line: -t PATH")
        pair = Pair(str(target).replace("persistentvolumeclaim/", "pvc/"), words[1])
        before = lines.setdefault(pair.target, number)
        if before != number:
            raise _no_line(number, line, f"{pair.name} stands in line {before} already")
        pairs.append(pair)
    if not pairs:
        raise UsageError(
            "--map: the list is empty",
            reason="each line has a target and its backup",
            fix="for example: db-0 backups/db-0.tar.gz",
        )
    return pairs


def of_replicas(
    pairs: Sequence[Pair], replicas: Sequence[Replica], *, skips: bool
) -> tuple[list[Pair], list[LeftOut]]:
    """Return a list's pairs that are a workload's pods, and what was left out.

    Args:
        pairs: of the list.
        replicas: the workload's pods.
        skips: what has no counterpart is left out, and said.

    Raises:
        NoPodError: a pod has no backup, or a backup no pod.
    """
    known_pods = {f"pod/{one.pod}": one for one in replicas}
    known = {one.target for one in pairs}
    without = [
        LeftOut(f"pod {one.pod} has no backup", one.pod)
        for target, one in known_pods.items()
        if target not in known
    ]
    strange = [
        LeftOut(
            f"{shown_text(one.backup)} has no pod: {one.name} is not one of them",
            one.name,
            one.backup,
        )
        for one in pairs
        if one.target not in known_pods
    ]
    left_out = without + strange
    if left_out and not skips:
        raise missing(left_out)
    found = [
        replace(one, node=known_pods[one.target].node, uid=known_pods[one.target].uid)
        for one in pairs
        if one.target in known_pods
    ]
    return found, left_out


def _require_each_once(names: Sequence[str], what: str, flag: str) -> None:
    twice = sorted({one for one in names if names.count(one) > 1})
    if twice:
        raise UsageError(
            f"{flag}: one {what} stands for several",
            reason=", ".join(shown_text(one) for one in twice),
            fix=f"name each {what} once",
        )


def _no_line(number: int, line: str, why: str) -> UsageError:
    return UsageError(
        f"--map: line {number} is no target and its backup",
        reason=f"{shown_text(line)!r}: {why}",
        fix="for example: db-0 backups/db-0.tar.gz",
    )
