"""Reads what alerts need: prices as heard, closed bars once per market and timeframe, the book.

alerts → which series, scores, prices → one read each → ``Facts``

- A series is read only when it has a bar that one of its alerts has not seen; to find that out
  costs a look at its newest bar. So a hundred alerts on one market cost one read per close.
- Bars of a longer timeframe are made from the desk's own, of which there are always the newest.
- A price that is older than the policy allows does not count.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from engine.desk.alerts.columns import ColumnsOf
from engine.desk.alerts.facts import SHARE_STEP, BookFacts, Facts, Series
from engine.desk.alerts.policy import AlertPolicy
from engine.desk.context import DeskContext
from engine.domain.alert_measures import Measured, Source
from engine.domain.alerts import Alert
from engine.domain.desk import ScoreRow
from engine.domain.errors import VenueError
from engine.domain.market import Quote, Symbol, Timeframe
from engine.indicators.bars import Bars
from engine.market.resample import resample
from engine.ports import PriceFeed, UnitOfWork
from engine.strategy.columns import WINDOW_BARS

_TRADES = 100
_MOST_OWN_BARS = 24_000
_ZERO = Decimal(0)


class Gatherer:
    """Reads facts. Keeps the highest equity it has seen, so that a look reads only what is new."""

    def __init__(self, context: DeskContext, policy: AlertPolicy, feed: PriceFeed) -> None:
        self._context = context
        self._policy = policy
        self._feed = feed
        self._peak: tuple[datetime, Decimal] | None = None

    def news(self, alerts: Sequence[Alert]) -> Facts:
        """What has come since the alerts looked last; asks nobody, waits for nothing."""
        wanted = self.priced(alerts)
        self._feed.follow(wanted)
        return self._facts(alerts, self._fresh(self._feed.newest()), only_news=True)

    def present(self, alerts: Sequence[Alert]) -> Facts:
        """How things are now; prices that were not heard are asked for."""
        heard = dict(self._fresh(self._feed.newest()))
        for symbol in self.priced(alerts) - set(heard):
            try:
                quote = self._context.market.quote(symbol)
            except VenueError:
                continue
            if quote is not None:
                heard[symbol] = quote
        return self._facts(alerts, self._fresh(heard), only_news=False)

    def market(
        self, symbol: Symbol, timeframe: Timeframe
    ) -> tuple[ColumnsOf | None, Decimal | None]:
        """A market's closed bars and its price of now, as far as there are any."""
        context = self._context
        with context.units(read_only=True) as unit:
            columns = self._read(unit, (symbol, timeframe), context.clock.now())
        try:
            quote = context.market.quote(symbol)
        except VenueError:
            quote = None
        return columns, None if quote is None else quote.last

    def priced(self, alerts: Iterable[Alert]) -> set[Symbol]:
        """Markets whose price between closes matters to one of the alerts."""
        wanted = {
            alert.condition.symbol for alert in alerts if alert.condition.source is Source.PRICES
        }
        if any(alert.condition.source is Source.BOOK for alert in alerts):
            with self._context.units(read_only=True) as unit:
                wanted |= {p.symbol for p in unit.book.positions(self._context.venue)}
        return {symbol for symbol in wanted if symbol is not None}

    def _fresh(self, quotes: Mapping[Symbol, Quote]) -> Mapping[Symbol, Quote]:
        oldest = self._context.clock.now() - timedelta(seconds=self._policy.stale_after_s)
        return {symbol: quote for symbol, quote in quotes.items() if quote.at >= oldest}

    def _facts(
        self, alerts: Sequence[Alert], prices: Mapping[Symbol, Quote], *, only_news: bool
    ) -> Facts:
        context = self._context
        now = context.clock.now()
        with context.units(read_only=True) as unit:
            book = self._book(unit, alerts, prices)
            bars = self._bars(unit, alerts, now, only_news=only_news)
            scores = self._scores(unit, alerts)
        return Facts(
            now=now,
            symbols=context.symbols,
            timeframe=context.timeframe,
            policy=self._policy,
            prices=prices,
            bars=bars,
            scores=scores,
            book=book,
        )

    def _bars(
        self, unit: UnitOfWork, alerts: Iterable[Alert], now: datetime, *, only_news: bool
    ) -> Mapping[Series, ColumnsOf]:
        wanted: dict[Series, list[datetime | None]] = {}
        for alert in alerts:
            for series in self._series(alert):
                wanted.setdefault(series, []).append(alert.arm(str(series[0])).seen)
        found: dict[Series, ColumnsOf] = {}
        for series, seen in wanted.items():
            if only_news and not self._is_new(unit, series, now, seen):
                continue
            columns = self._read(unit, series, now)
            if columns is not None:
                found[series] = columns
        return found

    def _series(self, alert: Alert) -> list[Series]:
        condition = alert.condition
        if condition.source not in (Source.BARS, Source.PRICES):
            return []
        frame = condition.measure.timeframe or self._context.timeframe
        named = condition.symbol
        symbols = self._context.symbols if named is None else (named,)
        is_kept = frame.ms % self._context.timeframe.ms == 0  # else the desk has moved on to longer
        return [(symbol, frame) for symbol in symbols] if is_kept else []

    def _is_new(
        self, unit: UnitOfWork, series: Series, now: datetime, seen: Sequence[datetime | None]
    ) -> bool:
        symbol, frame = series
        oldest = None if None in seen else min(one for one in seen if one is not None)
        if oldest is not None and oldest >= frame.floor(now):
            return False
        own = self._context.timeframe
        last = unit.candles.window(self._context.venue, symbol, own, until=now, limit=1)
        if not len(last):
            return False
        newest = frame.floor(last.candle(-1).closed_at(own))
        return oldest is None or newest > oldest

    def _read(self, unit: UnitOfWork, series: Series, now: datetime) -> ColumnsOf | None:
        symbol, frame = series
        own = self._context.timeframe
        ratio = frame.ms // own.ms
        limit = min(WINDOW_BARS * ratio, max(WINDOW_BARS, _MOST_OWN_BARS))
        stored = unit.candles.window(self._context.venue, symbol, own, until=now, limit=limit)
        bars = resample(stored, own, frame) if ratio > 1 else stored
        if not len(bars):
            return None
        to = frame.floor(stored.candle(-1).closed_at(own))
        return ColumnsOf(Bars.of(bars, frame), to)

    def _scores(
        self, unit: UnitOfWork, alerts: Iterable[Alert]
    ) -> Mapping[Symbol, Sequence[ScoreRow]]:
        wanted: set[Symbol] = set()
        for alert in alerts:
            if alert.condition.source is Source.SCORES:
                named = alert.condition.symbol
                wanted |= {named} if named is not None else set(self._context.symbols)
        venue, frame = self._context.venue, self._context.timeframe
        found = {s: unit.scores.history(venue, s, frame, _TRADES) for s in sorted(wanted)}
        version = self._context.strategy.version
        return {
            symbol: [row for row in rows if row.strategy_version == version]
            for symbol, rows in found.items()
        }

    def _book(
        self, unit: UnitOfWork, alerts: Sequence[Alert], prices: Mapping[Symbol, Quote]
    ) -> BookFacts:
        sources = {alert.condition.source for alert in alerts}
        if not sources & {Source.BOOK, Source.EVENTS}:
            return BookFacts()
        venue = self._context.venue
        measured = {alert.condition.measure.name for alert in alerts}
        return BookFacts(
            positions=unit.book.positions(venue),
            trades=unit.book.trades(venue, _TRADES) if Source.EVENTS in sources else (),
            drawdown_fraction=self._drawdown(unit, prices)
            if Measured.DRAWDOWN in measured
            else None,
        )

    def _drawdown(self, unit: UnitOfWork, prices: Mapping[Symbol, Quote]) -> Decimal | None:
        """Equity of now below its highest; ``None`` while a position has no fresh price."""
        context = self._context
        equity = unit.book.balances(context.venue).get(context.quote, _ZERO)
        for position in unit.book.positions(context.venue):
            quote = prices.get(position.symbol)
            if quote is None:
                return None
            equity += position.quantity * quote.last
        peak = max(self._highest(unit), equity)
        return ((peak - equity) / peak).quantize(SHARE_STEP) if peak > 0 else None

    def _highest(self, unit: UnitOfWork) -> Decimal:
        since, highest = self._peak or (None, _ZERO)
        for point in unit.book.equity(self._context.venue, since=since):
            since, highest = point.at, max(highest, point.equity_quote)
        if since is not None:
            self._peak = (since, highest)
        return highest
