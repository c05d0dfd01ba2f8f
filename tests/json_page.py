"""docs/json.md, as the tests hold it against what is printed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA: Final[dict[str, Any]] = json.loads(
    (Path(__file__).resolve().parent.parent / "docs/json.schema.json").read_text("utf-8")
)
PAGE: Final = Path(__file__).resolve().parent.parent / "docs/json.md"
_ROW: Final = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \| (.*) \|$", re.MULTILINE)
_DOTTED: Final = re.compile(r"^\| ((?:`[\w.]+`(?:, )?)+) \| (.*) \|$", re.MULTILINE)


def documented(title: str) -> tuple[set[str], set[str]]:
    """Return the fields of a section's table: those always there, and those with `only`."""
    section = PAGE.read_text("utf-8").split(f"\n## `{title}`\n")[1].split("\n## ")[0]
    always: set[str] = set()
    sometimes: set[str] = set()
    for names, text in _ROW.findall(section):
        (sometimes if ", only " in text else always).update(re.findall(r"\w+", names))
    return always, sometimes


def fields_of(page: str) -> set[str]:
    """Return every field that a page's tables name, those of objects as `object.field`."""
    text = (PAGE.parent.parent / page).read_text("utf-8")
    return {name for names, _ in _DOTTED.findall(text) for name in re.findall(r"[\w.]+", names)}


def undocumented(line: Mapping[str, Any]) -> list[str]:
    """Return what the page, or the schema, says otherwise of one line; empty when they say that."""
    title = line["message_type"]
    validator = Draft202012Validator({**SCHEMA, "oneOf": [{"$ref": f"#/$defs/{title}"}]})
    wrong = [f"{title}: {one.message}" for one in validator.iter_errors(line)]
    always, sometimes = documented(title)
    # Of many targets each line has it.
    sometimes.add("target")
    missing = [f"{title} lacks {name}" for name in sorted(always - set(line))]
    strange = [f"{title} has {name}" for name in sorted(set(line) - always - sometimes)]
    return missing + strange + wrong
