"""What the market and the book show at one moment, as the looks that alerts are judged by.

``Facts`` are values: alert → looks per market. ``bars`` are closed ones; what is missing is absent,
and a look at it is, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import numpy as np

from engine.desk.alerts.columns import ColumnsOf
from engine.desk.alerts.judge import Look, Seen
from engine.desk.alerts.policy import AlertPolicy
from engine.domain.alert_measures import Condition, Measured, Source, Unit
from engine.domain.alerts import Alert, Arm
from engine.domain.desk import ScoreRow
from engine.domain.market import Quote, Symbol, Timeframe
from engine.domain.portfolio import Position, Trade
from engine.domain.reasons import ReasonCode
from engine.domain.values import from_ms, to_ms

type Series = tuple[Symbol, Timeframe]

BOOK = ""
"""The key of what is of no market."""

SHARE_STEP = Decimal("1e-8")
_STOPS = (ReasonCode.STOP_HIT.label, ReasonCode.TRAILING_STOP_HIT.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookEvent:
    """Something that happened to a position; the id is that of the entry or of the trade."""

    id: str
    symbol: Symbol
    at: datetime
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BookFacts:
    """Positions, the newest trades, and how far equity is below its peak, if all is priced."""

    positions: Sequence[Position] = ()
    trades: Sequence[Trade] = ()
    drawdown_fraction: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One moment. ``now`` is the market's time, ``timeframe`` the desk's own."""

    now: datetime
    symbols: Sequence[Symbol]
    timeframe: Timeframe
    policy: AlertPolicy
    prices: Mapping[Symbol, Quote] = field(default_factory=dict)
    bars: Mapping[Series, ColumnsOf] = field(default_factory=dict)
    scores: Mapping[Symbol, Sequence[ScoreRow]] = field(default_factory=dict)
    book: BookFacts = field(default_factory=BookFacts)

    def keys(self, condition: Condition) -> Sequence[Symbol]:
        """The markets a condition speaks of."""
        return self.symbols if condition.symbol is None else (condition.symbol,)

    def seen(self, alert: Alert, *, newest_only: bool = False) -> Mapping[str, Seen]:
        """Everything since the alert looked last; or the newest value, whenever it looked."""
        match alert.condition.source:
            case Source.BOOK:
                return self._of_book(alert.condition)
            case Source.EVENTS:
                return {}
            case _:
                found = {
                    str(symbol): self._of_market(alert, symbol, newest_only=newest_only)
                    for symbol in self.keys(alert.condition)
                }
        return {key: one for key, one in found.items() if one is not None}

    def _of_market(self, alert: Alert, symbol: Symbol, *, newest_only: bool) -> Seen | None:
        since = None if newest_only else alert.arm(str(symbol))
        condition = alert.condition
        if condition.source is Source.SCORES:
            return self._scored(condition, symbol, since)
        frame = condition.measure.timeframe or self.timeframe
        columns = self.bars.get((symbol, frame))
        if condition.source is not Source.PRICES:
            return None if columns is None else self._barred(condition, columns, since)
        passed = () if columns is None else tuple(self._passed(condition, columns, since))
        quote = self.prices.get(symbol)
        if columns is None and quote is None:
            return None
        polled = () if quote is None else (self._moment(condition, quote.at, quote.last),)
        to = None if columns is None else columns.to
        return Seen(looks=(*passed, *polled), to=to)

    def _moment(self, condition: Condition, at: datetime, value: Decimal) -> Look:
        line = condition.line
        assert line is not None  # what is not of bars is compared with a number
        band = self.policy.band(condition.unit, line, Decimal(0))
        return Look.moment(at, value, line, band)

    def _passed(
        self, condition: Condition, columns: ColumnsOf, since: Arm | None
    ) -> Iterator[Look]:
        """Closed bars as a price sees them: with their extremes."""
        line, bars = condition.line, columns.bars
        assert line is not None  # a price is compared with a number
        band = self.policy.band(Unit.PRICE, line, Decimal(0))
        for k in _places(columns, since):
            yield Look(
                began_at=from_ms(int(bars.open_ms[k])),
                at=from_ms(int(bars.close_ms[k])),
                value=_exact(bars.close[k]),
                high=_exact(bars.high[k]),
                low=_exact(bars.low[k]),
                line=line,
                band=band,
                is_bar=True,
            )

    def _barred(self, condition: Condition, columns: ColumnsOf, since: Arm | None) -> Seen:
        """An indicator at every close, where it has a value."""
        values = columns.of(condition.measure)
        others = columns.of(condition.other) if condition.other is not None else None
        ranges = columns.average_range if condition.unit is Unit.QUOTE else np.zeros_like(values)
        looks = []
        for k in _places(columns, since):
            line = float(condition.line or 0) if others is None else others[k]
            if not np.isfinite([values[k], line, ranges[k]]).all():
                continue
            exact = condition.line if condition.line is not None else _exact(line)
            band = self.policy.band(condition.unit, exact, _exact(ranges[k]))
            at = from_ms(int(columns.bars.close_ms[k]))
            looks.append(Look.moment(at, _exact(values[k]), exact, band, is_bar=True))
        return Seen(looks=looks, to=columns.to)

    def _scored(self, condition: Condition, symbol: Symbol, since: Arm | None) -> Seen | None:
        rows = self.scores.get(symbol, ())
        if not rows:
            return None
        line, after_ms = condition.line, _after_ms(since)
        assert line is not None  # a score is compared with a number
        band = self.policy.band(Unit.POINTS, line, Decimal(0))
        looks = [
            Look.moment(from_ms(row.close_ms), _exact(row.signed_score), line, band, is_bar=True)
            for row in (rows if since is not None else rows[-1:])
            if row.close_ms > after_ms
        ]
        return Seen(looks=looks, to=from_ms(rows[-1].close_ms))

    def _of_book(self, condition: Condition) -> Mapping[str, Seen]:
        if condition.measure.name is Measured.DRAWDOWN:
            value = self.book.drawdown_fraction
            if value is None:
                return {}
            return {BOOK: Seen(looks=(self._moment(condition, self.now, value),))}
        found = {}
        for position in self.book.positions:
            quote = self.prices.get(position.symbol)
            if quote is None or condition.symbol not in (None, position.symbol):
                continue
            distance = ((quote.last - position.stop_price) / quote.last).quantize(SHARE_STEP)
            look = self._moment(condition, quote.at, distance)
            found[str(position.symbol)] = Seen(looks=(look,))
        return found

    def events(self, condition: Condition) -> Sequence[BookEvent]:
        """What has happened lately, oldest first."""
        name = condition.measure.name
        found = self._opened() if name is Measured.OPENED else self._closed(name)
        mine = [one for one in found if condition.symbol in (None, one.symbol)]
        return sorted(mine, key=lambda one: (one.at, one.id))

    def _opened(self) -> Sequence[BookEvent]:
        """A position that is gone by now has left a trade."""
        gone = {trade.entry_order_id: _opening(trade) for trade in self.book.trades}
        held = {held.entry_order_id: _opening(held) for held in self.book.positions}
        return list((gone | held).values())

    def _closed(self, name: Measured) -> Sequence[BookEvent]:
        return [
            BookEvent(id=trade.id, symbol=trade.symbol, at=trade.closed_at, price=trade.exit_price)
            for trade in self.book.trades
            if name is Measured.CLOSED or trade.exit_reason in _STOPS
        ]


def _opening(one: Position | Trade) -> BookEvent:
    return BookEvent(
        id=one.entry_order_id, symbol=one.symbol, at=one.opened_at, price=one.entry_price
    )


def _exact(value: float) -> Decimal:
    return Decimal(repr(float(value)))


def _after_ms(since: Arm | None) -> int:
    """Only what closed after this; an arm that has seen nothing sees from its beginning on."""
    if since is None:
        return -1
    return to_ms(since.seen) if since.seen is not None else to_ms(since.since) - 1


def _places(columns: ColumnsOf, since: Arm | None) -> range:
    """Bars after what was seen; without an arm the newest one."""
    count = len(columns.bars)
    if since is None:
        return range(count - 1, count)
    first = int(np.searchsorted(columns.bars.close_ms, _after_ms(since), side="right"))
    return range(first, count)
