"""Numbers as people of a language write them: "2,400.50" or "2.400,50", "−3.2 bps", "4.31%".

Rounding is half-even to the places named; prices are never rounded, because a price that is off by
a tick is another price. A signed format always shows its sign; the minus is U+2212.
"""

from decimal import Decimal

from llm.facts import Language

_MINUS = "−"
_PRICE_DIGITS = 12


def number(value: Decimal, places: int, language: Language, *, signed: bool = False) -> str:
    """A number with exactly ``places`` decimals and grouped thousands."""
    return _localised(f"{value:{'+' if signed else ''},.{places}f}", language)


def exact(value: Decimal, language: Language) -> str:
    """A price or quantity with all the digits it has and no trailing zeros."""
    if len(value.as_tuple().digits) > _PRICE_DIGITS:
        value = Decimal(f"{value:.{_PRICE_DIGITS}g}")
    places = max(0, -int(value.normalize().as_tuple().exponent))
    return number(value, places, language)


def percent(value: Decimal, places: int, language: Language, *, signed: bool = False) -> str:
    """A percentage; ``value`` is already in percent."""
    text = number(value, places, language, signed=signed)
    return f"{text}%" if language == "en" else f"{text} %"


def _localised(text: str, language: Language) -> str:
    text = text.replace("-", _MINUS)
    if text.strip(f"{_MINUS}+0.,") == "":
        text = text.lstrip(f"{_MINUS}+")
    if language != "en":
        text = text.translate(str.maketrans(",.", ".,"))
    return text
