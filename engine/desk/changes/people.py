"""Who may do what, as owners change it: by numeric id, or by a one-time invitation.

invitation → a stranger sends its code → a question to the owners → approved → known. The code alone
lets nobody in, so that it may travel through a chat; it works once and for a day, and only its
digest is kept.

- Who is named in the configuration file stays as the file says.
- The last owner who can be reached in a chat stays. The terminal (user 0) is the machine's own.
- Taking somebody's rights away is at once, except from an owner. What was not delivered to them
  yet ends with their last right.
- Where entries take a quorum, somebody new who may approve is let in as an owner is: with a second
  factor and by as many owners. One owner would otherwise fill a quorum by letting in another phone.
"""

import hmac
from dataclasses import replace
from datetime import datetime, timedelta

from engine.desk.changes.levers import Applied, Planned, Refusal, owners
from engine.desk.context import DeskContext
from engine.desk.delivery.letters import forget_gone, leave_chat
from engine.desk.factors.gate import TERMINAL_USER
from engine.desk.people import file_ids
from engine.desk.tell import tell
from engine.domain.changes import NOBODY, Change, ChangeWish, Invitation, PersonRow
from engine.domain.desk import AuditEvent, Json, Person, Priority, Role
from engine.domain.ids import digest
from engine.domain.values import from_ms, to_ms
from engine.ports import UnitOfWork

INVITATION_LASTS = timedelta(days=1)
_NOTE = "invitations"
_MOST_OPEN = 20
_CODE_CHARS = 12
_MOST_DIGITS = 15
_NAME_CHARS = 64
_RANK = {NOBODY: 0, Role.VIEWER.value: 1, Role.APPROVER.value: 2, Role.OWNER.value: 3}


class PersonLever:
    """One person's role; ``none`` takes them out."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def plan(self, unit: UnitOfWork, wish: ChangeWish) -> Planned | Refusal:
        """``subject`` is the numeric user id, ``value`` the role."""
        user_id = read_user_id(wish.subject)
        if user_id is None:
            return Refusal(reason="bad_person", values={"id": wish.subject})
        if wish.value not in _RANK:
            return Refusal(reason="unknown_role", values={"role": wish.value})
        people = {person.user_id: person for person in unit.desk.people()}
        known = people.get(user_id)
        before = known.role.value if known else NOBODY
        refusal = self._refusal(unit, user_id, before, wish.value)
        if refusal:
            return Refusal(reason=refusal, values={"id": str(user_id)})
        is_owner = Role.OWNER.value in (before, wish.value)
        is_more = _RANK[wish.value] > _RANK[before]
        fills_quorum = is_more and wish.value == Role.APPROVER.value and self._has_quorum()
        return Planned(
            before={"role": before},
            after={"role": wish.value},
            evidence={
                "name": known.name if known else wish.name[:_NAME_CHARS] or str(user_id),
                "language": known.language if known else wish.language,
                "invited": bool(wish.name) and known is None,
            },
            is_careful=_RANK[wish.value] < _RANK[before] and not is_owner,
            needs_code=is_owner or fills_quorum,
        )

    def apply(self, unit: UnitOfWork, change: Change, applied: Applied) -> None:
        """Let in, change, or take out with all that proves who they are and all that they await."""
        user_id, role = int(change.subject), str(change.after["role"])
        known = next((p for p in unit.desk.people() if p.user_id == user_id), None)
        if role == NOBODY:
            unit.desk.drop_person(user_id)
            unit.factors.remove(user_id)
            if known is not None:
                leave_chat(unit, known.chat_id, applied.at)
            return
        if known is None:
            forget_gone(unit, user_id)
        evidence = change.evidence
        person = known or Person(
            user_id=user_id,
            role=Role(role),
            name=str(evidence["name"]),
            chat_id=user_id,
            language=str(evidence.get("language") or "en"),
            paired_at=applied.at,
        )
        unit.desk.put_person(replace(person, role=Role(role)))
        if evidence.get("invited"):
            tell(
                unit,
                kind="welcome",
                subject=f"welcome:{user_id}",
                cause=change.id,
                payload={},
                at=applied.at,
                priority=Priority.ANSWER,
                chat_id=user_id,
            )

    def _has_quorum(self) -> bool:
        """Whether some entries take several people: whoever lets in one of them may be another."""
        policy = self._context.policies.approval
        return policy.quorum_above_quote is not None and policy.quorum > 1

    def _refusal(self, unit: UnitOfWork, user_id: int, before: str, after: str) -> str:
        if user_id == TERMINAL_USER:
            return "terminal_person"
        if user_id in file_ids(unit):
            return "person_from_file"
        is_leaving = before == Role.OWNER.value and after != before
        left = {p.user_id for p in owners(unit.desk.people())} - {user_id, TERMINAL_USER}
        return "last_owner" if is_leaving and not left else ""


def read_user_id(text: str) -> int | None:
    """A numeric user id; groups (negative) and names are nobody."""
    digits = text.strip()
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS
    return int(digits) if is_number else None


def people_rows(unit: UnitOfWork) -> tuple[PersonRow, ...]:
    """Everybody the desk knows, owners first."""
    named = file_ids(unit)
    return tuple(
        PersonRow(person=person, from_file=person.user_id in named) for person in unit.desk.people()
    )


class Invitations:
    """One-time codes; every call is one commit."""

    def __init__(self, context: DeskContext) -> None:
        self._context = context

    def make(self, role: Role, by: Person) -> Invitation | None:
        """A code for a role; ``None`` if too many are open."""
        context = self._context
        now, code = context.wall.now(), context.tokens.token()[:_CODE_CHARS]
        until = now + INVITATION_LASTS
        with context.units() as unit:
            kept = _open(unit, now)
            if len(kept) >= _MOST_OPEN:
                return None
            row: dict[str, Json] = {
                "digest": digest(code),
                "role": role.value,
                "by": by.user_id,
                "until_ms": to_ms(until),
            }
            unit.desk.put_note(_NOTE, [*kept, row])
            unit.audit.append(
                AuditEvent(
                    at=now,
                    actor=f"person:{by.user_id}",
                    action="invited",
                    subject=f"role:{role}",
                )
            )
            unit.commit()
        return Invitation(code=code, role=role, expires_at=until)

    def use(self, code: str) -> tuple[Role, int] | None:
        """The role of a code, and who made it; the code is used up by this."""
        context = self._context
        now, wanted = context.wall.now(), digest(code.strip())
        with context.units() as unit:
            rows = _open(unit, now)
            used = [row for row in rows if hmac.compare_digest(str(row["digest"]), wanted)]
            if not used:
                return None
            rest: list[Json] = [row for row in rows if row not in used]
            unit.desk.put_note(_NOTE, rest)
            unit.commit()
        return Role(str(used[0]["role"])), int(str(used[0]["by"]))


def _open(unit: UnitOfWork, now: datetime) -> list[dict[str, Json]]:
    """Invitations that still hold."""
    noted = unit.desk.note(_NOTE)
    rows = [row for row in noted if isinstance(row, dict)] if isinstance(noted, list) else []
    return [row for row in rows if from_ms(int(str(row["until_ms"]))) > now]
