"""Limits that people set, layered over those of the configuration file, and how they are written.

``section.name`` and a text → a typed value → the owner's policies with it in them

Texts are those of the configuration file, so that what is shown can be written there. A share may
also be written as a percentage. The policies check themselves: there is no second set of bounds.
"""

import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin, get_type_hints

from engine.domain.changes import Override
from engine.domain.errors import ConfigurationError, InvalidValueError
from engine.strategy.policy import TradingPolicy

SECTIONS = ("risk", "automation", "approval")
OFF = "off"
_WHOLE = re.compile(r"-?[0-9]{1,12}")
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,10})?")


def layered(policies: TradingPolicy, overrides: Iterable[Override]) -> TradingPolicy:
    """The owner's policies with the overrides of limits over them; other keys are not for here."""
    wanted: dict[str, dict[str, object]] = {}
    for one in overrides:
        section, _, name = one.key.partition(".")
        if section in SECTIONS and name in _hints(type(getattr(policies, section))):
            kind = type(getattr(policies, section))
            wanted.setdefault(section, {})[name] = read_value(kind, name, one.value)
    try:
        changed = {
            section: replace(getattr(policies, section), **values)
            for section, values in wanted.items()
        }
    except InvalidValueError as err:
        keys = ", ".join(f"{s}.{name}" for s, values in wanted.items() for name in values)
        raise ConfigurationError(
            f"limits that were set in the chat ({keys}) do not fit the configuration file: {err}; "
            "mend the file, or take one back: cryptotrader changes unset KEY"
        ) from err
    return replace(policies, **changed)


def limit_keys(policies: TradingPolicy) -> tuple[str, ...]:
    """Every limit by its dotted key, in the order of the configuration."""
    found = []
    for section in SECTIONS:
        policy = getattr(policies, section)
        assert is_dataclass(policy)  # TradingPolicy holds nothing else
        found += [
            f"{section}.{one.name}"
            for one in fields(policy)
            # A table has no one value that could be written in a chat.
            if not isinstance(getattr(policy, one.name), dict)
        ]
    return tuple(found)


def written(policies: TradingPolicy, key: str) -> str:
    """The value of a limit as it is written in the configuration."""
    section, _, name = key.partition(".")
    value = getattr(getattr(policies, section), name)
    return write_value(value)


def write_value(value: object) -> str:
    """A setting as text: plain digits, ``off`` for none."""
    if value is None:
        return OFF
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def read_value(kind: type[Any], name: str, text: str) -> object:
    """A setting from text, a percentage where it is a share; ``InvalidValueError`` otherwise."""
    annotation, may_be_off = _hints(kind)[name]
    text = text.strip()
    if may_be_off and text.lower() == OFF:
        return None
    if get_origin(annotation) is Literal:
        return text.lower()
    divided = annotation is float and text.endswith("%")
    digits = text.removesuffix("%").strip() if divided else text
    if not (_WHOLE if annotation is int else _NUMBER).fullmatch(digits):
        raise InvalidValueError(name, "a whole number" if annotation is int else "a number", text)
    number = Decimal(digits)
    value: object = annotation(number / 100 if divided else number)
    return value


def _hints(kind: type[Any]) -> dict[str, tuple[Any, bool]]:
    """Type of every field without ``None``, and whether it may be off."""
    found: dict[str, tuple[Any, bool]] = {}
    hints = get_type_hints(kind)
    for one in fields(kind):
        parts = get_args(hints[one.name])
        is_optional = type(None) in parts
        inner = next((p for p in parts if p is not type(None)), None) if is_optional else None
        found[one.name] = (inner if is_optional else hints[one.name], is_optional)
    return found
