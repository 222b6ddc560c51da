"""Stands between a press and its effect where a second factor is wanted.

wish → no credential: one open challenge per person, and a private message that asks for the code →
typed code → judged and used up in the very transaction of the effect, so that a crash in between
leaves both or neither.

Choices:
- Who has enrolled proves a wish by a code, anybody else at the desk's own terminal, and whoever
  sits there already (user 0) needs nothing: the machine is theirs.
- A challenge is bound to area, subject and verdict. A newer wish of the same person replaces it.
- A wrong code is counted and committed with everything else; the wish goes on waiting.
"""

from dataclasses import dataclass
from datetime import datetime

from engine.desk.context import DeskContext
from engine.desk.factors.codes import check
from engine.desk.tell import tell, tell_gone
from engine.domain.desk import AuditEvent, Person, Priority
from engine.domain.factors import (
    CODE_LIFETIME,
    Challenge,
    ChallengeKind,
    ChallengeState,
    CodeVerdict,
    Credential,
    Wish,
    challenge_id,
)
from engine.domain.views import PressResult
from engine.ports import UnitOfWork

TERMINAL_USER = 0

_REFUSALS = {
    CodeVerdict.WRONG: PressResult.CODE_WRONG,
    CodeVerdict.USED: PressResult.CODE_USED,
    CodeVerdict.LOCKED: PressResult.CODE_LOCKED,
    CodeVerdict.NOT_ENROLLED: PressResult.TERMINAL_WANTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whether a wish is proved. ``refusal`` says why not, by the sentence that tells it."""

    refusal: PressResult | None = None
    challenge: Challenge | None = None

    @property
    def passed(self) -> bool:
        """Whether the wish may take effect, in this transaction."""
        return self.refusal is None


class FactorGate:
    """Asks for proofs and judges them; writes into the caller's transaction, never commits."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def admit(
        self, unit: UnitOfWork, person: Person, wish: Wish, credential: Credential | None
    ) -> Admission:
        """May this wish take effect? Commit the unit either way: a wrong code is counted in it."""
        if credential is not None:
            return self._judge(unit, person, wish, credential)
        if person.user_id == TERMINAL_USER:
            return Admission()
        return self._demand(unit, person, wish)

    def withdraw(self, unit: UnitOfWork, credential: Credential) -> None:
        """End a wish that has found its answer otherwise."""
        challenge = unit.factors.challenge(credential.challenge.id)
        if challenge is not None and challenge.is_open:
            self._end(unit, challenge, ChallengeState.EXPIRED)

    def expire(self) -> int:
        """End every challenge whose time is over, and take its message away; returns how many."""
        now = self._context.wall.now()
        with self._context.units(read_only=True) as unit:
            if not any(one.is_expired(now) for one in unit.factors.open()):
                return 0
        with self._context.units() as unit:
            late = [one for one in unit.factors.open() if one.is_expired(now)]
            for one in late:
                self._end(unit, one, ChallengeState.EXPIRED)
            unit.commit()
        return len(late)

    def _demand(self, unit: UnitOfWork, person: Person, wish: Wish) -> Admission:
        """Open the challenge of this wish, or find it open."""
        now = self._context.wall.now()
        factor = unit.factors.get(person.user_id)
        is_code = factor is not None and factor.is_active
        kind = ChallengeKind.CODE if is_code else ChallengeKind.TERMINAL
        waiting = unit.factors.open(person.user_id)
        alike = [one for one in waiting if one.kind is kind and one.is_about(wish)]
        same = next((one for one in alike if not one.is_expired(now)), None)
        if same is None:
            for older in waiting:
                self._end(unit, older, ChallengeState.REPLACED)
            same = self._opened(unit, person, wish, kind, now)
        return Admission(
            refusal=PressResult.CODE_WANTED if is_code else PressResult.TERMINAL_WANTED,
            challenge=same,
        )

    def _opened(
        self, unit: UnitOfWork, person: Person, wish: Wish, kind: ChallengeKind, now: datetime
    ) -> Challenge:
        soon = now + CODE_LIFETIME
        until = soon if kind is ChallengeKind.CODE else wish.expires_at or soon
        challenge = Challenge(
            id=challenge_id(person.user_id, wish, now),
            user_id=person.user_id,
            kind=kind,
            area=wish.area,
            subject=wish.subject,
            action=wish.action,
            facts=wish.facts,
            opened_at=now,
            expires_at=max(now, min(until, wish.expires_at or until)),
        )
        unit.factors.add(challenge)
        self._audit(unit, challenge, "code_wanted")
        tell(
            unit,
            kind="code_wanted",
            subject=code_subject(challenge),
            cause="asked",
            payload={"challenge": challenge.id},
            at=now,
            priority=Priority.ANSWER,
            chat_id=person.chat_id,
        )
        return challenge

    def _judge(
        self, unit: UnitOfWork, person: Person, wish: Wish, credential: Credential
    ) -> Admission:
        now = self._context.wall.now()
        challenge = unit.factors.challenge(credential.challenge.id)
        is_mine = challenge is not None and challenge.user_id == person.user_id
        if challenge is None or not is_mine or not challenge.is_open:
            return Admission(refusal=PressResult.CODE_LATE)
        if challenge.is_expired(now) or not challenge.is_about(wish):
            self._end(unit, challenge, ChallengeState.EXPIRED)
            return Admission(refusal=PressResult.CODE_LATE)
        if credential.code is not None:
            factor = unit.factors.get(person.user_id)
            checked = check(factor, credential.code, now)
            if checked.factor is not None and checked.factor != factor:
                unit.factors.put(factor, checked.factor)
            if checked.verdict is not CodeVerdict.RIGHT:
                self._audit(unit, challenge, f"code_{checked.verdict}")
                return Admission(refusal=_REFUSALS[checked.verdict], challenge=challenge)
        self._end(unit, challenge, ChallengeState.PASSED)
        return Admission(challenge=challenge)

    def _end(self, unit: UnitOfWork, challenge: Challenge, state: ChallengeState) -> None:
        now = self._context.wall.now()
        unit.factors.end(challenge.end(state, now))
        self._audit(unit, challenge, f"challenge_{state}")
        chat_id = self._chat_of(unit, challenge.user_id)
        tell_gone(unit, code_subject(challenge), at=now, chat_id=chat_id)

    def _chat_of(self, unit: UnitOfWork, user_id: int) -> int:
        people = {person.user_id: person.chat_id for person in unit.desk.people()}
        return people.get(user_id, user_id)

    def _audit(self, unit: UnitOfWork, challenge: Challenge, action: str) -> None:
        unit.audit.append(
            AuditEvent(
                at=self._context.wall.now(),
                actor=f"person:{challenge.user_id}",
                action=action,
                subject=challenge.subject,
                detail={"challenge": challenge.id, "verdict": challenge.action},
            )
        )


def code_subject(challenge: Challenge) -> str:
    """The private message that asks for a code."""
    return f"code:{challenge.id}"
