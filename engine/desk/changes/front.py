"""What the chat and the terminal may ask about changes of the desk."""

from typing import Protocol

from engine.domain.changes import (
    Change,
    ChangeOutcome,
    ChangeView,
    ChangeWish,
    Invitation,
    LimitRow,
    PersonRow,
    Verdict,
    VersionRow,
)
from engine.domain.desk import Mode, Person, Role
from engine.domain.ids import ChangeId


class ChangesFront(Protocol):
    """Changes of what steers the desk. Who may do what is checked here by user id."""

    def propose(self, wish: ChangeWish, by: int, *, request_id: str) -> ChangeOutcome:
        """Ask the owners, or apply at once what only makes the desk more careful.

        The question, or what was applied, is queued for everybody in the same commit. The same
        request is one change.
        """
        ...

    def press(self, token: str, verdict: Verdict, by: int) -> ChangeOutcome:
        """A button of a change, pressed by the person with this user id; safe to repeat."""
        ...

    def view(self, change_id: ChangeId) -> ChangeView | None:
        """A change as it stands."""
        ...

    def open(self) -> tuple[ChangeView, ...]:
        """Open questions, oldest first."""
        ...

    def recent(self, limit: int) -> tuple[Change, ...]:
        """Newest first, answered ones too."""
        ...

    def limits(self, section: str = "") -> tuple[LimitRow, ...]:
        """Limits in force and where each comes from; of one section, or of all."""
        ...

    def versions(self) -> tuple[VersionRow, ...]:
        """Strategy versions that may be traded, with their weights."""
        ...

    def mode(self) -> Mode:
        """What the desk may do now."""
        ...

    def waiting(self) -> str:
        """A strategy version that was chosen and comes with the next start; empty if none."""
        ...

    def people(self) -> tuple[PersonRow, ...]:
        """Everybody the desk knows, owners first."""
        ...

    def invite(self, role: Role, by: int) -> Invitation | None:
        """A one-time code for a role; ``None`` if this person may not, or too many are open."""
        ...

    def join(self, code: str, newcomer: Person) -> bool:
        """A stranger sends a code: if it is an invitation, the owners are asked."""
        ...

    def prefer(self, name: str, value: str, by: int) -> Person | None:
        """Set somebody's own ``language``, ``theme`` or ``zone``; ``None`` if it cannot be."""
        ...
