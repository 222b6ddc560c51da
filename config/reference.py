"""``docs/configuration.md``, made from the code; a test fails when the file is out of date."""

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import SecretStr

from config.keys import OFF, Key, Section, env_name, tree, words_of
from config.words import default_text

_INTRODUCTION = """\
# Configuration

Made from the code by `cryptotrader config docs`; do not edit.

Values come from, later ones winning: the defaults below, `cryptotrader.toml` (or the file named by
`--config` or `CRYPTOTRADER_CONFIG`), `.env` beside it, the environment. A key of the environment is
named `CRYPTOTRADER_<SECTION>__<KEY>`; lists are written `a,b` or as JSON, tables as JSON. Optional
values are switched off by the word `off`. Unknown keys are refused. Relative paths start at the
folder in which the program is started. `cryptotrader config show` prints what holds, and where each
value comes from.

The unit of a number is the end of its name: `_s` seconds, `_bps` basis points (1/100 of a percent),
`_fraction` a share from 0 to 1, `_quote` an amount of the quote currency, `_usd` US dollars,
`_bars` candles of the decision timeframe, `_multiple` times a measure that the sentence names.
Times are UTC unless the sentence says otherwise.
"""

_TYPES = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "Decimal": "exact number",
    "bool": "true/false",
    "Path": "path",
    "datetime": "time (UTC)",
    "time": "time of day",
    "SecretStr": "secret text",
}


def reference() -> str:
    """The whole document."""
    parts = [_INTRODUCTION]
    for path, section in _sections(tree(), ()):
        parts.append(_section_text(path, section))
    return "\n".join(parts)


def _sections(section: Section, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Section]]:
    if path:
        yield path, section
    for name, inner in section.sections.items():
        yield from _sections(inner, (*path, name))
    if section.any_name is not None:
        yield from _sections(section.any_name, (*path, "<name>"))


def _section_text(path: tuple[str, ...], section: Section) -> str:
    head = f"## `[{'.'.join(path)}]`\n\n{section.doc}\n"
    if section.optional:
        head += "\nAbsent by default.\n"
    if not section.keys:
        return head
    rows = [_row((*path, name), key) for name, key in section.keys.items()]
    return (
        head
        + "\n| key | type | default | what it is | environment |\n|---|---|---|---|---|\n"
        + ("".join(rows))
    )


def _row(path: tuple[str, ...], key: Key) -> str:
    cells = (
        f"`{key.name}`",
        _type_words(key.annotation) + (f" or `{OFF}`" if key.optional else ""),
        _default_words(key.default),
        key.doc,
        f"`{env_name(path)}`",
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _type_words(annotation: Any) -> str:  # noqa: ANN401 - any annotation
    if words := words_of(annotation):
        return ", ".join(f"`{word}`" for word in words)
    if get_origin(annotation) in (tuple, list):
        return f"list of {_type_words(get_args(annotation)[0])}"
    if get_origin(annotation) is dict:
        return "table"
    return _TYPES.get(getattr(annotation, "__name__", ""), "anything")


def _default_words(default: object) -> str:
    if default is None:
        return f"`{OFF}`"
    if isinstance(default, SecretStr) or default in ("", (), {}):
        return "empty"
    return f"`{default_text(default)}`"
