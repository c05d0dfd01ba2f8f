"""What went into a frozen program: packages, system libraries, Python, and code inside wheels."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import backports.zstd
import isal
import lz4

if TYPE_CHECKING:
    from collections.abc import Iterable

    from distribution.frozen import Frozen


@dataclass(frozen=True, slots=True, order=True)
class Library:
    """A shared library of the build machine's system.

    Attributes:
        file: its name in the program.
        package: Debian's package, empty where it is not known.
        version: the package's.
    """

    file: str
    package: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Compiled:
    """A C library inside a wheel's extension module.

    Attributes:
        name: its own name, and that of its licence in `licences/` where the wheel has none.
        version: as it says itself.
        licence: its SPDX identifier.
        package: the wheel's project.
        kind: as package URLs say it: `cargo` for a Rust crate.
        authors: who hold its copyright, where the wheel itself says so.
    """

    name: str
    version: str
    licence: str
    package: str
    kind: str = "generic"
    authors: str = ""


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that is in a program and is not ours.

    Attributes:
        packages: Python packages, by their project's name as it writes it.
        libraries: the system's shared libraries.
        compiled: what stands inside the packages' extension modules.
    """

    packages: tuple[str, ...]
    libraries: tuple[Library, ...]
    compiled: tuple[Compiled, ...]


def take_inventory(frozen: Frozen) -> Inventory:
    """Read PyInstaller's tables and find each file's origin on this machine."""
    owners = _files_of_packages()
    packages, libraries = set(), set()
    for name, path in _entries(frozen.notes):
        if path in owners:
            packages.add(owners[path])
        elif _is_shared(name) and not _is_python(path):
            libraries.add(_library(name, path))
    compiled = [one for one in _compiled() if one.package in packages]
    compiled += [crate for name in packages for crate in _crates(name)]
    return Inventory(
        tuple(sorted(packages, key=str.lower)), tuple(sorted(libraries)), tuple(sorted(compiled))
    )


def _entries(notes: Path) -> Iterable[tuple[str, Path]]:
    tables = {"PYZ-00.toc": 1, "PKG-00.toc": 2, "COLLECT-00.toc": 0}
    for file, position in tables.items():
        table = ast.literal_eval((notes / file).read_text("utf-8"))
        for name, path, _kind in table[position]:
            if path and path != "-":
                yield name, Path(path)


def _files_of_packages() -> dict[Path, str]:
    return {
        Path(str(distribution.locate_file(file))): distribution.metadata["Name"]
        for distribution in metadata.distributions()
        for file in distribution.files or ()
    }


def _is_shared(name: str) -> bool:
    return re.search(r"\.(so|dylib)(\.|$)", name) is not None


def _is_python(path: Path) -> bool:
    library = Path(sysconfig.get_path("platstdlib", vars={"platbase": sysconfig.get_config_var(
        "installed_platbase")}))  # fmt: skip
    return path.is_relative_to(library) or re.match(r"(lib)?[Pp]ython", path.name) is not None


def _library(name: str, path: Path) -> Library:
    if shutil.which("dpkg-query") is None:
        return Library(name)
    # Debian's lists know /lib or /usr/lib, whichever the package was made with.
    for one in (path, Path("/usr") / path.relative_to("/"), path.resolve()):
        found = _said("dpkg-query", "--search", str(one))
        if found:
            package = found.partition(": ")[0].partition(",")[0]
            version = _said("dpkg-query", "--show", "--showformat=${Version}", package)
            return Library(name, package.partition(":")[0], version)
    return Library(name)


def _said(*command: str) -> str:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def _crates(package: str) -> Iterable[Compiled]:
    """Return what a wheel's own lists say of its extension modules (PEP 770)."""
    for file in metadata.files(package) or ():
        if ".dist-info/sboms/" in str(file):
            for one in json.loads(file.read_text("utf-8"))["components"]:
                licences = (it.get("expression", "") for it in one.get("licenses", ()))
                # Some write more than one blank.
                licence = " AND ".join(" ".join(text.split()) for text in licences)
                authors = one.get("author", "")
                yield Compiled(one["name"], one["version"], licence, package, "cargo", authors)


def _compiled() -> list[Compiled]:
    zstd = ".".join(str(part) for part in backports.zstd.zstd_version_info)
    return [
        Compiled("isa-l", str(isal.ISAL_VERSION), "BSD-3-Clause", "isal"),
        Compiled("lz4", str(lz4.library_version_string()), "BSD-2-Clause", "lz4"),
        Compiled("zstd", zstd, "BSD-3-Clause", "backports.zstd"),
    ]
