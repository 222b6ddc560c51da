"""Questions while nobody looks: one loud reminder, then the end the owner has chosen.

Expiry runs on the wall clock, because a person does; everything else on the market's. What takes an
expired entry's place is checked again like a press, and never escapes what a person would have had
to do for it: several people, or a code. The question remembers by which rule it ended, and why the
rule bought nothing.
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
from engine.domain.approvals import Approval, expiry_note
from engine.domain.decisions import Decision
from engine.domain.lifecycles import ApprovalState, OrderState
from engine.domain.orders import Order, OrderIntent, OrderKind
from engine.domain.reasons import ReasonCode, RecheckCode
from engine.domain.views import Size
from engine.ports import UnitOfWork

_HALF = Decimal("0.5")
_SKIP = "skip"
_NOTHING_UNASKED = "nothing_unasked"


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
            ended = self._keeper.end(unit, question, ApprovalState.EXPIRED)
            rule = self._rule(unit, order.intent)
            if rule != _SKIP:
                found = self._instead(unit, question, rule)
                why = found if isinstance(found, str) else ""
                unit.approvals.replace(ended, replace(ended, note=expiry_note(rule, why)))
                instead = None if isinstance(found, str) else self._placed(unit, found)
            unit.commit()
        if instead is not None:
            self._context.gateway.send(instead)
        return True

    def _rule(self, unit: UnitOfWork, intent: OrderIntent) -> str:
        """What the owner has chosen for this entry; a purchase by hand is never the clock's."""
        decision = unit.decisions.get(intent.decision_id) if intent.decision_id else None
        if decision is None:
            return _SKIP
        policy = self._context.policies.approval
        return policy.expiry_of(str(intent.symbol), decision.reason.label)

    def _instead(self, unit: UnitOfWork, question: Question, rule: str) -> OrderIntent | str:
        """The entry that takes an expired question's place, or why none does."""
        wanted = self._chosen(unit, question.order.intent, rule)
        if isinstance(wanted, str):
            return wanted
        if self._takes_people(wanted):
            return "takes_people"
        checked = recheck_entry(self._context, unit, wanted, question.quote)
        if checked.status is not RecheckCode.OK:
            return checked.reason.label
        return replace(
            self._entries.next_intent(unit, question.order, checked),
            kind=wanted.kind,
            limit_price=wanted.limit_price,
        )

    def _placed(self, unit: UnitOfWork, intent: OrderIntent) -> Order:
        order = Order(intent=intent, state=OrderState.INTENDED, updated_at=intent.created_at)
        unit.orders.add(order)
        return self._context.gateway.authorise(unit, order, self._context.clock.now())

    def _chosen(self, unit: UnitOfWork, intent: OrderIntent, rule: str) -> OrderIntent | str:
        if rule == "limit":
            price = intent.reference_price
            return replace(intent, kind=OrderKind.LIMIT, limit_price=price)
        decision = unit.decisions.get(intent.decision_id) if intent.decision_id else None
        assert decision is not None  # only such an entry has a rule
        return self._automatic(intent, decision)

    def _takes_people(self, intent: OrderIntent) -> bool:
        context = self._context
        return approvers_needed(context, intent) > 1 or needs_factor(context, intent)

    def _automatic(self, intent: OrderIntent, decision: Decision) -> OrderIntent | str:
        """At most half, and small enough to have gone without asking; or why nothing is."""
        policy = self._context.policies.approval
        share = Decimal(repr(policy.ask_above_equity_fraction)) * decision.equity_quote
        most = min(intent.notional_quote * _HALF, policy.ask_above_quote, share)
        if most <= 0:
            return _NOTHING_UNASKED
        smaller = resized(self._context, intent, Size(amount_quote=most))
        if smaller is None:
            return ReasonCode.BELOW_MINIMUM.label
        strategy = self._context.strategy
        reason = entry_reason(
            float(smaller.notional_quote),
            float(decision.equity_quote),
            int(strategy.markets[strategy.place(intent.symbol)].rule),
            decision.edge is not None,
            False,  # noqa: FBT003 - the compiled rule takes no names; nothing sets the flag yet
            strategy.numbers.routing,
        )
        return smaller if ReasonCode(reason) is ReasonCode.ENTER_AUTO else _NOTHING_UNASKED
