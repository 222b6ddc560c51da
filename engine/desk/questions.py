"""What every way of answering a question has in common: read it, end it, ask afresh, tell.

Each method writes into the caller's transaction: the question's end, its order's end, the audit
line and the messages are one commit, whoever ends it (a person, the clock, the re-check).
"""

from dataclasses import dataclass, replace

from engine.desk.context import DeskContext
from engine.desk.cooldown import rest_after_refusal
from engine.desk.entries import EntryDesk
from engine.desk.recheck import Rechecked
from engine.desk.tell import drop_reminder, tell_card
from engine.domain.approvals import Approval
from engine.domain.desk import AuditEvent, Json
from engine.domain.lifecycles import ApprovalState
from engine.domain.market import Quote
from engine.domain.orders import Order
from engine.domain.reasons import ReasonCode, RecheckCode
from engine.domain.views import PressOutcome, PressResult
from engine.ports import UnitOfWork

_RESTS = (ApprovalState.REJECTED, ApprovalState.EXPIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a press decided, and the order to send once it is committed."""

    outcome: PressOutcome
    order: Order | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, its order and the price of now, read inside one transaction."""

    approval: Approval
    order: Order
    quote: Quote | None


class QuestionKeeper:
    """Ends questions and asks afresh."""

    def __init__(self, context: DeskContext, entries: EntryDesk) -> None:
        self._context = context
        self._entries = entries

    def end(
        self,
        unit: UnitOfWork,
        question: Question,
        state: ApprovalState,
        *,
        by: int | None = None,
        note: str = "",
    ) -> Approval:
        """End a question and its order, which was never sent.

        A strategy's symbol rests after a no; a no to a person's purchase says nothing about it.
        """
        ended = question.approval.end(state, self._context.wall.now(), by=by, note=note)
        self.close(unit, question.approval, ended)
        self._entries.drop(unit, question.order, note or state.value)
        if state in _RESTS and ended.decision_id is not None:
            rest_after_refusal(self._context, unit, question.order.intent.symbol)
        return ended

    def close(self, unit: UnitOfWork, before: Approval, ended: Approval) -> None:
        """Store an end with its audit line, and take the reminder away."""
        unit.approvals.replace(before, ended)
        at = ended.decided_at or self._context.wall.now()
        drop_reminder(unit, ended.id, at)
        unit.audit.append(
            AuditEvent(
                at=at,
                actor=who(ended.decided_by),
                action=f"approval_{ended.state}",
                subject=ended.id,
            )
        )

    def refuse(self, unit: UnitOfWork, question: Question, reason: ReasonCode) -> Verdict:
        """End a question that the re-check does not let through."""
        ended = self.end(unit, question, ApprovalState.REFUSED, note=reason.label)
        return Verdict(outcome=outcome_of(PressResult.REFUSED, ended))

    def lacks_price(self, question: Question, checked: Rechecked) -> bool:
        """Whether nothing but the price of this moment is missing, so that the next may have it.

        What is not traded here any more never gets one.
        """
        intent, context = question.order.intent, self._context
        is_traded = intent.venue == context.venue and intent.symbol in context.symbols
        return is_traded and checked.reason is ReasonCode.NO_FRESH_PRICE

    def fresh_or_refused(self, unit: UnitOfWork, question: Question, checked: Rechecked) -> Verdict:
        """What follows a re-check that did not say yes."""
        if checked.status is RecheckCode.REFUSED:
            return self.refuse(unit, question, checked.reason)
        return self.ask_instead(unit, question, checked, checked.reason.label)

    def ask_instead(
        self,
        unit: UnitOfWork,
        question: Question,
        checked: Rechecked,
        note: str,
        *,
        agreed: tuple[int, ...] = (),
    ) -> Verdict:
        """End a question as superseded and ask one with the checked numbers; it expires as it."""
        approval = question.approval
        now = self._context.wall.now()
        ended = approval.end(ApprovalState.SUPERSEDED, now, note=note)
        self.close(unit, approval, ended)
        asked = self._entries.ask_afresh(
            unit,
            question.order,
            checked,
            round_no=approval.round_no + 1,
            expires_at=approval.expires_at,
            agreed=agreed,
        )
        fresh = asked.approval if asked and asked.approval else ended
        return Verdict(outcome=replace(outcome_of(PressResult.ASKED_AGAIN, fresh), reason=note))

    def tell(self, unit: UnitOfWork, order: Order, cause: str) -> None:
        """Refresh the card."""
        tell_card(self._context, unit, order.intent, cause=cause)

    def audit(
        self, unit: UnitOfWork, actor: str, action: str, subject: str, **detail: Json
    ) -> None:
        """Leave a line."""
        now = self._context.wall.now()
        unit.audit.append(
            AuditEvent(at=now, actor=actor, action=action, subject=subject, detail=detail)
        )


def outcome_of(result: PressResult, approval: Approval) -> PressOutcome:
    """An outcome with the question as it stands now."""
    return PressOutcome(
        result=result, approval=approval, state=approval.state, reason=approval.note
    )


def who(user_id: int | None) -> str:
    """Who is named on the trail."""
    return f"person:{user_id}" if user_id is not None else "desk"
