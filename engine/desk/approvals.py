"""Questions to people, and what their answers do.

press → who, state, hash, expiry → second factor, if the size wants one → price, risk, balance, kill
switch again → one commit (answer, order, message, audit) → the gateway sends. A press that comes
twice, late, from the wrong person or for another order changes nothing and gets a polite answer.

Choices:
- The price is fetched before the transaction and judged inside it, beside the book it depends on.
- A price or size that has changed ends the question as superseded and asks afresh with the new
  numbers; the new order has a new id and hash, so an old button can never reach it.
- Two people at once: compare-and-set lets one through, the other reads the outcome.
- A typed code is judged inside the press's own transaction: it is used up with the effect, or not
  at all. A press without one is re-checked first, so that nobody types a code for old numbers.
- Without a price nothing is bought, and nothing ends: a lost request says nothing about the entry,
  so the question stays open until somebody presses again, or it expires. No code is used up.
- Of those who have agreed, only they count who may still decide when the last one does; and a
  quorum that was raised meanwhile holds for a question that is open.
- Who chooses a smaller size has agreed to it, also where others must agree as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from engine.desk.asleep import AsleepDesk
from engine.desk.context import DeskContext
from engine.desk.entries import EntryDesk, approvers_needed, needs_factor
from engine.desk.factors.front import FactorOutcome
from engine.desk.factors.gate import FactorGate
from engine.desk.questions import Question, QuestionKeeper, Verdict, outcome_of, who
from engine.desk.recheck import Rechecked, fetch_quote, recheck_entry, resized
from engine.desk.tell import tell_card
from engine.domain.approvals import Approval, order_hash
from engine.domain.desk import Delivery, Json, Person, Role
from engine.domain.errors import ConflictError
from engine.domain.factors import Credential, Wish
from engine.domain.lifecycles import ApprovalState, OrderState
from engine.domain.market import Quote
from engine.domain.orders import Order, OrderIntent
from engine.domain.reasons import ReasonCode, RecheckCode
from engine.domain.views import Press, PressOutcome, PressResult, Size
from engine.execution.gateway import Settled
from engine.ports import UnitOfWork

AREA = "approval"
HALF = Size(fraction=Decimal("0.5"))
_LATER = timedelta(minutes=5)
_BUYS = (Press.APPROVE, Press.HALF)
_CODE_RESULTS = (
    PressResult.CODE_WRONG,
    PressResult.CODE_USED,
    PressResult.CODE_LOCKED,
    PressResult.CODE_LATE,
    PressResult.TERMINAL_WANTED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What a person said to a question. ``size`` belongs to ``HALF`` and is half if absent."""

    press: Press
    by: Person
    reason: str = ""
    size: Size | None = None
    credential: Credential | None = None

    @property
    def action(self) -> str:
        """The verdict, as a code is bound to it."""
        return f"{self.press}:{self.size}" if self.size else self.press.value


class ApprovalDesk:
    """Takes answers, postpones, and expires."""

    def __init__(self, context: DeskContext, entries: EntryDesk) -> None:
        self._context = context
        self._entries = entries
        self._keeper = QuestionKeeper(context, entries)
        self._asleep = AsleepDesk(context, entries)
        self._gate = FactorGate(context)

    def press(
        self,
        token: str,
        press: Press,
        by: Person | None,
        *,
        reason: str = "",
        size: Size | None = None,
        credential: Credential | None = None,
    ) -> PressOutcome:
        """Answer one press of a button. Safe to repeat."""
        if by is None or by.role is Role.VIEWER:
            self._audit_refused(token, by)
            return PressOutcome(result=PressResult.NOT_ALLOWED)
        said = _Said(press=press, by=by, reason=reason, size=size, credential=credential)
        quote = self._quote_for(token) if press in _BUYS else None
        try:
            verdict = self._decide(token, said, quote)
        except ConflictError:  # somebody was quicker: read what they decided
            verdict = self._decide(token, said, quote)
        if verdict.order is None:
            return verdict.outcome
        return _sent(verdict.outcome, self._context.gateway.send(verdict.order))

    def carry_out(self, credential: Credential, by: Person) -> FactorOutcome:
        """The press that a typed code, or a word at the terminal, was waited for."""
        facts = credential.challenge.facts
        outcome = self.press(
            str(facts["token"]),
            Press(str(facts["press"])),
            by,
            size=_size_in(facts),
            credential=credential,
        )
        return FactorOutcome(
            done=outcome.result not in _CODE_RESULTS,
            text=f"press.{outcome.result}",
            values={"reason": outcome.reason or "none"},
        )

    def give_up(self, token: str, reason: ReasonCode) -> None:
        """End a question at which nobody will look again, as the re-check ends one."""
        with self._context.units() as unit:
            approval = unit.approvals.by_token(token)
            order = unit.orders.get(approval.order_id) if approval else None
            if approval is None or order is None or approval.state is not ApprovalState.PENDING:
                return
            question = Question(approval=approval, order=order, quote=None)
            self._keeper.refuse(unit, question, reason)
            unit.commit()

    def expire(self) -> int:
        """End every question whose time is over; returns how many."""
        return self._asleep.expire()

    def remind(self) -> int:
        """Tell questions again that are about to expire; returns how many."""
        return self._asleep.remind()

    def ask_again(self) -> int:
        """Ask the postponed questions whose delay is over, re-checked; returns how many.

        While the venue has not been heard, or has no price, they wait: there is nothing to check
        them against. The next run looks again, until they expire.
        """
        if not self._context.strategy.is_heard:
            return 0
        now = self._context.wall.now()
        with self._context.units(read_only=True) as unit:
            due = [approval for approval in unit.approvals.pending() if _is_due(approval, now)]
        return sum(self._ask_again_one(approval) for approval in due)

    def _quote_for(self, token: str) -> Quote | None:
        with self._context.units(read_only=True) as unit:
            approval = unit.approvals.by_token(token)
            order = unit.orders.get(approval.order_id) if approval else None
        return fetch_quote(self._context, order.intent.symbol) if order else None

    def _decide(self, token: str, said: _Said, quote: Quote | None) -> Verdict:
        with self._context.units() as unit:
            approval = unit.approvals.by_token(token)
            order = unit.orders.get(approval.order_id) if approval else None
            if approval is None or order is None:
                verdict = Verdict(outcome=PressOutcome(result=PressResult.UNKNOWN_TOKEN))
            elif said.by.user_id not in _deciders(unit):
                verdict = Verdict(outcome=PressOutcome(result=PressResult.NOT_ALLOWED))
            elif approval.state is not ApprovalState.PENDING:
                verdict = self._late_press(unit, approval, said)
            elif self._is_void(approval, order):
                question = Question(approval=approval, order=order, quote=None)
                ended = self._keeper.end(unit, question, ApprovalState.EXPIRED)
                verdict = Verdict(outcome=outcome_of(PressResult.EXPIRED, ended))
            else:
                question = Question(approval=approval, order=order, quote=quote)
                verdict = self._answer(unit, question, said)
            if said.credential is not None and verdict.outcome.result not in _CODE_RESULTS:
                self._gate.withdraw(unit, said.credential)
            subject = approval.id if approval else "?"
            self._keeper.audit(unit, who(said.by.user_id), f"press_{said.press}", subject)
            unit.commit()
        return verdict

    def _is_void(self, approval: Approval, order: Order) -> bool:
        """Too late, or about another order. Whoever presses is awake: no rule buys instead."""
        is_late = approval.is_expired(self._context.wall.now())
        return is_late or approval.order_hash != order_hash(order.intent)

    def _answer(self, unit: UnitOfWork, question: Question, said: _Said) -> Verdict:
        match said.press:
            case Press.REJECT:
                ended = self._keeper.end(
                    unit,
                    question,
                    ApprovalState.REJECTED,
                    by=said.by.user_id,
                    note=said.reason,
                )
                return Verdict(outcome=outcome_of(PressResult.REJECTED, ended))
            case Press.LATER:
                return self._postpone(unit, question)
            case _ if not self._context.strategy.is_heard:
                return Verdict(outcome=outcome_of(PressResult.VENUE_AWAY, question.approval))
            case Press.HALF:
                return self._approve_smaller(unit, question, said)
            case Press.APPROVE:
                return self._approve(unit, question, said)

    def _approve(self, unit: UnitOfWork, question: Question, said: _Said) -> Verdict:
        approval, order = question.approval, question.order
        needed = max(approval.needed, approvers_needed(self._context, order.intent))
        if said.by.user_id in approval.approvers and needed > 1:
            return Verdict(outcome=outcome_of(PressResult.COUNTED_BEFORE, approval))
        checked = self._proved_and_checked(unit, question, said, order.intent)
        if isinstance(checked, Verdict):
            return checked
        able = _deciders(unit)
        agreed = [one for one in approval.approvers if one in able and one != said.by.user_id]
        counted = replace(approval, approvers=(*agreed, said.by.user_id), needed=needed)
        if len(counted.approvers) < needed:
            unit.approvals.replace(approval, counted)
            people = "-".join(str(one) for one in counted.approvers)
            self._keeper.tell(unit, order, f"counted-{approval.id}-{people}")
            return Verdict(outcome=outcome_of(PressResult.COUNTED, counted))
        now = self._context.wall.now()
        ended = counted.end(ApprovalState.APPROVED, now, by=said.by.user_id)
        self._keeper.close(unit, approval, ended)
        authorised = self._context.gateway.authorise(unit, order, self._context.clock.now())
        self._keeper.tell(unit, order, f"approved-{approval.id}")
        return Verdict(outcome=outcome_of(PressResult.SENT, ended), order=authorised)

    def _approve_smaller(self, unit: UnitOfWork, question: Question, said: _Said) -> Verdict:
        """A smaller order, checked again as its own; below the minimum it is refused.

        Half of what needs several people may still need them: it is then asked afresh. A size that
        somebody chose and that is too small, or more than was asked, is refused without ending the
        question; the whole size is a plain yes.
        """
        approval, order = question.approval, question.order
        if said.size is not None and said.size.is_above(order.intent.notional_quote):
            return Verdict(outcome=outcome_of(PressResult.MORE_THAN_ASKED, approval))
        smaller = resized(self._context, order.intent, said.size or HALF)
        if smaller is None:
            return self._too_small(unit, question, said)
        if smaller.quantity == order.intent.quantity:
            return self._approve(unit, question, said)
        checked = self._proved_and_checked(unit, question, said, smaller)
        if isinstance(checked, Verdict):
            return checked
        note = "halved" if said.size is None else "resized"
        if approvers_needed(self._context, smaller) > 1:
            by = (said.by.user_id,)
            return self._keeper.ask_instead(unit, question, checked, note, agreed=by)
        ended = approval.end(ApprovalState.PARTLY, self._context.wall.now(), by=said.by.user_id)
        self._keeper.close(unit, approval, ended)
        self._entries.drop(unit, order, note)
        intent = self._entries.next_intent(unit, order, checked)
        wanted = Order(intent=intent, state=OrderState.INTENDED, updated_at=intent.created_at)
        unit.orders.add(wanted)
        authorised = self._context.gateway.authorise(unit, wanted, self._context.clock.now())
        return Verdict(outcome=outcome_of(PressResult.SENT, ended), order=authorised)

    def _proved_and_checked(
        self, unit: UnitOfWork, question: Question, said: _Said, intent: OrderIntent
    ) -> Rechecked | Verdict:
        """The re-check that said yes to a proved press, or what else came of it."""
        checked = recheck_entry(self._context, unit, intent, question.quote)
        if self._keeper.lacks_price(question, checked):
            return Verdict(outcome=outcome_of(PressResult.NO_PRICE, question.approval))
        wish = self._wish(question, said, intent)
        if said.credential is not None:
            admitted = self._gate.admit(unit, said.by, wish, said.credential)
            if admitted.refusal is not None:
                return Verdict(outcome=outcome_of(admitted.refusal, question.approval))
        if checked.reason is ReasonCode.BELOW_MINIMUM and said.size is not None:
            return self._too_small(unit, question, said)
        if checked.status is not RecheckCode.OK:
            return self._keeper.fresh_or_refused(unit, question, checked)
        if said.credential is None and needs_factor(self._context, intent):
            admitted = self._gate.admit(unit, said.by, wish, None)
            if admitted.refusal is not None:
                return Verdict(outcome=outcome_of(admitted.refusal, question.approval))
        return checked

    def _wish(self, question: Question, said: _Said, intent: OrderIntent) -> Wish:
        approval, size = question.approval, said.size
        return Wish(
            area=AREA,
            subject=approval.id,
            action=said.action,
            facts={
                "token": approval.token,
                "press": said.press.value,
                "fraction": None if size is None or size.fraction is None else str(size.fraction),
                "amount": None if size is None or size.amount_quote is None else f"{size}",
                "symbol": str(intent.symbol),
                "notional": f"{intent.notional_quote:.2f}",
                "quote": intent.symbol.quote,
            },
            expires_at=approval.expires_at,
        )

    def _too_small(self, unit: UnitOfWork, question: Question, said: _Said) -> Verdict:
        if said.size is None:
            return self._keeper.refuse(unit, question, ReasonCode.BELOW_MINIMUM)
        kept = outcome_of(PressResult.REFUSED, question.approval)
        return Verdict(outcome=replace(kept, reason=ReasonCode.BELOW_MINIMUM.label))

    def _postpone(self, unit: UnitOfWork, question: Question) -> Verdict:
        """Asked again in a while; refused where the question would have ended by then."""
        approval = question.approval
        again = self._context.wall.now() + _LATER
        if approval.is_expired(again):
            return Verdict(outcome=outcome_of(PressResult.TOO_LATE_FOR_LATER, approval))
        postponed = replace(approval, ask_again_at=again)
        unit.approvals.replace(approval, postponed)
        self._keeper.tell(unit, question.order, f"later-{again.isoformat()}")
        return Verdict(outcome=outcome_of(PressResult.POSTPONED, postponed))

    def _late_press(self, unit: UnitOfWork, approval: Approval, said: _Said) -> Verdict:
        """A press on a question that has ended: only a rejection's reason may still be told."""
        is_reason = (
            said.press is Press.REJECT
            and bool(said.reason)
            and approval.state is ApprovalState.REJECTED
            and approval.decided_by == said.by.user_id
            and not approval.note
        )
        if not is_reason:
            is_expired = approval.state is ApprovalState.EXPIRED
            result = PressResult.EXPIRED if is_expired else PressResult.ALREADY_DECIDED
            return Verdict(outcome=outcome_of(result, approval))
        told = replace(approval, note=said.reason)
        unit.approvals.replace(approval, told)
        order = unit.orders.get(approval.order_id)
        if order is not None:
            self._keeper.tell(unit, order, f"reason-{approval.id}")
        return Verdict(outcome=outcome_of(PressResult.REJECTED, told))

    def _ask_again_one(self, approval: Approval) -> bool:
        quote = self._quote_for(approval.token)
        with self._context.units() as unit:
            order = unit.orders.get(approval.order_id)
            if order is None or unit.approvals.get(approval.id) != approval:
                return False
            question = Question(approval=approval, order=order, quote=quote)
            checked = recheck_entry(self._context, unit, order.intent, quote)
            if checked.status is RecheckCode.OK:
                unit.approvals.replace(approval, replace(approval, ask_again_at=None))
                cause = f"again-{approval.id}-{approval.ask_again_at}"
                tell_card(self._context, unit, order.intent, cause=cause, delivery=Delivery.NEW)
            elif self._keeper.lacks_price(question, checked):
                return False
            else:
                self._keeper.fresh_or_refused(unit, question, checked)
            unit.commit()
        return True

    def _audit_refused(self, token: str, by: Person | None) -> None:
        with self._context.units() as unit:
            approval = unit.approvals.by_token(token)
            self._keeper.audit(
                unit,
                who(by.user_id) if by else "stranger",
                "press_not_allowed",
                approval.id if approval else "?",
            )
            unit.commit()


def _deciders(unit: UnitOfWork) -> frozenset[int]:
    """Who may decide now: a person whose role was taken in between counts no more."""
    return frozenset(p.user_id for p in unit.desk.people() if p.role is not Role.VIEWER)


def _size_in(facts: Mapping[str, Json]) -> Size | None:
    fraction, amount = facts.get("fraction"), facts.get("amount")
    if fraction is not None:
        return Size(fraction=Decimal(str(fraction)))
    return None if amount is None else Size(amount_quote=Decimal(str(amount)))


def _is_due(approval: Approval, now: datetime) -> bool:
    again = approval.ask_again_at
    return again is not None and again <= now and not approval.is_expired(now)


def _sent(outcome: PressOutcome, settled: Settled) -> PressOutcome:
    state = settled.order.state
    if state in (OrderState.REFUSED, OrderState.REJECTED):
        result = PressResult.REFUSED
    elif state is OrderState.FILLED:
        result = PressResult.FILLED
    else:
        result = PressResult.PARTLY_FILLED if settled.fills else outcome.result
    return replace(outcome, result=result, reason=settled.order.note)
