"""What the volumes below a target keep of what a tar sets: the reading of the agent's `traits`.

The agent makes a directory of its own on each volume, tries everything once in it, and lets `stat`
say what came of it. What could not be tried is taken for kept: the proof shows it afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Final

from kubectl_restore.container.listed import read_listed
from kubectl_restore.container.survey import Entry, Standing, read_entry

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

SYSTEMS: Final = frozenset({b"lost+found"})
"""What a volume keeps at its root for itself: nobody restores it, compares it or deletes it."""
_ODD: Final = 1_000_000_001
"""Seconds since 1970: a time whose last second a coarse clock loses."""
_COARSEST: Final = 2
"""Seconds between two times of the coarsest volumes known (FAT, exFAT)."""
_OWNER: Final = 1
_PLAIN: Final = 0o640
_RUN: Final = 0o4751
_GROUP: Final = 0o2750
_PERMISSIONS: Final = 0o777


@dataclass(frozen=True, slots=True)
class VolumeTraits:
    """What one volume keeps; everything where that is not known.

    Attributes:
        owner: a file can be given to another user.
        mode: permission bits are kept.
        set_ids: so are set-user-id and set-group-id.
        time: a modification time is kept, as far as `grain`, `first` and `last` let it.
        times_late: a tar's times are lost there, but those that are set afterwards are kept; then
            `time` is no either.
        grain: seconds between two times that it tells apart.
        first: the earliest time that it has; None where none was found.
        last: the latest.
        symlinks: symbolic links can be made.
        hard_links: so can hard links.
    """

    owner: bool = True
    mode: bool = True
    set_ids: bool = True
    time: bool = True
    times_late: bool = False
    grain: int = 1
    first: int | None = None
    last: int | None = None
    symlinks: bool = True
    hard_links: bool = True

    def keeps_time(self, mtime: int) -> bool:
        """Tell whether a file there can have this time, but for the volume's grain."""
        return (
            self.time
            and (self.first is None or mtime >= self.first)
            and (self.last is None or mtime <= self.last)
        )

    def lacking(self) -> list[str]:
        """Return what it does not keep, in the words of `-v`."""
        said = [
            name
            for is_kept, name in (
                (self.owner, "owners"),
                (self.mode, "modes"),
                (self.set_ids or not self.mode, "set-id bits"),
                (self.time, "modification times"),
                (self.symlinks, "symbolic links"),
                (self.hard_links, "hard links"),
            )
            if not is_kept
        ]
        if self.time and self.grain > 1:
            said.append(f"times finer than {self.grain} s")
        return said


ALL_KEPT: Final = VolumeTraits()


@dataclass(frozen=True, slots=True)
class Volumes:
    """The traits of the target's volume, and of those that stand below it.

    Attributes:
        traits: by mount point below the target; the empty path is the target's own volume.
    """

    traits: Mapping[bytes, VolumeTraits] = field(default_factory=dict)

    def at(self, path: bytes) -> VolumeTraits:
        """Return the traits of the volume that a path stands on."""
        if len(self.traits) > 1:
            inner = [one for one in self.traits if one and path.startswith(one + b"/")]
            if inner:
                return self.traits[max(inner, key=len)]
        return self.traits.get(b"", ALL_KEPT)

    @property
    def lack_symlinks(self) -> bool:
        """Tell whether one of them takes no symbolic links."""
        return not all(one.symlinks for one in self.traits.values())

    @property
    def has_no_times(self) -> bool:
        """Tell whether none of them keeps modification times."""
        return bool(self.traits) and not any(one.time for one in self.traits.values())

    @property
    def keep_everything(self) -> bool:
        """Tell whether none of them lacks anything that was tried."""
        plain = ("first", "last")
        return all(
            getattr(one, own.name) == own.default
            for one in self.traits.values()
            for own in fields(VolumeTraits)
            if own.name not in plain
        )


def read_traits(
    records: Iterable[tuple[bytes, bytes]],
    *,
    gives_away: bool,
    untried: Container[str] = frozenset(),
) -> Volumes:
    """Read the agent's answer.

    Args:
        records: `tried DIRECTORY` (below the target), then a `trait` for each thing that stands in
            the directory of ours: its name, and what stat or ls says of it.
        gives_away: it was tried to give a file to another.
        untried: tools that were not there to try with: what they set is taken for kept.
    """
    found: dict[bytes, dict[bytes, Entry]] = {}
    own: dict[bytes, Entry] = {}
    for word, rest in records:
        if word == b"tried":
            own = found.setdefault(rest.rstrip(b"/"), {})
        elif word == b"trait":
            name, _, said = rest.partition(b" ")
            entry = read_entry(said) or read_listed(said + b" ")
            if entry is not None:
                own[name] = entry
    return Volumes(
        {
            path: _traits_of(seen, gives_away=gives_away, untried=untried)
            for path, seen in found.items()
            if seen
        }
    )


def _traits_of(
    seen: Mapping[bytes, Entry], *, gives_away: bool, untried: Container[str]
) -> VolumeTraits:
    """Return what the things in a directory of ours say."""
    names = [name for tool, some in _TRIED_WITH.items() if tool not in untried for name in some]
    tried = {name: entry for name, entry in seen.items() if name in names}
    owner, plain, run, group = (tried.get(one) for one in (b"owner", b"plain", b"run", b"group"))
    odd, link, hard = (tried.get(one) for one in (b"odd", b"link", b"hard"))
    is_owned = owner is None or not gives_away or (owner.uid, owner.gid) == (_OWNER, _OWNER)
    keeps_mode = (plain is None or plain.mode == _PLAIN) and (
        run is None or run.mode & _PERMISSIONS == _RUN & _PERMISSIONS
    )
    apart = 0 if odd is None else abs(odd.mtime - _ODD)
    touch_keeps = apart <= _COARSEST
    tarred = tried.get(b"tarred")
    tar_loses = tarred is not None and abs(tarred.mtime - _ODD) > _COARSEST
    keeps_time = touch_keeps and not tar_loses
    return VolumeTraits(
        owner=is_owned,
        mode=keeps_mode,
        set_ids=(run is None or run.mode == _RUN) and (group is None or group.mode == _GROUP),
        time=keeps_time,
        times_late=touch_keeps and tar_loses,
        grain=_COARSEST if keeps_time and apart else 1,
        first=_bound(tried.get(b"early"), is_first=True) if keeps_time else None,
        last=_bound(tried.get(b"late"), is_first=False) if keeps_time else None,
        symlinks="ln" in untried or (link is not None and link.kind is Standing.SYMLINK),
        hard_links="ln" in untried or _is_one(hard, seen.get(b"odd")),
    )


def _is_one(one: Entry | None, other: Entry | None) -> bool:
    return one is not None and other is not None and one.number == other.number


_TRIED_WITH: Final = {
    "chown": (b"owner",),
    "chmod": (b"plain", b"run", b"group"),
    "touch": (b"odd", b"early", b"late", b"tarred"),
    "ln": (b"link", b"hard"),
}
_EARLY: Final = -5_000_000_000
_LATE: Final = 20_000_000_000


def _bound(entry: Entry | None, *, is_first: bool) -> int | None:
    """Return the first or last time that a volume has, from what became of one beyond most."""
    if entry is None or entry.mtime == (_EARLY if is_first else _LATE):
        return None
    is_nearest = _EARLY < entry.mtime <= 0 if is_first else entry.mtime >= _LAST_OF_32_BITS
    if is_nearest:
        return entry.mtime
    # It came out as something else: only what every volume has is trusted.
    return 0 if is_first else _LAST_OF_32_BITS


_LAST_OF_32_BITS: Final = 2**31 - 1
