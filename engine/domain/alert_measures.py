"""What can be watched, and what about it comes true: measures, relations, conditions.

``Measure`` relation line → ``Condition``. ``Condition.text`` is the one way a condition is written;
the reader of ``engine.desk.alerts.grammar`` reads it back as the same value. Lines are exact
decimals in the unit of what is measured; shares are fractions and written as percentages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from engine.domain.market import Symbol, Timeframe
from engine.domain.typed import typed_text
from engine.domain.values import require

LONGEST_LENGTH_BARS = 400
LONGEST_SPAN_H = 30 * 24
ANY = "any"
_HOURS_A_DAY = 24


class Unit(StrEnum):
    """What a line is counted in."""

    PRICE = "price"
    POINTS = "points"
    QUOTE = "quote"
    SHARE = "share"
    TIMES = "times"
    NONE = "none"


class Source(StrEnum):
    """Where values come from: prices between closes, closed bars, stored scores, the book."""

    PRICES = "prices"
    BARS = "bars"
    SCORES = "scores"
    BOOK = "book"
    EVENTS = "events"


class Relation(StrEnum):
    """On which side of the line it comes true."""

    ABOVE = ">"
    BELOW = "<"

    @property
    def sign(self) -> int:
        """1 where larger values come true, else −1."""
        return 1 if self is Relation.ABOVE else -1


class Measured(StrEnum):
    """What can be watched; the last three are events and have no line."""

    PRICE = "price"
    CLOSE = "close"
    HIGH = "high"
    LOW = "low"
    SMA = "sma"
    EMA = "ema"
    BB_UPPER = "bb_upper"
    BB_MIDDLE = "bb_middle"
    BB_LOWER = "bb_lower"
    RSI = "rsi"
    STOCH_K = "stoch_k"
    STOCH_D = "stoch_d"
    SCORE = "score"
    MACD = "macd"
    MACD_SIGNAL = "macd_signal"
    MACD_HISTOGRAM = "macd_histogram"
    ATR = "atr"
    VOLUME = "volume"
    CHANGE = "change"
    DRAWDOWN = "drawdown"
    STOP_DISTANCE = "stop_distance"
    OPENED = "opened"
    CLOSED = "closed"
    STOPPED = "stopped"

    @property
    def trait(self) -> "Trait":
        """What is true of every measure of this name."""
        return _TRAITS[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """Unit, source and bounds of a kind of measure.

    ``length_bars`` is what a length is without being written; ``None``: it takes none. A line must
    lie strictly between ``low`` and ``high``.
    """

    unit: Unit
    source: Source
    length_bars: int | None = None
    needs_length: bool = False
    low: Decimal | None = None
    high: Decimal | None = None


_ZERO, _ONE, _HUNDRED = Decimal(0), Decimal(1), Decimal(100)


def _bars(
    unit: Unit,
    length_bars: int | None = None,
    *,
    needs_length: bool = False,
    low: Decimal | None = None,
) -> Trait:
    return Trait(
        unit=unit,
        source=Source.BARS,
        length_bars=length_bars,
        needs_length=needs_length,
        low=low,
        high=_HUNDRED if unit is Unit.POINTS else None,
    )


def _event() -> Trait:
    return Trait(unit=Unit.NONE, source=Source.EVENTS)


_TRAITS: Mapping[Measured, Trait] = {
    Measured.PRICE: Trait(unit=Unit.PRICE, source=Source.PRICES, low=_ZERO),
    Measured.CLOSE: _bars(Unit.PRICE, low=_ZERO),
    Measured.HIGH: _bars(Unit.PRICE, 20, low=_ZERO),
    Measured.LOW: _bars(Unit.PRICE, 20, low=_ZERO),
    Measured.SMA: _bars(Unit.PRICE, 0, needs_length=True, low=_ZERO),
    Measured.EMA: _bars(Unit.PRICE, 0, needs_length=True, low=_ZERO),
    Measured.BB_UPPER: _bars(Unit.PRICE, low=_ZERO),
    Measured.BB_MIDDLE: _bars(Unit.PRICE, low=_ZERO),
    Measured.BB_LOWER: _bars(Unit.PRICE, low=_ZERO),
    Measured.RSI: _bars(Unit.POINTS, 14, low=_ZERO),
    Measured.STOCH_K: _bars(Unit.POINTS, low=_ZERO),
    Measured.STOCH_D: _bars(Unit.POINTS, low=_ZERO),
    Measured.SCORE: Trait(unit=Unit.POINTS, source=Source.SCORES, low=-_HUNDRED, high=_HUNDRED),
    Measured.MACD: _bars(Unit.QUOTE),
    Measured.MACD_SIGNAL: _bars(Unit.QUOTE),
    Measured.MACD_HISTOGRAM: _bars(Unit.QUOTE),
    Measured.ATR: _bars(Unit.QUOTE, 14, low=_ZERO),
    Measured.VOLUME: _bars(Unit.TIMES, 20, low=_ZERO),
    Measured.CHANGE: _bars(Unit.SHARE, low=-_ONE),
    Measured.DRAWDOWN: Trait(unit=Unit.SHARE, source=Source.BOOK, low=_ZERO, high=_ONE),
    Measured.STOP_DISTANCE: Trait(unit=Unit.SHARE, source=Source.BOOK, low=_ZERO, high=_ONE),
    Measured.OPENED: _event(),
    Measured.CLOSED: _event(),
    Measured.STOPPED: _event(),
}
_NEEDS_FRAME = frozenset(
    name for name in Measured if name.trait.source is Source.BARS and name is not Measured.CHANGE
)
_OF_THE_BOOK = (Source.BOOK, Source.EVENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One value over time. ``symbol`` ``None`` means each market, or each position.

    ``length_bars`` is how many bars it looks back; ``span_h`` how many hours a change looks back.
    """

    name: Measured
    symbol: Symbol | None = None
    timeframe: Timeframe | None = None
    length_bars: int | None = None
    span_h: int | None = None

    def __post_init__(self) -> None:
        """What it needs is there, and nothing else."""
        trait, name = self.name.trait, self.name
        takes_frame, takes_length = name in _NEEDS_FRAME, trait.length_bars is not None
        require((self.timeframe is not None) is takes_frame, "timeframe", f"as {name} needs", self)
        require((self.length_bars is not None) is takes_length, "length", f"as {name} needs", self)
        is_change = name is Measured.CHANGE
        require((self.span_h is not None) is is_change, "span", f"as {name} needs", self.span_h)
        require(
            self.length_bars is None or 2 <= self.length_bars <= LONGEST_LENGTH_BARS,  # noqa: PLR2004 - one bar has no average
            "length",
            f"2 to {LONGEST_LENGTH_BARS} bars",
            self.length_bars,
        )
        require(
            self.span_h is None or 1 <= self.span_h <= LONGEST_SPAN_H,
            "span",
            f"1 to {LONGEST_SPAN_H} hours",
            self.span_h,
        )
        require(name is not Measured.DRAWDOWN or self.symbol is None, "symbol", "none", self.symbol)

    @property
    def text(self) -> str:
        """Written in full: ``rsi(ETH/USDT,1h)``."""
        if self.name is Measured.PRICE:
            return str(self.symbol)
        parts: list[str] = []
        if self.symbol is not None:
            parts.append(str(self.symbol))
        elif self.name.trait.source not in _OF_THE_BOOK:
            parts.append(ANY)
        if self.timeframe is not None:
            parts.append(str(self.timeframe))
        if self.span_h is not None:
            parts.append(span_text(self.span_h))
        parts += self._length_text
        return f"{self.name}({','.join(parts)})" if parts else str(self.name)

    @property
    def short(self) -> str:
        """Written beside a measure of the same market and timeframe: ``bb_upper``, ``ema(50)``."""
        return f"{self.name}({self._length_text[0]})" if self._length_text else str(self.name)

    @property
    def _length_text(self) -> list[str]:
        usual = self.name.trait.length_bars
        return [str(self.length_bars)] if self.length_bars not in (None, usual) else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """``measure relation line``, ``measure relation other`` of the same bars, or an event."""

    measure: Measure
    relation: Relation | None = None
    line: Decimal | None = None
    other: Measure | None = None

    def __post_init__(self) -> None:
        """One thing to compare with, in the same unit; a line that can be crossed."""
        is_event = self.is_event
        require((self.relation is None) is is_event, "relation", "none for events", self.relation)
        given = [one for one in (self.line, self.other) if one is not None]
        require(len(given) == (0 if is_event else 1), "line", "one, none for events", len(given))
        if self.line is not None:
            self._check_line(self.line)
        if self.other is not None:
            mine, theirs = self.measure, self.other
            same = (mine.symbol, mine.timeframe) == (theirs.symbol, theirs.timeframe)
            require(same and mine.timeframe is not None, "other side", "of the same bars", theirs)
            require(mine.name.trait.unit is theirs.name.trait.unit, "other side", "alike", theirs)
            require(mine != theirs, "other side", "another measure", theirs)

    def _check_line(self, line: Decimal) -> None:
        trait = self.measure.name.trait
        require(line.is_finite(), "line", "a number", line)
        require(trait.low is None or line > trait.low, "line", f"> {trait.low}", line)
        require(trait.high is None or line < trait.high, "line", f"< {trait.high}", line)

    @property
    def is_event(self) -> bool:
        """Whether it speaks of something that happens, not of a value."""
        return self.source is Source.EVENTS

    @property
    def source(self) -> Source:
        """Where its values come from."""
        return self.measure.name.trait.source

    @property
    def unit(self) -> Unit:
        """What its values and its line are counted in."""
        return self.measure.name.trait.unit

    @property
    def symbol(self) -> Symbol | None:
        """Its market; ``None`` for each market, each position, or the whole book."""
        return self.measure.symbol

    @property
    def text(self) -> str:
        """The condition as it is written."""
        if self.relation is None:
            return self.measure.text
        right = self.other.short if self.other else figure(self.line or _ZERO, self.unit)
        return f"{self.measure.text} {self.relation} {right}"


def figure(value: Decimal, unit: Unit) -> str:
    """A line as it is typed: plain digits, ``5%`` for a share, ``3x`` for a multiple."""
    if unit is Unit.SHARE:
        return f"{typed_text(value * 100)}%"
    return f"{typed_text(value)}x" if unit is Unit.TIMES else typed_text(value)


def plain(value: Decimal) -> str:
    """Digits without exponent and without trailing zeros."""
    return format(value.normalize(), "f") if value else "0"


def span_text(hours: int) -> str:
    """``24h``, and ``7d`` for whole days from two on."""
    days, rest = divmod(hours, _HOURS_A_DAY)
    return f"{days}d" if days > 1 and not rest else f"{hours}h"
