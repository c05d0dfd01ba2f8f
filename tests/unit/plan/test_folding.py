"""Names that some volumes take for one."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.plan.folding import Names, folded, groups, together

NAMES = st.text(min_size=1).filter(lambda name: not set(name) & {"/", "\0"} and name.isprintable())


@given(NAMES)
def test_capitals_forms_and_ends_fold_together(name: str) -> None:
    own = folded(b"d/" + name.encode())
    for other in (
        name.casefold(),
        unicodedata.normalize("NFC", name),
        unicodedata.normalize("NFD", name),
        name + ".",
        name + " ",
    ):
        if other.strip(". "):
            assert folded(b"d/" + other.encode()) == own


@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda one: b"\0" not in one)))
def test_any_bytes_are_names(names: list[bytes]) -> None:
    for name in names:
        folded(name)


def test_names_that_could_be_one_are_found_in_any_order_and_across_batches() -> None:
    names = Names()
    assert names.add([b"docs", b"docs/README", b"docs/other"]) == set()

    hashes = names.add([b"docs/readme", b"x"])

    every = [b"docs", b"docs/README", b"docs/other", b"docs/readme", b"x"]
    assert groups(every, hashes) == [[b"docs/README", b"docs/readme"]]


def test_a_path_that_is_told_twice_is_not_two() -> None:
    paths = [b"shared", b"shared", b"shared/x"]
    assert groups(paths, Names().add(paths)) == []


def test_other_names_are_asked_about_where_they_stand_together() -> None:
    paths = [b"A", b"a", b"A/x", b"a/x", b"A/X"]
    found = groups(paths, Names().add(paths))

    assert sorted(together(found)) == [(b"", [b"A", b"a"]), (b"A", [b"A/X", b"A/x"])]
