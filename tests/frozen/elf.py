"""Which versions of the C library's symbols the program's ELF files need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

if TYPE_CHECKING:
    from pathlib import Path


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
        versions = set()
        for section in elf.iter_sections():
            if isinstance(section, GNUVerNeedSection):
                for _library, symbols in section.iter_versions():
                    for symbol in symbols:
                        name = symbol.name
                        if name.startswith("GLIBC_") and name[6:7].isdigit():
                            versions.add(tuple(int(part) for part in name[6:].split(".")))
        return sorted(versions)
