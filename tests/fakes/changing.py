"""Hands for tests about changes of the desk: wish, press, look."""

from dataclasses import dataclass, replace
from itertools import count

from engine.desk.changes.desk import ChangeDesk
from engine.domain.changes import Change, ChangeKind, ChangeOutcome, ChangeWish, Verdict
from engine.domain.desk import Controls, Person, Role
from engine.domain.ids import ChangeId
from tests.fakes.desk_builder import OWNER, Bench

TERMINAL = Person(user_id=0, role=Role.OWNER, name="terminal", chat_id=0)
SECOND_OWNER = Person(user_id=7, role=Role.OWNER, name="Otto", chat_id=7)

_numbers = count(1)


@dataclass(slots=True)
class Changing:
    """The changes of a bench's desk."""

    bench: Bench

    @property
    def desk(self) -> ChangeDesk:
        """The room itself."""
        return self.bench.assembled.desk.changes

    def wish(
        self, kind: ChangeKind, subject: str = "", value: str = "", by: int = OWNER.user_id
    ) -> ChangeOutcome:
        """A wish of somebody; every call is another request."""
        wished = ChangeWish(kind=kind, subject=subject, value=value)
        return self.desk.propose(wished, by, request_id=f"test:{next(_numbers)}")

    def asked(
        self, kind: ChangeKind, subject: str = "", value: str = "", by: int = OWNER.user_id
    ) -> Change:
        """A wish that became a question."""
        outcome = self.wish(kind, subject, value, by)
        assert outcome.change is not None, outcome
        assert outcome.change.is_open, outcome
        return outcome.change

    def limit(self, key: str, value: str, by: int = OWNER.user_id) -> ChangeOutcome:
        """A wish about a limit."""
        return self.wish(ChangeKind.LIMIT, key, value, by)

    def approve(self, change: Change, by: Person = TERMINAL) -> ChangeOutcome:
        """A yes, by default at the terminal, which needs no second factor."""
        return self.desk.press_as(change.token, Verdict.APPROVE, by)

    def reject(self, change: Change, by: Person = OWNER) -> ChangeOutcome:
        """A no."""
        return self.desk.press_as(change.token, Verdict.REJECT, by)

    def now_of(self, change: Change) -> Change:
        """A change as it stands."""
        view = self.desk.view(change.id)
        assert view is not None
        return view.change

    def value_of(self, key: str) -> str:
        """A limit in force."""
        return next(row.value for row in self.desk.limits() if row.key == key)

    def controls(self) -> Controls:
        """The switches."""
        with self.bench.units(read_only=True) as unit:
            return unit.desk.controls()

    def know(self, *people: Person) -> None:
        """Let the desk know somebody."""
        with self.bench.units() as unit:
            for person in people:
                unit.desk.put_person(person)
            unit.commit()

    def people(self) -> dict[int, Role]:
        """Who has which role."""
        return {row.person.user_id: row.person.role for row in self.desk.people()}

    def told(self, change: Change) -> int:
        """How many messages speak of a change."""
        subject = f"change:{change.id}"
        return sum(one.subject == subject for one in self.bench.outbox("change"))


def stranger_id(number: int) -> ChangeId:
    """An id that no request has made."""
    return ChangeId(f"c{number:020x}")


def renamed(person: Person, user_id: int) -> Person:
    """The same person under another number."""
    return replace(person, user_id=user_id, chat_id=user_id)
