"""The fixed words, by language, and how numbers and times are written in it.

A text is looked up by a dotted name in ``texts/<language>/*.toml`` and filled with values, all of
which are escaped. The three files have the same names; a test compares them. A name that is not
there shows itself instead of failing, because a message matters more than its wording.

- Plural: ``{count} {count:question|questions}`` takes the first word for one and the second for
  every other number, which is all that English, German and Spanish need.
- Rounding: a figure that is there is not shown as nothing. Where the usual digits would round it to
  zero it gets a few more, and levels that differ get enough to be told apart.
- Times carry their zone as an ``aside``, which a message says at its first time only.
"""

import string
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from bot.charts.number_format import NumberFormat
from bot.charts.words import Words as ChartWords
from bot.messages.markup import Html, aside, one_line
from bot.policy import LANGUAGES, ChatOptions
from engine.domain.desk import Person

type Texts = Mapping[str, str]

_WHOLE_PRICE = 1000
_PRICE_DIGITS = 6
_MONEY_STEP = Decimal("0.01")
_MONEY_DIGITS = 2
_MOST_MONEY_DIGITS = 8
_EXTRA_DIGITS = 3
_ONE = "1"


class _Plural(string.Formatter):
    """``{count:one|other}``: one of two words by the number; all else as usual."""

    def format_field(self, value: object, format_spec: str) -> str:
        one, bar, other = format_spec.partition("|")
        if not bar:
            return str(super().format_field(value, format_spec))
        return one if str(value) == _ONE else other


_FORMATTER = _Plural()


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
        names = [one.name for one in fields(ChartWords) if one.name not in ("months", "numbers")]
        texts = {name: self.raw(f"chart.{name}") for name in names}
        marks = {one.name: self.raw(f"format.{one.name}") for one in fields(NumberFormat)}
        return ChartWords(
            **texts,
            months=tuple(self.raw("chart.months").split()),
            numbers=NumberFormat(**marks),
        )

    def number(self, value: Decimal, digits: int) -> str:
        """A number with this many digits after the point, grouped by thousands."""
        text = f"{value:,.{digits}f}"
        if text.strip("-0.,") == "" and text.startswith("-"):
            text = text[1:]
        text = text.replace("-", "−")
        marks = {",": self.raw("format.group"), ".": self.raw("format.decimal")}
        return "".join(marks.get(char, char) for char in text)

    def signed(self, value: Decimal, digits: int) -> str:
        """A number whose gain has a plus; what rounds to nothing has no sign."""
        text = self.number(value, digits)
        return f"+{text}" if value > 0 and text.strip("0.,") else text

    def money(self, value: Decimal, currency: str, *, signed: bool = False) -> str:
        """An amount with its currency, cents always shown; less than a cent with two digits."""
        digits = money_digits(value)
        rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
        told = self.signed(rounded, digits) if signed else self.number(rounded, digits)
        return f"{told} {currency}"

    def price(self, value: Decimal, *beside: Decimal) -> str:
        """A price with the digits it has, at least two and at most six that matter.

        More of them where it would look like one of the other prices ``beside`` it.
        """
        exact, digits = -_exponent(value), _price_digits(value)
        others = [other for other in beside if other != value]
        while digits < exact and any(
            round(other, digits) == round(value, digits) for other in others
        ):
            digits += 1
        return self.number(value, digits)

    def prices(self, *values: Decimal) -> tuple[str, ...]:
        """Prices that stand beside each other, each told apart from the others."""
        return tuple(self.price(value, *values) for value in values)

    def apart(self, value: Decimal, other: Decimal, digits: int) -> tuple[str, str]:
        """Two numbers beside each other, with more digits where they would look equal."""
        enough = range(digits, digits + 1 + _EXTRA_DIGITS)
        digits = next((one for one in enough if round(value, one) != round(other, one)), digits)
        return self.number(value, digits), self.number(other, digits)

    def quantity(self, value: Decimal) -> str:
        """A quantity with the digits it has."""
        return self.number(value, max(0, -_exponent(value)))

    def percent(self, fraction: Decimal, *, digits: int = 1, signed: bool = False) -> str:
        """A fraction as a percentage."""
        return f"{self._told(fraction * 100, digits, signed=signed)} %"

    def bps(self, value: Decimal, *, signed: bool = False) -> str:
        """Basis points."""
        return f"{self._told(value, 0, signed=signed)} bps"

    def points(self, value: Decimal) -> str:
        """Points of a score, signed."""
        return self.signed(value, 1)

    def _told(self, value: Decimal, digits: int, *, signed: bool) -> str:
        digits = _digits_of(value, digits)
        return self.signed(value, digits) if signed else self.number(value, digits)

    def clock(self, moment: datetime) -> Html:
        """Time of day in the owner's zone."""
        return self._time(moment, "%H:%M:%S")

    def minute(self, moment: datetime) -> Html:
        """Time of day in the owner's zone, without seconds."""
        return self._time(moment, "%H:%M")

    def clock_beside(self, moment: datetime, other: datetime) -> Html:
        """Time of day, with its date where it is not the other moment's day in the owner's zone.

        A deadline is written beside the moment its question was asked, so that a message which is
        read on another day than it was written on says the same.
        """
        zone = ZoneInfo(self.zone_name)
        is_same = moment.astimezone(zone).date() == other.astimezone(zone).date()
        return self.clock(moment) if is_same else self.moment(moment)

    def moment(self, moment: datetime) -> Html:
        """Date and time in the owner's zone."""
        return self._time(moment, "%Y-%m-%d %H:%M")

    def _time(self, moment: datetime, form: str) -> Html:
        here = moment.astimezone(ZoneInfo(self.zone_name))
        name = here.tzname() or ""
        # Zones without letters are named by their distance: "-03" is read as a number.
        shown = name if name.isalpha() else f"UTC{name}"
        return Html(f"{here:{form}}{aside(shown)}")


def addends(values: Sequence[Decimal], total: Decimal, digits: int) -> tuple[Decimal, ...]:
    """Parts rounded so that they add up to the rounded total, by the largest remainders.

    ``values`` must sum to ``total``. A reader who adds up what is shown comes to what is shown.
    """
    step = Decimal(1).scaleb(-digits)
    shown = [value.quantize(step, rounding=ROUND_FLOOR) for value in values]
    left = int((total.quantize(step, rounding=ROUND_HALF_EVEN) - sum(shown, Decimal(0))) / step)
    by_rest = sorted(range(len(values)), key=lambda k: shown[k] - values[k])
    for k in by_rest[: max(0, left)]:
        shown[k] += step
    return tuple(shown)


def _digits_of(value: Decimal, digits: int) -> int:
    """The usual digits, or a few more where these would show something as nothing."""
    if not value or round(value, digits):
        return digits
    return next(
        (more for more in range(digits + 1, digits + 1 + _EXTRA_DIGITS) if round(value, more)),
        digits,
    )


def money_digits(value: Decimal) -> int:
    """Digits of an amount: cents; for less than half of one, enough for its first two figures."""
    if not value or abs(value) >= _MONEY_STEP / 2:
        return _MONEY_DIGITS
    figures = round(value, min(_MOST_MONEY_DIGITS, 1 - value.adjusted()))
    return max(_MONEY_DIGITS, -_exponent(figures)) if figures else _MONEY_DIGITS


def _price_digits(value: Decimal) -> int:
    exact = -_exponent(value)
    if abs(value) >= _WHOLE_PRICE:
        return 2
    before_first = max(0, -(value.adjusted() + 1)) if value else 0
    return max(2, min(exact, before_first + _PRICE_DIGITS - max(0, value.adjusted() + 1)))


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
