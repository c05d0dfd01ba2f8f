"""Members as `ls -l` would show them, one on a line."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import Kind
from kubectl_restore.text import as_date, shown_whole

if TYPE_CHECKING:
    from kubectl_restore.archive.members.member import Member

_FORMATS: Final = {
    Kind.FILE: stat.S_IFREG,
    Kind.HARDLINK: stat.S_IFREG,
    Kind.DIRECTORY: stat.S_IFDIR,
    Kind.SYMLINK: stat.S_IFLNK,
    Kind.CHARACTER_DEVICE: stat.S_IFCHR,
    Kind.BLOCK_DEVICE: stat.S_IFBLK,
    Kind.FIFO: stat.S_IFIFO,
}


def listed(member: Member) -> str:
    """Return one line: mode, owner and group, size, time (UTC), name and where a link leads."""
    user = shown_whole(member.user) if member.user else str(member.uid)
    group = shown_whole(member.group) if member.group else str(member.gid)
    size = str(member.size)
    if member.kind in {Kind.CHARACTER_DEVICE, Kind.BLOCK_DEVICE}:
        size = f"{member.device >> 32},{member.device & 0xFFFF_FFFF}"
    name = shown_whole(member.name)
    if member.kind is Kind.SYMLINK:
        name += f" -> {shown_whole(member.link)}"
    elif member.kind is Kind.HARDLINK:
        name += f" link to {shown_whole(member.link)}"
    owner = f"{user}/{group}"
    return f"{mode(member)} {owner:<17} {size:>12} {as_date(member.mtime)} {name}"


def mode(member: Member) -> str:
    """Return kind and mode in ten letters; `?` for a kind that is not known, `h` for hard links."""
    letters = stat.filemode(_FORMATS.get(member.kind, 0) | member.mode)
    return f"h{letters[1:]}" if member.kind is Kind.HARDLINK else letters
