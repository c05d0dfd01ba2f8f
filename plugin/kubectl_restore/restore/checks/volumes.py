"""The volumes that a restore writes to: found once, tried once, remembered for the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.container.capabilities import Tar
from kubectl_restore.container.traits import Volumes
from kubectl_restore.plan.attributes import Attributes
from kubectl_restore.progress import Level
from kubectl_restore.restore.dialect import dialect_of
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from kubectl_restore.archive.members.members import Members
    from kubectl_restore.container.capabilities import Capabilities
    from kubectl_restore.container.mounts import Mount
    from kubectl_restore.container.questions import Questions
    from kubectl_restore.container.traits import VolumeTraits
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Progress

_MOST: Final = 100
"""Volumes that are tried."""
_OWN_LINKS: Final = frozenset({Tar.GNU, Tar.BSD, Tar.TOYBOX})
"""Tars that give symbolic links away, seen on the real node; where chown is missing it matters."""


class KnownVolumes:
    """What is known of the volumes at the target and below it.

    Attributes:
        mounts: the mount points; none before they were asked for.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self.mounts: list[Mount] = []
        self._is_asked = False
        self._traits: dict[bytes, VolumeTraits] = {}
        self._tried: set[bytes] = set()

    def for_members(
        self,
        members: Members,
        questions: Questions,
        capabilities: Capabilities,
        progress: Progress,
    ) -> Volumes:
        """Return what the volumes keep that members are restored to, after trying them.

        Raises:
            RestoreError: the link was lost, the time ran out or a signal came.
        """
        if not self._is_asked:
            self.mounts = questions.mounts()
            self._is_asked = True
        inner = [one.path for one in self.mounts if one.path]
        wanted = [b"", *_used(inner, members)][:_MOST]
        new = [path for path in wanted if path not in self._tried]
        if new:
            self._tried.update(new)
            gives_away = capabilities.may_own(1, 1)
            untried = capabilities.untried
            tried = questions.traits(new, gives_away=gives_away, untried=untried).traits
            self._traits.update(tried)
            for path in new:
                progress.message(Level.DETAIL, _said(path, tried.get(path), self.kind(path)))
        return Volumes(dict(self._traits))

    def kind(self, path: bytes) -> str:
        """Return the kind of the file system that is mounted at a path; empty where unknown."""
        return next((one.kind for one in self.mounts if one.path == path), "")


def attributes_of(
    request: RestoreRequest, capabilities: Capabilities, volumes: Volumes
) -> Attributes:
    """Return what mode, owner and time can be there for what a user wants."""
    same_owner = request.same_owner
    return Attributes(
        volumes,
        lambda uid, gid: same_owner and capabilities.may_own(uid, gid),
        same_owner,
        capabilities.uid,
        capabilities.is_in,
        dialect_of(capabilities),
        "chown" not in capabilities.without or capabilities.tar in _OWN_LINKS,
    )


def _used(inner: list[bytes], members: Members) -> list[bytes]:
    """Return the mount points that members stand below."""
    if not inner:
        return []
    below = tuple(path + b"/" for path in inner)
    found: set[bytes] = set()
    for *_, parent in members.runs():
        path = parent + b"/"
        if path.startswith(below):
            found.update(one for one in inner if path.startswith(one + b"/"))
    return sorted(found)


def _said(path: bytes, traits: VolumeTraits | None, kind: str) -> str:
    where = f"the volume at {shown(path)}" if path else "the target's volume"
    if kind:
        where += f" ({kind})"
    if traits is None:
        return f"{where} could not be tried: what it keeps shows afterwards"
    lacking = traits.lacking()
    said = f"keeps no {', no '.join(lacking)}" if lacking else "keeps what was tried"
    first, last = traits.first, traits.last
    bounds = [
        f"{word} {bound}" for word, bound in (("from", first), ("to", last)) if bound is not None
    ]
    if bounds:
        said += f"; times {' '.join(bounds)} (seconds since 1970)"
    return f"{where} {said}"
