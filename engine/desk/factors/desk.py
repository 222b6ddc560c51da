"""Second factors as the chat and the terminal use them: set up, answer, remove, confirm.

A typed code is handed to the area whose wish waits for it (``carry_out``), which judges it in its
own transaction. The outbox only ever holds the person's id: the message with the secret is told
from the store, as long as the set-up waits for its confirmation, and taken away after it.
"""

from collections.abc import Callable, Mapping

from engine.desk import people
from engine.desk.context import DeskContext
from engine.desk.factors.codes import address, check, matching_steps, new_factor
from engine.desk.factors.front import FactorOutcome, FactorView, SetupView
from engine.desk.factors.gate import TERMINAL_USER, FactorGate
from engine.desk.tell import tell, tell_gone, tell_notice
from engine.domain.desk import AuditEvent, Person, Priority
from engine.domain.errors import ConflictError
from engine.domain.factors import (
    SETUP_LIFETIME,
    Challenge,
    ChallengeKind,
    CodeVerdict,
    Credential,
    Factor,
    plain_code,
)
from engine.domain.secret_text import SecretText
from engine.domain.values import to_ms
from engine.ports import UnitOfWork

type CarryOut = Callable[[Credential, Person], FactorOutcome]
"""Carries out a proved wish: the area reads ``credential.challenge`` and judges the code itself."""


class FactorDesk:
    """Implements ``FactorFront``; ``areas`` carry out the wishes that were opened in their name."""

    def __init__(self, context: DeskContext, areas: Mapping[str, CarryOut]) -> None:
        self._context = context
        self._areas = areas
        self._gate = FactorGate(context)

    def view(self, user_id: int) -> FactorView:
        """See ``FactorFront``."""
        now = self._context.wall.now()
        with self._context.units(read_only=True) as unit:
            factor = unit.factors.get(user_id)
        if factor is None or factor.is_stale(now):
            return FactorView()
        return FactorView(
            is_active=factor.is_active,
            is_waiting=not factor.is_active,
            made_at=factor.made_at,
            recovery_left=len(factor.recovery),
            locked_until=factor.locked_until if factor.is_locked(now) else None,
        )

    def begin(self, by: int, *, code: SecretText | None = None) -> FactorOutcome:
        """See ``FactorFront``."""
        person = people.acting(self._context, by, "factor_setup")
        if person is None:
            return _told("factors.not_allowed")
        if person.user_id == TERMINAL_USER:
            return _told("factors.not_needed_here")
        with self._context.units() as unit:
            before = unit.factors.get(by)
            if before is not None and before.is_active:
                refusal = self._refusal(unit, before, code)
                if refusal is not None:
                    unit.commit()
                    return refusal
            self._forget(unit, before, person)
            self._set_up(unit, person)
            unit.commit()
        return FactorOutcome(done=True, text="factors.set_up")

    def setup(self, user_id: int) -> SetupView | None:
        """See ``FactorFront``."""
        with self._context.units(read_only=True) as unit:
            factor = unit.factors.get(user_id)
        is_waiting = factor is not None and not factor.is_active
        if factor is None or not is_waiting or factor.is_stale(self._context.wall.now()):
            return None
        person = people.find(self._context, user_id)
        codes = factor.shown_codes.reveal().split() if factor.shown_codes else []
        return SetupView(
            made_at=factor.made_at,
            secret=factor.secret,
            address=address(factor.secret, person.name if person else str(user_id)),
            recovery=tuple(SecretText(one) for one in codes),
            expires_at=factor.made_at + SETUP_LIFETIME,
        )

    def answer(self, code: SecretText, by: int) -> FactorOutcome:
        """See ``FactorFront``."""
        person = people.acting(self._context, by, "code")
        if person is None:
            return _told("factors.not_allowed")
        with self._context.units(read_only=True) as unit:
            factor = unit.factors.get(by)
            waiting = [c for c in unit.factors.open(by) if c.kind is ChallengeKind.CODE]
        if waiting and (factor is None or factor.is_active):
            return self._carried_out(Credential(challenge=waiting[0], code=code), person)
        if factor is not None and not factor.is_active:
            return self._confirm_setup(code, person)
        return _told("factors.nothing_waits")

    def remove(self, by: int, *, code: SecretText) -> FactorOutcome:
        """See ``FactorFront``."""
        person = people.acting(self._context, by, "factor_remove")
        if person is None:
            return _told("factors.not_allowed")
        with self._context.units() as unit:
            factor = unit.factors.get(by)
            if factor is None:
                return _told("factors.none")
            refusal = self._refusal(unit, factor, code) if factor.is_active else None
            if refusal is None:
                self._forget(unit, factor, person)
                self._tell_all(unit, person, "factor_removed")
            unit.commit()
        return refusal or FactorOutcome(done=True, text="factors.removed")

    def challenge(self, challenge_id: str) -> Challenge | None:
        """See ``FactorFront``."""
        with self._context.units(read_only=True) as unit:
            return unit.factors.challenge(challenge_id)

    def is_awaited(self, user_id: int) -> bool:
        """See ``FactorFront``."""
        now = self._context.wall.now()
        with self._context.units(read_only=True) as unit:
            factor = unit.factors.get(user_id)
            is_waiting = factor is not None and not factor.is_active and not factor.is_stale(now)
            return is_waiting or bool(unit.factors.open(user_id))

    def waiting(self) -> tuple[Challenge, ...]:
        """Wishes that wait for a word at the terminal, newest first."""
        now = self._context.wall.now()
        with self._context.units(read_only=True) as unit:
            found = unit.factors.open()
        return tuple(
            one for one in found if one.kind is ChallengeKind.TERMINAL and not one.is_expired(now)
        )

    def confirm(self, challenge_id: str) -> FactorOutcome:
        """Carry out a wish on a word at the terminal; no front end in a chat can call this."""
        challenge = self.challenge(challenge_id)
        if challenge is None or challenge.kind is not ChallengeKind.TERMINAL:
            return _told("factors.nothing_waits")
        person = people.acting(self._context, challenge.user_id, "confirm")
        if person is None:
            return _told("factors.not_allowed")
        return self._carried_out(Credential(challenge=challenge), person)

    def reset(self, user_id: int) -> bool:
        """Forget a person's factor on a word at the terminal; ``False`` if there was none."""
        person = people.find(self._context, user_id)
        with self._context.units() as unit:
            factor = unit.factors.get(user_id)
            if factor is None:
                return False
            self._forget(unit, factor, person, actor="terminal")
            if person is not None:
                self._tell_all(unit, person, "factor_removed")
            unit.commit()
        return True

    def tidy(self) -> int:
        """End wishes and set-ups whose time is over, with their messages; returns how many."""
        return self._gate.expire() + self._forget_stale()

    def _forget_stale(self) -> int:
        now = self._context.wall.now()
        with self._context.units(read_only=True) as unit:
            if not any(one.is_stale(now) for one in unit.factors.all()):
                return 0
        with self._context.units() as unit:
            stale = [one for one in unit.factors.all() if one.is_stale(now)]
            known = {person.user_id: person for person in unit.desk.people()}
            for factor in stale:
                self._forget(unit, factor, known.get(factor.user_id), actor="desk")
            unit.commit()
        return len(stale)

    def _carried_out(self, credential: Credential, person: Person) -> FactorOutcome:
        carry_out = self._areas.get(credential.challenge.area)
        if carry_out is None:
            return _told("factors.nothing_waits")
        try:
            return carry_out(credential, person)
        except ConflictError:  # the same code, typed twice at once: read what came of the first
            return carry_out(credential, person)

    def _set_up(self, unit: UnitOfWork, person: Person) -> None:
        now = self._context.wall.now()
        factor = new_factor(person.user_id, self._context.tokens, now)
        unit.factors.put(None, factor)
        self._audit(unit, person.user_id, "factor_set_up")
        tell(
            unit,
            kind="factor_setup",
            subject=_setup_subject(factor),
            cause="shown",
            payload={"user_id": person.user_id, "made_ms": to_ms(now)},
            at=now,
            priority=Priority.ANSWER,
            chat_id=person.chat_id,
        )

    def _confirm_setup(self, code: SecretText, person: Person) -> FactorOutcome:
        now = self._context.wall.now()
        with self._context.units() as unit:
            factor = unit.factors.get(person.user_id)
            if factor is None or factor.is_active or factor.is_stale(now):
                return _told("factors.nothing_waits")
            steps = matching_steps(factor.secret, plain_code(code.reveal()), now)
            if not steps:
                return _told("factors.setup_wrong")
            unit.factors.put(factor, factor.confirmed(steps[-1]))
            self._erase_setup(unit, factor, person)
            self._audit(unit, person.user_id, "factor_confirmed")
            self._tell_all(unit, person, "factor_confirmed")
            unit.commit()
        return FactorOutcome(done=True, text="factors.confirmed")

    def _refusal(
        self, unit: UnitOfWork, factor: Factor, code: SecretText | None
    ) -> FactorOutcome | None:
        """Why a code does not allow to change the factor itself; a try is counted in the unit."""
        if code is None:
            return _told("factors.code_for_change")
        checked = check(factor, code, self._context.wall.now())
        if checked.factor is not None and checked.factor != factor:
            unit.factors.put(factor, checked.factor)
        if checked.verdict is CodeVerdict.RIGHT:
            return None
        self._audit(unit, factor.user_id, f"code_{checked.verdict}")
        return _told(f"press.code_{checked.verdict}")

    def _forget(
        self, unit: UnitOfWork, factor: Factor | None, person: Person | None, *, actor: str = ""
    ) -> None:
        if factor is None:
            return
        unit.factors.remove(factor.user_id)
        self._audit(unit, factor.user_id, "factor_forgotten", actor=actor)
        if not factor.is_active and person is not None:
            self._erase_setup(unit, factor, person)

    def _erase_setup(self, unit: UnitOfWork, factor: Factor, person: Person) -> None:
        tell_gone(
            unit,
            _setup_subject(factor),
            at=self._context.wall.now(),
            chat_id=person.chat_id,
        )

    def _tell_all(self, unit: UnitOfWork, person: Person, text: str) -> None:
        """Everybody hears of it, so that a stolen account cannot enrol in silence."""
        now = self._context.wall.now()
        tell_notice(unit, text, {"name": person.name}, cause=f"{person.user_id}:{now}", at=now)

    def _audit(self, unit: UnitOfWork, user_id: int, action: str, *, actor: str = "") -> None:
        who = f"person:{user_id}"
        unit.audit.append(
            AuditEvent(at=self._context.wall.now(), actor=actor or who, action=action, subject=who)
        )


def _setup_subject(factor: Factor) -> str:
    return f"factor:{factor.user_id}:{to_ms(factor.made_at)}"


def _told(text: str) -> FactorOutcome:
    return FactorOutcome(done=False, text=text)
