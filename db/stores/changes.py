"""What people change about the desk."""

from collections.abc import Sequence

from sqlalchemy import delete, update

from db.stores.base import Store, ValueMap, values_of
from db.tables.changes import ChangeRow, OverrideRow
from engine.domain.changes import Change, Override
from engine.domain.errors import ConflictError
from engine.domain.ids import ChangeId
from engine.domain.lifecycles import ApprovalState

_CHANGES = ValueMap(Change, ChangeRow)
_OVERRIDES = ValueMap(Override, OverrideRow)
_OLDEST = (ChangeRow.created_at, ChangeRow.row_no)
_NEWEST = (ChangeRow.created_at.desc(), ChangeRow.row_no.desc())


class SqlChanges(Store):
    """See ``engine.ports.ChangeStore``."""

    def add(self, change: Change) -> bool:
        """Insert; ``False`` and no change if the id or the token is there already."""
        return self._insert_new(ChangeRow, values_of(change))

    def get(self, change_id: ChangeId) -> Change | None:
        """One change."""
        return _CHANGES.one(self._tx, ChangeRow.id == change_id)

    def by_token(self, token: str) -> Change | None:
        """The change a button belongs to."""
        return _CHANGES.one(self._tx, ChangeRow.token == token)

    def pending(self) -> Sequence[Change]:
        """Open questions, oldest first."""
        is_open = ChangeRow.state == ApprovalState.PENDING
        return _CHANGES.all(self._tx, is_open, order=_OLDEST)

    def replace(self, before: Change, after: Change) -> None:
        """Compare-and-set on state, digest and approvers; ``ConflictError`` if it has changed."""
        statement = (
            update(ChangeRow)
            .where(
                ChangeRow.id == before.id,
                ChangeRow.state == before.state,
                ChangeRow.digest == before.digest,
                ChangeRow.approvers == before.approvers,
            )
            .values(
                state=after.state,
                approvers=after.approvers,
                needed=after.needed,
                decided_at=after.decided_at,
                decided_by=after.decided_by,
                note=after.note,
            )
        )
        if self._tx.execute(statement).rowcount != 1:
            raise ConflictError(f"change {before.id} is no longer {before.state}; read it again")

    def recent(self, limit: int) -> Sequence[Change]:
        """Newest first."""
        return _CHANGES.all(self._tx, order=_NEWEST, limit=limit)


class SqlOverrides(Store):
    """See ``engine.ports.OverrideStore``."""

    def all(self) -> Sequence[Override]:
        """Every override, by key."""
        return _OVERRIDES.all(self._tx, order=(OverrideRow.key,))

    def put(self, override: Override) -> None:
        """Insert or replace by key."""
        self._put(OverrideRow, ("key",), values_of(override))

    def drop(self, key: str) -> None:
        """The file holds again; absent is fine."""
        self._tx.execute(delete(OverrideRow).where(OverrideRow.key == key))
