"""Hard links whose content is not restored under its own name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.archive.members.member import normal_path
from kubectl_restore.plan.operation import Action

if TYPE_CHECKING:
    from kubectl_restore.plan.plan import Plan


def relink(plan: Plan, carried_by: dict[int, bytes], number: int) -> None:
    """Change a link that is made, where what it leads to stays and is not the backup's.

    The first one becomes the file, the others lead to that.

    Args:
        plan: which makes it.
        carried_by: for each content that is not restored, the link that has become the file.
        number: of the link.
    """
    contents, member = plan.contents, plan.members[number]
    carrier, own = contents.number_of(member), contents.of(member)
    alike = member._replace(mode=own.mode, mtime=own.mtime, uid=own.uid, gid=own.gid)
    if alike != member:
        # toybox gives the file what the link's header says.
        member = alike._replace(is_common=False)
        plan.change(number, member)
    if carrier is None:
        return
    if plan.action(carrier) is Action.SKIP:
        name = carried_by.setdefault(carrier, member.path)
        content = plan.members[carrier]
        if name == member.path:
            own = content._replace(name=name, path=name, is_common=False)
            plan.change(number, own)
        else:
            plan.change(number, member._replace(link=name))
        return
    direct = contents.number_at(normal_path(member.link))
    if direct != carrier and direct is not None and plan.action(direct) is Action.SKIP:
        plan.change(number, member._replace(link=plan.members[carrier].path))
