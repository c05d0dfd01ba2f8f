"""What the user wants of a backup, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field

from kubectl_restore.archive.select.rename import Mapping


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user wants of a backup.

    Attributes:
        include: globs; with any, only what matches one is restored.
        exclude: globs; what matches one is left out, included or not.
        mapping: where members go instead.
        devices: devices and FIFOs are restored.
        skip_unsafe: what is refused is left out, and the rest is restored.
    """

    include: tuple[bytes, ...] = ()
    exclude: tuple[bytes, ...] = ()
    mapping: Mapping = field(default_factory=Mapping)
    devices: bool = False
    skip_unsafe: bool = False

    @property
    def is_partial(self) -> bool:
        """Tell whether some of the backup may be left out."""
        return bool(self.include or self.exclude or self.skip_unsafe)
