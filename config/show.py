"""The effective tree as a person reads it: TOML with a comment on where each value comes from.

Secrets are stars; what is printed can be fed back after putting them in again.
"""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from config.keys import OFF
from config.loading import Loaded
from config.words import MASK, without_password

DEFAULT = "default"

# ccxt's options are free: an account's secrets may have been written there, too.
_SECRET_NAME = re.compile(r"key|secret|token|pass|private", re.IGNORECASE)

type _Path = tuple[str, ...]


def effective_toml(loaded: Loaded) -> str:
    """Every section and key, with masked secrets and the source of each value as a comment."""
    lines: list[str] = [f"# file: {loaded.file or 'none, embedded defaults'}"]
    for path, values in _sections(_root(loaded)):
        lines += ["", f"[{'.'.join(path)}]"]
        written = [(_line(name, value), _source(loaded, (*path, name))) for name, value in values]
        width = min(60, max((len(line) for line, _ in written), default=0))
        lines += [f"{line:<{width}}  # {source}" for line, source in written]
    return "\n".join(lines) + "\n"


def effective_json(loaded: Loaded) -> dict[str, Any]:
    """The same as one document: ``file``, ``settings`` and ``sources`` by dotted key."""
    settings: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for path, values in _sections(_root(loaded)):
        table = settings
        for part in path:
            table = table.setdefault(part, {})
        for name, value in values:
            table[name] = _plain_json(value)
            sources[".".join((*path, name))] = _source(loaded, (*path, name))
    return {
        "file": str(loaded.file) if loaded.file else None,
        "settings": settings,
        "sources": sources,
    }


def _root(loaded: Loaded) -> dict[str, object]:
    return {name: getattr(loaded.settings, name) for name in type(loaded.settings).model_fields}


def _sections(
    table: Mapping[str, object], path: _Path = ()
) -> Iterator[tuple[_Path, list[tuple[str, object]]]]:
    """Sections in order, each with its keys; a section stands before those inside it."""
    keys = [(name, value) for name, value in table.items() if not _is_section(value, path)]
    if path and (keys or not table):
        yield path, keys
    for name, value in table.items():
        if _is_section(value, path):
            yield from _sections(_fields(value), (*path, name))


def _is_section(value: object, path: _Path) -> bool:
    return dataclasses.is_dataclass(value) or (isinstance(value, dict) and not path)


def _fields(value: object) -> Mapping[str, object]:
    if isinstance(value, dict):
        return value
    assert dataclasses.is_dataclass(value)  # _is_section said so
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _source(loaded: Loaded, path: _Path) -> str:
    return loaded.places.get(path, DEFAULT)


def _line(name: str, value: object) -> str:
    return f"{name} = {_toml(_plain(value))}"


def _toml(value: object) -> str:
    """A plain value on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (datetime, time)):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(_toml(one) for one in value)}]"
    if isinstance(value, dict):
        inner = ", ".join(f"{_toml(name)} = {_toml(one)}" for name, one in value.items())
        return f"{{{inner}}}"
    return str(value)


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever TOML can hold
    """A value as TOML knows it; secrets, and whatever is named like one, as stars."""
    if value is None:
        return OFF
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    if isinstance(value, (Path, Enum)):
        return str(value)
    if isinstance(value, str):
        return without_password(value)
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {
            str(name): MASK if _SECRET_NAME.search(str(name)) else _plain(one)
            for name, one in value.items()
        }
    return value


def _plain_json(value: object) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """A value as JSON knows it: exact numbers as text, times in ISO form."""
    if value is None:
        return None
    plain = _plain(value)
    if isinstance(plain, Decimal):
        return str(plain)
    if isinstance(plain, (datetime, time)):
        return plain.isoformat()
    if isinstance(plain, list):
        return [_plain_json(one) for one in plain]
    if isinstance(plain, dict):
        return {name: _plain_json(one) for name, one in plain.items()}
    return plain
