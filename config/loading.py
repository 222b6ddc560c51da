"""Finds the file, reads the layers, builds the tree, and says in plain words what is wrong.

``--config`` or ``CRYPTOTRADER_CONFIG`` or ``./cryptotrader.toml`` or nothing → ``read_layers`` →
two defaults that depend on other values → ``Settings`` → ``Loaded``.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from config.keys import Key, Section, tree, words_of
from config.layers import FILE_VARIABLE, Layers, Path_, read_layers
from config.settings import SIMULATED_VENUE, Settings
from config.words import default_text, value_words, without_password
from engine.domain.errors import ConfigurationError

DEFAULT_FILE = Path("cryptotrader.toml")

_PLAIN = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dataclass_type": "must be a section",
    "date_from_datetime_parsing": "must be a date, for example 2024-01-31",
    "datetime_from_date_parsing": "must be a time in UTC, for example 2024-01-31T00:00:00Z",
    "datetime_parsing": "must be a time in UTC, for example 2024-01-31T00:00:00Z",
    "decimal_parsing": "must be a number",
    "decimal_type": "must be a number",
    "dict_type": "must be a table, for example {name = 1}",
    "finite_number": "must be a finite number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "path_type": "must be a path, in quotes",
    "string_type": "must be text, in quotes",
    "time_parsing": "must be a time of day, for example 07:00",
    "tuple_type": 'must be a list, for example ["a", "b"]',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The settings, the file they came from (if any), and the place of each value written."""

    settings: Settings
    file: Path | None
    places: Mapping[Path_, str]


def load(file: Path | None = None, environ: Mapping[str, str] | None = None) -> Loaded:
    """The settings of ``file``, or of the file found, under the environment (the process's own).

    Raises ``ConfigurationError`` for anything that is wrong; its message names place, key, value
    and remedy, and never a secret.
    """
    variables = os.environ if environ is None else environ
    found = _find(file, variables)
    layers = read_layers(found, variables)
    values = layers.nested()
    _add_dependent_defaults(layers, values)
    try:
        settings = Settings(**values)  # type: ignore[arg-type] # pydantic checks what was read
    except ValidationError as err:
        raise _in_plain_words(err, layers) from None
    _ = settings.venue_name
    return Loaded(settings=settings, file=found, places=layers.places)


def _find(file: Path | None, variables: Mapping[str, str]) -> Path | None:
    """The named file (which must exist), or the one in this folder if there is one."""
    if file is not None:
        return file
    if named := variables.get(FILE_VARIABLE):
        return Path(named)
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def _add_dependent_defaults(layers: Layers, values: dict[str, object]) -> None:
    """The database follows ``app.data_dir``; a venue called ``sim`` is the simulated one."""
    folder = layers.values.get(("app", "data_dir"))
    if isinstance(folder, str) and ("database", "url") not in layers.values:
        values["database"] = {"url": f"sqlite:///{Path(folder) / 'cryptotrader.db'}"}
    venues = values.get("venues")
    simulated = venues.get(SIMULATED_VENUE) if isinstance(venues, dict) else None
    if isinstance(simulated, dict):
        simulated.setdefault("kind", "simulated")


def _in_plain_words(err: ValidationError, layers: Layers) -> ConfigurationError:
    first, *others = err.errors(include_url=False)
    message = _sentence(first, layers)
    if others:
        names = sorted({".".join(_located(other)[0]) for other in others})
        message += f"\n{len(others)} more wrong: {', '.join(names)}"
    # `from None` above and no `input` here: pydantic's own report would repeat secrets.
    return ConfigurationError(message)


def _sentence(error: ErrorDetails, layers: Layers) -> str:
    path, key = _located(error)
    place = layers.places.get(path) or _place_of_section(path, layers)
    value = layers.values.get(path)
    shown = "" if value is None else value_words(value, hidden=key is not None and key.is_secret)
    wrong = without_password(_wrong(error, key))
    if shown:
        wrong = wrong.rpartition(", was ")[0] or wrong
    remedy = "" if key is None or key.is_secret else _remedy(key)
    return f"{place}: {'.'.join(path)}{shown}: {wrong}{remedy}"


def _located(error: ErrorDetails) -> tuple[Path_, Key | None]:
    """The key an error is about. A section's own guard names it first in its sentence."""
    parts = tuple(str(part) for part in error["loc"])
    section: Section | None = tree()
    for depth, part in enumerate(parts):
        assert section is not None  # the loop returns when it leaves the tree
        if part in section.keys:
            return parts[: depth + 1], section.keys[part]
        section = section.section(part)
        if section is None:
            return parts, None
    guarded = error["msg"].removeprefix("Value error, ").partition(" must be ")[0]
    if section is not None and guarded in section.keys:
        return (*parts, guarded), section.keys[guarded]
    return parts, None


def _place_of_section(path: Path_, layers: Layers) -> str:
    """Where something of the same section was written; the key itself was not."""
    for depth in range(len(path), 0, -1):
        for written, place in (*layers.tables.items(), *layers.places.items()):
            if written[:depth] == path[:depth]:
                return place
    return "configuration"


def _wrong(error: ErrorDetails, key: Key | None) -> str:
    words = words_of(key.annotation) if key is not None else ()
    if words:
        return f"must be one of {', '.join(words)}"
    if error["type"] == "value_error":
        text = error["msg"].removeprefix("Value error, ")
        return "must be " + text.rpartition(" must be ")[2] if " must be " in text else text
    if error["type"] in ("enum", "literal_error"):
        return f"must be one of {error.get('ctx', {}).get('expected', '')}"
    return _PLAIN.get(error["type"], error["msg"][:1].lower() + error["msg"][1:])


def _remedy(key: Key) -> str:
    default = key.default
    if default is None:
        return '; correct it, or write "off"'
    if isinstance(default, (str, tuple, dict)) and not default:
        return "; correct it"
    return f"; correct it (default {default_text(default)})"
