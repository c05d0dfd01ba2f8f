"""The notes of a release, cut out of the changelog."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distribution.changelog import section
from distribution.source import ROOT
from kubectl_restore.about import VERSION

CHANGES = """\
# Changes

## 1.10.0 (unreleased)

- Not yet.

## 1.1.0 (2026-12-01)

- One thing.

### How to move

```
## 9.9.9 (2026-01-01)
```

- Another, after 1.0.0.

## 1.0.0 (2026-11-30, withdrawn: it lost data)

- The first.
"""
WORDS = st.text(st.characters(exclude_categories=["C"], exclude_characters="#`~"), max_size=20)
BODIES = st.lists(WORDS, min_size=1).filter(lambda lines: any(line.strip() for line in lines))


def test_a_section_ends_where_the_next_version_begins() -> None:
    assert section(CHANGES, "1.1.0") == (
        "- One thing.\n\n### How to move\n\n```\n## 9.9.9 (2026-01-01)\n```\n\n"
        "- Another, after 1.0.0.\n"
    )


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("1.10.0", "bears no date but `unreleased`"),
        ("1.0.0", "bears no date but `2026-11-30, withdrawn: it lost data`"),
        ("1.1", "has 0 sections"),
        ("9.9.9", "has 0 sections"),
        ("1.1.*", "has 0 sections"),
    ],
)
def test_what_is_not_ready_has_no_notes(version: str, reason: str) -> None:
    with pytest.raises(LookupError, match=re.escape(reason)):
        section(CHANGES, version)


def test_two_sections_of_one_version_are_refused() -> None:
    with pytest.raises(LookupError, match="has 2 sections"):
        section(f"{CHANGES}\n## 1.1.0 (2026-12-02)\n\n- Again.\n", "1.1.0")


def test_an_empty_section_is_refused() -> None:
    with pytest.raises(LookupError, match=r"says nothing about 1\.2\.0"):
        section(CHANGES.replace("## 1.1.0", "## 1.2.0 (2026-12-02)\n\n## 1.1.0"), "1.2.0")


@given(st.dictionaries(st.from_regex(r"[0-9]\.[0-9]\.[0-9]", fullmatch=True), BODIES, min_size=1))
def test_every_section_comes_out_as_it_went_in(bodies: dict[str, list[str]]) -> None:
    parts = [
        f"## {version} (2026-11-23)\n\n" + "\n".join(body) + "\n"
        for version, body in bodies.items()
    ]
    text = "# Changes\n\n" + "\n".join(parts)
    for version, body in bodies.items():
        assert section(text, version) == "\n".join(body).strip("\n") + "\n"


def test_the_command_says_why_there_are_no_notes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "distribution.changelog", "--version=0.0.0"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "plugin")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        "Error", "Reason", "Fix",
    ]  # fmt: skip
    assert "## 0.0.0 (YYYY-MM-DD)" in done.stderr


def test_our_own_changelog_has_a_section_of_the_version_that_is_being_made() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8").replace("(unreleased)", "(2026-11-23)")
    assert section(text, VERSION).startswith("- ")
