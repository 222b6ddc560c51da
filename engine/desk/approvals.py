"""Questions to people, and what their answers do.

press → who, state, hash, expiry → price, risk, balance, kill switch again → one commit (answer,
order, message, audit) → the gateway sends. A press that comes twice, late, from the wrong person or
for another order changes nothing and gets a polite answer.

Choices:
- The price is fetched before the transaction and judged inside it, beside the book it depends on.
- A price or size that has changed ends the question as superseded and asks afresh with the new
  numbers; the new order has a new id and hash, so an old button can never reach it.
- Two people at once: compare-and-set lets one through, the other reads the outcome.
- Expiry runs on the wall clock, because a person does; everything else on the market's.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.desk.context import DeskContext
from engine.desk.cooldown import rest_after_refusal
from engine.desk.entries import EntryDesk, approvers_needed
from engine.desk.recheck import Rechecked, fetch_quote, halved, recheck_entry
from engine.desk.tell import tell_card
from engine.domain.approvals import Approval, order_hash
from engine.domain.desk import AuditEvent, Delivery, Person, Role
from engine.domain.errors import ConflictError
from engine.domain.lifecycles import ApprovalState, OrderState
from engine.domain.market import Quote
from engine.domain.orders import Order, OrderIntent, OrderKind
from engine.domain.reasons import ReasonCode, RecheckCode
from engine.domain.views import Press, PressOutcome, PressResult
from engine.execution.gateway import Settled
from engine.ports import UnitOfWork

_LATER = timedelta(minutes=5)
_RESTS = (ApprovalState.REJECTED, ApprovalState.EXPIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """What a press decided, and the order to send once it is committed."""

    outcome: PressOutcome
    order: Order | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """A question, its order and the price of now, read inside one transaction."""

    approval: Approval
    order: Order
    quote: Quote | None


class ApprovalDesk:
    """Takes answers, postpones, and expires."""

    def __init__(self, context: DeskContext, entries: EntryDesk) -> None:
        self._context = context
        self._entries = entries

    def press(
        self, token: str, press: Press, by: Person | None, *, reason: str = ""
    ) -> PressOutcome:
        """Answer one press of a button. Safe to repeat."""
        if by is None or by.role is Role.VIEWER:
            self._audit_refused(token, by)
            return PressOutcome(result=PressResult.NOT_ALLOWED)
        quote = self._quote_for(token) if press in (Press.APPROVE, Press.HALF) else None
        try:
            verdict = self._decide(token, press, by, quote, reason)
        except ConflictError:  # somebody was quicker: read what they decided
            verdict = self._decide(token, press, by, quote, reason)
        if verdict.order is None:
            return verdict.outcome
        return _sent(verdict.outcome, self._context.gateway.send(verdict.order))

    def expire(self) -> int:
        """End every question whose time is over; returns how many."""
        now = self._context.wall.now()
        with self._context.units(read_only=True) as unit:
            late = [approval for approval in unit.approvals.pending() if approval.is_expired(now)]
        return sum(self._expire_one(approval) for approval in late)

    def ask_again(self) -> int:
        """Ask the postponed questions whose delay is over, re-checked; returns how many."""
        now = self._context.wall.now()
        with self._context.units(read_only=True) as unit:
            due = [approval for approval in unit.approvals.pending() if _is_due(approval, now)]
        return sum(self._ask_again_one(approval) for approval in due)

    def _quote_for(self, token: str) -> Quote | None:
        with self._context.units(read_only=True) as unit:
            approval = unit.approvals.by_token(token)
            order = unit.orders.get(approval.order_id) if approval else None
        return fetch_quote(self._context, order.intent.symbol) if order else None

    def _decide(
        self, token: str, press: Press, by: Person, quote: Quote | None, reason: str
    ) -> _Verdict:
        with self._context.units() as unit:
            approval = unit.approvals.by_token(token)
            order = unit.orders.get(approval.order_id) if approval else None
            if approval is None or order is None:
                verdict = _Verdict(outcome=PressOutcome(result=PressResult.UNKNOWN_TOKEN))
            elif approval.state is not ApprovalState.PENDING:
                verdict = self._late_press(unit, approval, press, by, reason)
            elif self._is_void(approval, order):
                question = _Question(approval=approval, order=order, quote=None)
                ended = self._end(unit, question, ApprovalState.EXPIRED)
                verdict = _Verdict(outcome=_outcome(PressResult.EXPIRED, ended))
            else:
                question = _Question(approval=approval, order=order, quote=quote)
                verdict = self._answer(unit, question, press, by, reason)
            self._audit(unit, by, f"press_{press}", approval.id if approval else "?")
            unit.commit()
        return verdict

    def _is_void(self, approval: Approval, order: Order) -> bool:
        is_late = approval.is_expired(self._context.wall.now())
        return is_late or approval.order_hash != order_hash(order.intent)

    def _answer(
        self, unit: UnitOfWork, question: _Question, press: Press, by: Person, reason: str
    ) -> _Verdict:
        match press:
            case Press.REJECT:
                ended = self._end(
                    unit, question, ApprovalState.REJECTED, by=by.user_id, note=reason
                )
                return _Verdict(outcome=_outcome(PressResult.REJECTED, ended))
            case Press.LATER:
                return self._postpone(unit, question)
            case Press.HALF:
                return self._approve_half(unit, question, by)
            case Press.APPROVE:
                return self._approve(unit, question, by)

    def _approve(self, unit: UnitOfWork, question: _Question, by: Person) -> _Verdict:
        approval, order = question.approval, question.order
        checked = recheck_entry(self._context, unit, order.intent, question.quote)
        if checked.status is not RecheckCode.OK:
            return self._fresh_or_refused(unit, question, checked)
        approvers = tuple(dict.fromkeys((*approval.approvers, by.user_id)))
        counted = replace(approval, approvers=approvers)
        if len(approvers) < approval.needed:
            unit.approvals.replace(approval, counted)
            self._tell(unit, order, f"counted-{approval.id}-{len(approvers)}")
            return _Verdict(outcome=_outcome(PressResult.COUNTED, counted))
        now = self._context.wall.now()
        ended = counted.end(ApprovalState.APPROVED, now, by=by.user_id)
        unit.approvals.replace(approval, ended)
        self._audit_end(unit, ended)
        authorised = self._context.gateway.authorise(unit, order, self._context.clock.now())
        self._tell(unit, order, f"approved-{approval.id}")
        return _Verdict(outcome=_outcome(PressResult.SENT, ended), order=authorised)

    def _approve_half(self, unit: UnitOfWork, question: _Question, by: Person) -> _Verdict:
        """A smaller order, checked again as its own; below the minimum it is refused.

        Half of what needs several people may still need them: it is then asked afresh.
        """
        approval, order = question.approval, question.order
        smaller = halved(self._context, order.intent)
        if smaller is None:
            return self._refuse(unit, question, ReasonCode.BELOW_MINIMUM)
        checked = recheck_entry(self._context, unit, smaller, question.quote)
        if checked.status is not RecheckCode.OK:
            return self._fresh_or_refused(unit, question, checked)
        if approvers_needed(self._context, smaller) > 1:
            return self._ask_instead(unit, question, checked, "halved")
        ended = approval.end(ApprovalState.PARTLY, self._context.wall.now(), by=by.user_id)
        unit.approvals.replace(approval, ended)
        self._audit_end(unit, ended)
        self._entries.drop(unit, order, "halved")
        intent = self._entries.next_intent(unit, order, checked)
        wanted = Order(intent=intent, state=OrderState.INTENDED, updated_at=intent.created_at)
        unit.orders.add(wanted)
        authorised = self._context.gateway.authorise(unit, wanted, self._context.clock.now())
        return _Verdict(outcome=_outcome(PressResult.SENT, ended), order=authorised)

    def _postpone(self, unit: UnitOfWork, question: _Question) -> _Verdict:
        approval = question.approval
        again = min(self._context.wall.now() + _LATER, approval.expires_at)
        postponed = replace(approval, ask_again_at=again)
        unit.approvals.replace(approval, postponed)
        self._tell(unit, question.order, f"later-{again.isoformat()}")
        return _Verdict(outcome=_outcome(PressResult.POSTPONED, postponed))

    def _fresh_or_refused(
        self, unit: UnitOfWork, question: _Question, checked: Rechecked
    ) -> _Verdict:
        if checked.status is RecheckCode.REFUSED:
            return self._refuse(unit, question, checked.reason)
        return self._ask_instead(unit, question, checked, checked.reason.label)

    def _ask_instead(
        self, unit: UnitOfWork, question: _Question, checked: Rechecked, note: str
    ) -> _Verdict:
        """End a question as superseded and ask one with the checked numbers; it expires as it."""
        approval = question.approval
        now = self._context.wall.now()
        ended = approval.end(ApprovalState.SUPERSEDED, now, note=note)
        unit.approvals.replace(approval, ended)
        self._audit_end(unit, ended)
        asked = self._entries.ask_afresh(
            unit,
            question.order,
            checked,
            round_no=approval.round_no + 1,
            expires_at=approval.expires_at,
        )
        fresh = asked.approval if asked and asked.approval else ended
        return _Verdict(outcome=replace(_outcome(PressResult.ASKED_AGAIN, fresh), reason=note))

    def _refuse(self, unit: UnitOfWork, question: _Question, reason: ReasonCode) -> _Verdict:
        ended = self._end(unit, question, ApprovalState.REFUSED, note=reason.label)
        return _Verdict(outcome=_outcome(PressResult.REFUSED, ended))

    def _late_press(
        self, unit: UnitOfWork, approval: Approval, press: Press, by: Person, reason: str
    ) -> _Verdict:
        """A press on a question that has ended: only a rejection's reason may still be told."""
        is_reason = (
            press is Press.REJECT
            and bool(reason)
            and approval.state is ApprovalState.REJECTED
            and approval.decided_by == by.user_id
            and not approval.note
        )
        if not is_reason:
            is_expired = approval.state is ApprovalState.EXPIRED
            result = PressResult.EXPIRED if is_expired else PressResult.ALREADY_DECIDED
            return _Verdict(outcome=_outcome(result, approval))
        told = replace(approval, note=reason)
        unit.approvals.replace(approval, told)
        order = unit.orders.get(approval.order_id)
        if order is not None:
            self._tell(unit, order, f"reason-{approval.id}")
        return _Verdict(outcome=_outcome(PressResult.REJECTED, told))

    def _ask_again_one(self, approval: Approval) -> bool:
        quote = self._quote_for(approval.token)
        with self._context.units() as unit:
            order = unit.orders.get(approval.order_id)
            if order is None or unit.approvals.get(approval.id) != approval:
                return False
            question = _Question(approval=approval, order=order, quote=quote)
            checked = recheck_entry(self._context, unit, order.intent, quote)
            if checked.status is RecheckCode.OK:
                unit.approvals.replace(approval, replace(approval, ask_again_at=None))
                cause = f"again-{approval.id}-{approval.ask_again_at}"
                tell_card(self._context, unit, order.intent, cause=cause, delivery=Delivery.NEW)
            else:
                self._fresh_or_refused(unit, question, checked)
            unit.commit()
        return True

    def _expire_one(self, approval: Approval) -> bool:
        quote = self._quote_for(approval.token)
        instead: Order | None = None
        with self._context.units() as unit:
            current, order = unit.approvals.get(approval.id), unit.orders.get(approval.order_id)
            if order is None or current is None or current.state is not ApprovalState.PENDING:
                return False
            question = _Question(approval=current, order=order, quote=quote)
            self._end(unit, question, ApprovalState.EXPIRED)
            instead = self._instead(unit, question)
            unit.commit()
        if instead is not None:
            self._context.gateway.send(instead)
        return True

    def _instead(self, unit: UnitOfWork, question: _Question) -> Order | None:
        """The order that takes an expired question's place, if the owner has chosen one."""
        choice = self._context.policies.approval.on_expiry
        wanted: OrderIntent | None = None
        if choice == "smaller":
            wanted = halved(self._context, question.order.intent)
        elif choice == "limit":
            price = question.order.intent.reference_price
            wanted = replace(question.order.intent, kind=OrderKind.LIMIT, limit_price=price)
        if wanted is None:
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

    def _end(
        self,
        unit: UnitOfWork,
        question: _Question,
        state: ApprovalState,
        *,
        by: int | None = None,
        note: str = "",
    ) -> Approval:
        ended = question.approval.end(state, self._context.wall.now(), by=by, note=note)
        unit.approvals.replace(question.approval, ended)
        self._entries.drop(unit, question.order, note or state.value)
        if state in _RESTS:
            rest_after_refusal(self._context, unit, question.order.intent.symbol)
        self._audit_end(unit, ended)
        return ended

    def _tell(self, unit: UnitOfWork, order: Order, cause: str) -> None:
        tell_card(self._context, unit, order.intent, cause=cause)

    def _audit_end(self, unit: UnitOfWork, ended: Approval) -> None:
        action = f"approval_{ended.state}"
        at = ended.decided_at or self._context.wall.now()
        unit.audit.append(
            AuditEvent(at=at, actor=_who(ended.decided_by), action=action, subject=ended.id)
        )

    def _audit(self, unit: UnitOfWork, by: Person, action: str, subject: str) -> None:
        now = self._context.wall.now()
        unit.audit.append(
            AuditEvent(at=now, actor=_who(by.user_id), action=action, subject=subject)
        )

    def _audit_refused(self, token: str, by: Person | None) -> None:
        with self._context.units() as unit:
            approval = unit.approvals.by_token(token)
            unit.audit.append(
                AuditEvent(
                    at=self._context.wall.now(),
                    actor=_who(by.user_id) if by else "stranger",
                    action="press_not_allowed",
                    subject=approval.id if approval else "?",
                )
            )
            unit.commit()


def _is_due(approval: Approval, now: datetime) -> bool:
    again = approval.ask_again_at
    return again is not None and again <= now and not approval.is_expired(now)


def _outcome(result: PressResult, approval: Approval) -> PressOutcome:
    return PressOutcome(
        result=result, approval=approval, state=approval.state, reason=approval.note
    )


def _sent(outcome: PressOutcome, settled: Settled) -> PressOutcome:
    state = settled.order.state
    if state in (OrderState.REFUSED, OrderState.REJECTED):
        result = PressResult.REFUSED
    elif state is OrderState.FILLED:
        result = PressResult.FILLED
    else:
        result = PressResult.PARTLY_FILLED if settled.fills else outcome.result
    return replace(outcome, result=result, reason=settled.order.note)


def _who(user_id: int | None) -> str:
    return f"person:{user_id}" if user_id is not None else "desk"
