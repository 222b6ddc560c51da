"""The hash-chained audit trail.

A line's hash covers its number, its content and the hash before it, so that a changed, removed or
inserted line breaks the chain at that place; the head row shows a cut-off end. A writer locks the
head row (SQLite: the whole database) until its unit ends, so numbers have no gaps and no doubles.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any

from sqlalchemy import insert, select, update

from db.codec import canonical
from db.stores.base import Store, values_of
from db.tables.desk import AuditHeadRow, AuditRow
from engine.domain.desk import AuditEvent, AuditLine, AuditMark
from engine.domain.errors import DataError

_HEAD = 1
_FIRST_HASH = "0" * 64
_CHUNK = 1_000


def line_hash(previous: str, number: int, event: AuditEvent) -> str:
    """SHA-256 over the canonical JSON of the line and the hash before it."""
    content = {
        "previous": previous,
        "number": number,
        "at": event.at.astimezone(UTC).isoformat(),
        "actor": event.actor,
        "action": event.action,
        "subject": event.subject,
        "detail": event.detail,
    }
    return hashlib.sha256(canonical(content).encode()).hexdigest()


class SqlAudit(Store):
    """See ``engine.ports.AuditStore``."""

    def append(self, event: AuditEvent) -> AuditLine:
        """Number it, chain it, store it."""
        last, previous = self._lock_head()
        line = AuditLine(number=last + 1, event=event, hash=line_hash(previous, last + 1, event))
        self._tx.execute(
            insert(AuditRow).inline(),
            {**values_of(event), "number": line.number, "hash": line.hash},
        )
        self._tx.execute(
            update(AuditHeadRow)
            .where(AuditHeadRow.id == _HEAD)
            .values(number=line.number, hash=line.hash)
        )
        return line

    def _lock_head(self) -> tuple[int, str]:
        self._insert_new(AuditHeadRow, {"id": _HEAD, "number": 0, "hash": _FIRST_HASH})
        row = self._tx.execute(
            select(AuditHeadRow.number, AuditHeadRow.hash)
            .where(AuditHeadRow.id == _HEAD)
            .with_for_update()
        ).one()
        return row.number, row.hash

    def tail(self, limit: int) -> Sequence[AuditLine]:
        """Newest first."""
        return self._lines(select(AuditRow).order_by(AuditRow.number.desc()).limit(limit))

    def about(self, subject: str) -> Sequence[AuditLine]:
        """Everything about one subject, oldest first."""
        return self._lines(
            select(AuditRow).where(AuditRow.subject == subject).order_by(AuditRow.number)
        )

    def latest(self, subject: str) -> AuditLine | None:
        """The newest line about one subject."""
        about = select(AuditRow).where(AuditRow.subject == subject)
        return next(iter(self._lines(about.order_by(AuditRow.number.desc()).limit(1))), None)

    def verify(self) -> int:
        """Check the whole chain; returns its length or raises ``DataError`` at the first break."""
        return self.verify_from(AuditMark()).number

    def verify_from(self, mark: AuditMark, limit: int | None = None) -> AuditMark:
        """Check the chain from a mark on; how far it holds, or ``DataError`` at the first break."""
        number, previous = mark.number, self._hash_at(mark)
        last = None if limit is None else number + limit
        while lines := self._after(number, last):
            for line in lines:
                _check(line, number + 1, previous)
                number, previous = line.number, line.hash
        if number != last:
            self._check_head(number, previous)
        return AuditMark(number=number, hash=previous if number else "")

    def verify_lines(self, numbers: Iterable[int]) -> None:
        """Check that each line fits the one before it; ``DataError`` if one does not."""
        for number in sorted(set(numbers)):
            near = select(AuditRow).where(AuditRow.number.in_((number - 1, number)))
            found = {line.number: line for line in self._lines(near)}
            before = found.get(number - 1)
            if number not in found or (before is None and number > 1):
                raise DataError(f"audit line {number} or the one before it is missing")
            _check(found[number], number, _FIRST_HASH if before is None else before.hash)

    def _after(self, number: int, last: int | None) -> list[AuditLine]:
        found = select(AuditRow).where(AuditRow.number > number)
        if last is not None:
            found = found.where(AuditRow.number <= last)
        return self._lines(found.order_by(AuditRow.number).limit(_CHUNK))

    def _hash_at(self, mark: AuditMark) -> str:
        if not mark.number:
            return _FIRST_HASH
        stored = select(AuditRow.hash).where(AuditRow.number == mark.number)
        if self._tx.execute(stored).scalar_one_or_none() != mark.hash:
            raise DataError(f"audit line {mark.number} is not the one that was found whole before")
        return mark.hash

    def _check_head(self, number: int, previous: str) -> None:
        head = self._tx.execute(select(AuditHeadRow.number, AuditHeadRow.hash)).one_or_none()
        known = (0, _FIRST_HASH) if head is None else (head.number, head.hash)
        if known != (number, previous):
            raise DataError(
                f"audit trail ends at line {number}, but line {known[0]} was written: "
                "its end was cut off or replaced"
            )

    def _lines(self, statement: Any) -> list[AuditLine]:  # noqa: ANN401 - a select of AuditRow
        return [_line(row) for row in self._tx.execute(statement).mappings()]


def _line(row: Mapping[Any, Any]) -> AuditLine:
    content = dict(row)
    number, line = content.pop("number"), content.pop("hash")
    return AuditLine(number=number, event=AuditEvent(**content), hash=line)


def _check(line: AuditLine, number: int, previous: str) -> None:
    if line.number != number:
        raise DataError(f"audit line {number} is missing: line {line.number} follows")
    if line.hash != line_hash(previous, number, line.event):
        raise DataError(f"audit line {number} was changed: its hash does not fit the chain")
