"""A person's own purchase and close: the same re-check, the same gateway, the same protection.

A purchase gets the strategy's initial stop and trail, so that nothing is ever held without one. The
request id (the chat's update) makes the order id: a command delivered twice buys once. A close
remembers which position it meant: delivered again, it does not close the next one.

wish → limits → code, if the size wants one → one commit: sent, or asked where others must agree

Choices:
- Who confirms a purchase is the buyer, whoever typed the command, and counts as one who agrees.
- What takes several people is a question like that about a strategy's entry, in a message of its
  own; the clock never buys it.
"""

from decimal import Decimal, InvalidOperation

from engine.desk.context import DeskContext
from engine.desk.entries import EntryDesk, approvers_needed, needs_factor
from engine.desk.factors.front import FactorOutcome
from engine.desk.factors.gate import FactorGate
from engine.desk.queries import last_price, newest_order
from engine.desk.recheck import fetch_quote, recheck_entry
from engine.desk.tell import tell
from engine.domain.decisions import ExitPlan
from engine.domain.desk import AuditEvent, Delivery, Json, Person, Priority, Role
from engine.domain.errors import ConflictError
from engine.domain.factors import Credential, Wish
from engine.domain.ids import IntentId
from engine.domain.lifecycles import OrderState, is_final
from engine.domain.market import MarketRules, Quote, Symbol
from engine.domain.orders import Order, OrderIntent, OrderKind, OrderSide, Purpose
from engine.domain.purchases import Purchase, command_subject, purchase_id, purchase_note
from engine.domain.reasons import ReasonCode, RecheckCode
from engine.domain.views import (
    PEOPLE_WANTED,
    STOP_UNCLEAR,
    UNCONFIRMED,
    WAITS,
    CommandOutcome,
    PressResult,
)
from engine.execution.gateway import Settled
from engine.indicators import direct
from engine.indicators.bars import Bars
from engine.ports import UnitOfWork
from engine.strategy.columns import WINDOW_BARS

AREA = "buy"
_ATR_BARS = 14


class ManualDesk:
    """``/buy`` and ``/close``."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context
        self._entries = EntryDesk(context)
        self._gate = FactorGate(context)

    def carry_out(self, credential: Credential, by: Person) -> FactorOutcome:
        """The purchase that a typed code, or a word at the terminal, was waited for."""
        facts, chat_id = credential.challenge.facts, credential.challenge.facts.get("chat_id")
        outcome = self.buy(
            Symbol.parse(str(facts["symbol"])),
            str(facts["notional"]),
            by,
            request_id=str(facts["request_id"]),
            chat_id=chat_id if isinstance(chat_id, int) else None,
            credential=credential,
        )
        return FactorOutcome(done=outcome.done, text=_sentence(outcome), values=_values(outcome))

    def buy(
        self,
        symbol: Symbol,
        notional_quote: str,
        by: Person | None,
        *,
        request_id: str,
        chat_id: int | None = None,
        credential: Credential | None = None,
    ) -> CommandOutcome:
        """Buy for an amount of quote currency at market, under the desk's limits.

        ``chat_id`` is where the command was given: its message there says what came of it.
        """
        subject = str(symbol)
        if by is None or by.role is not Role.OWNER:
            return _refused(subject, "not_allowed")
        known = self._known(subject, purchase_id(request_id))
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
        wish = Wish(
            area=AREA,
            subject=intent.id,
            action="buy",
            facts={
                "symbol": subject,
                "notional": f"{amount:f}",
                "quote": symbol.quote,
                "request_id": request_id,
                "chat_id": chat_id,
            },
        )
        try:
            return self._send(intent, quote, by, wish, credential)
        except ConflictError:  # the same command, twice at once: read what came of the first
            return self._known(subject, intent.id) or _refused(subject, PressResult.CODE_LATE)

    def draft(self, quote: Quote, notional_quote: Decimal) -> OrderIntent | None:
        """The order an amount would be at this price, to look at; ``None`` if it would be none."""
        rules = self._context.strategy.rules[self._context.strategy.place(quote.symbol)]
        quantity = rules.quantity(rules.quantity_lots(notional_quote / quote.mid))
        plan = self._exit_plan(quote.symbol, quote, rules)
        if quantity <= 0 or plan is None:
            return None
        return self._intent(quote.symbol, quantity, quote.mid, plan, "draft")

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
        """What came of the purchase if this command was delivered before.

        Another size or new numbers make another order of it: the newest is the one that counts.
        """
        with self._context.units(read_only=True) as unit:
            order = newest_order(unit, order_id)
            fills = tuple(unit.orders.fills(order.id)) if order is not None else ()
        if order is None:
            return None
        if order.state is OrderState.AWAITING_APPROVAL:
            return _refused(subject, PEOPLE_WANTED)
        return _told(subject, Settled(order=order, fills=fills))

    def _why_not(self, symbol: Symbol, amount: Decimal | None) -> str:
        """What is wrong with a wish before any price is asked for; empty if nothing is."""
        context = self._context
        if symbol not in context.symbols:
            return "unknown_symbol"
        if not context.strategy.is_heard:
            return ReasonCode.VENUE_AWAY.label
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
            if not _is_owner(unit, by):
                return _refused(subject, "not_allowed")
            if credential is not None or needs_factor(self._context, intent):
                admitted = self._gate.admit(unit, by, wish, credential)
                if admitted.refusal is not None:
                    unit.commit()
                    return _refused(subject, admitted.refusal.value)
            checked = recheck_entry(self._context, unit, intent, quote)
            if checked.status is not RecheckCode.OK:
                if credential is not None:
                    self._tell_refused(unit, intent, by, wish, checked.reason)
                unit.commit()  # a code is used up by what it came to
                return _refused(subject, checked.reason.label)
            self._note(unit, intent, by, wish)
            if approvers_needed(self._context, intent) > 1:
                self._entries.ask(unit, intent, round_no=0, agreed=(by.user_id,))
                unit.commit()
                return _refused(subject, PEOPLE_WANTED)
            order = Order(intent=intent, state=OrderState.INTENDED, updated_at=now)
            unit.orders.add(order)
            order = self._context.gateway.authorise(unit, order, now)
            unit.commit()
        return _told(subject, self._context.gateway.send(order))

    def _note(self, unit: UnitOfWork, intent: OrderIntent, by: Person, wish: Wish) -> None:
        """Remember whose purchase it is, and write it on the trail."""
        chat_id = wish.facts.get("chat_id")
        purchase = Purchase(
            by=by.user_id,
            root=intent.id,
            chat_id=chat_id if isinstance(chat_id, int) else None,
        )
        unit.desk.put_note(purchase_note(intent.id), purchase.as_note())
        unit.audit.append(
            AuditEvent(
                at=self._context.wall.now(),
                actor=f"person:{by.user_id}",
                action="purchase_wanted",
                subject=intent.id,
                detail={"symbol": str(intent.symbol), "notional": wish.facts["notional"]},
            )
        )

    def _tell_refused(
        self, unit: UnitOfWork, intent: OrderIntent, by: Person, wish: Wish, reason: ReasonCode
    ) -> None:
        """The message of the command says why its code has come to nothing."""
        chat_id = wish.facts.get("chat_id")
        if not isinstance(chat_id, int):
            return
        tell(
            unit,
            kind="buy",
            subject=command_subject(intent.id),
            cause=f"refused-{self._context.wall.now().isoformat()}",
            payload={
                "order_id": intent.id,
                "symbol": str(intent.symbol),
                "refused": reason.label,
                "by": by.user_id,
            },
            at=self._context.wall.now(),
            priority=Priority.ANSWER,
            delivery=Delivery.EDIT,
            chat_id=chat_id,
        )

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
            id=purchase_id(request_id),
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


def _is_owner(unit: UnitOfWork, by: Person) -> bool:
    """Whether the buyer is an owner now: a role may have been taken since it was looked up."""
    return any(p.user_id == by.user_id and p.role is Role.OWNER for p in unit.desk.people())


def _sentence(outcome: CommandOutcome) -> str:
    """What a typed code came to, by the sentence that tells it."""
    if outcome.done:
        return "notices.buy_done"
    if outcome.reason in (PEOPLE_WANTED, UNCONFIRMED):
        return "notices.buy_asked" if outcome.reason == PEOPLE_WANTED else "notices.buy_unconfirmed"
    is_code = outcome.reason in WAITS or outcome.reason.startswith("code_")
    return f"press.{outcome.reason}" if is_code else "notices.buy_refused"


def _values(outcome: CommandOutcome) -> dict[str, Json]:
    return {"symbol": outcome.subject, "reason": outcome.reason or "none"}


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount > 0 else None


def _refused(subject: str, reason: str) -> CommandOutcome:
    return CommandOutcome(done=False, subject=subject, reason=reason)


def _told(subject: str, settled: Settled) -> CommandOutcome:
    order = settled.order
    if not settled.fills and order.intent.purpose is Purpose.PROTECTION:
        # A close came no further than its stop: that is gone already, or may still be there.
        return _refused(subject, "no_position" if is_final(order.state) else STOP_UNCLEAR)
    if not settled.fills and order.state in (OrderState.SUBMITTING, OrderState.UNKNOWN):
        return _refused(subject, UNCONFIRMED)
    return CommandOutcome(
        done=bool(settled.fills) or order.state is OrderState.OPEN,
        subject=subject,
        reason=order.note,
        fills=settled.fills,
        trade=settled.trades[-1] if settled.trades else None,
    )
