"""The paper venue: cash accounts and orders that fill against a book, but move no money.

submit → the real book where the market shows one, else a synthesised one → fills; resting orders
wait for ``on_quote`` (polled prices) or ``on_bar`` (closed bars, the worse order of events). What
an order meets and takes is worked out in ``paper_book``; here it is remembered and paid for.

Choices:
- It keeps its own memory and commits it before it answers, as a real venue would: the desk's book
  is written after, from the report. A crash between the two is mended by ``lookup``.
- A bar only fills orders that rested before it opened: its low may lie before the order. For the
  same reason it meets a stop where it stood when the bar opened (``resting``).
- The whole of an order must be paid for, not only what the book can give of it.
- What a market order wants beyond the book's depth is cancelled. A stop that finds no depth at all
  stays where it is: nothing was traded, so nothing triggered it.
- Without a price an entry is rejected, never kept for a price nobody has seen; an exit waits.
- A protection only rests when it is sent, even if its stop has been passed: the next price decides.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from engine.domain.errors import VenueError
from engine.domain.ids import IntentId
from engine.domain.lifecycles import OrderState
from engine.domain.market import Candle, OrderBook, Quote, Symbol, Timeframe
from engine.domain.orders import Fill, OrderIntent, OrderKind, OrderReport, OrderSide
from engine.domain.reasons import ReasonCode
from engine.execution.booking import round_quote
from engine.execution.paper_book import (
    Moment,
    PaperMarket,
    from_levels,
    levels_for,
    rest,
    side_of,
    synthesised,
    take,
    warm_up,
)
from engine.execution.resting import Resting, forget, remember_since, remember_stop, resting
from engine.fills.book import FillNumbers
from engine.fills.triggers import limit_price, protection
from engine.ports import Clock, MarketData, PaperStore, UnitOfWork, Units

__all__ = ["PaperBroker", "PaperMarket"]


_DOUBT = timedelta(seconds=30)


class PaperBroker:
    """A ``Broker`` that trades on paper; all of its state is in the ``PaperStore``."""

    def __init__(
        self,
        *,
        venue: str,
        timeframe: Timeframe,
        units: Units,
        clock: Clock,
        market: MarketData,
        markets: Mapping[Symbol, PaperMarket],
        fills: FillNumbers,
    ) -> None:
        self._venue = venue
        self._timeframe = timeframe
        self._units = units
        self._clock = clock
        self._market = market
        self._markets = markets
        self._fills = fills

    def warm_up(self) -> None:
        """Load the compiled fills, so that the first order does not wait for them."""
        warm_up(next(iter(self._markets.values())), self._fills)

    def submit(self, intent: OrderIntent) -> OrderReport:
        """See ``Broker.submit``; market orders fill at once if there is a price, else they wait."""
        known = self.lookup(intent.id)
        if known is not None:
            return known
        quote, book = self._prices(intent.symbol)
        with self._units() as unit:
            found = unit.paper.get(intent.id)
            if found is not None:
                return found[1]
            report = OrderReport(
                order_id=intent.id, state=OrderState.OPEN, venue_order_id=intent.id
            )
            if not _covered(unit.paper.balances(self._venue), intent, intent.limit_price):
                report = _rejected(report)
            elif quote is not None:
                report = self._arrive(unit.paper, intent, report, quote, book)
            elif intent.kind is OrderKind.MARKET and not intent.is_reducing:
                note = ReasonCode.NO_FRESH_PRICE.label
                report = replace(report, state=OrderState.REJECTED, note=note)
            unit.paper.put(report, intent)
            unit.commit()
        return report

    def cancel(self, order_id: IntentId) -> OrderReport:
        """See ``Broker.cancel``."""
        with self._units() as unit:
            found = unit.paper.get(order_id)
            if found is None:
                return OrderReport(
                    order_id=order_id, state=OrderState.REJECTED, note="never_arrived"
                )
            intent, report = found
            if report.state is OrderState.OPEN:
                report = replace(report, state=OrderState.CANCELLED, note="cancelled")
                unit.paper.put(report, intent)
                forget(unit, order_id)
                unit.commit()
        return report

    def amend_stop(self, order_id: IntentId, stop_price: Decimal) -> OrderReport:
        """See ``Broker.amend_stop``; a finished order is reported as it is."""
        with self._units() as unit:
            found = unit.paper.get(order_id)
            if found is None:
                return OrderReport(
                    order_id=order_id, state=OrderState.REJECTED, note="never_arrived"
                )
            intent, report = found
            if report.state is OrderState.OPEN and stop_price != intent.stop_price:
                remember_stop(unit, intent, self._clock.now())
                unit.paper.put(report, replace(intent, stop_price=stop_price))
                unit.commit()
        return report

    def lookup(self, order_id: IntentId) -> OrderReport | None:
        """See ``Broker.lookup``."""
        with self._units(read_only=True) as unit:
            found = unit.paper.get(order_id)
        return found[1] if found else None

    def balances(self) -> Mapping[str, Decimal]:
        """See ``Broker.balances``."""
        with self._units(read_only=True) as unit:
            balances = unit.paper.balances(self._venue)
        return {currency: amount for currency, amount in balances.items() if amount}

    def has_resting(self, symbol: Symbol) -> bool:
        """Whether an order of the symbol waits for a price."""
        with self._units(read_only=True) as unit:
            return bool(self._resting(unit.paper, symbol))

    def on_quote(self, symbol: Symbol) -> tuple[OrderReport, ...]:
        """Let the resting orders of a symbol meet the present price; returns what changed."""
        if not self.has_resting(symbol):
            return ()
        quote, book = self._prices(symbol)
        if quote is None:
            return ()
        changed: list[OrderReport] = []
        with self._units() as unit:
            for intent, report in self._resting(unit.paper, symbol):
                after = self._meet_quote(unit.paper, intent, report, quote, book)
                if after != report:
                    _keep(unit, after, intent)
                    changed.append(after)
            unit.commit()
        return tuple(changed)

    def on_bar(
        self, symbol: Symbol, bar: Candle, *, previous_volume: float
    ) -> tuple[OrderReport, ...]:
        """Let the orders that rested before a bar opened meet the closed bar."""
        return tuple(self.on_bars(symbol, [(bar, previous_volume)]))

    def on_bars(
        self, symbol: Symbol, bars: Iterable[tuple[Candle, float]]
    ) -> Iterator[OrderReport]:
        """``on_bar`` for several bars, oldest first, each with the volume of the one before it.

        What changes at a bar has to be booked before the next report is asked for: an order that is
        made then takes the place of one that ended in that bar, and meets all bars that follow.
        """
        waiting = self._waiting(symbol)
        for bar, previous_volume in bars:
            if not waiting:
                return
            if not any(self._is_touched(one, bar) for one in waiting):
                continue
            yield from self._meet(symbol, bar, previous_volume)
            known = {one.intent.id for one in waiting}
            waiting = self._waiting(symbol, known=known, closed_at=bar.closed_at(self._timeframe))

    def _meet(self, symbol: Symbol, bar: Candle, previous_volume: float) -> list[OrderReport]:
        changed: list[OrderReport] = []
        with self._units() as unit:
            for intent, report in self._resting(unit.paper, symbol):
                one = resting(unit, intent)
                if not one.rests_at(bar.opened_at, self._doubt):
                    continue
                then = replace(intent, stop_price=one.stop_at(bar.opened_at, self._doubt))
                after = self._meet_bar(unit.paper, then, report, bar, previous_volume)
                if after != report:
                    _keep(unit, after, intent)
                    changed.append(after)
            unit.commit()
        return changed

    def _waiting(
        self,
        symbol: Symbol,
        *,
        known: Collection[IntentId] | None = None,
        closed_at: datetime | None = None,
    ) -> list[Resting]:
        """The resting orders; those not ``known`` stand for one that ended at ``closed_at``."""
        with self._units(read_only=True) as unit:
            found = [resting(unit, intent) for intent, _ in self._resting(unit.paper, symbol)]
        if known is None or closed_at is None:
            return found
        made = [one.intent.id for one in found if one.intent.id not in known]
        if not made:
            return found
        with self._units() as unit:
            for order_id in made:
                remember_since(unit, order_id, closed_at)
            unit.commit()
        return self._waiting(symbol)

    def _is_touched(self, one: Resting, bar: Candle) -> bool:
        """Whether a bar may change an order, before anything is written for it."""
        intent, market = one.intent, self._markets.get(one.intent.symbol)
        if market is None or not one.rests_at(bar.opened_at, self._doubt):
            return False
        if intent.kind is OrderKind.MARKET:
            return True
        tick, path = market.numbers.tick_size, (bar.open, bar.high, bar.low)
        rules, stop = market.rules, one.stop_at(bar.opened_at, self._doubt)
        limit_ticks = rules.price_ticks(intent.limit_price) if intent.limit_price else 0
        if intent.kind is OrderKind.LIMIT:
            return limit_price(side_of(intent), limit_ticks, *path, tick) > 0
        stop_ticks = rules.price_ticks(stop) if stop else 0
        kind, _ = protection(stop_ticks, limit_ticks, *path, tick)
        return kind in (ReasonCode.STOP_HIT, ReasonCode.TARGET_HIT)

    @property
    def _doubt(self) -> timedelta:
        """How long after its opening a bar takes an order or a stop for one from before it.

        A desk acts on a close some seconds after it. In life the stop it then moves covers all the
        rest of the bar, which is nearly the whole of it.
        """
        return min(_DOUBT, self._timeframe.delta / 10)

    def _prices(self, symbol: Symbol) -> tuple[Quote | None, OrderBook | None]:
        """The price and book of now; a market that does not answer, or is left, has neither."""
        if symbol not in self._markets:
            return None, None
        try:
            quote = self._market.quote(symbol)
            return quote, self._market.order_book(symbol) if quote is not None else None
        except VenueError:
            return None, None

    def _resting(self, store: PaperStore, symbol: Symbol) -> list[tuple[OrderIntent, OrderReport]]:
        """Resting orders of a symbol in the order in which one price serves them.

        Orders that were sent while the desk was on another venue's prices are left alone.
        """
        ours = (self._venue, symbol)
        pairs = [pair for pair in store.open() if (pair[0].venue, pair[0].symbol) == ours]
        return sorted(pairs, key=lambda pair: _BAR_ORDER[pair[0].kind])

    def _arrive(
        self,
        store: PaperStore,
        intent: OrderIntent,
        report: OrderReport,
        quote: Quote,
        book: OrderBook | None,
    ) -> OrderReport:
        """Take what a new order can have at once; a protection waits for the next price."""
        if intent.kind is OrderKind.PROTECT:
            return report
        moment = self._moment(intent, quote, book)
        if intent.kind is OrderKind.MARKET:
            return self._take(store, intent, report, moment)
        fills = take(intent, report, self._markets[intent.symbol], moment)
        if not fills:
            return report
        filled = sum((fill.quantity for fill in fills), Decimal(0))
        state = OrderState.FILLED if filled == intent.quantity else OrderState.OPEN
        return _executed(store, intent, report, fills, state)

    def _meet_quote(
        self,
        store: PaperStore,
        intent: OrderIntent,
        report: OrderReport,
        quote: Quote,
        book: OrderBook | None,
    ) -> OrderReport:
        moment = self._moment(intent, quote, book)
        if intent.kind is OrderKind.MARKET:
            return self._take(store, intent, report, moment)
        price = float(quote.ask if intent.side is OrderSide.BUY else quote.bid)
        return self._trigger(store, intent, report, (price, price, price), quote.at, moment=moment)

    def _meet_bar(
        self,
        store: PaperStore,
        intent: OrderIntent,
        report: OrderReport,
        bar: Candle,
        previous_volume: float,
    ) -> OrderReport:
        if intent.kind is OrderKind.MARKET:
            moment = self._around(intent, bar.open, previous_volume, bar.opened_at)
            return self._take(store, intent, report, moment)
        path = (bar.open, bar.high, bar.low)
        closed_at = bar.closed_at(self._timeframe)
        return self._trigger(
            store, intent, report, path, closed_at, opened_at=bar.opened_at, volume=previous_volume
        )

    def _trigger(
        self,
        store: PaperStore,
        intent: OrderIntent,
        report: OrderReport,
        path: tuple[float, float, float],
        at: datetime,
        *,
        moment: Moment | None = None,
        opened_at: datetime | None = None,
        volume: float = 0.0,
    ) -> OrderReport:
        """Hold a resting limit or protection against ``path`` (open, high, low).

        A quote brings the ``moment`` that a stop then meets. For a bar it is synthesised around the
        trigger from ``opened_at`` and ``volume`` (of the bar before); the time inside the bar is
        not known and counts as its close, ``at``.
        """
        market = self._markets[intent.symbol]
        rules, tick = market.rules, market.numbers.tick_size
        limit_ticks = rules.price_ticks(intent.limit_price) if intent.limit_price else 0
        if intent.kind is OrderKind.LIMIT:
            price = limit_price(side_of(intent), limit_ticks, *path, tick)
            return self._rest(store, intent, report, price, at) if price > 0 else report
        stop_ticks = rules.price_ticks(intent.stop_price) if intent.stop_price else 0
        kind, price = protection(stop_ticks, limit_ticks, *path, tick)
        if kind == ReasonCode.TARGET_HIT:
            return self._rest(store, intent, report, price, at, trigger=ReasonCode.TARGET_HIT)
        if kind != ReasonCode.STOP_HIT:
            return report
        if moment is None:
            assert opened_at is not None  # a bar has one
            moment = replace(self._around(intent, price, volume, opened_at), at=at)
        return self._take(store, intent, report, moment, trigger=ReasonCode.STOP_HIT)

    def _moment(self, intent: OrderIntent, quote: Quote, book: OrderBook | None) -> Moment:
        levels = levels_for(intent, book)
        if levels:
            return from_levels(levels, self._markets[intent.symbol], quote.mid, quote.at)
        return self._around(intent, float(quote.mid), self._last_volume(intent.symbol), quote.at)

    def _around(self, intent: OrderIntent, reference: float, volume: float, at: datetime) -> Moment:
        return synthesised(
            intent,
            self._markets[intent.symbol],
            self._fills,
            reference=reference,
            volume=volume,
            at=at,
            timeframe=self._timeframe,
        )

    def _last_volume(self, symbol: Symbol) -> float:
        now = self._clock.now()
        with self._units(read_only=True) as unit:
            bars = unit.candles.window(self._venue, symbol, self._timeframe, until=now, limit=1)
        return bars.volume[-1] if len(bars) else 0.0

    def _take(
        self,
        store: PaperStore,
        intent: OrderIntent,
        report: OrderReport,
        moment: Moment,
        *,
        trigger: ReasonCode | None = None,
    ) -> OrderReport:
        """Walk the book; the rest beyond its depth is cancelled."""
        if not _covered(
            store.balances(self._venue), intent, _best_price(self._markets[intent.symbol], moment)
        ):
            return _rejected(report)
        fills = take(intent, report, self._markets[intent.symbol], moment, trigger=trigger)
        if not fills:
            if trigger is not None:
                return report
            return replace(report, state=OrderState.CANCELLED, note=ReasonCode.NO_DEPTH.label)
        filled = sum((fill.quantity for fill in fills), Decimal(0))
        state = OrderState.FILLED if filled == intent.quantity else OrderState.CANCELLED
        return _executed(store, intent, report, fills, state)

    def _rest(
        self,
        store: PaperStore,
        intent: OrderIntent,
        report: OrderReport,
        price: float,
        at: datetime,
        *,
        trigger: ReasonCode | None = None,
    ) -> OrderReport:
        market = self._markets[intent.symbol]
        fills = rest(intent, report, market, price, at, trigger=trigger)
        return _executed(store, intent, report, fills, OrderState.FILLED)


def _keep(unit: UnitOfWork, report: OrderReport, intent: OrderIntent) -> None:
    unit.paper.put(report, intent)
    if report.state is not OrderState.OPEN:
        forget(unit, intent.id)


_BAR_ORDER = {OrderKind.MARKET: 0, OrderKind.LIMIT: 1, OrderKind.PROTECT: 2}


def _best_price(market: PaperMarket, moment: Moment) -> Decimal | None:
    return market.rules.price(int(moment.level_ticks[0])) if len(moment.level_ticks) else None


def _covered(balances: Mapping[str, Decimal], intent: OrderIntent, price: Decimal | None) -> bool:
    """Whether the account holds what the whole order sells, or pays for it at ``price``."""
    if intent.side is OrderSide.SELL:
        return intent.quantity <= balances.get(intent.symbol.base, Decimal(0))
    cost = intent.quantity * price if price is not None else Decimal(0)
    return cost <= balances.get(intent.symbol.quote, Decimal(0))


def _rejected(report: OrderReport) -> OrderReport:
    note = ReasonCode.INSUFFICIENT_FUNDS.label
    return replace(report, state=OrderState.REJECTED, note=note)


def _executed(
    store: PaperStore,
    intent: OrderIntent,
    report: OrderReport,
    fills: Sequence[Fill],
    state: OrderState,
) -> OrderReport:
    """Move the money, or reject the whole order when there is not enough of it."""
    venue, balances = intent.venue, store.balances(intent.venue)
    sign = 1 if intent.side is OrderSide.BUY else -1
    base, quote = intent.symbol.base, intent.symbol.quote
    base_change = sum((sign * fill.quantity for fill in fills), Decimal(0))
    quote_change = sum(
        (-sign * round_quote(fill.notional_quote) - fill.fee_quote for fill in fills), Decimal(0)
    )
    base_after = balances.get(base, Decimal(0)) + base_change
    quote_after = balances.get(quote, Decimal(0)) + quote_change
    if base_after < 0 or quote_after < 0:
        return _rejected(report)
    store.set_balance(venue, base, base_after)
    store.set_balance(venue, quote, quote_after)
    note = "partial" if state is OrderState.CANCELLED else ""
    return replace(report, state=state, fills=(*report.fills, *fills), note=note)
