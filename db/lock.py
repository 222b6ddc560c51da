"""One engine per database: a lock that names its holder and that no crash leaves behind.

SQLite: the operating system's lock on a file beside the database, which also holds the holder's
description. PostgreSQL: a session advisory lock on a connection of its own, whose application name
is the description. A process that is killed loses its file handles and connections, and with them
the lock; there is nothing to clean up.
"""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import psycopg

from db.failures import translated
from db.session import CONNECT_WAIT_S, parse_url, sqlite_path
from engine.domain.errors import DatabaseError, WriterLockHeldError

_NOBODY = "a program that does not say its name"
_KEY = "hashtextextended('cryptotrader writer ' || current_schema(), 0)"
_HOLDER = (
    "SELECT a.application_name, host(a.client_addr), a.backend_start FROM pg_locks l "  # noqa: S608 - all constant
    "JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted "
    f"AND l.classid = (({_KEY} >> 32) & 4294967295)::oid "
    f"AND l.objid = ({_KEY} & 4294967295)::oid"
)
_DYING_TRIES = 10
_DYING_WAIT_S = 0.2
_NAME_BYTES = 63  # PostgreSQL cuts application names here


class _Lock(Protocol):
    def acquire(self, holder: str) -> None: ...
    def is_held(self) -> bool: ...
    def release(self) -> None: ...


class WriterLock:
    """The right to be the one engine of a database.

    ::

        with WriterLock(url).acquire("engine, process 4711 on host desk-1"):
            ...
    """

    def __init__(self, url: str) -> None:
        parts = parse_url(url)
        path = sqlite_path(parts)
        self._lock: _Lock
        self._words = _NOBODY
        if path is None:
            plain = parts.set(drivername="postgresql")
            self._lock = _PostgresLock(plain.render_as_string(hide_password=False))
        else:
            self._lock = _FileLock(path.with_name(path.name + ".lock"))

    def acquire(self, holder: str) -> Self:
        """Take the lock or raise ``WriterLockHeldError`` at once, with the holder's words."""
        self._words = " ".join(holder.split())
        self._lock.acquire(self._words)
        return self

    def keep(self) -> None:
        """Take it again if it was lost; ``WriterLockHeldError`` if somebody else was quicker."""
        if not self._lock.is_held():
            self._lock.release()
            self._lock.acquire(self._words)

    def is_held(self) -> bool:
        """Whether the lock is still ours; a restart of the PostgreSQL server takes it away."""
        return self._lock.is_held()

    def release(self) -> None:
        """Give it back; doing it twice is fine."""
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class _FileLock:
    """``flock`` on a file; a forked child drops its copy, so only the holder's life counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def acquire(self, holder: str) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as err:
            raise DatabaseError(f"lock file {self._path} cannot be made: {err.strerror}") from err
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            os.close(handle)
            raise WriterLockHeldError(self._path.read_text().strip() or _NOBODY) from err
        os.truncate(handle, 0)
        os.write(handle, holder.encode("utf-8", "replace"))
        self._handle = handle
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        """Close a forked child's copy without unlocking: the parent's stays locked."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def is_held(self) -> bool:
        return self._handle is not None

    def release(self) -> None:
        if self._handle is not None:
            os.truncate(self._handle, 0)
            # Unlocked, not only closed: a child forked this instant may still have its copy open.
            fcntl.flock(self._handle, fcntl.LOCK_UN)
            os.close(self._handle)
            self._handle = None


class _PostgresLock:
    """A session advisory lock, one per database and schema."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.Connection[Any] | None = None

    def acquire(self, holder: str) -> None:
        with translated():
            connection = self._connect(holder)
            try:
                self._take(connection)
            except BaseException:
                connection.close()
                raise
        self._connection = connection

    def _connect(self, holder: str) -> psycopg.Connection[Any]:
        name = holder.encode("ascii", "replace")[:_NAME_BYTES].decode()
        return psycopg.connect(
            self._conninfo,
            autocommit=True,
            application_name=name,
            connect_timeout=CONNECT_WAIT_S,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
        )

    def _take(self, connection: psycopg.Connection[Any]) -> None:
        """Take it; a holder that is just dying, and so is no longer listed, is waited for."""
        for _ in range(_DYING_TRIES):
            row = connection.execute(f"SELECT pg_try_advisory_lock({_KEY})").fetchone()
            if row is not None and row[0]:
                return
            holder = self._holder(connection)
            if holder is not None:
                break
            time.sleep(_DYING_WAIT_S)
        raise WriterLockHeldError(holder or _NOBODY)

    def _holder(self, connection: psycopg.Connection[Any]) -> str | None:
        row = connection.execute(_HOLDER).fetchone()
        if row is None:
            return None
        name, address, since = row
        where = f" from {address}" if address else ""
        return f"{name or _NOBODY}{where}, connected since {since:%Y-%m-%d %H:%M:%S%z}"

    def is_held(self) -> bool:
        if self._connection is None:
            return False
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
