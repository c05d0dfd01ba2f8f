"""How what stands there differs from what the backup has, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.plan.contents import STANDING, size_of
from kubectl_restore.text import as_date

if TYPE_CHECKING:
    from kubectl_restore.archive.members.member import Member
    from kubectl_restore.container.survey import Entry

_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"))


def difference(content: Member, entry: Entry, *, with_owner: bool = True) -> str:
    """Return what differs, what is most telling first, safe to print.

    Args:
        content: the member that carries the content: no hard link.
        entry: what stands there.
        with_owner: owners can be set there, so they count.
    """
    wanted = STANDING.get(content.kind)
    if entry.kind is not wanted:
        return f"a {entry.kind} there, a {wanted} in the backup"
    parts = []
    size = size_of(content)
    if content.kind is Kind.FILE and entry.size != size:
        parts.append(f"{entry.size:,} bytes there, {size:,} in the backup")
    if content.kind is Kind.SYMLINK:
        return "it leads elsewhere there"
    later = entry.mtime - content.mtime
    if later:
        parts.append(f"{_span(abs(later))} {'newer' if later > 0 else 'older'} there")
    if entry.mode != content.mode:
        parts.append(f"mode {entry.mode:04o} there, {content.mode:04o} in the backup")
    owner = (content.uid, content.gid)
    if with_owner and (entry.uid, entry.gid) != owner:
        parts.append(f"owner {entry.uid}:{entry.gid} there, {owner[0]}:{owner[1]} in the backup")
    if not parts and content.kind is Kind.FILE:
        return "other contents, with the same size and time"
    return "; ".join(parts)


def time_difference(there: int, ours: int) -> str:
    """Return whose time is later and by how much, with both; seconds since 1970."""
    whose = "newer" if there > ours else "older"
    both = f"{as_date(there)} instead of {as_date(ours)} UTC"
    return f"{_span(abs(there - ours))} {whose} there ({both})"


def _span(seconds: int) -> str:
    """Return a time as its two largest units."""
    found: list[str] = []
    for length, unit in _UNITS:
        count, seconds = divmod(seconds, length)
        if count or found:
            found.append(f"{count:,}{unit}")
    return "".join([*found, f"{seconds}s"][:2])
