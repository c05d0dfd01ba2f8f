"""The directory that all names begin with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.archive.select.level import common_level, components_to_strip
from kubectl_restore.archive.select.rename import Mapping


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


@given(
    form=st.sampled_from([b"", b"./", b"/", b"././", b"./a/", b"a/b/", b"/a/"]),
    rests=st.lists(
        st.lists(st.sampled_from([b"x", b"y", b".z", b"..."]), max_size=3), min_size=1, max_size=4
    ),
)
def test_what_is_suggested_leaves_out_that_component_alone(
    form: bytes, rests: list[list[bytes]]
) -> None:
    recorded = [b"/".join([form + b"shop", *rest]) for rest in rests]
    first = Mapping(len(list(filter(None, form.split(b"/")))))
    mapped = [first.path_of(name) for name in recorded]
    assert mapped == [b"/".join([b"shop", *rest]) for rest in rests]
    count = components_to_strip(mapped, first.strip)
    assert count is not None
    left = [Mapping(count).path_of(name) for name in recorded]
    assert left == [b"/".join(rest) for rest in rests]
    # Nothing was asked for: the names are as they were recorded.
    without = components_to_strip([b"./" + name for name in mapped])
    assert without == 2


def test_names_that_are_written_in_two_ways_have_no_such_number() -> None:
    assert components_to_strip([b"./", b"./shop", b"shop/a"]) is None
    assert components_to_strip([b"./", b"./shop", b"./shop/a"]) == 2
