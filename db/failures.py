"""Vendor errors of SQLite, psycopg and SQLAlchemy, translated into the one error tree.

Each message says what happened and what to do; none repeats a URL, which may hold a password.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from engine.domain.errors import (
    ConflictError,
    CryptotraderError,
    DatabaseError,
    SchemaOutdatedError,
)

_UPGRADE = "run `cryptotrader db upgrade`"

_SQLITE_REMEDIES: tuple[tuple[str, type[DatabaseError], str], ...] = (
    ("database is locked", DatabaseError, "another process is writing to it; try again shortly"),
    ("unable to open", DatabaseError, "check that the folder exists and may be written"),
    ("readonly database", DatabaseError, "this unit of work or the file is read-only"),
    ("disk is full", DatabaseError, "free some space; nothing of this unit was kept"),
    ("malformed", DatabaseError, "the file is damaged; restore a backup"),
    ("not a database", DatabaseError, "the file is not a database; check [database] url"),
    ("no such table", SchemaOutdatedError, _UPGRADE),
    ("no such column", SchemaOutdatedError, _UPGRADE),
)

_POSTGRES_REMEDIES: tuple[tuple[type[Exception], type[DatabaseError], str], ...] = (
    (pg.UndefinedTable, SchemaOutdatedError, _UPGRADE),
    (pg.UndefinedColumn, SchemaOutdatedError, _UPGRADE),
    (pg.DeadlockDetected, ConflictError, "another writer was quicker; read again and repeat"),
    (pg.SerializationFailure, ConflictError, "another writer was quicker; read again and repeat"),
    (pg.LockNotAvailable, DatabaseError, "another process holds the rows; try again shortly"),
    (pg.ReadOnlySqlTransaction, DatabaseError, "this unit of work or the server is read-only"),
    (pg.InsufficientPrivilege, DatabaseError, "grant this user the rights on the schema"),
    (pg.DiskFull, DatabaseError, "free some space; nothing of this unit was kept"),
    (psycopg.OperationalError, DatabaseError, "check that PostgreSQL runs and [database] url"),
)


def translate(error: BaseException) -> CryptotraderError:
    """The project's error for a vendor's; our own errors pass unchanged."""
    if isinstance(error, CryptotraderError):
        return error
    if isinstance(error, DBAPIError) and error.orig is not None:
        return translate(error.orig)
    detail = " ".join(str(error).split())
    if isinstance(error, (sqlite3.IntegrityError, psycopg.IntegrityError)):
        return ConflictError(f"the database refused a row: {detail}")
    for kind, ours, remedy in _POSTGRES_REMEDIES:
        if isinstance(error, kind):
            return ours(f"database: {detail}; {remedy}")
    if isinstance(error, sqlite3.Error):
        for words, ours, remedy in _SQLITE_REMEDIES:
            if words in detail:
                return ours(f"database: {detail}; {remedy}")
    return DatabaseError(f"database: {type(error).__name__}: {detail}")


@contextmanager
def translated() -> Iterator[None]:
    """Translate vendor errors raised inside, for calls that do not pass through SQLAlchemy."""
    try:
        yield
    except (sqlite3.Error, psycopg.Error, SQLAlchemyError) as err:
        raise translate(err) from err
