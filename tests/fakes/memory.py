"""The memory behind the fake units of work: tables, one write lock, copies until commit.

A writing unit takes the write lock at its first access and works on copies of the tables it
changes; ``commit`` publishes them at once; leaving without it forgets them. A read-only unit sees
what was committed at its first access.
"""

import threading
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, cast

from engine.domain.errors import DatabaseError

LOCK_WAIT_S = 5.0


class Table[K, V]:
    """The name of one table of a fake database; rows keep the order they came in."""


type _Tables = dict[Table[Any, Any], dict[Any, Any]]


class Database:
    """What is committed, and the lock of whoever writes."""

    def __init__(self) -> None:
        self.tables: _Tables = {}
        self.write_lock = threading.Lock()


class Memory:
    """What the stores of one unit see."""

    def __init__(self, database: Database, *, read_only: bool) -> None:
        self._database = database
        self._read_only = read_only
        self._is_open = False
        self._seen: _Tables | None = None
        self._own: set[Table[Any, Any]] = set()

    def open(self) -> None:
        """Enter."""
        self._is_open = True

    def read[K, V](self, table: Table[K, V]) -> Mapping[K, V]:
        """The rows of a table."""
        return cast("Mapping[K, V]", self._tables().get(table, {}))

    def write[K, V](self, table: Table[K, V]) -> dict[K, V]:
        """The rows of a table, to be changed."""
        tables = self._tables()
        if self._read_only:
            raise DatabaseError("database: this unit of work is read-only")
        if table not in self._own:
            tables[table] = dict(tables.get(table, {}))
            self._own.add(table)
        return cast("dict[K, V]", tables[table])

    def add[K, V](self, table: Table[K, V], key: K, value: V) -> bool:
        """Insert a copy; ``False`` and no change if the key is there already."""
        rows = self.write(table)
        if key in rows:
            return False
        rows[key] = deepcopy(value)
        return True

    def _tables(self) -> _Tables:
        if not self._is_open:
            raise DatabaseError("a unit of work was used outside of its `with` block")
        if self._seen is None:
            if not self._read_only and not self._database.write_lock.acquire(timeout=LOCK_WAIT_S):
                raise DatabaseError("database is locked; another unit is writing")
            self._seen = dict(self._database.tables)
        return self._seen

    def commit(self) -> None:
        """Publish the changes; the next access begins anew."""
        if self._seen is None:
            return
        if not self._read_only:
            self._database.tables = self._seen
        self._end()

    def close(self) -> None:
        """Forget what was not committed."""
        if self._seen is not None:
            self._end()
        self._is_open = False

    def _end(self) -> None:
        self._seen = None
        self._own = set()
        if not self._read_only:
            self._database.write_lock.release()
