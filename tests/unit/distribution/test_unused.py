"""What the frozen program leaves out is imported nowhere."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def left_out() -> set[str]:
    """Return the names in build.spec's list."""
    for node in ast.parse((ROOT / "build.spec").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "UNUSED":
            return set(ast.literal_eval(node.value))
    raise AssertionError("build.spec has no list")


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_no_module_is_imported_that_the_frozen_program_lacks() -> None:
    lacking = left_out()
    assert "decimal" in lacking
    for path in (ROOT / "plugin").rglob("*.py"):
        for name in imported(path):
            assert name not in lacking, f"{path} imports {name}"
            assert name.partition(".")[0] not in lacking, f"{path} imports {name}"
