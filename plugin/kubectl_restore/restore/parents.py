"""Directories that the backup lacks, and that were made: they get the owner of all below them."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kubectl_restore.plan.operation import Action
from kubectl_restore.plan.parents import Owner, only, owners_below
from kubectl_restore.progress import Phase
from kubectl_restore.text import counted, shown

if TYPE_CHECKING:
    from kubectl_restore.container.questions import Questions
    from kubectl_restore.plan.attributes import Attributes
    from kubectl_restore.plan.plan import Plan
    from kubectl_restore.restore.run import Run

_NAMED: Final = 3


@dataclass(slots=True)
class Parents:
    """What is known of them, over all batches.

    Attributes:
        made: those that this run has made.
        mixed: those below which several owners are, and that stay root's, with the one who has
            most there.
    """

    made: set[bytes] = field(default_factory=set)
    mixed: dict[bytes, Owner] = field(default_factory=dict)
    _below: dict[bytes, Counter[Owner]] = field(default_factory=dict)

    def take(self, plan: Plan) -> None:
        """Take what a batch has made."""
        self.made.update(path for path, one in plan.parents.items() if one.action is Action.CREATE)
        if not self.made:
            return
        for path, owners in owners_below(plan).items():
            if path in self.made:
                self._below.setdefault(path, Counter()).update(owners)

    def give(self, questions: Questions, attributes: Attributes) -> None:
        """Give each its owner, where that is not so already.

        Raises:
            RestoreError: the link was lost, the time ran out or a signal came.
        """
        if not self.made:
            return
        due: dict[Owner, list[bytes]] = {}
        for path, entry in questions.survey(Phase.VERIFY, sorted(self.made)).items():
            owners = self._below.get(path, Counter())
            settable = [one for one, _ in owners.most_common() if attributes.can_own(path, *one)]
            owner = only(owners)
            if not settable or (entry.uid, entry.gid) == owner:
                continue
            if owner is None:
                self.mixed[path] = settable[0]
            else:
                due.setdefault(owner, []).append(path)
        for (uid, gid), paths in due.items():
            questions.amend(b"chown -h %d:%d" % (uid, gid), paths)

    def notes(self, run: Run) -> tuple[str, ...]:
        """Say which stay root's although others' files are below them, and how that is changed."""
        if not self.mixed:
            return ()
        names = sorted(self.mixed)
        further = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        said = counted(len(names), "directory", "directories")
        which = f"{', '.join(map(shown, names[:_NAMED]))}{further}"
        said += " that the backup does not name, with files of several owners below: made as root's"
        return (f"{said}, mode 0755: {which}; to give one away: {self._command(run, names[0])}",)

    def _command(self, run: Run, path: bytes) -> str:
        place, target = run.place, run.request.target_path.rstrip("/")
        uid, gid = self.mixed[path]
        words = ["kubectl", *place.kubectl.to_show(), "exec", place.pod, "-c", place.container]
        words += ["--", "chown", f"{uid}:{gid}"]
        name = f"{target}/{path.decode('utf-8', 'surrogateescape')}"
        if not name.isprintable():
            return f"{shlex.join(words)} DIRECTORY"
        return shlex.join([*words, name])
