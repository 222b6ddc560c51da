"""Who may do what: people by numeric chat id, paired by a one-time code from the terminal.

Only a digest of the pairing code is stored, it works once, and it dies with the process that
printed it (the next start prints another). The bot never adopts the first stranger.
"""

import hmac
from dataclasses import replace

from engine.desk.context import DeskContext
from engine.desk.delivery.letters import leave_chat
from engine.domain.desk import AuditEvent, Person, Role
from engine.domain.ids import digest
from engine.ports import UnitOfWork

_CODE_KEY = "pairing_code"
_FILE_KEY = "people_from_file"
_STRANGERS_A_MINUTE = 20
_TERMINAL = 0


def new_pairing_code(context: DeskContext) -> str:
    """Make a code, remember its digest, and return it for the terminal to print."""
    code = context.tokens.token()[:10]
    with context.units() as unit:
        unit.desk.put_note(_CODE_KEY, digest(code))
        unit.commit()
    return code


def pair(context: DeskContext, code: str, person: Person) -> Person | None:
    """Adopt somebody as owner if the code is right; ``None`` and an audit line otherwise."""
    now = context.wall.now()
    with context.units() as unit:
        expected = unit.desk.note(_CODE_KEY)
        is_right = isinstance(expected, str) and hmac.compare_digest(expected, digest(code.strip()))
        action = "paired" if is_right else "pairing_refused"
        unit.audit.append(
            AuditEvent(at=now, actor=f"person:{person.user_id}", action=action, subject="chat")
        )
        adopted = replace(person, role=Role.OWNER, paired_at=now) if is_right else None
        if adopted is not None:
            unit.desk.put_note(_CODE_KEY, None)
            unit.desk.put_person(adopted)
        unit.commit()
    return adopted


def find(context: DeskContext, user_id: int) -> Person | None:
    """Somebody the desk knows."""
    with context.units(read_only=True) as unit:
        return next((p for p in unit.desk.people() if p.user_id == user_id), None)


def acting(context: DeskContext, user_id: int, what: str) -> Person | None:
    """Somebody who may act; everybody else leaves one audit line and gets ``None``."""
    person = find(context, user_id)
    if person is None:
        note_stranger(context, user_id, what)
        return None
    if person.role is not Role.VIEWER:
        return person
    with context.units() as unit:
        unit.audit.append(
            AuditEvent(
                at=context.wall.now(),
                actor=f"person:{user_id}",
                action="not_allowed",
                subject=what,
            )
        )
        unit.commit()
    return None


def admit(context: DeskContext, people: tuple[Person, ...]) -> None:
    """Write the people named in the configuration; their roles there win.

    Who was named there at the last start and is not any more is known no longer; the terminal's own
    person (user 0) stays.
    """
    with context.units() as unit:
        known = {person.user_id: person for person in unit.desk.people()}
        named = frozenset(person.user_id for person in people)
        before = file_ids(unit)
        for user_id in sorted((before - named - {_TERMINAL}) & known.keys()):
            unit.desk.drop_person(user_id)
            leave_chat(unit, known[user_id].chat_id, context.wall.now())
            unit.audit.append(
                AuditEvent(
                    at=context.wall.now(),
                    actor="configuration",
                    action="person_removed",
                    subject=f"person:{user_id}",
                )
            )
        if named != before:
            unit.desk.put_note(_FILE_KEY, [*sorted(named)])
        for person in people:
            stored = known.get(person.user_id)
            kept = replace(stored, role=person.role) if stored else person
            if kept != stored:
                unit.desk.put_person(kept)
        unit.commit()


def file_ids(unit: UnitOfWork) -> frozenset[int]:
    """User ids of the people that the configuration named at the last start."""
    noted = unit.desk.note(_FILE_KEY)
    return frozenset(int(str(one)) for one in noted) if isinstance(noted, list) else frozenset()


def note_stranger(context: DeskContext, user_id: int, what: str) -> None:
    """Leave one audit line; a flood of strangers leaves only the first few of each minute."""
    now = context.wall.now()
    minute = f"{now:%Y-%m-%dT%H:%M}"
    with context.units() as unit:
        seen = unit.desk.note("strangers")
        count = 0
        if isinstance(seen, dict) and seen.get("minute") == minute:
            count = int(str(seen["count"]))
        if count < _STRANGERS_A_MINUTE:
            unit.audit.append(
                AuditEvent(
                    at=now,
                    actor=f"stranger:{user_id}",
                    action="stranger_ignored",
                    subject=what[:64],
                )
            )
        unit.desk.put_note("strangers", {"minute": minute, "count": count + 1})
        unit.commit()
