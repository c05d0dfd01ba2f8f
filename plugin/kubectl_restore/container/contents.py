"""The contents of files in the pod: which of them are asked for together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.container.survey import LARGEST_QUESTION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TOGETHER: Final = 8 * 1024 * 1024
"""Bytes of several files in one answer; a bigger file has one of its own."""


def requests(files: Iterable[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    """Return payloads of NUL-ended `./path` names, each with how many bytes the files have.

    Args:
        files: paths below the target with their sizes.
    """
    names: list[bytes] = []
    length = total = 0
    for path, size in files:
        name = b"./%s\0" % path
        if names and (total + size > _TOGETHER or length + len(name) > LARGEST_QUESTION):
            yield b"".join(names), total
            names, length, total = [], 0, 0
        names.append(name)
        length += len(name)
        total += size
    if names:
        yield b"".join(names), total
