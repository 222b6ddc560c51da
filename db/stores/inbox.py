"""Updates received and not yet lost."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, tuple_, update
from sqlalchemy.orm import aliased

from db.stores.base import Store, ValueMap, values_of
from db.tables.desk import InboxRow
from engine.domain.desk import InboxUpdate, Json
from engine.domain.errors import InvalidValueError

_UPDATES = ValueMap(InboxUpdate, InboxRow)


class SqlInbox(Store):
    """See ``engine.ports.Inbox``."""

    def put(self, updates: Iterable[InboxUpdate]) -> int:
        """Store; known (source, update id) pairs are skipped. Returns how many were new."""
        rows = [{**values_of(item), "done_at": None, "error": ""} for item in updates]
        return self._insert_all_new(InboxRow, rows)

    def pending(self, source: str, limit: int) -> Sequence[InboxUpdate]:
        """Not yet done, by update id."""
        return _UPDATES.all(
            self._tx,
            InboxRow.source == source,
            InboxRow.done_at.is_(None),
            order=(InboxRow.update_id,),
            limit=limit,
        )

    def done(self, source: str, update_id: int, at: datetime, error: str = "") -> None:
        """Mark as processed."""
        self._tx.execute(
            update(InboxRow).where(*_is(source, update_id)).values(done_at=at, error=error)
        )

    def redact(self, source: str, update_id: int, payload: Mapping[str, Json]) -> None:
        """Keep this instead of what was received."""
        self._tx.execute(
            update(InboxRow).where(*_is(source, update_id)).values(payload=dict(payload))
        )

    def retry(self, source: str, update_id: int) -> int:
        """Count an attempt that did not finish; returns the attempts so far."""
        statement = (
            update(InboxRow)
            .where(*_is(source, update_id))
            .values(attempts=InboxRow.attempts + 1)
            .returning(InboxRow.attempts)
        )
        attempts: int | None = self._tx.execute(statement).scalar_one_or_none()
        if attempts is None:
            raise InvalidValueError("inbox update", f"a stored one of {source}", update_id)
        return attempts

    def last_id(self, source: str) -> int | None:
        """The highest update id ever stored."""
        statement = select(func.max(InboxRow.update_id)).where(InboxRow.source == source)
        highest: int | None = self._tx.execute(statement).scalar_one()
        return highest

    def prune(self, before: datetime, limit: int) -> Sequence[tuple[str, int]]:
        """Delete at most ``limit`` updates that were done before then; which ones."""
        other = aliased(InboxRow)
        later = select(other.update_id).where(
            other.source == InboxRow.source, other.update_id > InboxRow.update_id
        )
        # By source, because the index of what is done begins with it.
        sources = list(self._tx.execute(select(InboxRow.source).distinct()).scalars())
        old = (
            select(InboxRow.source, InboxRow.update_id)
            .where(InboxRow.source.in_(sources), InboxRow.done_at < before, later.exists())
            .limit(limit)
        )
        keys = [(source, update_id) for source, update_id in self._tx.execute(old)]
        if keys:
            key = tuple_(InboxRow.source, InboxRow.update_id)
            self._tx.execute(delete(InboxRow).where(key.in_(keys)))
        return keys


def _is(source: str, update_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (InboxRow.source == source, InboxRow.update_id == update_id)
