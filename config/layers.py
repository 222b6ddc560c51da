"""Reads the layers of the configuration: TOML file, ``.env`` beside it, environment.

Each layer → a nested table of raw values, every one with its path, its place ("cryptotrader.toml",
"environment variable …") and checked to be a known key → later layers over earlier ones, by key.

- Names are checked before values: a misspelt key is a misspelt key, whatever it holds.
- Environment values are text; only lists and tables are taken apart, everything else is pydantic's.
  So a numeric password stays the text that it is.
- ``"off"`` stands for the absence of an optional value: TOML has no null.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic_settings import DotEnvSettingsSource

from config.keys import ENV_PREFIX, ENV_SEPARATOR, OFF, Key, Section, env_name, tree
from config.settings import Settings
from config.words import suggestion, value_words
from engine.domain.errors import ConfigurationError

FILE_VARIABLE = "CRYPTOTRADER_CONFIG"

type Path_ = tuple[str, ...]
type Raw = object


@dataclass(slots=True)
class Layers:
    """What was written, by key path, and where."""

    values: dict[Path_, Raw] = field(default_factory=dict)
    places: dict[Path_, str] = field(default_factory=dict)
    tables: dict[Path_, str] = field(default_factory=dict)

    def put(self, path: Path_, value: Raw, place: str) -> None:
        """Overlay one value."""
        self.values[path] = value
        self.places[path] = place

    def nested(self) -> dict[str, Raw]:
        """The values as tables in tables, which is what pydantic reads."""
        root: dict[str, Raw] = {}
        for path in self.tables:
            _table(root, path)
        for path, value in self.values.items():
            _table(root, path[:-1])[path[-1]] = value
        return root


def _table(root: dict[str, Raw], path: Path_) -> dict[str, Raw]:
    for part in path:
        inner = root.setdefault(part, {})
        assert isinstance(inner, dict)  # keys and sections never share a name
        root = inner
    return root


def read_layers(file: Path | None, environ: Mapping[str, str]) -> Layers:
    """All layers, the environment last. ``ConfigurationError`` names place, key, value, remedy."""
    layers, root = Layers(), tree()
    if file is not None:
        _overlay_table(layers, _read_toml(file), root, (), str(file))
    beside = (file.parent if file is not None else Path()) / ".env"
    if beside.is_file():
        _overlay_variables(layers, _read_dotenv(beside).items(), root, f"{beside}: ")
    _overlay_variables(layers, environ.items(), root, "environment: ")
    return layers


def _read_toml(file: Path) -> Mapping[str, Raw]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as err:
        found = re.fullmatch(r"(?P<what>.*) \(at (?P<where>.*)\)", str(err), re.DOTALL)
        where, what = (found["where"], found["what"]) if found else ("", str(err))
        raise ConfigurationError(
            f"{file}: {where}: {what[:1].lower()}{what[1:]}; mend this line (TOML)"
        ) from err
    except UnicodeDecodeError as err:
        raise ConfigurationError(f"{file}: is not UTF-8 text; save it as UTF-8") from err
    except OSError as err:
        raise ConfigurationError(
            f"{file}: cannot be read ({err.strerror}); check --config or run `cryptotrader init`"
        ) from err


def _read_dotenv(file: Path) -> Mapping[str, str]:
    try:
        source = DotEnvSettingsSource(Settings, env_file=file, case_sensitive=True)
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigurationError(f"{file}: cannot be read; check its owner and encoding") from err
    return {name: value or "" for name, value in source.env_vars.items()}


def _overlay_table(
    layers: Layers, table: Mapping[str, Raw], section: Section, path: Path_, place: str
) -> None:
    for name, value in table.items():
        here = (*path, name)
        key, inner = section.keys.get(name), section.section(name)
        if key is not None:
            layers.put(here, _on_or_off(value, key), place)
        elif inner is None:
            raise _unknown(place, here, value, section)
        elif isinstance(value, Mapping):
            layers.tables[here] = place
            _overlay_table(layers, value, inner, here, place)
        elif not (inner.optional and value == OFF):
            raise ConfigurationError(
                f"{place}: {'.'.join(here)} is a section, not a value; write [{'.'.join(here)}]"
            )


def _overlay_variables(
    layers: Layers, variables: Iterable[tuple[str, str]], root: Section, prefix: str
) -> None:
    for name, text in sorted(variables):
        if name.upper().startswith(ENV_PREFIX) and name.upper() != FILE_VARIABLE:
            path, key = _key_of(name.upper(), root, prefix)
            layers.put(path, _from_text(text, key, f"{prefix}{name}"), f"{prefix}{name}")


def _key_of(name: str, root: Section, prefix: str) -> tuple[Path_, Key]:
    path = tuple(part.lower() for part in name.removeprefix(ENV_PREFIX).split(ENV_SEPARATOR))
    section: Section | None = root
    for part in path[:-1]:
        section = section.section(part) if section is not None else None
    key = section.keys.get(path[-1]) if section is not None else None
    if key is None:
        raise ConfigurationError(
            f"{prefix}{name} sets nothing{suggestion(name, _env_names(root, path))}; "
            "correct or unset it (names: CRYPTOTRADER_<SECTION>__<KEY>)"
        )
    return path, key


def _env_names(root: Section, path: Path_) -> list[str]:
    """Every variable there is, sections of any name under the name that was used."""
    used = path[1] if len(path) > 1 else "name"
    return [
        env_name(tuple(used if part == "<name>" else part for part in parts))
        for parts, _ in root.walk()
    ]


def _from_text(text: str, key: Key, place: str) -> Raw:
    if key.is_table or (key.is_list and text.lstrip().startswith("[")):
        try:
            return json.loads(text)
        except json.JSONDecodeError as err:
            raise ConfigurationError(
                f"{place}: cannot be read as JSON ({err.msg}); write for example "
                + ('{"name": 1}' if key.is_table else '["a", "b"]')
            ) from err
    if key.is_list:
        return [part.strip() for part in text.split(",") if part.strip()]
    return _on_or_off(text, key)


def _on_or_off(value: Raw, key: Key) -> Raw:
    return None if key.optional and value in (OFF, "") else value


def _unknown(place: str, path: Path_, value: Raw, section: Section) -> ConfigurationError:
    where = ".".join(path)
    shown = value_words(value, hidden=section.holds_secrets)
    known = _known_names(section, path)
    kind = "section" if isinstance(value, Mapping) else "key"
    return ConfigurationError(
        f"{place}: unknown {kind} {where}{shown}{suggestion(path[-1], known)}; "
        "correct or remove it (docs/configuration.md lists all keys)"
    )


def _known_names(section: Section, path: Path_) -> list[str]:
    """Names that would fit here, then the same key in other sections."""
    elsewhere = [".".join(parts) for parts, key in tree().walk() if key.name == path[-1]]
    return [*section.names, *elsewhere]
