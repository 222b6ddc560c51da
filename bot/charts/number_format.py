"""How a language writes numbers: prices, amounts, percentages, points of a score.

One rule for all prices: as many decimals as the step between two neighbours needs, thousands
grouped, and a suffix or an exponent once zeros would fill the line. The minus is U+2212, as wide
as the plus, so that columns of signed numbers align.

The words for millions belong to the language too: a Spanish billón is a thousand times what the
"B" of an English picture means.
"""

import math
from dataclasses import dataclass
from decimal import Decimal

UNKNOWN = "–"
_COMPACT_FROM = 1e7
_EXPONENT_BELOW = 1e-6
_EXPONENT_FROM = 1e15
_MOST_DECIMALS = 12
_MOST_DIGITS = 8
_WHOLE_PERCENT_FROM = 1000.0
_CENT = 0.01
_CENTS_FROM = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFormat:
    """The marks of one language; the words for thousands and more bring their own space."""

    decimal: str = "."
    group: str = ","
    thousand: str = "k"
    million: str = "M"
    billion: str = "B"
    trillion: str = "T"

    def price(self, value: float, step: float) -> str:
        """Return `value` with the decimals that tell neighbours `step` apart."""
        if not math.isfinite(value):
            return UNKNOWN
        size = abs(value)
        is_finer = 0 < step < 10.0**-_MOST_DECIMALS and size < 1
        if size == 0 and is_finer:
            return "0"
        if size >= _EXPONENT_FROM or 0 < size < _EXPONENT_BELOW or is_finer:
            return self._exponent(value, step)
        for unit, suffix in self._suffixes[:3] if size >= _COMPACT_FROM else ():
            if size >= unit:
                return self.plain(value / unit, _decimals(step / unit)) + suffix
        return self.plain(value, _decimals(step))

    def amount(self, value: float, account: float = 0.0) -> str:
        """Return money: cents from 1 upwards, five significant digits below, short when huge.

        In an account of hundreds or more a cent is small: there cents will do from a cent on.
        """
        if not math.isfinite(value):
            return UNKNOWN
        size = abs(value)
        if abs(account) >= _CENTS_FROM and _CENT <= size < 1:
            return self.price(value, _CENT)
        if size >= _COMPACT_FROM or 0 < size < 1:
            return self.price(value, 10 ** (math.floor(math.log10(size)) - 4))
        return self.price(value, _CENT)

    def percent(self, fraction: float, decimals: int = 1) -> str:
        """Return a fraction as signed per cent: 0.0123 as "+1.2 %"; whole from 1000 % upwards."""
        return signed(self.share(fraction, decimals))

    def share(self, fraction: float, decimals: int = 1) -> str:
        """Return a fraction as per cent without a plus: 0.0123 as "1.2 %"."""
        if not math.isfinite(fraction):
            return UNKNOWN
        hundredths = fraction * 100
        if abs(hundredths) >= _COMPACT_FROM:
            return f"{self.compact(hundredths)} %"
        is_whole = abs(hundredths) >= _WHOLE_PERCENT_FROM
        return f"{self.plain(hundredths, 0 if is_whole else decimals)} %"

    def compact(self, value: float) -> str:
        """Return three significant digits, short from a thousand on: 12,345 as "12.3k"."""
        if not math.isfinite(value):
            return UNKNOWN
        size = abs(value)
        if size >= _EXPONENT_FROM or 0 < size < _EXPONENT_BELOW:
            return self._exponent(value, size / 100)
        for unit, suffix in self._suffixes:
            if size >= unit:
                return self.plain(value / unit, _decimals(_third_digit(size / unit))) + suffix
        return self.plain(value, _decimals(_third_digit(size))) if size > 0 else "0"

    def rounded(self, value: float) -> str:
        """Return a round value, short and without needless zeros: 20,000 as "20k"."""
        text = self.compact(value)
        if "e" in text:
            return text
        digits = text.rstrip("".join(suffix for _, suffix in self._suffixes))
        return self._trimmed(digits) + text[len(digits) :]

    def bare(self, value: float, decimals: int = 1) -> str:
        """Return a number without needless zeros: 30.0 as "30", 27.5 as "27.5"."""
        return self._trimmed(self.plain(value, decimals))

    def apart(self, value: float, other: float | None, decimals: int = 1) -> str:
        """Return `value` with the decimals that tell it from `other`, at least so many."""
        if other is None or value == other:
            return self.plain(value, decimals)
        while decimals < _MOST_DECIMALS and f"{value:.{decimals}f}" == f"{other:.{decimals}f}":
            decimals += 1
        return self.plain(value, decimals)

    def plain(self, value: float, decimals: int) -> str:
        """Return a number with this many decimals, UNKNOWN where there is none."""
        if not math.isfinite(value):
            return UNKNOWN
        # Rounded as the text of the message beside the picture is: 74.55 is written 74.55 there.
        text = f"{Decimal(repr(float(value))):,.{decimals}f}"
        if text.strip("-0.,") == "":
            text = text.removeprefix("-")
        marks = {",": self.group, ".": self.decimal, "-": "−"}
        return "".join(marks.get(character, character) for character in text)

    @property
    def _suffixes(self) -> tuple[tuple[float, str], ...]:
        return (
            (1e12, self.trillion),
            (1e9, self.billion),
            (1e6, self.million),
            (1e3, self.thousand),
        )

    def _trimmed(self, text: str) -> str:
        whole, point, rest = text.rpartition(self.decimal)
        return (whole + point + rest.rstrip("0")).removesuffix(self.decimal) if point else text

    def _exponent(self, value: float, step: float) -> str:
        power = math.floor(math.log10(abs(value)))
        known = power - math.floor(math.log10(step) + 1e-9) if step > 0 else 2
        mantissa, exponent = f"{value:.{min(max(known, 0), _MOST_DIGITS)}e}".split("e")
        shown = f"{mantissa}e{int(exponent)}".replace("-", "−")
        return shown.replace(".", self.decimal)


def signed(text: str) -> str:
    """Return a formatted number with its sign shown, a plus included; zero has none."""
    is_zero = not any(digit in text for digit in "123456789")
    return text.removeprefix("−") if is_zero else text if text.startswith("−") else f"+{text}"


def _third_digit(size: float) -> float:
    return 10.0 ** (math.floor(math.log10(size)) - 2)


def _decimals(step: float) -> int:
    if not (math.isfinite(step) and step > 0):
        return 2
    return min(max(0, -math.floor(math.log10(step) + 1e-9)), _MOST_DECIMALS)
