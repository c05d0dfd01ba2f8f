"""docs/json.schema.json says the same as docs/json.md."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.json_page import SCHEMA, documented


def test_it_is_a_schema_and_knows_every_type_of_line() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    named = {one["$ref"].rpartition("/")[2] for one in SCHEMA["oneOf"]}
    assert named == set(SCHEMA["$defs"])


@pytest.mark.parametrize("title", sorted(SCHEMA["$defs"]))
def test_its_fields_are_those_of_the_page(title: str) -> None:
    always, sometimes = documented(title)
    schema = SCHEMA["$defs"][title]
    assert set(schema["properties"]) == always | sometimes
    assert set(schema["required"]) == always


def test_a_line_that_is_none_is_refused() -> None:
    validator = Draft202012Validator(SCHEMA)
    assert list(validator.iter_errors({"message_type": "message", "level": "loud", "text": "x"}))
    assert not list(
        validator.iter_errors({"message_type": "message", "level": "info", "text": "x", "new": 1})
    )
