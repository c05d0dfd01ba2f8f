"""Which versions of the C library's symbols the program's ELF files need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

if TYPE_CHECKING:
    from pathlib import Path

_NUMBERED: Final = re.compile(r"GLIBC_([0-9.]+)")
_ABI: Final = {"GLIBC_ABI_DT_RELR": (2, 36)}
"""Needs that are no symbol's: packed relocations."""


def needed_glibc(directory: Path) -> dict[str, list[tuple[int, ...]]]:
    """Return for each ELF file below `directory` the versions of glibc that it names."""
    found = {}
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not path.is_symlink():
            versions = _of_file(path)
            if versions is not None:
                found[str(path.relative_to(directory))] = versions
    return found


def _of_file(path: Path) -> list[tuple[int, ...]] | None:
    with path.open("rb") as file:
        try:
            elf = ELFFile(file)
        except ELFError:
            return None
        names = {
            symbol.name
            for section in elf.iter_sections()
            if isinstance(section, GNUVerNeedSection)
            for _library, symbols in section.iter_versions()
            for symbol in symbols
        }
    return sorted({_version(name) for name in names} - {()})


def _version(name: str) -> tuple[int, ...]:
    """Return the glibc that a name stands for, nothing when it is no glibc's."""
    numbered = _NUMBERED.fullmatch(name)
    return tuple(int(part) for part in numbered[1].split(".")) if numbered else _ABI.get(name, ())
