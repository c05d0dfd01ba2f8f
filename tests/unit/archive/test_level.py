"""The directory that all names begin with."""

from __future__ import annotations

import pytest

from kubectl_restore.archive.select.level import common_level


@pytest.mark.parametrize(
    ("paths", "first", "below"),
    [
        ([b"", b"shop", b"shop/a", b"shop/b/c", b"shop/b"], b"shop", (b"a", b"b")),
        ([b"shop/a/b"], b"shop", (b"a",)),
    ],
)
def test_it_is_found(paths: list[bytes], first: bytes, below: tuple[bytes, ...]) -> None:
    level = common_level(paths)
    assert level is not None
    assert (level.first, level.below) == (first, below)


@pytest.mark.parametrize("paths", [[], [b""], [b"shop"], [b"shop/a", b"shopping/a"], [b"a", b"b"]])
def test_there_is_none(paths: list[bytes]) -> None:
    assert common_level(paths) is None
