"""What of a backup somebody names by its path in the pod."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kubectl_restore.archive.members.member import normal_path
from kubectl_restore.errors import UsageError
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubectl_restore.archive.members.members import Members


def below(members: Members, paths: Sequence[bytes], target: str) -> list[int]:
    """Return the members that stand at some paths or below them, rising.

    Args:
        members: under the paths where they would go.
        paths: raw; below the target, or absolute and inside it.
        target: absolute.

    Raises:
        UsageError: nothing of the backup stands at one of them, or it is outside the target.
    """
    wanted = {_inside(path, target): path for path in paths}
    missing = set(wanted)
    found: list[int] = []
    for number, path in enumerate(members.paths()):
        above, end = path, len(path)
        while True:
            if above in wanted:
                missing.discard(above)
                found.append(number)
                break
            if not above:
                break
            end = above.rfind(b"/")
            above = path[:end] if end > 0 else b""
    if missing:
        path = wanted[min(missing)]
        raise UsageError(
            f"{shown(path)} is not in the backup",
            reason=f"nothing of it would go to {shown(_below(target, min(missing)))}",
            fix="name a path below the target as the backup has it; all of them: leave it out",
        )
    return found


def _inside(path: bytes, target: str) -> bytes:
    """Return a path as members have it.

    Raises:
        UsageError: it is outside the target.
    """
    place = normal_path(os.fsencode(target))
    relative = normal_path(path)
    if path.startswith(b"/") and place:
        if relative != place and not relative.startswith(place + b"/"):
            raise _outside(path, target)
        relative = relative[len(place) + 1 :]
    if b".." in relative.split(b"/"):
        raise _outside(path, target)
    return relative


def _outside(path: bytes, target: str) -> UsageError:
    return UsageError(
        f"{shown(path)} is not below the target",
        reason=f"the backup is compared with {target}",
        fix="name a path below it, without ..",
    )


def _below(target: str, path: bytes) -> bytes:
    return normal_path(os.fsencode(target)).join((b"/", b"/" if target != "/" else b"")) + path
