import json

import pytest

from llm.schema import STRING, array, closed_object, parse

SCHEMA = closed_object(
    sentences=array(STRING),
    mood={"type": "string", "enum": ["up", "down"]},
    sure={"type": "boolean"},
)
GOOD = {"sentences": ["a"], "mood": "up", "sure": True}


def test_a_fitting_value_is_returned() -> None:
    assert parse(json.dumps(GOOD), SCHEMA) == GOOD


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"sentences": "a"}, "$.sentences must be a list"),
        ({"sentences": [1]}, "$.sentences[0] must be a string"),
        ({"mood": "sideways"}, "$.mood must be one of"),
        ({"sure": 1}, "$.sure must be true or false"),
        ({"extra": 1}, "$ must be an object of exactly"),
    ],
)
def test_a_value_outside_the_schema_says_where(change: dict[str, object], place: str) -> None:
    with pytest.raises(ValueError, match=place.replace("$", r"\$").replace("[", r"\[")):
        parse(json.dumps(GOOD | change), SCHEMA)


@pytest.mark.parametrize("text", ["", "Sure! {}", "```json\n{}\n```", "null", "[" * 100_000])
def test_what_is_not_the_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text, SCHEMA)


def test_objects_are_closed_and_all_fields_required() -> None:
    assert SCHEMA["additionalProperties"] is False
    assert SCHEMA["required"] == ["sentences", "mood", "sure"]


def test_a_schema_outside_the_common_subset_is_refused() -> None:
    with pytest.raises(ValueError, match="common subset"):
        parse("1", {"type": "integer"})
