"""JSON schemas in the subset that all providers share, and their check on our side.

The subset: closed objects whose fields are all required, arrays, strings, booleans, and enums of
strings. No ranges, lengths, patterns or unions: servers differ on them, and some accept a schema
and ignore it. So the answer is checked here in every case.
"""

import json
from collections.abc import Mapping

type Schema = Mapping[str, object]


class SchemaMismatchError(ValueError):
    """A value is not what the schema says."""

    def __init__(self, path: str, expected: object) -> None:
        super().__init__(f"{path} must be {expected}")


def closed_object(**properties: Schema) -> Schema:
    """An object with exactly these fields, all required."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def array(items: Schema) -> Schema:
    """A list of one kind of thing."""
    return {"type": "array", "items": items}


STRING: Schema = {"type": "string"}


def parse(text: str, schema: Schema) -> object:
    """The value of a JSON text; a ``ValueError`` says where it is not what the schema asks."""
    try:
        value: object = json.loads(text)
    except RecursionError as err:
        raise ValueError("nested too deeply") from err
    _check(value, schema, "$")
    return value


def _check(value: object, schema: Schema, path: str) -> None:
    match schema["type"]:
        case "object":
            _check_object(value, schema, path)
        case "array":
            _check_array(value, schema, path)
        case "string":
            if not isinstance(value, str):
                raise SchemaMismatchError(path, "a string")
            allowed = schema.get("enum")
            if isinstance(allowed, list) and value not in allowed:
                raise SchemaMismatchError(path, f"one of {allowed}")
        case "boolean":
            if not isinstance(value, bool):
                raise SchemaMismatchError(path, "true or false")
        case kind:
            raise SchemaMismatchError(path, f"of the common subset, not {kind!r}")


def _check_object(value: object, schema: Schema, path: str) -> None:
    properties = schema["properties"]
    assert isinstance(properties, Mapping)
    if not isinstance(value, dict):
        raise SchemaMismatchError(path, "an object")
    if set(value) != set(properties):
        raise SchemaMismatchError(path, f"an object of exactly {sorted(properties)}")
    for name, inner in properties.items():
        _check(value[name], inner, f"{path}.{name}")


def _check_array(value: object, schema: Schema, path: str) -> None:
    items = schema["items"]
    assert isinstance(items, Mapping)
    if not isinstance(value, list):
        raise SchemaMismatchError(path, "a list")
    for index, item in enumerate(value):
        _check(item, items, f"{path}[{index}]")
