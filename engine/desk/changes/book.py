"""The life of a change: planned, asked, planned again, applied; every step is one commit.

wish → plan → one commit (question, audit, message) → press → plan again, second factor, quorum →
one commit (answer, effect, audit, message)

Choices:
- What is agreed to is the digest over before and after. If the plan made at the press says anything
  else, the question ends as superseded and nothing is applied.
- An applied change ends every other open question that it has made stale, in the same commit.
- Where the owners have set a quorum for orders, what needs a second factor needs it too.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from engine.desk.changes.levers import Applied, Lever, Planned, Refusal, owners
from engine.desk.context import DeskContext
from engine.desk.factors.gate import TERMINAL_USER, FactorGate
from engine.desk.queries import portfolio_now
from engine.desk.steering import mark_changed
from engine.desk.tell import drop_reminder, is_reminded, tell, tell_reminder
from engine.domain.changes import (
    Change,
    ChangeKind,
    ChangeOutcome,
    ChangeResult,
    ChangeWish,
    Facts,
    Verdict,
    change_digest,
)
from engine.domain.desk import AuditEvent, Delivery, Json, Person, Priority
from engine.domain.errors import ConflictError
from engine.domain.factors import Credential, Wish
from engine.domain.ids import ChangeId
from engine.domain.lifecycles import ApprovalState
from engine.ports import UnitOfWork

AREA = "change"
"""The name under which wishes of this room wait for a second factor."""

_LASTS = timedelta(days=1)
_REMIND_BEFORE = timedelta(hours=1)
_MOST_OPEN = 20
_ENDS = {
    ApprovalState.APPROVED: ChangeResult.APPLIED,
    ApprovalState.REJECTED: ChangeResult.REJECTED,
    ApprovalState.EXPIRED: ChangeResult.EXPIRED,
    ApprovalState.SUPERSEDED: ChangeResult.SUPERSEDED,
    ApprovalState.REFUSED: ChangeResult.ALREADY_DECIDED,
}
"""What an ended change is told as again; what it was refused with is not known any more."""


class ChangeBook:
    """Writes changes down and carries them out; who may do so has been asked before."""

    def __init__(
        self, context: DeskContext, *, levers: Mapping[ChangeKind, Lever], gate: FactorGate
    ) -> None:
        self._context = context
        self._levers = levers
        self._gate = gate

    def propose(self, wish: ChangeWish, by: int, number: ChangeId) -> ChangeOutcome:
        """Ask, or apply what only makes the desk more careful; the same number is one change."""
        applied = self._at(wish.kind, by)
        with self._context.units() as unit:
            known = unit.changes.get(number)
            if known is not None:
                return _told_again(known)
            planned = self._levers[wish.kind].plan(unit, wish)
            if isinstance(planned, Refusal):
                return _refused(planned)
            subject = _subject(wish, planned)
            mark = change_digest(wish.kind, subject, planned.before, planned.after)
            rivals = [
                c for c in unit.changes.pending() if (c.kind, c.subject) == (wish.kind, subject)
            ]
            same = next((c for c in rivals if c.digest == mark), None)
            if same is not None:
                return ChangeOutcome(result=ChangeResult.ASKED, change=same, reason="asked_already")
            why = _why_not(unit, planned)
            if why:
                return ChangeOutcome(result=ChangeResult.REFUSED, reason=why)
            note = "no_longer_so" if planned.is_careful else "newer_question"
            for rival in rivals:
                self._end(unit, rival, ApprovalState.SUPERSEDED, note=note)
            change = self._question(unit, wish, planned, number=number, by=by)
            unit.changes.add(change)
            outcome = ChangeOutcome(result=ChangeResult.ASKED, change=change)
            if planned.is_careful:
                outcome = self._apply(unit, change, applied)
            else:
                self._audit(unit, change, by, "change_asked")
                self._tell(unit, change, "asked", delivery=Delivery.NEW)
            unit.commit()
        return outcome

    def answer(
        self, token: str, verdict: Verdict, by: Person, credential: Credential | None
    ) -> ChangeOutcome:
        """What a press comes to; safe to repeat."""
        with self._context.units(read_only=True) as unit:
            change = unit.changes.by_token(token)
        applied = self._at(change.kind if change else None, by.user_id)
        try:
            return self._decide(token, verdict, by, applied, credential)
        except ConflictError:  # somebody was quicker: read what they decided
            return self._decide(token, verdict, by, applied, credential)

    def expire(self) -> int:
        """End every question whose time is over; returns how many."""
        now = self._context.wall.now()
        with self._context.units(read_only=True) as unit:
            late = [change for change in unit.changes.pending() if change.is_expired(now)]
        if not late:
            return 0
        with self._context.units() as unit:
            late = [change for change in unit.changes.pending() if change.is_expired(now)]
            for change in late:
                self._end(unit, change, ApprovalState.EXPIRED)
            unit.commit()
        return len(late)

    def remind(self) -> int:
        """Tell every question once more that is about to expire; returns how many.

        A change is asked for a day, so an hour is left; who wants no reminders of orders wants
        none of changes.
        """
        if not self._context.policies.approval.remind_before_s:
            return 0
        now = self._context.wall.now()
        with self._context.units(read_only=True) as unit:
            near = [
                change
                for change in unit.changes.pending()
                if change.created_at < change.expires_at - _REMIND_BEFORE <= now < change.expires_at
                and not is_reminded(unit, change.id)
            ]
        if near:
            with self._context.units() as unit:
                for change in near:
                    tell_reminder(unit, change.id, now)
                unit.commit()
        return len(near)

    def _question(
        self, unit: UnitOfWork, wish: ChangeWish, planned: Planned, *, number: ChangeId, by: int
    ) -> Change:
        now = self._context.wall.now()
        subject = _subject(wish, planned)
        return Change(
            id=number,
            kind=wish.kind,
            subject=subject,
            value=wish.value,
            before=planned.before,
            after=planned.after,
            digest=change_digest(wish.kind, subject, planned.before, planned.after),
            token=self._context.tokens.token(),
            asked_by=by,
            created_at=now,
            expires_at=now + _LASTS,
            reason=wish.reason,
            evidence=planned.evidence,
            needed=self._needed(unit, planned),
            needs_code=planned.needs_code,
        )

    def _needed(self, unit: UnitOfWork, planned: Planned) -> int:
        """One owner, or the quorum of orders where there is one and it steers the desk."""
        policy = self._context.policies.approval
        if not planned.needs_code or policy.quorum_above_quote is None:
            return 1
        return max(1, min(policy.quorum, len(owners(unit.desk.people()))))

    def _decide(
        self,
        token: str,
        verdict: Verdict,
        by: Person,
        applied: Applied,
        credential: Credential | None,
    ) -> ChangeOutcome:
        with self._context.units() as unit:
            change = unit.changes.by_token(token)
            if change is None:
                return ChangeOutcome(result=ChangeResult.UNKNOWN_TOKEN)
            if not change.is_open:
                return _late(change)
            if change.is_expired(applied.at):
                ended = self._end(unit, change, ApprovalState.EXPIRED)
                outcome = ChangeOutcome(result=ChangeResult.EXPIRED, change=ended)
            elif verdict is Verdict.REJECT:
                ended = self._end(unit, change, ApprovalState.REJECTED, by=by.user_id)
                outcome = ChangeOutcome(result=ChangeResult.REJECTED, change=ended)
            else:
                outcome = self._approve(unit, change, by, applied, credential)
            unit.commit()
        return outcome

    def _approve(
        self,
        unit: UnitOfWork,
        change: Change,
        by: Person,
        applied: Applied,
        credential: Credential | None,
    ) -> ChangeOutcome:
        planned = self._levers[change.kind].plan(unit, change.wish)
        if isinstance(planned, Refusal):
            ended = self._end(unit, change, ApprovalState.REFUSED, note=planned.reason)
            return replace(_refused(planned), change=ended)
        if (
            change_digest(change.kind, change.subject, planned.before, planned.after)
            != change.digest
        ):
            ended = self._end(unit, change, ApprovalState.SUPERSEDED, note="no_longer_so")
            return ChangeOutcome(result=ChangeResult.SUPERSEDED, change=ended)
        if change.needs_code or planned.needs_code:
            admitted = self._gate.admit(unit, by, _to_prove(change), credential)
            if admitted.refusal is not None:
                return ChangeOutcome(
                    result=ChangeResult(admitted.refusal.value),
                    change=change,
                    values={"id": change.id},
                )
        needed = max(change.needed, self._needed(unit, planned))
        counted = replace(change.counted(by.user_id), needed=needed)
        if len(_agreed(unit, counted)) < needed:
            unit.changes.replace(change, counted)
            self._audit(unit, counted, by.user_id, "change_counted")
            self._tell(unit, counted, f"counted-{len(counted.approvers)}")
            return ChangeOutcome(result=ChangeResult.COUNTED, change=counted)
        unit.changes.replace(change, counted)
        return self._apply(unit, counted, applied)

    def _apply(self, unit: UnitOfWork, change: Change, applied: Applied) -> ChangeOutcome:
        """Effect, answer, audit and message, all in the caller's transaction."""
        self._levers[change.kind].apply(unit, change, applied)
        ended = self._end(unit, change, ApprovalState.APPROVED, by=applied.by)
        mark_changed(unit, change.id)
        self._end_stale(unit)
        person = None
        if change.kind is ChangeKind.PERSON:
            known = (p for p in unit.desk.people() if str(p.user_id) == change.subject)
            person = next(known, None)
        return ChangeOutcome(result=ChangeResult.APPLIED, change=ended, person=person)

    def _end_stale(self, unit: UnitOfWork) -> None:
        for other in unit.changes.pending():
            planned = self._levers[other.kind].plan(unit, other.wish)
            is_same = isinstance(planned, Planned) and other.digest == change_digest(
                other.kind, other.subject, planned.before, planned.after
            )
            if not is_same:
                self._end(unit, other, ApprovalState.SUPERSEDED, note="no_longer_so")

    def _end(
        self,
        unit: UnitOfWork,
        change: Change,
        state: ApprovalState,
        *,
        by: int | None = None,
        note: str = "",
    ) -> Change:
        ended = change.end(state, self._context.wall.now(), by=by, note=note)
        unit.changes.replace(change, ended)
        drop_reminder(unit, ended.id, self._context.wall.now())
        self._audit(unit, ended, by, f"change_{state}")
        self._tell(unit, ended, state.value)
        return ended

    def _at(self, kind: ChangeKind | None, by: int) -> Applied:
        """Who and when; prices are asked for outside of any transaction."""
        needs_equity = kind is ChangeKind.REARM
        equity = portfolio_now(self._context).equity_quote if needs_equity else None
        return Applied(at=self._context.wall.now(), by=by, equity_quote=equity)

    def _tell(
        self, unit: UnitOfWork, change: Change, cause: str, *, delivery: Delivery = Delivery.EDIT
    ) -> None:
        tell(
            unit,
            kind="change",
            subject=change_subject(change.id),
            cause=f"{cause}-{change.id}",
            payload={"change_id": change.id},
            at=self._context.wall.now(),
            priority=Priority.QUESTION,
            delivery=delivery,
        )

    def _audit(self, unit: UnitOfWork, change: Change, by: int | None, action: str) -> None:
        detail: dict[str, Json] = {
            "kind": change.kind.value,
            "about": change.subject,
            "before": dict(change.before),
            "after": dict(change.after),
            "digest": change.digest,
            **({"note": change.note} if change.note else {}),
        }
        unit.audit.append(
            AuditEvent(
                at=self._context.wall.now(),
                actor="desk" if by is None else f"person:{by}",
                action=action,
                subject=change.id,
                detail=detail,
            )
        )


def change_subject(number: ChangeId) -> str:
    """The one message that speaks of a change."""
    return f"change:{number}"


def _to_prove(change: Change) -> Wish:
    facts: Facts = {"change_id": change.id, "kind": change.kind.value, "about": change.subject}
    return Wish(
        area=AREA,
        subject=change.id,
        action=Verdict.APPROVE.value,
        facts=facts,
        expires_at=change.expires_at,
    )


def _subject(wish: ChangeWish, planned: Planned) -> str:
    """What is changed, in one form: a limit by its dotted key, a person by the bare number."""
    if wish.kind is ChangeKind.LIMIT:
        return str(planned.after["key"])
    return str(int(wish.subject)) if wish.kind is ChangeKind.PERSON else wish.subject


def _why_not(unit: UnitOfWork, planned: Planned) -> str:
    if planned.before == planned.after:
        return "no_change"
    is_full = not planned.is_careful and len(unit.changes.pending()) >= _MOST_OPEN
    return "too_many_changes" if is_full else ""


def _agreed(unit: UnitOfWork, change: Change) -> set[int]:
    """Who has agreed and is an owner still; the terminal is the machine's own."""
    able = {person.user_id for person in owners(unit.desk.people())} | {TERMINAL_USER}
    return able & set(change.approvers)


def _refused(refusal: Refusal) -> ChangeOutcome:
    return ChangeOutcome(result=ChangeResult.REFUSED, reason=refusal.reason, values=refusal.values)


def _late(change: Change) -> ChangeOutcome:
    is_expired = change.state is ApprovalState.EXPIRED
    result = ChangeResult.EXPIRED if is_expired else ChangeResult.ALREADY_DECIDED
    return ChangeOutcome(result=result, change=change)


def _told_again(change: Change) -> ChangeOutcome:
    """What came of a request that is delivered again: the question as it stands, or its end."""
    result = ChangeResult.ASKED if change.is_open else _ENDS[change.state]
    return ChangeOutcome(result=result, change=change)
