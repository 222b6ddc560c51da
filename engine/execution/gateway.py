"""The order gateway: the one door to a venue.

intent (committed) → authorise → ``SUBMITTING`` (committed before the call) → venue → settle: one
commit with the order, its fills, the ledger, the position, the messages and the audit lines.

Choices:
- Only ``authorise`` moves an order to ``SUBMITTING``, and only orders in that state are sent, so no
  caller can go around the kill switch. Reducing orders are stopped by nothing.
- The venue is called outside any transaction. If it is not known whether a call arrived the order
  becomes ``UNKNOWN`` and is looked up by its client order id before anything is sent again.
- Settling is idempotent: fills have ids, and a fill that is known changes nothing. One that comes
  after its order had ended is booked all the same: it moved money.
- A position is protected by one resting order of its exact size. ``protect`` compares what is with
  what should be and mends it: after every fill, when a protection has ended, at the start. A flat
  symbol keeps no protection.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import structlog

from engine.domain.desk import AuditEvent
from engine.domain.errors import ConflictError, VenueError, VenueRejectedError
from engine.domain.ids import IntentId
from engine.domain.lifecycles import OrderState, is_final
from engine.domain.market import Symbol, Timeframe
from engine.domain.orders import Fill, Order, OrderIntent, OrderReport, Purpose
from engine.domain.portfolio import Position, Trade
from engine.domain.reasons import ReasonCode
from engine.execution.booking import book_fills
from engine.execution.equity import equity_after
from engine.execution.records import note_order, record_settled, tell_card
from engine.execution.reducing import exit_intent, protection_intent
from engine.ports import Broker, Clock, UnitOfWork, Units

_log = structlog.get_logger()

type Recheck = Callable[[Order], ReasonCode]
"""Looks at an entry again before it is sent after a restart; ``ReasonCode.NONE`` lets it pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a report changed."""

    order: Order
    fills: tuple[Fill, ...] = ()
    trades: tuple[Trade, ...] = ()


class OrderGateway:
    """Sends orders and books what comes back, for one venue."""

    def __init__(
        self,
        *,
        venue: str,
        timeframe: Timeframe,
        units: Units,
        broker: Broker,
        clock: Clock,
        wall: Clock,
    ) -> None:
        self._venue = venue
        self._timeframe = timeframe
        self._units = units
        self._broker = broker
        self._clock = clock
        self._wall = wall

    def authorise(self, unit: UnitOfWork, order: Order, at: datetime) -> Order:
        """Move an order to ``SUBMITTING`` or ``REFUSED`` inside the caller's transaction."""
        wanted = OrderState.SUBMITTING
        note = order.note
        if _is_barred(unit, order):
            wanted, note = OrderState.REFUSED, ReasonCode.KILLED.label
        after = order.to(wanted, at, note=note)
        unit.orders.replace(order, after)
        note_order(unit, after, self._wall.now())
        return after

    def send(self, order: Order) -> Settled:
        """Send an authorised order and settle the venue's answer. Never raises for the venue."""
        settled = self._send(order)
        self._protect_after(settled)
        return settled

    def place(self, intent: OrderIntent) -> Settled:
        """Commit a new intent, authorise it and send it. The same intent twice is sent once."""
        now = self._clock.now()
        with self._units() as unit:
            order = Order(intent=intent, state=OrderState.INTENDED, updated_at=now)
            if not unit.orders.add(order):
                known = unit.orders.get(intent.id)
                return Settled(order=known or order)
            order = self.authorise(unit, order, now)
            unit.commit()
        return self.send(order)

    def settle(self, report: OrderReport) -> Settled:
        """Book a venue's report in one commit, then see that the position is protected."""
        settled = self._settle(report)
        self._protect_after(settled)
        return settled

    def close(self, symbol: Symbol, *, reason: str, origin: str, price: Decimal) -> Settled | None:
        """Leave a position at market; ``None`` when there is none. Stopped by no check.

        The protection is cancelled first, because a venue locks what it protects; if it filled in
        that moment, its fills are booked and only the rest is sold. While it is not known whether
        it was cancelled nothing is sold: the position would be sold twice.
        """
        position = self._position(symbol)
        if position is None:
            return None
        if position.protection_order_id is not None:
            cancelled = self._settle(self._cancel(position.protection_order_id))
            position = self._position(symbol)
            if position is None or not is_final(cancelled.order.state):
                return cancelled
        with self._units(read_only=True) as unit:
            now = self._clock.now()
            intent = exit_intent(unit, position, reason=reason, origin=origin, price=price, now=now)
        settled = self.place(intent)
        if is_final(settled.order.state):
            self.protect(symbol)
        return settled

    def move_stop(
        self,
        symbol: Symbol,
        stop_price: Decimal,
        *,
        entry_order_id: IntentId | None = None,
        actor: str = "gateway",
    ) -> None:
        """Tighten the stop of a position, at the venue first and in the book second.

        If the venue cannot be reached the stop stays where it was. With ``entry_order_id`` only
        the position that this order opened is meant, not one that has come after it.
        """
        position = self._position(symbol)
        if position is None or stop_price <= position.stop_price:
            return
        if entry_order_id not in (None, position.entry_order_id):
            return
        if position.protection_order_id is not None:
            try:
                report = self._broker.amend_stop(position.protection_order_id, stop_price)
            except VenueError as err:
                _log.warning("stop_not_moved", symbol=str(symbol), detail=str(err))
                return
            self._settle(report)
        with self._units() as unit:
            self._keep_stop(unit, position, stop_price, actor)
            unit.commit()
        self.protect(symbol)

    def cancel(self, order_id: IntentId) -> Settled:
        """Cancel what is left of an order and book what the venue says."""
        return self.settle(self._cancel(order_id))

    def cancel_entries(self) -> tuple[Order, ...]:
        """Cancel every increasing order that rests at the venue (the kill switch)."""
        with self._units(read_only=True) as unit:
            resting = [
                order
                for order in self._unfinished(unit)
                if not order.intent.is_reducing
                and order.state in (OrderState.OPEN, OrderState.UNKNOWN)
            ]
        return tuple(self.cancel(order.id).order for order in resting)

    def recover(self, recheck: Recheck) -> tuple[Order, ...]:
        """Bring every unfinished order to where it really is, then protect every position.

        An order the venue has never seen is sent only if it reduces, or if ``recheck`` lets it and
        the kill switch is off; entries that rest under the kill switch are cancelled.
        """
        with self._units(read_only=True) as unit:
            unfinished = [order.id for order in self._unfinished(unit)]
            killed = unit.desk.controls().killed
        mended = {order_id: self.recover_order(order_id, recheck) for order_id in unfinished}
        if killed:
            mended.update({order.id: order for order in self.cancel_entries()})
        self.protect_all()
        return tuple(mended.values())

    def book_missed(self) -> int:
        """Book what the venue did with open orders while nobody was told; returns how many.

        It asks the venue about each of them. Where nothing is missing nothing is written.
        """
        with self._units(read_only=True) as unit:
            resting = [o for o in self._unfinished(unit) if o.state is OrderState.OPEN]
        missed = 0
        for order in resting:
            report = self._broker.lookup(order.id)
            if report is not None and report.state is not order.state:
                self.settle(report)
                missed += 1
        return missed

    def protect_all(self) -> None:
        """``protect`` every position."""
        with self._units(read_only=True) as unit:
            positions = unit.book.positions(self._venue)
        for position in positions:
            self.protect(position.symbol)

    def protect(self, symbol: Symbol) -> None:
        """See that one resting order of exactly the position's size protects it."""
        with self._units(read_only=True) as unit:
            position = self._held(unit, symbol)
            unfinished = [o for o in self._unfinished(unit) if o.intent.symbol == symbol]
        if position is not None and any(o.intent.purpose is Purpose.EXIT for o in unfinished):
            return
        guards = [o for o in unfinished if o.intent.purpose is Purpose.PROTECTION]
        is_kept = False
        for guard in guards:
            if position is not None and _protects(guard, position):
                is_kept = True
            elif not is_final(self._settle(self._cancel(guard.id)).order.state):
                is_kept = True  # it may still rest: a second one could sell twice
        if position is not None and not is_kept:
            self._place_protection(symbol)

    def _send(self, order: Order) -> Settled:
        if order.state is not OrderState.SUBMITTING:
            return Settled(order=order)
        try:
            report = self._broker.submit(order.intent)
        except VenueRejectedError as err:
            report = OrderReport(order_id=order.id, state=OrderState.REJECTED, note=str(err))
        except VenueError as err:
            _log.warning("order_unknown", order=order.id, detail=str(err))
            report = OrderReport(order_id=order.id, state=OrderState.UNKNOWN, note=str(err))
        return self._settle(report)

    def _cancel(self, order_id: IntentId) -> OrderReport:
        try:
            return self._broker.cancel(order_id)
        except VenueError as err:
            _log.warning("cancel_unknown", order=order_id, detail=str(err))
            return OrderReport(order_id=order_id, state=OrderState.UNKNOWN, note=str(err))

    def _settle(self, report: OrderReport) -> Settled:
        with self._units() as unit:
            order = unit.orders.get(report.order_id)
            if order is None:
                raise ConflictError(
                    f"the venue reports order {report.order_id}, which the desk never placed"
                )
            settled = self._book(unit, order, report)
            unit.commit()
        return settled

    def _protect_after(self, settled: Settled) -> None:
        """A fill changes what must be protected, and so does the end of a protection."""
        intent = settled.order.intent
        has_ended = intent.purpose is Purpose.PROTECTION and is_final(settled.order.state)
        if settled.fills or has_ended:
            self.protect(intent.symbol)

    def recover_order(self, order_id: IntentId, recheck: Recheck) -> Order:
        """Bring one unfinished order to where it really is; see ``recover``."""
        with self._units(read_only=True) as unit:
            order = unit.orders.get(order_id)
        assert order is not None  # orders are never removed
        is_ours = order.intent.venue == self._venue
        if not is_ours or order.state is OrderState.AWAITING_APPROVAL or is_final(order.state):
            return order
        report = self._broker.lookup(order.id) if order.state is not OrderState.INTENDED else None
        if report is not None:
            return self.settle(report).order
        refusal = self._refusal(order, recheck)
        if order.state is OrderState.OPEN or refusal is not ReasonCode.NONE:
            return self._never_arrived(order, refusal)
        if order.state is not OrderState.SUBMITTING:
            with self._units() as unit:
                order = self.authorise(unit, order, self._clock.now())
                unit.commit()
        return self.send(order).order

    def _refusal(self, order: Order, recheck: Recheck) -> ReasonCode:
        if order.intent.is_reducing:
            return ReasonCode.NONE
        with self._units(read_only=True) as unit:
            if _is_barred(unit, order):
                return ReasonCode.KILLED
        return recheck(order)

    def _never_arrived(self, order: Order, refusal: ReasonCode) -> Order:
        state = OrderState.REFUSED if order.state is OrderState.INTENDED else OrderState.REJECTED
        note = refusal.label if refusal is not ReasonCode.NONE else "never_arrived"
        now = self._clock.now()
        with self._units() as unit:
            after = order.to(state, now, note=note)
            unit.orders.replace(order, after)
            tell_card(unit, after, self._wall.now())
            note_order(unit, after, self._wall.now())
            unit.commit()
        return after

    def _book(self, unit: UnitOfWork, order: Order, report: OrderReport) -> Settled:
        now = self._clock.now()
        fresh = tuple(fill for fill in report.fills if unit.orders.add_fill(fill))
        moves_on = report.state is not order.state and not is_final(order.state)
        if not fresh and not moves_on:
            return Settled(order=order)
        trades = self._book_fresh(unit, order, fresh) if fresh else ()
        filled = sum((fill.quantity for fill in unit.orders.fills(order.id)), Decimal(0))
        after = replace(order, filled_quantity=filled, updated_at=now)
        if moves_on:
            venue_id = report.venue_order_id or order.venue_order_id
            after = after.to(report.state, now, venue_order_id=venue_id, note=report.note)
        unit.orders.replace(order, after)
        equity = equity_after(unit, order, fresh[-1], self._timeframe) if fresh else None
        record_settled(unit, after, fresh, trades, self._wall.now(), equity_quote=equity)
        return Settled(order=after, fills=fresh, trades=trades)

    def _book_fresh(
        self, unit: UnitOfWork, order: Order, fresh: tuple[Fill, ...]
    ) -> tuple[Trade, ...]:
        symbol = order.intent.symbol
        position = self._held(unit, symbol)
        booked = book_fills(position, order.intent, fresh)
        if position is None:
            self._count_entry(unit)
        unit.book.post(booked.entries)
        if booked.position is None:
            unit.book.drop_position(self._venue, symbol)
        else:
            unit.book.put_position(booked.position)
        if booked.trade is None:
            return ()
        unit.book.add_trade(booked.trade)
        return (booked.trade,)

    def _count_entry(self, unit: UnitOfWork) -> None:
        risk = unit.book.risk(self._venue)
        if risk is not None:
            unit.book.put_risk(self._venue, replace(risk, entries_today=risk.entries_today + 1))

    def _keep_stop(
        self, unit: UnitOfWork, meant: Position, stop_price: Decimal, actor: str
    ) -> None:
        position = self._held(unit, meant.symbol)
        if position is None or stop_price <= position.stop_price:
            return
        if position.entry_order_id != meant.entry_order_id:
            return
        unit.book.put_position(replace(position, stop_price=stop_price))
        unit.audit.append(
            AuditEvent(
                at=self._wall.now(),
                actor=actor,
                action="stop_moved",
                subject=str(position.symbol),
                detail={
                    "from": str(position.stop_price),
                    "to": str(stop_price),
                    "entry_order": position.entry_order_id,
                },
            )
        )

    def _unfinished(self, unit: UnitOfWork) -> list[Order]:
        return [o for o in unit.orders.unfinished() if o.intent.venue == self._venue]

    def _position(self, symbol: Symbol) -> Position | None:
        with self._units(read_only=True) as unit:
            return self._held(unit, symbol)

    def _held(self, unit: UnitOfWork, symbol: Symbol) -> Position | None:
        held = unit.book.positions(self._venue)
        return next((position for position in held if position.symbol == symbol), None)

    def _place_protection(self, symbol: Symbol) -> None:
        now = self._clock.now()
        with self._units() as unit:
            position = self._held(unit, symbol)
            if position is None:
                return
            intent = protection_intent(unit, position, now)
            order = Order(intent=intent, state=OrderState.INTENDED, updated_at=now)
            unit.orders.add(order)
            unit.book.put_position(replace(position, protection_order_id=intent.id))
            order = self.authorise(unit, order, now)
            unit.commit()
        settled = self._send(order)
        if settled.fills:
            self.protect(symbol)
        elif is_final(settled.order.state):
            _log.error("unprotected", symbol=str(symbol), note=settled.order.note)


def _is_barred(unit: UnitOfWork, order: Order) -> bool:
    return not order.intent.is_reducing and unit.desk.controls().killed


def _protects(guard: Order, position: Position) -> bool:
    is_current = guard.id == position.protection_order_id
    return is_current and guard.intent.quantity == position.quantity
