"""Numbers as people type them: decimal comma or decimal point, with or without groups of three.

text → the number, ``TwoReadings`` where it can mean two numbers, or ``None`` where it is none.

The same screen writes 51.609,42 for one person and 51,609.42 for another, and an amount moves
money: what can be read in two ways is asked back, whatever language the person has chosen.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WHOLE_DIGITS, DECIMAL_DIGITS = 15, 12
"""More digits are refused: the sum of both stays within the 28 that ``Decimal`` computes with."""

_SPACES = " \u00a0\u2007\u2009\u202f"
_TIGHT = str.maketrans(dict.fromkeys(_SPACES, "_") | {"’": "'", "−": "-"})
_WRITTEN = re.compile(r"(\$?)([+-]?)(\$?)(\d[\d.,'_]*)", re.ASCII)
_PLAIN = re.compile(r"\d+", re.ASCII)
_DECIMAL = re.compile(r"(\d+)([.,])(\d+)", re.ASCII)
_GROUPED = re.compile(
    r"([1-9]\d{0,2}(?:(?P<mark>[.,'_])\d{3})(?:(?P=mark)\d{3})*)"
    r"(?:(?!(?P=mark))[.,](\d+))?",
    re.ASCII,
)
_GROUP_DIGITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoReadings:
    """What can be read in two ways, and how to type each of them so that it cannot."""

    word: str
    low: str
    high: str


type Typed = Decimal | TwoReadings | None


def read_number(text: str, *, marks: str = "") -> Typed:
    """The number of a text; of the letters ``marks`` one may stand behind it, and is passed over.

    One separator with three digits behind it and up to three before it (70.000) can be a decimal or
    a group, unless nothing but zeros stands before it. Anything else has one reading: groups of
    three with a mark of their own, then decimals behind another.
    """
    body = text.strip()
    mark = body[-1] if body and body[-1] in marks else ""
    body = body.removesuffix(mark).strip() if mark else body
    if "_" in body:
        return None
    found = _WRITTEN.fullmatch(body.translate(_TIGHT))
    if found is None or (found[1] and found[3]):
        return None
    sign, digits = found[2], found[4]
    two = _two_readings(digits)
    if two is not None:
        before = f"{found[1]}{sign}{found[3]}"
        low, high = (f"{before}{one}{mark}" for one in two)
        return TwoReadings(word=text.strip(), low=low, high=high)
    number = _one_reading(digits)
    return None if number is None else Decimal(f"{sign}{number}")


def typed_text(value: Decimal) -> str:
    """Digits and a point, so that ``read_number`` gives the same value back: 2.3450, not 2.345."""
    text = format(value.normalize(), "f") if value else "0"
    return f"{text}0" if _two_readings(text.removeprefix("-")) else text


def take_number(words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The words a number begins with, as one text, and the rest: ``1 000,5 USDT``."""
    taken = 1
    while taken < len(words) and _goes_on(words[:taken], words[taken]):
        taken += 1
    return " ".join(words[:taken]), tuple(words[taken:])


def _goes_on(before: Sequence[str], word: str) -> bool:
    digits = re.fullmatch(r"(\d{3})(?:[.,]\d+)?%?", word, re.ASCII)
    is_group = digits is not None and isinstance(
        read_number(" ".join((*before, digits[1]))), Decimal
    )
    return is_group or (word == "%" and not before[-1].endswith("%"))


def _two_readings(digits: str) -> tuple[str, str] | None:
    found = _DECIMAL.fullmatch(digits)
    if found is None or len(found[3]) != _GROUP_DIGITS:
        return None
    whole, mark, decimals = found.groups()
    if len(whole) > _GROUP_DIGITS or not whole.strip("0"):
        return None
    short = decimals.rstrip("0")
    if len(short) == _GROUP_DIGITS:
        short += "0"
    return (f"{whole}{mark}{short}" if short else whole, f"{whole}{decimals}")


def _one_reading(digits: str) -> str | None:
    grouped = _GROUPED.fullmatch(digits)
    if _PLAIN.fullmatch(digits):
        whole, decimals = digits, ""
    elif grouped is not None:
        whole, decimals = re.sub(r"\D", "", grouped[1]), grouped[3] or ""
    elif (found := _DECIMAL.fullmatch(digits)) is not None:
        whole, decimals = found[1], found[3]
    else:
        return None
    if len(whole) > WHOLE_DIGITS or len(decimals) > DECIMAL_DIGITS:
        return None
    return f"{whole}.{decimals}" if decimals else whole
