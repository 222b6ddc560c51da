"""What repositories share: values to rows and back, idempotent inserts, replacing inserts.

A row's columns are named as the value's fields, and the column types convert both ways, so most
stores need no mapping of their own.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from db.session import Transaction
from db.tables import Base


class Store:
    """A repository inside one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    def _insert_new(self, row: type[Base], values: Mapping[str, Any]) -> bool:
        """Insert one row; ``False`` and no change if a unique column has its value already."""
        return self._insert_all_new(row, [values]) == 1

    def _insert_all_new(self, row: type[Base], values: Sequence[Mapping[str, Any]]) -> int:
        """Insert the rows that are not there; returns how many were."""
        if not values:
            return 0
        # SQLAlchemy drops the count of a batch unless it is asked to keep it.
        statement = self._insert(row).on_conflict_do_nothing().inline()
        counted = statement.execution_options(preserve_rowcount=True)
        return self._tx.execute(counted, list(values)).rowcount

    def _put(self, row: type[Base], key: Sequence[str], values: Mapping[str, Any]) -> None:
        """Insert one row, or replace the one with the same ``key``."""
        statement = self._insert(row)
        changes = {name: statement.excluded[name] for name in values if name not in key}
        self._tx.execute(
            statement.on_conflict_do_update(index_elements=list(key), set_=changes), [values]
        )

    def _insert(self, row: type[Base]) -> postgresql.Insert | sqlite.Insert:
        table = table_of(row)
        return postgresql.insert(table) if self._tx.is_postgres else sqlite.insert(table)


def table_of(row: type[Base]) -> Table:
    """The table of a row class."""
    return cast("Table", row.__table__)


def values_of(value: object) -> dict[str, Any]:
    """A flat value's fields by name."""
    return {name: getattr(value, name) for name in field_names(type(value))}


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cast("type[Any]", kind)))


def field_names(kind: type) -> tuple[str, ...]:
    """Names of a dataclass's fields, in order."""
    return _names(cast("Hashable", kind))


class ValueMap[T]:
    """Reads rows of one table as values of one flat dataclass."""

    def __init__(self, kind: type[T], row: type[Base]) -> None:
        table = table_of(row)
        self._kind = kind
        self._select = select(*[table.c[name] for name in field_names(kind)])

    def all(
        self,
        transaction: Transaction,
        *where: ColumnElement[bool],
        order: Iterable[Any] = (),
        limit: int | None = None,
        offset: int | None = None,
    ) -> list[T]:
        """Values of the rows that match, in order."""
        statement = self._select.where(*where).order_by(*order).limit(limit).offset(offset)
        return [self._build(row) for row in transaction.execute(statement).mappings()]

    def one(self, transaction: Transaction, *where: ColumnElement[bool]) -> T | None:
        """The value of the one row that matches, or ``None``."""
        row = transaction.execute(self._select.where(*where)).mappings().one_or_none()
        return None if row is None else self._build(row)

    def _build(self, row: Mapping[Any, Any]) -> T:
        return self._kind(**row)
