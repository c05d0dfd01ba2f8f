"""The contents of files in the pod: which of them are asked for together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.container.batches import LARGEST_QUESTION, questions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TOGETHER: Final = 8 * 1024 * 1024
"""Bytes of several files in one answer; a bigger file has one of its own."""


def requests(files: Iterable[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    """Return payloads of questions, each with how many bytes its files have.

    Args:
        files: paths below the target with their sizes.
    """
    names: list[bytes] = []
    length = total = 0
    for path, size in files:
        if names and (total + size > _TOGETHER or length > LARGEST_QUESTION):
            yield _payload(names), total
            names, length, total = [], 0, 0
        names.append(path)
        length += len(path)
        total += size
    if names:
        yield _payload(names), total


def _payload(names: Iterable[bytes]) -> bytes:
    return b"".join(payload for payload, _ in questions(names))
