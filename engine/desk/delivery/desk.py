"""What people choose about delivery: each choice is one commit with its audit line.

Who may: everybody for their own private chat, an owner for any chat. That is asked here, whatever
the front end has asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.desk import people
from engine.desk.context import DeskContext
from engine.desk.delivery import jobs, letters
from engine.desk.delivery.digest import digest_view
from engine.desk.delivery.views import (
    Chosen,
    DeadLetters,
    DigestView,
    JobRow,
    Miss,
    QuietView,
    Resent,
    TypeRow,
)
from engine.domain.delivery import (
    ChatPreferences,
    DeliveryPolicy,
    Loudness,
    MessageType,
    QuietHours,
    choices,
    chosen,
    digest_comes,
    next_digest,
    quiet_hours,
)
from engine.domain.desk import AuditEvent, Json, MessageState, Person, Role

_NOT_ALLOWED = "delivery_not_allowed"
_NOT_FOR_YOU = "delivery_never_off"
_MUTES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDesk:
    """Implements ``DeliveryFront``."""

    context: DeskContext
    policy: DeliveryPolicy

    def quiet(self, chat_id: int) -> QuietView:
        """See ``DeliveryFront``."""
        now = self.context.wall.now()
        with self.context.units(read_only=True) as unit:
            own = unit.delivery.preferences(chat_id)
            reader = _reader(unit.desk.people(), chat_id)
            held = unit.outbox.chats_with(MessageState.HELD).get(chat_id, 0)
        role = reader.role if reader else None
        policy = policy_for(self.policy, reader)
        hours = quiet_hours(policy, own)
        return QuietView(
            rows=tuple(
                TypeRow(
                    kind=kind,
                    loudness=chosen(policy, own, kind, role),
                    choices=choices(kind, role),
                )
                for kind in MessageType
            ),
            quiet=hours,
            is_quiet_now=hours is not None and hours.cover(now, policy.zone),
            muted_until=_not_over(own.muted_until, now),
            muted={market: until for market, until in own.muted.items() if now < until},
            next_digest=next_digest(self.policy, now) if digest_comes(policy, own, role) else None,
            held=held,
        )

    def choose(self, chat_id: int, kind: MessageType, loudness: Loudness, by: int) -> Chosen:
        """See ``DeliveryFront``."""
        with self.context.units(read_only=True) as unit:
            reader = _reader(unit.desk.people(), chat_id)
        if loudness not in choices(kind, reader.role if reader else None):
            return Chosen(done=False, reason=_NOT_FOR_YOU)
        return self._change(
            chat_id,
            by,
            f"loudness_{kind}",
            lambda own: replace(own, loudness={**own.loudness, kind: loudness}),
            detail={"loudness": str(loudness)},
        )

    def keep_quiet(self, chat_id: int, hours: QuietHours | None, by: int) -> Chosen:
        """See ``DeliveryFront``."""
        return self._change(
            chat_id,
            by,
            "quiet_hours",
            lambda own: replace(own, quiet_chosen=True, quiet=hours),
            detail={"hours": str(hours) if hours else "off"},
        )

    def mute(self, chat_id: int, until: datetime | None, by: int, *, market: str = "") -> Chosen:
        """See ``DeliveryFront``."""
        now = self.context.wall.now()
        return self._change(
            chat_id,
            by,
            "mute",
            lambda own: _muted(own, market, until, now),
            detail={"market": market, "until": until.isoformat() if until else "off"},
        )

    def digest(self) -> DigestView:
        """See ``DeliveryFront``."""
        return digest_view(self.context, self.policy)

    def misses(self) -> tuple[Miss, ...]:
        """See ``DeliveryFront``."""
        return self.digest().misses

    def dead_letters(self) -> DeadLetters:
        """See ``DeliveryFront``."""
        with self.context.units(read_only=True) as unit:
            return letters.dead_letters(unit)

    def resend(self, by: int) -> Resent:
        """See ``DeliveryFront``."""
        if not self._is_owner(by, "resend"):
            return Resent(done=False, reason=_NOT_ALLOWED)
        with self.context.units() as unit:
            count = letters.resend(unit, f"person:{by}", self.context.wall.now())
            unit.commit()
        return Resent(done=True, count=count)

    def jobs(self) -> tuple[JobRow, ...]:
        """See ``DeliveryFront``."""
        with self.context.units(read_only=True) as unit:
            return jobs.job_rows(unit, self.context.wall.now())

    def run_job(self, name: str, by: int) -> Chosen:
        """See ``DeliveryFront``."""
        if not self._is_owner(by, "run_job"):
            return Chosen(done=False, reason=_NOT_ALLOWED)
        with self.context.units() as unit:
            if not jobs.ask_for(unit, name):
                return Chosen(done=False, reason="job_not_to_be_run")
            unit.audit.append(self._audit(by, "job_asked", name, {}))
            unit.commit()
        return Chosen(done=True)

    def _change(
        self,
        chat_id: int,
        by: int,
        what: str,
        change: Callable[[ChatPreferences], ChatPreferences],
        *,
        detail: dict[str, Json],
    ) -> Chosen:
        if not self._may_choose(chat_id, by, what):
            return Chosen(done=False, reason=_NOT_ALLOWED)
        with self.context.units() as unit:
            before = unit.delivery.preferences(chat_id)
            after = change(before)
            if after != before:
                unit.delivery.put_preferences(after)
                unit.audit.append(self._audit(by, what, f"chat:{chat_id}", detail))
                unit.commit()
        return Chosen(done=True)

    def _audit(self, by: int, action: str, subject: str, detail: dict[str, Json]) -> AuditEvent:
        return AuditEvent(
            at=self.context.wall.now(),
            actor=f"person:{by}",
            action=action,
            subject=subject,
            detail=detail,
        )

    def _may_choose(self, chat_id: int, by: int, what: str) -> bool:
        person = people.find(self.context, by)
        if person is None:
            people.note_stranger(self.context, by, what)
            return False
        return person.chat_id == chat_id or person.role is Role.OWNER

    def _is_owner(self, by: int, what: str) -> bool:
        person = people.acting(self.context, by, what)
        return person is not None and person.role is Role.OWNER


def policy_for(policy: DeliveryPolicy, reader: Person | None) -> DeliveryPolicy:
    """The policy with a person's own zone, for their quiet hours; the digest keeps the desk's."""
    return replace(policy, zone_name=reader.zone) if reader and reader.zone else policy


def _reader(everybody: Sequence[Person], chat_id: int) -> Person | None:
    return next((person for person in everybody if person.chat_id == chat_id), None)


def _not_over(until: datetime | None, now: datetime) -> datetime | None:
    return until if until is not None and now < until else None


def _muted(
    own: ChatPreferences, market: str, until: datetime | None, now: datetime
) -> ChatPreferences:
    others = {name: end for name, end in own.muted.items() if now < end and name != market}
    if not market:
        return replace(own, muted_until=until, muted=others if until else {})
    if until is None:
        return replace(own, muted=others)
    kept = dict(sorted(others.items(), key=lambda item: item[1])[-(_MUTES - 1) :])
    return replace(own, muted={**kept, market: until})
