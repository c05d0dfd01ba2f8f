"""What came of everything that was tried in a directory of ours."""

from __future__ import annotations

from typing import Final

import pytest

from kubectl_restore.container.traits import ALL_KEPT, VolumeTraits, read_traits

KEPT: Final = {
    "owner": "81a4 0 1700000000 1 1 10",
    "plain": "81a0 0 1700000000 0 0 11",
    "run": "89e9 0 1700000000 0 0 12",
    "odd": "81a4 0 1000000001 0 0 13",
    "early": "81a4 0 -5000000000 0 0 14",
    "late": "81a4 0 20000000000 0 0 15",
    "group": "45e8 0 1700000000 0 0 16",
    "link": "a1ff 2 1700000000 0 0 17",
    "hard": "81a4 0 1000000001 0 0 13",
    "tarred": "81a4 0 1000000001 0 0 18",
}


def traits(
    changed: dict[str, str] | None = None, *, gives_away: bool = True, untried: str = ""
) -> VolumeTraits:
    said = {**KEPT, **(changed or {})}
    records = [(b"tried", b"")]
    records += [
        (b"trait", f"{name} {words} 0 1 2".encode()) for name, words in said.items() if words
    ]
    found = read_traits(records, gives_away=gives_away, untried=untried.split())
    return found.at(b"x")


def test_a_volume_that_keeps_everything() -> None:
    assert traits() == ALL_KEPT
    assert traits().lacking() == []


@pytest.mark.parametrize(
    ("changed", "lacking"),
    [
        ({"owner": "81a4 0 1700000000 0 0 10"}, "owners"),
        ({"plain": "81ed 0 1700000000 0 0 11"}, "modes"),
        ({"run": "81e9 0 1700000000 0 0 12"}, "set-id bits"),
        ({"odd": "81a4 0 1700000000 0 0 13"}, "modification times"),
        ({"tarred": "81a4 0 1700000000 0 0 18"}, "modification times"),
        ({"odd": "81a4 0 1000000000 0 0 13"}, "times finer than 2 s"),
        ({"link": ""}, "symbolic links"),
        ({"link": "81a4 0 1700000000 0 0 17"}, "symbolic links"),
        ({"hard": ""}, "hard links"),
        ({"hard": "81a4 0 1000000001 0 0 19"}, "hard links"),
    ],
)
def test_what_is_not_kept_is_said(changed: dict[str, str], lacking: str) -> None:
    assert traits(changed).lacking() == [lacking]


def test_an_owner_that_was_not_tried_is_no_trait() -> None:
    assert traits({"owner": "81a4 0 1700000000 0 0 10"}, gives_away=False).owner


@pytest.mark.parametrize(
    ("tool", "changed"),
    [
        ("chown", {"owner": "81a4 0 1700000000 0 0 10"}),
        (
            "chmod",
            {
                "plain": "81a4 0 1700000000 0 0 11",
                "run": "81a4 0 1700000000 0 0 12",
                "group": "41ed 0 1700000000 0 0 16",
            },
        ),
        ("touch", dict.fromkeys(("odd", "early", "late", "tarred"), "81a4 0 1700000000 0 0 13")),
        ("ln", {"link": "", "hard": ""}),
    ],
)
def test_what_a_tool_that_is_missing_would_have_set_is_taken_for_kept(
    tool: str, changed: dict[str, str]
) -> None:
    assert traits(changed, untried=tool).lacking() == []
    assert traits(changed).lacking() != []


def test_the_first_and_the_last_time() -> None:
    found = traits({"early": "81a4 0 -2147483648 0 0 14", "late": "81a4 0 2147483647 0 0 15"})

    assert (found.first, found.last) == (-(2**31), 2**31 - 1)
    assert not found.keeps_time(2**31)


def test_of_a_time_that_comes_out_as_another_only_what_all_volumes_have_is_trusted() -> None:
    found = traits({"early": "81a4 0 12345 0 0 14", "late": "81a4 0 99 0 0 15"})

    assert (found.first, found.last) == (0, 2**31 - 1)


def test_a_volume_where_nothing_could_be_made_is_taken_to_keep_everything() -> None:
    assert read_traits([], gives_away=True).at(b"x") is ALL_KEPT
    assert read_traits([(b"tried", b"a")], gives_away=True).at(b"a/x") is ALL_KEPT
