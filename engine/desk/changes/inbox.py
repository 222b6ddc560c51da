"""Changes of the desk as a source of the inbox."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.desk.changes.book import AREA
from engine.desk.context import DeskContext
from engine.domain.changes import Change
from engine.domain.inbox import InboxRow

_LOOKED_AT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeQuestions:
    """Implements ``InboxSource``."""

    context: DeskContext

    def open_rows(self) -> Sequence[InboxRow]:
        """See ``InboxSource``."""
        with self.context.units(read_only=True) as unit:
            return [_row(change) for change in unit.changes.pending()]

    def ended_rows(self, limit: int) -> Sequence[InboxRow]:
        """See ``InboxSource``."""
        with self.context.units(read_only=True) as unit:
            ended = [one for one in unit.changes.recent(_LOOKED_AT) if not one.is_open]
        ended.sort(key=lambda one: one.decided_at or one.created_at, reverse=True)
        return [_row(change) for change in ended[:limit]]


def _row(change: Change) -> InboxRow:
    return InboxRow(
        area=AREA,
        id=change.id,
        asked_at=change.created_at,
        expires_at=change.expires_at,
        needed=change.needed,
        agreed=change.approvers,
        facts={
            "token": change.token,
            "kind": change.kind.value,
            "subject": change.subject,
            "before": dict(change.before),
            "after": dict(change.after),
            "evidence": dict(change.evidence),
            "note": change.note,
        },
        state=change.state.value,
        decided_at=change.decided_at,
        decided_by=change.decided_by,
    )
