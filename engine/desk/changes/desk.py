"""Changes of what steers the desk, as the chat and the terminal ask for them.

who may → ``ChangeBook`` (asked, answered, applied in one commit each) → the desk steers by it

Approvers may ask, owners answer. Whoever asked may answer too: a desk of one person must work.
"""

from dataclasses import replace

from engine.desk import people as desk_people
from engine.desk.changes.book import ChangeBook
from engine.desk.changes.brakes import KillOffLever, RearmLever
from engine.desk.changes.levers import Lever
from engine.desk.changes.limits import LimitLever, ModeLever, limit_rows
from engine.desk.changes.people import Invitations, PersonLever, people_rows
from engine.desk.changes.preferences import prefer
from engine.desk.changes.versions import (
    CalibrationLever,
    StrategyLever,
    WeightsLever,
    version_rows,
)
from engine.desk.context import DeskContext
from engine.desk.entries import EntryDesk
from engine.desk.factors.front import FactorOutcome
from engine.desk.factors.gate import FactorGate
from engine.domain.changes import (
    Change,
    ChangeKind,
    ChangeOutcome,
    ChangeResult,
    ChangeView,
    ChangeWish,
    Invitation,
    LimitRow,
    PersonRow,
    Verdict,
    VersionRow,
)
from engine.domain.desk import Mode, Person, Role
from engine.domain.factors import Credential
from engine.domain.ids import ChangeId, change_id
from engine.ports import UnitOfWork

_REASON_CHARS = 300
_VALUE_CHARS = 200


class ChangeDesk:
    """Implements ``ChangesFront``; the terminal's commands call ``propose_as`` and ``press_as``."""

    def __init__(self, context: DeskContext, *, entries: EntryDesk) -> None:
        self._context = context
        self._invitations = Invitations(context)
        levers: dict[ChangeKind, Lever] = {
            ChangeKind.STRATEGY: StrategyLever(context),
            ChangeKind.WEIGHTS: WeightsLever(context),
            ChangeKind.CALIBRATION: CalibrationLever(context),
            ChangeKind.LIMIT: LimitLever(context),
            ChangeKind.MODE: ModeLever(context, entries),
            ChangeKind.PERSON: PersonLever(context),
            ChangeKind.KILL_OFF: KillOffLever(),
            ChangeKind.REARM: RearmLever(context),
        }
        self._book = ChangeBook(context, levers=levers, gate=FactorGate(context))

    def propose(self, wish: ChangeWish, by: int, *, request_id: str) -> ChangeOutcome:
        """See ``ChangesFront``."""
        person = desk_people.acting(self._context, by, f"propose_{wish.kind}")
        return self.propose_as(wish, person, request_id=request_id)

    def propose_as(self, wish: ChangeWish, by: Person | None, *, request_id: str) -> ChangeOutcome:
        """``propose`` for somebody who has been looked up."""
        least = Role.OWNER if wish.kind is ChangeKind.PERSON else Role.APPROVER
        if by is None or not _is_at_least(by, least):
            return ChangeOutcome(result=ChangeResult.NOT_ALLOWED)
        outcome = self._book.propose(_cut(wish), by.user_id, change_id(request_id))
        return self._steered(outcome)

    def press(self, token: str, verdict: Verdict, by: int) -> ChangeOutcome:
        """See ``ChangesFront``."""
        return self.press_as(
            token, verdict, desk_people.acting(self._context, by, f"change_{verdict}")
        )

    def press_as(
        self,
        token: str,
        verdict: Verdict,
        by: Person | None,
        *,
        credential: Credential | None = None,
    ) -> ChangeOutcome:
        """``press`` for somebody who has been looked up, perhaps with a proof."""
        if by is None or by.role is not Role.OWNER:
            return ChangeOutcome(result=ChangeResult.NOT_ALLOWED)
        return self._steered(self._book.answer(token, verdict, by, credential))

    def carry_out(self, credential: Credential, person: Person) -> FactorOutcome:
        """A proved wish: the press it was opened for, once more, with its proof."""
        challenge = credential.challenge
        with self._context.units(read_only=True) as unit:
            change = unit.changes.get(ChangeId(challenge.subject))
        token = change.token if change else ""
        outcome = self.press_as(token, Verdict(challenge.action), person, credential=credential)
        code = outcome.result.value.startswith(("code_", "terminal_"))
        return FactorOutcome(
            done=outcome.result in (ChangeResult.APPLIED, ChangeResult.NEXT_START),
            text=f"press.{outcome.result}" if code else f"changes.result_{outcome.result}",
            values={"reason": outcome.reason, "id": challenge.subject},
        )

    def expire(self) -> int:
        """End every question whose time is over; returns how many."""
        return self._book.expire()

    def remind(self) -> int:
        """Tell questions again that are about to expire; returns how many."""
        return self._book.remind()

    def take_up(self) -> bool:
        """Steer by what people have changed since, in whatever process; tells if they had."""
        return self._context.steering.take_up(self._context.units)

    def view(self, change_id: ChangeId) -> ChangeView | None:
        """See ``ChangesFront``."""
        with self._context.units(read_only=True) as unit:
            change = unit.changes.get(change_id)
            return ChangeView(change=change, names=_names(unit)) if change else None

    def open(self) -> tuple[ChangeView, ...]:
        """See ``ChangesFront``."""
        with self._context.units(read_only=True) as unit:
            names = _names(unit)
            return tuple(ChangeView(change=one, names=names) for one in unit.changes.pending())

    def recent(self, limit: int) -> tuple[Change, ...]:
        """See ``ChangesFront``."""
        with self._context.units(read_only=True) as unit:
            return tuple(unit.changes.recent(limit))

    def limits(self, section: str = "") -> tuple[LimitRow, ...]:
        """See ``ChangesFront``."""
        with self._context.units(read_only=True) as unit:
            return limit_rows(self._context, unit, section)

    def versions(self) -> tuple[VersionRow, ...]:
        """See ``ChangesFront``."""
        with self._context.units(read_only=True) as unit:
            return version_rows(self._context, unit)

    def mode(self) -> Mode:
        """See ``ChangesFront``."""
        return self._context.mode

    def waiting(self) -> str:
        """See ``ChangesFront``."""
        return self._context.steering.now.waiting

    def people(self) -> tuple[PersonRow, ...]:
        """See ``ChangesFront``."""
        with self._context.units(read_only=True) as unit:
            return people_rows(unit)

    def invite(self, role: Role, by: int) -> Invitation | None:
        """See ``ChangesFront``."""
        person = desk_people.acting(self._context, by, "invite")
        if person is None or person.role is not Role.OWNER:
            return None
        return self._invitations.make(role, person)

    def join(self, code: str, newcomer: Person) -> bool:
        """See ``ChangesFront``."""
        used = self._invitations.use(code)
        if used is None:
            return False
        role, inviter = used
        wish = ChangeWish(
            kind=ChangeKind.PERSON,
            subject=str(newcomer.user_id),
            value=role.value,
            name=newcomer.name,
            language=newcomer.language,
        )
        number = change_id(f"join:{newcomer.user_id}:{code}")
        return self._book.propose(wish, inviter, number).result is ChangeResult.ASKED

    def prefer(self, name: str, value: str, by: int) -> Person | None:
        """See ``ChangesFront``."""
        return prefer(self._context, name, value, by)

    def _steered(self, outcome: ChangeOutcome) -> ChangeOutcome:
        """Take up what was applied; a strategy that has to wait says so."""
        if outcome.result is not ChangeResult.APPLIED:
            return outcome
        self.take_up()
        kind = outcome.change.kind if outcome.change else None
        is_waiting = kind in (ChangeKind.STRATEGY, ChangeKind.WEIGHTS) and bool(self.waiting())
        return replace(outcome, result=ChangeResult.NEXT_START) if is_waiting else outcome


def _cut(wish: ChangeWish) -> ChangeWish:
    return replace(
        wish,
        value=wish.value.strip()[:_VALUE_CHARS],
        subject=wish.subject.strip()[:_VALUE_CHARS],
        reason=wish.reason.strip()[:_REASON_CHARS],
    )


def _is_at_least(person: Person, least: Role) -> bool:
    return person.role is Role.OWNER or (least is Role.APPROVER and person.role is Role.APPROVER)


def _names(unit: UnitOfWork) -> dict[int, str]:
    return {person.user_id: person.name for person in unit.desk.people()}
