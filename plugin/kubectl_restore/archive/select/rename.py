"""Members under other paths: leading components taken away, one prefix put for another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_restore.archive.members.member import normal_path
from kubectl_restore.archive.select.patterns import without_slashes

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Mapping:
    """Where members go instead.

    Attributes:
        strip: leading components of the recorded name that are left out, as GNU tar counts them:
            a `.` is one, a leading slash is none (GNU tar manual, 6.7; tried with 1.34).
        prefixes: pairs of old and new leading directories, normal paths, either may be empty. Of
            several the first that fits is taken, once, after `strip`.
    """

    strip: int = 0
    prefixes: tuple[tuple[bytes, bytes], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.strip or self.prefixes)

    def keeps(self, name: bytes) -> bool:
        """Tell whether something of a recorded name is left."""
        return not self.strip or self._stripped(name) is not None

    def path_of(self, name: bytes) -> bytes:
        """Return the path for a recorded name of which something is left."""
        rest = self._stripped(name) if self.strip else name
        path = normal_path(rest or b"")
        for old, new in self.prefixes:
            if not old:
                return b"/".join(filter(None, (new, path)))
            if path.startswith(old) and path[len(old) : len(old) + 1] in {b"", b"/"}:
                return new + path[len(old) :] if new else path[len(old) + 1 :]
        return path

    def idle(self, names: Iterable[bytes]) -> list[bytes]:
        """Return the old prefixes below which none of these recorded names is."""
        left = [old for old, _ in self.prefixes if old]
        if not left:
            return left
        stripped = Mapping(self.strip)
        for name in names:
            path = stripped.path_of(name)
            left = [old for old in left if path != old and not path.startswith(old + b"/")]
            if not left:
                break
        return left

    def link_of(self, target: bytes) -> bytes:
        """Return where a hard link leads then; a symbolic link's target is its content."""
        return self.path_of(target) if self.keeps(target) else target

    def _stripped(self, name: bytes) -> bytes | None:
        name = without_slashes(name)
        if b"//" not in name and not name.startswith(b"/"):
            few = name.split(b"/", self.strip)
            return (few[-1].rstrip(b"/") or None) if len(few) > self.strip else None
        parts = [part for part in name.split(b"/") if part]
        return b"/".join(parts[self.strip :]) if len(parts) > self.strip else None
