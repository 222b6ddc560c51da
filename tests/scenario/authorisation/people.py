"""Everybody who may try something, known to the desk or not."""

from dataclasses import dataclass

from bot.handlers.asking import may
from engine.domain.desk import Person, Role
from engine.ports import Units
from tests.fakes.desk_builder import APPROVER, OWNER, STRANGER, VIEWER

REMOVED = Person(user_id=7, role=Role.OWNER, name="Rosa", chat_id=7)
"""Was an owner until a moment ago."""


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody; ``person`` is ``None`` for one the desk does not know."""

    name: str
    user_id: int
    person: Person | None

    def may(self, least: Role) -> bool:
        """Whether the desk should let them."""
        return self.person is not None and may(self.person, least)


EVERYBODY = (
    Who("owner", OWNER.user_id, OWNER),
    Who("approver", APPROVER.user_id, APPROVER),
    Who("viewer", VIEWER.user_id, VIEWER),
    Who("stranger", STRANGER, None),
    Who("removed", REMOVED.user_id, None),
)


def remove_somebody(units: Units) -> None:
    """Let `REMOVED` come and go."""
    for step in ("come", "go"):
        with units() as unit:
            if step == "come":
                unit.desk.put_person(REMOVED)
            else:
                unit.desk.drop_person(REMOVED.user_id)
            unit.commit()
