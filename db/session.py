"""Engines and transactions: how SQLite and PostgreSQL are opened, and one connection per unit.

- SQLite: WAL and ``synchronous=FULL`` so that a committed unit survives a power cut; writing
  units start with BEGIN IMMEDIATE, because a transaction that begins by reading and then writes
  fails at once when another writer was quicker, whatever the busy timeout. Read-only units see a
  snapshot and never wait. The folder is made for its owner only.
- PostgreSQL: psycopg 3; writing units run one at a time in READ COMMITTED, read-only units in
  REPEATABLE READ without waiting. The engine's and the bot's processes both read balances and
  write them back; one writer at a time, as on SQLite, is what keeps either from undoing the other.
  Waiting for a lock ends after ``LOCK_WAIT_S``.
- Vendor errors leave already translated (``db.failures``).
"""

import os
import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import (
    URL,
    Connection,
    CursorResult,
    Engine,
    ExceptionContext,
    Executable,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from db import bulk
from db.failures import translate, translated
from engine.domain.errors import ConfigurationError, CryptotraderError, DatabaseError

LOCK_WAIT_S = 10
CONNECT_WAIT_S = 5

_SQLITE = "sqlite"
_POSTGRES = "postgresql"
_READ_ONLY = "desk_read_only"
_EXAMPLE = 'for example "sqlite:///var/cryptotrader.db" or "postgresql+psycopg://user@host/db"'
_ONE_WRITER = (
    "SELECT pg_advisory_xact_lock(hashtextextended('cryptotrader unit ' || current_schema(), 0))"
)
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-16000",
    "PRAGMA temp_store=MEMORY",
)


def parse_url(url: str) -> URL:
    """The URL's parts; ``ConfigurationError`` unless it names a SQLite file or PostgreSQL.

    ``postgres://`` and ``postgresql://`` mean psycopg 3.
    """
    try:
        parts = make_url(url)
    except ArgumentError as err:
        raise ConfigurationError(f"[database] url cannot be read; write {_EXAMPLE}") from err
    backend = parts.get_backend_name()
    if backend in ("postgres", _POSTGRES):
        return parts.set(drivername="postgresql+psycopg")
    if backend != _SQLITE:
        raise ConfigurationError(f"[database] url has unknown kind {backend!r}; write {_EXAMPLE}")
    if sqlite_path(parts) is None:
        raise ConfigurationError(f"[database] url names no file; write {_EXAMPLE}")
    return parts


def sqlite_path(url: URL) -> Path | None:
    """The database file, or ``None`` for PostgreSQL and for databases in memory."""
    name = url.database
    if url.get_backend_name() != _SQLITE or not name or name == ":memory:":
        return None
    return Path(name)


def open_engine(url: str, *, lock_wait_s: float = LOCK_WAIT_S) -> Engine:
    """An engine for ``url``; connects at first use. ``ConfigurationError`` for a wrong URL.

    A writer that has waited ``lock_wait_s`` for another gives up with ``DatabaseError``.
    """
    parts = parse_url(url)
    path = sqlite_path(parts)
    lock_wait_ms = int(lock_wait_s * 1_000)
    if path is None:
        engine = _postgres_engine(parts, lock_wait_ms)
    else:
        engine = _sqlite_engine(parts, path, lock_wait_ms)
    event.listen(engine, "handle_error", _on_error)
    return engine


def _on_error(context: ExceptionContext) -> None:
    error = context.original_exception
    if isinstance(error, (sqlite3.Error, psycopg.Error, CryptotraderError)):
        raise translate(error) from error


def _sqlite_engine(url: URL, path: Path, lock_wait_ms: int) -> Engine:
    _make_private(path)
    engine = create_engine(url, connect_args={"isolation_level": None})
    event.listen(engine, "connect", partial(_prepare_sqlite, lock_wait_ms))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as err:
        raise DatabaseError(
            f"database file {path} cannot be made: {err.strerror}; "
            "check the folder or change [database] url"
        ) from err


def _prepare_sqlite(lock_wait_ms: int, connection: sqlite3.Connection, _record: object) -> None:
    with translated():
        connection.execute(f"PRAGMA busy_timeout={lock_wait_ms}")
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        bulk.prepare_sqlite(connection)


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql(f"PRAGMA query_only={int(read_only)}")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _postgres_engine(url: URL, lock_wait_ms: int) -> Engine:
    arguments = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_WAIT_S}
    engine = create_engine(url, connect_args=arguments, pool_pre_ping=True)
    event.listen(engine, "connect", partial(_prepare_postgres, lock_wait_ms))
    event.listen(engine, "begin", _begin_postgres)
    return engine


def _prepare_postgres(
    lock_wait_ms: int, connection: psycopg.Connection[Any], _record: object
) -> None:
    # psycopg cannot read year 9999 in a zone that is ahead of UTC.
    connection.execute(f"SET lock_timeout = {lock_wait_ms}; SET timezone = 'UTC'")
    connection.commit()


def _begin_postgres(connection: Connection) -> None:
    if not connection.get_execution_options().get(_READ_ONLY, False):
        connection.exec_driver_sql(_ONE_WRITER)


class Transaction:
    """One connection and one transaction at a time, for the stores of one unit of work."""

    def __init__(self, engine: Engine, *, read_only: bool) -> None:
        self._engine = engine
        self._read_only = read_only
        self._connection: Connection | None = None
        self.is_postgres = engine.dialect.name == _POSTGRES

    def open(self) -> None:
        """Take a connection; ``DatabaseError`` if there is none to be had."""
        try:
            self._connection = self._engine.connect().execution_options(**self._options())
        except SQLAlchemyError as err:
            raise translate(err) from err

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {_READ_ONLY: self._read_only}
        if self.is_postgres and self._read_only:
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        return options

    @property
    def connection(self) -> Connection:
        """The open connection; ``DatabaseError`` outside of the unit's ``with`` block."""
        if self._connection is None:
            raise DatabaseError("a unit of work was used outside of its `with` block")
        return self._connection

    def execute(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement, in the transaction that the first one begins."""
        return self.connection.execute(statement, parameters)

    def sqlite(self) -> sqlite3.Connection:
        """The driver's own connection, inside the transaction, for bulk work."""
        return self._driver(sqlite3.Connection)

    def postgres(self) -> psycopg.Connection[Any]:
        """The driver's own connection, inside the transaction, for bulk work."""
        return self._driver(psycopg.Connection)

    def _driver[T](self, kind: type[T]) -> T:
        if not self.connection.in_transaction():
            self.connection.begin()
        driver = self.connection.connection.driver_connection
        assert isinstance(driver, kind)  # the engine was opened for this database
        return driver

    def commit(self) -> None:
        """Make durable what was done so far."""
        self.connection.commit()

    def close(self) -> None:
        """Undo what was not committed and give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
