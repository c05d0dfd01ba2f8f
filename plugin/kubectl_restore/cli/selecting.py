"""The flags that choose and map members, into a Selection."""

from __future__ import annotations

import csv
import os
import re
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.members.member import normal_path
from kubectl_restore.archive.select.rename import Mapping
from kubectl_restore.archive.select.selection import Selection
from kubectl_restore.errors import UsageError
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from kubectl_restore.cli.argv import Parsed

_NUMBER: Final = re.compile(r"[0-9]{1,4}")
"""Components: a path of 4,095 bytes has no more."""


def read_selection(parsed: Parsed) -> Selection:
    """Return what of the backup is wanted, and where it goes.

    Raises:
        UsageError: a glob is empty, a number is none, a prefix is not of the form OLD=NEW.
    """
    skipped = [pattern for text in parsed.values("skip-paths") for pattern in _listed(text)]
    return Selection(
        include=tuple(_glob(one, "include") for one in parsed.values("include")),
        exclude=(
            *(_glob(one, "exclude") for one in parsed.values("exclude")),
            *map(os.fsencode, skipped),
        ),
        mapping=Mapping(
            strip=_strip(parsed),
            prefixes=tuple(_prefix(one) for one in parsed.values("transform-prefix")),
        ),
        devices=parsed.is_set("devices"),
        skip_unsafe=parsed.is_set("skip-unsafe"),
    )


def _listed(text: str) -> list[str]:
    """Take a list apart as pflag does: commas, double quotes around what has commas in it."""
    try:
        words = next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise UsageError(
            f"-s {shown(os.fsencode(text))} is no list of globs",
            reason=f"a double quote in it is not closed, or stands alone ({error})",
            fix="write it as --exclude, which takes one glob as it stands",
        ) from error
    # An empty one has never excluded anything.
    return [word for word in words if word]


def _glob(text: str, flag: str) -> bytes:
    # A script's variable was not set; GNU tar would leave nothing out, or restore nothing.
    if not text:
        raise UsageError(
            f"--{flag} is empty",
            reason="an empty glob matches nothing",
            fix=f"--{flag} 'app/*'",
        )
    return os.fsencode(text)


def _strip(parsed: Parsed) -> int:
    text = parsed.value("strip-components")
    if text is None:
        return 0
    if not _NUMBER.fullmatch(text):
        raise UsageError(
            f"--strip-components: {shown(os.fsencode(text))} is no number of components",
            reason="it is a whole number, from 0 to 9999",
            fix="--strip-components 1",
        )
    return int(text)


def _prefix(text: str) -> tuple[bytes, bytes]:
    old, equals, new = os.fsencode(text).partition(b"=")
    if not equals or b".." in (*old.split(b"/"), *new.split(b"/")) or old == new:
        raise UsageError(
            f"--transform-prefix: {shown(os.fsencode(text))} is no OLD=NEW",
            reason="both are directories of the backup's and the target's, without .., "
            "and not the same; either may be empty",
            fix="--transform-prefix var/lib/app=app",
        )
    return normal_path(old), normal_path(new)
