"""A person's own purchase and close: the same re-check, the same gateway, the same protection.

A purchase gets the strategy's initial stop and trail, so that nothing is ever held without one. The
request id (the chat's update) makes the order id: a command delivered twice buys once. A close
remembers which position it meant: delivered again, it does not close the next one. What needs more
than one person cannot be bought by one, and what needs a code waits for it.
"""

from decimal import Decimal, InvalidOperation

from engine.desk.context import DeskContext
from engine.desk.entries import approvers_needed, needs_factor
from engine.desk.factors.front import FactorOutcome
from engine.desk.factors.gate import FactorGate
from engine.desk.queries import last_price
from engine.desk.recheck import fetch_quote, recheck_entry
from engine.domain.decisions import ExitPlan
from engine.domain.desk import Person, Role
from engine.domain.factors import Credential, Wish
from engine.domain.ids import IntentId, intent_id
from engine.domain.lifecycles import OrderState
from engine.domain.market import MarketRules, Quote, Symbol
from engine.domain.orders import Order, OrderIntent, OrderKind, OrderSide, Purpose
from engine.domain.reasons import ReasonCode, RecheckCode
from engine.domain.views import CommandOutcome
from engine.execution.gateway import Settled
from engine.indicators import direct
from engine.indicators.bars import Bars
from engine.strategy.columns import WINDOW_BARS

AREA = "buy"
_ATR_BARS = 14


class ManualDesk:
    """``/buy`` and ``/close``."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context
        self._gate = FactorGate(context)

    def carry_out(self, credential: Credential, by: Person) -> FactorOutcome:
        """The purchase that a typed code, or a word at the terminal, was waited for."""
        facts = credential.challenge.facts
        outcome = self.buy(
            Symbol.parse(str(facts["symbol"])),
            str(facts["notional"]),
            by,
            request_id=str(facts["request_id"]),
            credential=credential,
        )
        return FactorOutcome(
            done=outcome.done,
            text="notices.buy_done" if outcome.done else "notices.buy_refused",
            values={"symbol": outcome.subject, "reason": outcome.reason or "none"},
        )

    def buy(
        self,
        symbol: Symbol,
        notional_quote: str,
        by: Person | None,
        *,
        request_id: str,
        credential: Credential | None = None,
    ) -> CommandOutcome:
        """Buy for an amount of quote currency at market, under the desk's limits."""
        subject = str(symbol)
        if by is None or by.role is not Role.OWNER:
            return _refused(subject, "not_allowed")
        known = self._known(subject, intent_id(f"manual:{request_id}", "entry"))
        if known is not None:
            return known
        amount = _amount(notional_quote)
        why = self._why_not(symbol, amount)
        quote = None if why else fetch_quote(self._context, symbol)
        if amount is None or quote is None:
            return _refused(subject, why or ReasonCode.NO_FRESH_PRICE.label)
        rules = self._context.strategy.rules[self._context.strategy.place(symbol)]
        quantity = rules.quantity(rules.quantity_lots(amount / quote.mid))
        plan = self._exit_plan(symbol, quote, rules)
        if quantity <= 0 or plan is None:
            is_small = quantity <= 0
            reason = ReasonCode.BELOW_MINIMUM if is_small else ReasonCode.NO_STOP_DISTANCE
            return _refused(subject, reason.label)
        intent = self._intent(symbol, quantity, quote.mid, plan, request_id)
        if approvers_needed(self._context, intent) > 1:
            return _refused(subject, ReasonCode.NOT_APPROVED.label)
        wish = Wish(
            area=AREA,
            subject=intent.id,
            action="buy",
            facts={
                "symbol": subject,
                "notional": f"{amount:f}",
                "quote": symbol.quote,
                "request_id": request_id,
            },
        )
        return self._send(intent, quote, by, wish, credential)

    def close(self, symbol: Symbol, by: Person | None, *, request_id: str) -> CommandOutcome:
        """Close a position at market; no check stops it."""
        subject = str(symbol)
        if by is None or by.role is Role.VIEWER:
            return _refused(subject, "not_allowed")
        price = self._price_to_close(symbol, request_id)
        if price is None:
            return _refused(subject, "no_position")
        settled = self._context.gateway.close(
            symbol, reason=ReasonCode.EXIT_MANUAL.label, origin="person", price=price
        )
        if settled is None:
            return _refused(subject, "no_position")
        return _told(subject, settled)

    def _known(self, subject: str, order_id: IntentId) -> CommandOutcome | None:
        """What came of the purchase if this command was delivered before."""
        with self._context.units(read_only=True) as unit:
            order = unit.orders.get(order_id)
            fills = tuple(unit.orders.fills(order_id))
        if order is None:
            return None
        return _told(subject, Settled(order=order, fills=fills))

    def _why_not(self, symbol: Symbol, amount: Decimal | None) -> str:
        """What is wrong with a wish before any price is asked for; empty if nothing is."""
        context = self._context
        if symbol not in context.symbols:
            return "unknown_symbol"
        if amount is None:
            return "bad_amount"
        with context.units(read_only=True) as unit:
            cash = unit.book.balances(context.venue).get(context.quote, Decimal(0))
        return ReasonCode.INSUFFICIENT_FUNDS.label if amount > cash else ""

    def _price_to_close(self, symbol: Symbol, request_id: str) -> Decimal | None:
        """The price of now, or the entry's where there is none; ``None`` for no such position."""
        context, key = self._context, f"close:{request_id}"
        with context.units() as unit:
            positions = unit.book.positions(context.venue)
            position = next((p for p in positions if p.symbol == symbol), None)
            meant = unit.desk.note(key)
            if position is None or meant not in (None, position.entry_order_id):
                return None
            unit.desk.put_note(key, position.entry_order_id)
            unit.commit()
        price, _ = last_price(context, symbol)
        return price or position.entry_price

    def _send(
        self,
        intent: OrderIntent,
        quote: Quote,
        by: Person,
        wish: Wish,
        credential: Credential | None,
    ) -> CommandOutcome:
        subject, now = str(intent.symbol), self._context.clock.now()
        with self._context.units() as unit:
            if credential is not None or needs_factor(self._context, intent):
                admitted = self._gate.admit(unit, by, wish, credential)
                if admitted.refusal is not None:
                    unit.commit()
                    return _refused(subject, admitted.refusal.value)
            checked = recheck_entry(self._context, unit, intent, quote)
            if checked.status is not RecheckCode.OK:
                unit.commit()  # a code is used up by what it came to
                return _refused(subject, checked.reason.label)
            order = Order(intent=intent, state=OrderState.INTENDED, updated_at=now)
            unit.orders.add(order)
            order = self._context.gateway.authorise(unit, order, now)
            unit.commit()
        return _told(subject, self._context.gateway.send(order))

    def _exit_plan(self, symbol: Symbol, quote: Quote, rules: MarketRules) -> ExitPlan | None:
        context, exits = self._context, self._context.policies.exits
        with context.units(read_only=True) as unit:
            series = unit.candles.window(
                context.venue,
                symbol,
                context.timeframe,
                until=context.clock.now(),
                limit=WINDOW_BARS,
            )
        if len(series) <= _ATR_BARS:
            return None
        bars = Bars.of(series, context.timeframe)
        atr = Decimal(repr(float(direct.atr(bars.high, bars.low, bars.close, _ATR_BARS)[-1])))
        stop = quote.mid - Decimal(repr(exits.stop_atr_multiple)) * atr
        if atr <= 0 or stop < rules.tick_size:
            return None
        trail = exits.trailing_atr_multiple
        return ExitPlan(
            stop_price=rules.price(rules.price_ticks(stop)),
            trail_distance=None if trail is None else Decimal(repr(trail)) * atr,
            max_bars=exits.time_stop_bars,
        )

    def _intent(
        self, symbol: Symbol, quantity: Decimal, price: Decimal, plan: ExitPlan, request_id: str
    ) -> OrderIntent:
        return OrderIntent(
            id=intent_id(f"manual:{request_id}", "entry"),
            venue=self._context.venue,
            symbol=symbol,
            side=OrderSide.BUY,
            kind=OrderKind.MARKET,
            purpose=Purpose.ENTRY,
            quantity=quantity,
            reference_price=price,
            created_at=self._context.clock.now(),
            origin="person",
            exit_plan=plan,
        )


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount > 0 else None


def _refused(subject: str, reason: str) -> CommandOutcome:
    return CommandOutcome(done=False, subject=subject, reason=reason)


def _told(subject: str, settled: Settled) -> CommandOutcome:
    return CommandOutcome(
        done=bool(settled.fills) or settled.order.state is OrderState.OPEN,
        subject=subject,
        reason=settled.order.note,
        fills=settled.fills,
        trade=settled.trades[-1] if settled.trades else None,
    )
