"""The fixed words, by language, and how numbers and times are written in it.

A text is looked up by a dotted name in ``texts/<language>/*.toml`` and filled with values, all of
which are escaped. The three files have the same names; a test compares them. A name that is not
there shows itself instead of failing, because a message matters more than its wording.
"""

import string
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from bot.charts.words import Words as ChartWords
from bot.messages.markup import Html, one_line
from bot.policy import LANGUAGES, ChatOptions
from engine.domain.desk import Person

type Texts = Mapping[str, str]

_FORMATTER = string.Formatter()
_WHOLE_PRICE = 1000
_PRICE_DIGITS = 6
_MONEY_STEP = Decimal("0.01")


@cache
def load_texts(language: str) -> Texts:
    """All texts of a language by dotted name; an area of the desk has a file of its own."""
    folder = files("bot.messages.texts") / language
    sources = sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=str)
    return dict(
        pair for one in sources for pair in _flat("", tomllib.loads(one.read_text("utf-8")))
    )


def _flat(prefix: str, table: Mapping[str, object]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            found += _flat(f"{name}.", value)
        else:
            found.append((name, str(value)))
    return found


@dataclass(frozen=True, slots=True)
class Words:
    """One language and one zone."""

    language: str
    zone_name: str

    @classmethod
    def of(cls, language: str, zone_name: str) -> "Words":
        """Words in a language like ``de`` or ``de-AT``; English for one there are no words for."""
        short = language[:2].lower()
        return cls(short if short in LANGUAGES else "en", zone_name)

    @classmethod
    def for_reader(cls, reader: Person | None, options: ChatOptions) -> "Words":
        """Words for a person as they have chosen, or for a group as the desk has."""
        language = reader.language if reader and reader.language else options.language
        return cls.of(language, options.for_reader(reader).zone_name)

    def __call__(self, text_id: str, /, **values: object) -> Html:
        """The text of this name with its values filled in, as HTML."""
        template = load_texts(self.language).get(text_id)
        if template is None:
            told = " ".join(f"{key}={value}" for key, value in values.items())
            return one_line(f"{text_id} {told}".strip())
        return Html(_FORMATTER.vformat(template, (), _Escaped(values)))

    def knows(self, name: str) -> bool:
        """Whether there is a text of this name."""
        return name in load_texts(self.language)

    def raw(self, name: str) -> str:
        """The text of this name as it stands, for places that are not HTML (buttons, pictures)."""
        return load_texts(self.language).get(name, name)

    def named(self, table: str, key: str) -> Html:
        """The word for a code, or the code itself."""
        name = f"{table}.{key}"
        return self(name) if self.knows(name) else one_line(key.replace("_", " "))

    def chart_words(self) -> ChartWords:
        """The words of a picture."""
        names = [field.name for field in fields(ChartWords) if field.name != "months"]
        texts = {name: self.raw(f"chart.{name}") for name in names}
        return ChartWords(**texts, months=tuple(self.raw("chart.months").split()))

    def number(self, value: Decimal, digits: int) -> str:
        """A number with this many digits after the point, grouped by thousands."""
        text = f"{value:,.{digits}f}"
        if text.strip("-0.,") == "" and text.startswith("-"):
            text = text[1:]
        text = text.replace("-", "−")
        marks = {",": self.raw("format.group"), ".": self.raw("format.decimal")}
        return "".join(marks.get(char, char) for char in text)

    def money(self, value: Decimal, currency: str, *, signed: bool = False) -> str:
        """An amount with its currency, cents always shown."""
        rounded = value.quantize(_MONEY_STEP, rounding=ROUND_HALF_EVEN)
        sign = "+" if signed and rounded > 0 else ""
        return f"{sign}{self.number(rounded, 2)} {currency}"

    def price(self, value: Decimal) -> str:
        """A price with the digits it has, at least two and at most six that matter."""
        exact = -_exponent(value)
        if abs(value) >= _WHOLE_PRICE:
            return self.number(value, min(max(exact, 2), 2))
        before_first = max(0, -(value.adjusted() + 1)) if value else 0
        digits = min(exact, before_first + _PRICE_DIGITS - max(0, value.adjusted() + 1))
        return self.number(value, max(2, digits))

    def quantity(self, value: Decimal) -> str:
        """A quantity with the digits it has."""
        return self.number(value, max(0, -_exponent(value)))

    def percent(self, fraction: Decimal, *, digits: int = 1, signed: bool = False) -> str:
        """A fraction as a percentage."""
        sign = "+" if signed and fraction > 0 else ""
        return f"{sign}{self.number(fraction * 100, digits)} %"

    def bps(self, value: Decimal, *, signed: bool = False) -> str:
        """Basis points."""
        sign = "+" if signed and value > 0 else ""
        return f"{sign}{self.number(value, 0)} bps"

    def points(self, value: Decimal) -> str:
        """Points of a score, signed."""
        return ("+" if value > 0 else "") + self.number(value, 1)

    def clock(self, moment: datetime) -> str:
        """Time of day in the owner's zone."""
        return f"{moment.astimezone(ZoneInfo(self.zone_name)):%H:%M:%S}"

    def clock_beside(self, moment: datetime, other: datetime) -> str:
        """Time of day, with its date where it is not the other moment's day in the owner's zone.

        A deadline is written beside the moment its question was asked, so that a message which is
        read on another day than it was written on says the same.
        """
        zone = ZoneInfo(self.zone_name)
        is_same = moment.astimezone(zone).date() == other.astimezone(zone).date()
        return self.clock(moment) if is_same else self.moment(moment)

    def moment(self, moment: datetime) -> str:
        """Date and time in the owner's zone."""
        return f"{moment.astimezone(ZoneInfo(self.zone_name)):%Y-%m-%d %H:%M}"


def _exponent(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return min(0, exponent) if isinstance(exponent, int) else 0


class _Escaped(Mapping[str, object]):
    """Values that escape themselves; a missing one leaves its name rather than failing."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def __getitem__(self, key: str) -> object:
        if key not in self._values:
            return f"{{{key}}}"
        value = self._values[key]
        # One line, so that a foreign line break cannot tear a tag in two.
        return value if isinstance(value, Html) else one_line(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
