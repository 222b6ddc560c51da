"""Entries on their way: proposed, asked, asked afresh, sent.

decision → order (and question) in the scan's commit → re-check at the price of now → gateway. Used
by the scan, by a person's press, by expiry and by a person's own purchase, so that every entry
meets the same re-check. An order that follows a purchase belongs to the same purchase.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.desk.context import DeskContext
from engine.desk.queries import entry_id
from engine.desk.recheck import Rechecked, fetch_quote, recheck_entry
from engine.desk.tell import tell_card
from engine.domain.approvals import Approval, order_hash
from engine.domain.decisions import Decision
from engine.domain.desk import AuditEvent, Delivery, Priority
from engine.domain.ids import IntentId, approval_id
from engine.domain.lifecycles import OrderState
from engine.domain.orders import Order, OrderIntent, OrderKind, OrderSide, Purpose
from engine.domain.purchases import Purchase, purchase_note
from engine.domain.reasons import RecheckCode, RouteCode
from engine.execution.gateway import Settled
from engine.ports import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """An entry written down: its order, and the question if one was asked."""

    order: Order
    approval: Approval | None


class EntryDesk:
    """Writes entries down, asks about them, and hands them to the gateway."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def propose(self, unit: UnitOfWork, decision: Decision) -> Proposed | None:
        """Write a decided entry into the caller's transaction; ``None`` if it is there already."""
        intent = self._intent(decision)
        if decision.route is RouteCode.ASK:
            return self.ask(unit, intent, round_no=0, expires_at=self._expiry())
        now = self._context.clock.now()
        order = Order(intent=intent, state=OrderState.INTENDED, updated_at=now)
        if not unit.orders.add(order):
            return None
        tell_card(
            self._context,
            unit,
            intent,
            cause=f"auto-{intent.id}",
            delivery=Delivery.NEW,
            priority=Priority.OPPORTUNITY,
        )
        return Proposed(order=order, approval=None)

    def send_automatic(self, order_id: IntentId) -> Settled | None:
        """Re-check an automatic entry at the price of now and send it; a changed one is asked."""
        with self._context.units(read_only=True) as unit:
            order = unit.orders.get(order_id)
        if order is None or order.state is not OrderState.INTENDED:
            return None
        quote = fetch_quote(self._context, order.intent.symbol)
        with self._context.units() as unit:
            checked = recheck_entry(self._context, unit, order.intent, quote)
            if checked.status is RecheckCode.OK:
                order = self._context.gateway.authorise(unit, order, self._context.clock.now())
            elif checked.status is RecheckCode.REFUSED:
                self.drop(unit, order, checked.reason.label)
            else:
                self.ask_afresh(unit, order, checked, round_no=0, expires_at=self._expiry())
            unit.commit()
        return self._context.gateway.send(order) if checked.status is RecheckCode.OK else None

    def ask(
        self,
        unit: UnitOfWork,
        intent: OrderIntent,
        *,
        round_no: int,
        expires_at: datetime | None = None,
        agreed: tuple[int, ...] = (),
    ) -> Proposed | None:
        """Write an order and a question about it; ``None`` if they are there already.

        Who has ``agreed`` by asking need not be asked again.
        """
        now = self._context.wall.now()
        approval = self._question(
            intent, round_no=round_no, expires_at=expires_at or self._expiry(), now=now
        )
        approval = replace(approval, approvers=agreed)
        moment = self._context.clock.now()
        order = Order(intent=intent, state=OrderState.AWAITING_APPROVAL, updated_at=moment)
        if not (unit.orders.add(order) and unit.approvals.add(approval)):
            return None
        self._belongs(unit, intent.id, intent.id, question=intent.id)
        tell_card(self._context, unit, intent, cause=f"asked-{approval.id}", delivery=Delivery.NEW)
        unit.audit.append(
            AuditEvent(
                at=now,
                actor="desk",
                action="approval_asked",
                subject=approval.id,
                detail={"order": intent.id, "hash": approval.order_hash},
            )
        )
        return Proposed(order=order, approval=approval)

    def ask_afresh(
        self,
        unit: UnitOfWork,
        order: Order,
        checked: Rechecked,
        *,
        round_no: int,
        expires_at: datetime,
        agreed: tuple[int, ...] = (),
    ) -> Proposed | None:
        """Give up an order whose numbers no longer hold and ask about one with the new numbers."""
        self.drop(unit, order, checked.reason.label)
        intent = self.next_intent(unit, order, checked)
        return self.ask(unit, intent, round_no=round_no, expires_at=expires_at, agreed=agreed)

    def drop(self, unit: UnitOfWork, order: Order, note: str) -> None:
        """End an order that was never sent."""
        moment = self._context.clock.now()
        unit.orders.replace(order, order.to(OrderState.REFUSED, moment, note=note))
        tell_card(self._context, unit, order.intent, cause=f"dropped-{order.id}")

    def next_intent(self, unit: UnitOfWork, order: Order, checked: Rechecked) -> OrderIntent:
        """The order that follows ``order``: a new id, the checked size, price and exit plan."""
        source = order.intent.decision_id or order.id
        attempt = 1
        while unit.orders.get(entry_id(source, attempt)) is not None:
            attempt += 1
        number = entry_id(source, attempt)
        self._belongs(unit, order.id, number)
        return replace(
            order.intent,
            id=number,
            quantity=checked.quantity,
            reference_price=checked.price,
            exit_plan=checked.exit_plan,
            created_at=self._context.clock.now(),
        )

    def _belongs(
        self,
        unit: UnitOfWork,
        known: IntentId,
        number: IntentId,
        *,
        question: IntentId | None = None,
    ) -> None:
        """Remember an order as one of the purchase that ``known`` belongs to, if to any."""
        purchase = Purchase.of_note(unit.desk.note(purchase_note(known)))
        if purchase is not None:
            mine = replace(purchase, question=question or purchase.question)
            unit.desk.put_note(purchase_note(number), mine.as_note())

    def _expiry(self) -> datetime:
        lasts = timedelta(seconds=self._context.policies.approval.expires_after_s)
        return self._context.wall.now() + lasts

    def _intent(self, decision: Decision) -> OrderIntent:
        plan = decision.plan
        assert plan is not None  # Decision guarantees it for a proposed entry
        return OrderIntent(
            id=entry_id(decision.id, 0),
            venue=decision.venue,
            symbol=decision.symbol,
            side=OrderSide.BUY,
            kind=OrderKind.MARKET,
            purpose=Purpose.ENTRY,
            quantity=plan.quantity,
            reference_price=plan.reference_price,
            created_at=self._context.clock.now(),
            origin="strategy",
            decision_id=decision.id,
            exit_plan=plan.exit_plan,
        )

    def _question(
        self, intent: OrderIntent, *, round_no: int, expires_at: datetime, now: datetime
    ) -> Approval:
        return Approval(
            id=approval_id(intent.id, round_no),
            order_id=intent.id,
            decision_id=intent.decision_id,
            order_hash=order_hash(intent),
            token=self._context.tokens.token(),
            round_no=round_no,
            reference_price=intent.reference_price,
            max_drift_bps=int(self._context.policies.approval.max_drift_bps),
            created_at=now,
            expires_at=expires_at,
            needed=approvers_needed(self._context, intent),
        )


def approvers_needed(context: DeskContext, intent: OrderIntent) -> int:
    """How many people must agree to an entry of this size; a value at the limit is inside."""
    policy = context.policies.approval
    above = policy.quorum_above_quote
    return policy.quorum if above is not None and intent.notional_quote > above else 1


def needs_factor(context: DeskContext, intent: OrderIntent) -> bool:
    """Whether agreeing to an entry of this size takes a second factor."""
    above = context.policies.approval.totp_above_quote
    return above is not None and intent.notional_quote > above
