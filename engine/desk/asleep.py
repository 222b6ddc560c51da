"""Questions while nobody looks: one loud reminder, then the end the owner has chosen.

Expiry runs on the wall clock, because a person does; everything else on the market's. What takes an
expired entry's place is checked again like a press, and never escapes what a person would have had
to do for it: several people, or a code.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from engine.checks.routing import entry_reason
from engine.desk.context import DeskContext
from engine.desk.entries import EntryDesk, approvers_needed, needs_factor
from engine.desk.questions import Question, QuestionKeeper
from engine.desk.recheck import fetch_quote, recheck_entry, resized
from engine.desk.tell import is_reminded, tell_reminder
from engine.domain.approvals import Approval
from engine.domain.decisions import Decision
from engine.domain.lifecycles import ApprovalState, OrderState
from engine.domain.orders import Order, OrderIntent, OrderKind
from engine.domain.reasons import ReasonCode, RecheckCode
from engine.domain.views import Size
from engine.ports import UnitOfWork

_HALF = Decimal("0.5")


class AsleepDesk:
    """Reminds and expires."""

    def __init__(self, context: DeskContext, entries: EntryDesk) -> None:
        self._context = context
        self._entries = entries
        self._keeper = QuestionKeeper(context, entries)

    def expire(self) -> int:
        """End every question whose time is over; returns how many."""
        now = self._context.wall.now()
        with self._context.units(read_only=True) as unit:
            late = [approval for approval in unit.approvals.pending() if approval.is_expired(now)]
        return sum(self._expire_one(approval) for approval in late)

    def remind(self) -> int:
        """Tell every question once more that is about to expire; returns how many.

        One that was asked within that time is no older than its reminder would be.
        """
        before = timedelta(seconds=self._context.policies.approval.remind_before_s)
        if not before:
            return 0
        now = self._context.wall.now()
        with self._context.units(read_only=True) as unit:
            near = [
                approval
                for approval in unit.approvals.pending()
                if approval.created_at < approval.expires_at - before <= now < approval.expires_at
                and not is_reminded(unit, approval.id)
            ]
        if near:
            with self._context.units() as unit:
                for approval in near:
                    tell_reminder(unit, approval.id, now)
                unit.commit()
        return len(near)

    def _expire_one(self, approval: Approval) -> bool:
        with self._context.units(read_only=True) as unit:
            asked = unit.orders.get(approval.order_id)
        quote = fetch_quote(self._context, asked.intent.symbol) if asked else None
        instead: Order | None = None
        with self._context.units() as unit:
            current, order = unit.approvals.get(approval.id), unit.orders.get(approval.order_id)
            if order is None or current is None or current.state is not ApprovalState.PENDING:
                return False
            question = Question(approval=current, order=order, quote=quote)
            self._keeper.end(unit, question, ApprovalState.EXPIRED)
            instead = self._instead(unit, question)
            unit.commit()
        if instead is not None:
            self._context.gateway.send(instead)
        return True

    def _instead(self, unit: UnitOfWork, question: Question) -> Order | None:
        """The order that takes an expired question's place, if the owner has chosen one."""
        wanted = self._chosen(unit, question.order.intent)
        if wanted is None or self._takes_people(wanted):
            return None
        checked = recheck_entry(self._context, unit, wanted, question.quote)
        if checked.status is not RecheckCode.OK:
            return None
        intent = replace(
            self._entries.next_intent(unit, question.order, checked),
            kind=wanted.kind,
            limit_price=wanted.limit_price,
        )
        order = Order(intent=intent, state=OrderState.INTENDED, updated_at=intent.created_at)
        unit.orders.add(order)
        return self._context.gateway.authorise(unit, order, self._context.clock.now())

    def _chosen(self, unit: UnitOfWork, intent: OrderIntent) -> OrderIntent | None:
        decision = unit.decisions.get(intent.decision_id) if intent.decision_id else None
        if decision is None:
            return None
        policy = self._context.policies.approval
        match policy.expiry_of(str(intent.symbol), decision.reason.label):
            case "smaller":
                return self._automatic(intent, decision)
            case "limit":
                price = intent.reference_price
                return replace(intent, kind=OrderKind.LIMIT, limit_price=price)
            case _:
                return None

    def _takes_people(self, intent: OrderIntent) -> bool:
        context = self._context
        return approvers_needed(context, intent) > 1 or needs_factor(context, intent)

    def _automatic(self, intent: OrderIntent, decision: Decision) -> OrderIntent | None:
        """At most half, and small enough to have gone without asking; ``None`` if nothing is."""
        policy = self._context.policies.approval
        share = Decimal(repr(policy.ask_above_equity_fraction)) * decision.equity_quote
        most = min(intent.notional_quote * _HALF, policy.ask_above_quote, share)
        if most <= 0:
            return None
        smaller = resized(self._context, intent, Size(amount_quote=most))
        if smaller is None:
            return None
        strategy = self._context.strategy
        reason = entry_reason(
            float(smaller.notional_quote),
            float(decision.equity_quote),
            int(strategy.markets[strategy.place(intent.symbol)].rule),
            decision.edge is not None,
            False,  # noqa: FBT003 - the compiled rule takes no names; nothing sets the flag yet
            strategy.numbers.routing,
        )
        return smaller if ReasonCode(reason) is ReasonCode.ENTER_AUTO else None
