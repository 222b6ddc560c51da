"""Watches what is open between closes: resting orders, unknown orders, stale entries, equity."""

from collections.abc import Sequence
from datetime import datetime

from engine.desk.bars import BarVenue
from engine.desk.context import DeskContext
from engine.desk.entries import EntryDesk
from engine.desk.queries import portfolio_now
from engine.desk.recheck import fetch_quote, recheck_entry
from engine.desk.tell import tell_notice
from engine.domain.lifecycles import OrderState
from engine.domain.orders import Order, OrderKind, Purpose
from engine.domain.portfolio import EquityPoint, Position
from engine.domain.reasons import ReasonCode, RecheckCode

_LIMIT_ENTRY_BARS = 1


class Monitor:
    """Small looks, each quick enough to be taken every few seconds."""

    def __init__(self, context: DeskContext, entries: EntryDesk, venue: BarVenue | None) -> None:
        self._context = context
        self._entries = entries
        self._venue = venue

    def watch_prices(self) -> int:
        """Let resting orders meet the present price; returns how many changed."""
        if self._venue is None:
            return 0
        with self._context.units(read_only=True) as unit:
            resting = {order.intent.symbol for order in unit.orders.unfinished()}
        changed = 0
        for symbol in sorted(resting):  # each is booked before the next is asked about
            for report in self._venue.on_quote(symbol):
                self._context.gateway.settle(report)
                changed += 1
        return changed

    def recover(self) -> tuple[Order, ...]:
        """Bring every unfinished order to where it is; what a start does, and a lost answer."""
        return self._context.gateway.recover(self._refusal)

    def look_up_lost(self) -> int:
        """Find out what became of orders whose answer was lost; returns how many there were.

        A paper venue is asked about open orders, too: booking what it filled may have failed.
        """
        missed = self._context.gateway.book_missed() if self._venue is not None else 0
        with self._context.units(read_only=True) as unit:
            lost = [o for o in unit.orders.unfinished() if o.state is OrderState.UNKNOWN]
        for order in lost:
            self._context.gateway.recover_order(order.id, self._refusal)
        return len(lost) + missed

    def cancel_stale(self) -> int:
        """Cancel limit entries that have rested for a bar; returns how many."""
        lasts = self._context.timeframe.delta * _LIMIT_ENTRY_BARS
        now = self._context.clock.now()
        with self._context.units(read_only=True) as unit:
            stale = [o for o in unit.orders.unfinished() if _is_stale(o, before=now - lasts)]
        for order in stale:
            self._context.gateway.cancel(order.id)
        return len(stale)

    def snapshot(self) -> EquityPoint:
        """Remember the equity of now."""
        held = portfolio_now(self._context)
        point = EquityPoint(
            venue=held.venue,
            at=held.at,
            equity_quote=held.equity_quote,
            cash_quote=held.cash_quote,
        )
        with self._context.units() as unit:
            unit.book.snapshot(point)
            unit.commit()
        return point

    def watch_protection(self) -> int:
        """See that every position is protected, and tell people of one that is not."""
        context = self._context
        context.gateway.protect_all()
        with context.units(read_only=True) as unit:
            unfinished = unit.orders.unfinished()
            held = unit.book.positions(context.venue)
        guarded = {o.intent.symbol for o in unfinished if _guards(o, context.venue)}
        bare = [position for position in held if position.symbol not in guarded]
        if bare:
            self._tell_unprotected(bare)
        return len(bare)

    def _tell_unprotected(self, bare: Sequence[Position]) -> None:
        """Once an hour for each position, until it has its stop."""
        now = self._context.wall.now()
        with self._context.units() as unit:
            for position in bare:
                tell_notice(
                    unit,
                    "unprotected",
                    {"symbol": str(position.symbol), "stop": str(position.stop_price)},
                    cause=f"{position.entry_order_id}:{now:%Y-%m-%dT%H}",
                    at=now,
                )
            unit.commit()

    def _refusal(self, order: Order) -> ReasonCode:
        """Why an entry that never reached the venue is not sent now; after a bar it is too old."""
        if order.intent.created_at + self._context.timeframe.delta < self._context.clock.now():
            return ReasonCode.DATA_LATE
        quote = fetch_quote(self._context, order.intent.symbol)
        with self._context.units(read_only=True) as unit:
            checked = recheck_entry(self._context, unit, order.intent, quote)
        return ReasonCode.NONE if checked.status is RecheckCode.OK else checked.reason


def _guards(order: Order, venue: str) -> bool:
    return order.intent.venue == venue and order.intent.is_reducing


def _is_stale(order: Order, *, before: datetime) -> bool:
    is_limit_entry = order.intent.kind is OrderKind.LIMIT and order.intent.purpose is Purpose.ENTRY
    return is_limit_entry and order.state is OrderState.OPEN and order.updated_at <= before
