"""Patterns: what GNU tar makes of them, case by case and by the hundred."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_restore.archive.select.patterns import Glob, exclusion, inclusion, without_slashes
from tests.unit.archive.gnu_tar import gnu_only, listed
from tests.unit.archive.making import END, directory, file, long_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def taken(pattern: Glob, names: Sequence[bytes]) -> list[bytes]:
    return [name for name in names if pattern.matches(without_slashes(name))]


@pytest.mark.parametrize(
    ("pattern", "matched", "others"),
    [
        (b"*.log", [b"a.log", b"d/b.log", b"x.log/inside"], [b"a.logs", b"log"]),
        (b"cache", [b"cache/", b"a/cache", b"a/cache/b"], [b"caches", b"a/mycache"]),
        (b"d/x", [b"d/x", b"a/d/x", b"d/x/y"], [b"d/xy", b"ad/x"]),
        (b"/d/x", [b"/d/x"], [b"d/x", b"a/d/x"]),
        (b"./d", [b"./d/x", b"./d/"], [b"d/x"]),
        (b"d/", [], [b"d/", b"d/x"]),
        (b"a*z", [b"a/b/z", b"az", b"b/a1z/x"], [b"ba/z1"]),
        (b"?", [b"a", b"\xe9", b"/b/c"], [b"ab"]),
        (b"[a-c]x", [b"ax", b"y/cx/z"], [b"dx"]),
        (b"[!a]x", [b"bx", b"]x"], [b"ax"]),
        (b"\\*", [b"*", b"a/*"], [b"a"]),
        (b"a\\", [b"a\\"], [b"a"]),
        (b"*\\", [], [b"a\\", b"\\"]),
        (b"[[:digit:]]", [b"5"], [b"d", b":"]),
        (b"[", [b"[", b"a/["], [b"a"]),
        (b"A", [b"A"], [b"a"]),
        (b"new\nline*", [b"new\nline\n"], [b"newline"]),
    ],
)  # fmt: skip
def test_an_exclusion_means_what_the_manual_says(
    pattern: bytes, matched: list[bytes], others: list[bytes]
) -> None:
    assert taken(exclusion(pattern), [*matched, *others]) == matched


@pytest.mark.parametrize(
    ("pattern", "matched", "others"),
    [
        (b"app", [b"app", b"app/", b"app/x"], [b"apps", b"my/app", b"./app"]),
        (b"app/", [b"app/", b"app/x"], [b"apps"]),
        (b"*.conf", [b"a.conf", b"deep/er/b.conf", b"c.conf/below"], [b"a.conf.old"]),
        (b"./app", [b"./app/x"], [b"app/x"]),
        (b"a?c", [b"a/c"], [b"b/a/c"]),
    ],
)
def test_an_inclusion_begins_where_the_name_begins(
    pattern: bytes, matched: list[bytes], others: list[bytes]
) -> None:
    assert taken(inclusion(pattern), [*matched, *others]) == matched


PARTS: Final = (
    b"a",
    b"b",
    b"ab",
    b".",
    b"..",
    b"a.b",
    b"*",
    b"[a]",
    b"-",
    b"\xe9",
    b"a b",
    b"\\",
    b"A",
)
PIECES: Final = (
    *PARTS[:6],
    b"/", b"/", b"*", b"*", b"**", b"?", b"[ab]", b"[!a]", b"[^/]", b"[a-c]", b"[]a]",
    b"[[:alpha:]]", b"[[:punct:]a]",
    b"[\\]]", b"\\*", b"\\a", b"\xe9", b"[\xe0-\xff]", b"[c-a]", b"[.-/]", b"[",
)  # fmt: skip


def random_names(seed: int, count: int) -> list[bytes]:
    """Return names, each once, of what patterns may match or just miss."""
    randomness = random.Random(seed)  # noqa: S311 - no secret
    names: dict[bytes, None] = {}
    while len(names) < count:
        parts = [randomness.choice(PARTS) for _ in range(randomness.randint(1, 5))]
        name = (b"/" if randomness.random() < 0.1 else b"") + b"/".join(parts)
        if randomness.random() < 0.1:
            name = name.replace(b"/", b"//", 1)
        names[name + (b"/" if randomness.random() < 0.2 else b"")] = None
    return list(names)


@pytest.fixture(scope="module")
def names_and_archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[bytes], Path]:
    """400 names, and an archive of them."""
    names = random_names(1, 400)
    path = tmp_path_factory.mktemp("patterns") / "names.tar"
    made = [directory(name) if name.endswith(b"/") else file(name, b"") for name in names]
    path.write_bytes(b"".join(made) + END)
    return names, path


PATTERNS: Final = st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map(b"".join)


@gnu_only
@settings(max_examples=60, deadline=None)
@given(PATTERNS)
def test_gnu_tar_excludes_the_same(
    names_and_archive: tuple[list[bytes], Path], pattern: bytes
) -> None:
    names, archive = names_and_archive
    line_of = dict(zip(listed(archive), names, strict=True))
    left = [line_of[line] for line in listed(archive, b"--exclude=" + pattern)]
    out = set(taken(exclusion(pattern), names))
    assert left == [name for name in names if name not in out]


@gnu_only
@settings(max_examples=60, deadline=None)
@given(PATTERNS)
def test_gnu_tar_includes_the_same(
    names_and_archive: tuple[list[bytes], Path], pattern: bytes
) -> None:
    names, archive = names_and_archive
    line_of = dict(zip(listed(archive), names, strict=True))
    words = (b"--wildcards", b"--no-unquote", b"--", pattern)
    assert [line_of[line] for line in listed(archive, *words)] == taken(inclusion(pattern), names)


@gnu_only
def test_gnu_tar_agrees_about_long_names(tmp_path: Path) -> None:
    names = [b"d/" * 100 + b"x", b"n" * 4000]
    path = tmp_path / "long.tar"
    path.write_bytes(b"".join(long_name(name) + file(b"x", b"") for name in names) + END)
    lines = listed(path)
    for pattern in (b"d", b"*x", b"[n]*n", b"d/x", b"?"):
        out = set(taken(exclusion(pattern), names))
        left = [line for line, name in zip(lines, names, strict=True) if name not in out]
        assert listed(path, b"--exclude=" + pattern) == left


HOSTILE: Final = (
    b"*a" * 30 + b"*b",
    b"a*" * 30 + b"[xy]",
    b"[ab]*[ab]*[ab]/[ab]*?*[xy]",
    b"?" * 200 + b"*[xy]" * 20,
    b"[a][/]" * 50 + b"[b]",
)


def test_hostile_patterns_take_no_exponential_time() -> None:
    # In a process of its own, which can be ended: an exponential match would outlast everybody.
    script = (
        "import sys; from kubectl_restore.archive.select.patterns import exclusion, inclusion\n"
        f"for pattern in {HOSTILE!r}:\n"
        "    for name in (b'a' * 4000, b'a/' * 100_000 + b'a'):\n"
        "        assert not exclusion(pattern).matches(name)\n"
        "        assert not inclusion(pattern).matches(name)\n"
    )
    subprocess.run(
        [sys.executable, "-c", script], check=True, timeout=120, env={"PYTHONPATH": "plugin"}
    )


@given(st.binary(max_size=12).filter(lambda one: b"\x00" not in one))
def test_every_pattern_has_a_meaning(pattern: bytes) -> None:
    for glob in (exclusion(pattern), inclusion(pattern)):
        assert isinstance(glob.expression, re.Pattern)
        assert glob.matches(b"name") in {True, False}
