"""THIRD_PARTY_LICENSES: the licence texts of all that is in the program and is not ours."""

from __future__ import annotations

import platform
import re
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from distribution.inventory import Inventory

_OURS: Final = Path(__file__).resolve().parent / "licences"
_COMMON: Final = Path("/usr/share/common-licenses")
_HEAD: Final = """\
kubectl restore is licensed under the Apache License 2.0 (LICENSE). The program contains the
following works of others, under their own licences.
"""
_RULE: Final = "=" * 80
_LICENCE_FILE: Final = re.compile(r"(licen[cs]e|copying|notice)[^/]*$", re.IGNORECASE)


def licence_texts(inventory: Inventory) -> str:
    """Return the whole file.

    Raises:
        LookupError: a package, or code inside one, has no licence text on this machine.
    """
    parts = [
        _HEAD,
        _section(f"Python {platform.python_version()}", _python()),
    ]
    parts += [
        _section(f"{name} {metadata.version(name)}", _package(name) + _crates(name, inventory))
        for name in inventory.packages
    ]
    for one in inventory.compiled:
        if one.kind == "cargo":
            continue
        text = _OURS / f"{one.name}.txt"
        title = f"{one.name} {one.version}, in {one.package} ({one.licence})"
        words = text.read_text("utf-8") if text.exists() else f"See {one.package} above.\n"
        parts.append(_section(title, words))
    common = set(_named_in("\n".join(parts)))
    for library in inventory.libraries:
        words = _system(library.package)
        common.update(_named_in(words))
        of = f" ({library.package} {library.version})" if library.package else ""
        parts.append(_section(f"{library.file}{of}", words))
    parts += [
        _section(f"{name}, named above as {_COMMON / name}", (_COMMON / name).read_text("utf-8"))
        for name in sorted(common)
        if (_COMMON / name).exists()
    ]
    return "\n".join(parts)


def _section(title: str, text: str) -> str:
    return f"{_RULE}\n{title}\n{_RULE}\n\n{text.strip()}\n"


def _python() -> str:
    places = [
        Path(sysconfig.get_path("stdlib")) / "LICENSE.txt",
        Path("/usr/share/doc") / f"python{sysconfig.get_python_version()}" / "copyright",
    ]
    for place in places:
        if place.exists():
            return place.read_text("utf-8")
    raise LookupError("there is no licence of Python on this machine")


def _named_in(words: str) -> list[str]:
    """Return which of Debian's common licences a text refers to."""
    return re.findall(rf"{_COMMON}/([A-Za-z]+[0-9]?(?:-[0-9.]*[0-9])?)", words)


def _crates(name: str, inventory: Inventory) -> str:
    """Return a line about each Rust crate inside a package."""
    crates = [one for one in inventory.compiled if one.kind == "cargo" and one.package == name]
    lines = [f"{one.name} {one.version} ({one.licence}): {one.authors or '-'}" for one in crates]
    return "\n\nThe crates in it:\n\n" + "\n".join(lines) if lines else ""


def _package(name: str) -> str:
    files = [
        file
        for file in metadata.files(name) or ()
        if ".dist-info/" in str(file) and _LICENCE_FILE.search(str(file))
    ]
    ours = _OURS / f"{name}.txt"
    if not files and ours.exists():
        return ours.read_text("utf-8").strip()
    if not files:
        raise LookupError(f"{name} has no licence text")
    return "\n\n".join(file.read_text("utf-8").strip() for file in sorted(files))


def _system(package: str) -> str:
    place = Path("/usr/share/doc") / package / "copyright"
    if package and place.exists():
        return place.read_text("utf-8")
    return "The machine that built this program has no licence text for it.\n"
