"""The oldest glibc that the program runs on, as the documents state it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from distribution.glibc import OLDEST
from tests.frozen.elf import needed_glibc
from tests.frozen.release import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no glibc here")


def test_nothing_in_the_program_needs_a_newer_one(program: Path) -> None:
    needed = needed_glibc(program.parent)
    assert {"kubectl-restore", "_internal/libz.so.1"} <= needed.keys()
    newest = max((versions[-1], name) for name, versions in needed.items() if versions)
    assert newest[0] <= OLDEST, newest


def test_this_machine_is_new_enough() -> None:
    version = os.confstr("CS_GNU_LIBC_VERSION") or ""
    assert tuple(int(part) for part in version.split()[-1].split(".")) >= OLDEST


def test_the_documents_state_it() -> None:
    stated = ".".join(str(part) for part in OLDEST)
    assert f"glibc {stated} or newer" in (ROOT / "docs/installing.md").read_text("utf-8")
