"""Numbers as a person reads them: prices, amounts, percentages, round axis steps.

One rule for all prices: as many decimals as the step between two neighbours needs, thousands
separated, and a suffix or an exponent once zeros would fill the line. The minus is U+2212, as
wide as the plus, so that columns of signed numbers align.
"""

import math

import numpy as np

from bot.charts.views import Floats

UNKNOWN = "–"
_SUFFIXES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
_COMPACT_FROM = 1e7
_EXPONENT_BELOW = 1e-6
_EXPONENT_FROM = 1e15
_MOST_DECIMALS = 8
_MOST_DIGITS = 4


def price(value: float, step: float) -> str:
    """Return `value` with the decimals that tell neighbours `step` apart."""
    if not math.isfinite(value):
        return UNKNOWN
    size = abs(value)
    if size >= _EXPONENT_FROM or 0 < size < _EXPONENT_BELOW:
        return _exponent(value, step)
    for unit, suffix in _SUFFIXES[:3] if size >= _COMPACT_FROM else ():
        if size >= unit:
            return _plain(value / unit, _decimals(step / unit)) + suffix
    return _plain(value, _decimals(step))


def amount(value: float) -> str:
    """Return money: cents from 1 upwards, five significant digits below, a suffix when huge."""
    if not math.isfinite(value):
        return UNKNOWN
    size = abs(value)
    if size >= _COMPACT_FROM or 0 < size < 1:
        return price(value, 10 ** (math.floor(math.log10(size)) - 4))
    return price(value, 0.01)


def signed(text: str) -> str:
    """Return a formatted number with its sign shown, a plus included; zero has none."""
    is_zero = not any(digit in text for digit in "123456789")
    return text.removeprefix("−") if is_zero else text if text.startswith("−") else f"+{text}"


def percent(fraction: float, decimals: int = 1) -> str:
    """Return a fraction as signed per cent: 0.0123 as "+1.2 %"; whole from 1000 % upwards."""
    if not math.isfinite(fraction):
        return UNKNOWN
    hundredths = fraction * 100
    if abs(hundredths) >= _COMPACT_FROM:
        return signed(compact(hundredths)) + "%"
    return signed(_plain(hundredths, 0 if abs(hundredths) >= 1000 else decimals)) + "%"  # noqa: PLR2004 - docstring


def compact(value: float) -> str:
    """Return three significant digits with a suffix: 12,345 as "12.3k"."""
    if not math.isfinite(value):
        return UNKNOWN
    size = abs(value)
    if size >= _EXPONENT_FROM or 0 < size < _EXPONENT_BELOW:
        return _exponent(value, size / 100)
    for unit, suffix in _SUFFIXES:
        if size >= unit:
            return _plain(value / unit, _decimals(_third_digit(size / unit))) + suffix
    return _plain(value, _decimals(_third_digit(size))) if size > 0 else "0"


def round_step(span: float, count: int) -> float:
    """Return the step of 1, 2 or 5 · 10ᵏ that cuts `span` into at most `count` parts."""
    raw = span / count
    if not (math.isfinite(raw) and raw > 0):
        return 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    return next(m * power for m in (1, 2, 5, 10, 20) if m * power >= raw * (1 - 1e-9))


def round_ticks(low: float, high: float, count: int) -> list[float]:
    """Return the multiples of a round step inside [low, high], at most `count` + 1 of them."""
    step = round_step(high - low, count)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, min(last, first + count) + 1)]


def last_known(values: Floats) -> float:
    """Return the last finite entry, NaN where there is none."""
    known = values[np.isfinite(values)]
    return float(known[-1]) if len(known) else math.nan


def _third_digit(size: float) -> float:
    return 10.0 ** (math.floor(math.log10(size)) - 2)


def _decimals(step: float) -> int:
    if not (math.isfinite(step) and step > 0):
        return 2
    return min(max(0, -math.floor(math.log10(step) + 1e-9)), _MOST_DECIMALS)


def _plain(value: float, decimals: int) -> str:
    text = f"{value:,.{decimals}f}"
    return text.replace("-", "−")


def _exponent(value: float, step: float) -> str:
    power = math.floor(math.log10(abs(value)))
    known = power - math.floor(math.log10(step) + 1e-9) if step > 0 else 2
    mantissa, exponent = f"{value:.{min(max(known, 0), _MOST_DIGITS)}e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("-", "−")
