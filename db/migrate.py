"""Schema versions: bring a database up to date, tell whether it is, make a backup.

The Alembic environment lives in the package, so an installed program migrates without any ini file.
All steps of an upgrade are one transaction on both databases, taken under a lock: two programs that
start together migrate once, and a kill in the middle leaves the old schema.
"""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, Connection, inspect, text

from db.failures import translated
from db.session import open_engine, parse_url, sqlite_path
from engine.domain.errors import DatabaseError, SchemaOutdatedError

HEAD = "0005"

_SCRIPTS = Path(__file__).with_name("migrations")
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('cryptotrader upgrade', 0))"


def current(url: str) -> str | None:
    """The schema version of a database, or ``None`` for an empty or absent one."""
    path = sqlite_path(parse_url(url))
    if path is not None and not path.exists():
        return None
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            return _version(connection)
    finally:
        engine.dispose()


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar_one_or_none()
    return version


def check(url: str) -> None:
    """Pass if the schema is this program's; ``SchemaOutdatedError`` with the remedy otherwise."""
    version = current(url)
    if version is None:
        raise SchemaOutdatedError("the database is empty; run `cryptotrader db upgrade`")
    if version != HEAD:
        raise SchemaOutdatedError(
            f"the database has schema {version}, this program needs {HEAD}; "
            "run `cryptotrader db upgrade` (or the newer program)"
        )


def upgrade(url: str) -> str:
    """Create or migrate the schema and return its version; quick when there is nothing to do."""
    engine = open_engine(url)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text(_LOCK))
            if _version(connection) != HEAD:
                _run_alembic(connection)
            return HEAD
    finally:
        engine.dispose()


def _run_alembic(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - 0.2 s that most starts do not need
    from alembic.config import Config  # noqa: PLC0415 - see above
    from alembic.util import CommandError  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as err:
        raise SchemaOutdatedError(
            f"the database cannot be migrated: {err}; was it made by a newer program?"
        ) from err


def backup(url: str, path: Path) -> None:
    """Write a consistent copy while the desk may be running.

    SQLite: a database file, through its online backup. PostgreSQL: a plain SQL dump by ``pg_dump``.
    Nothing is overwritten; a failed backup leaves no file. Raises ``DatabaseError``.
    """
    if path.exists():
        raise DatabaseError(f"backup {path} exists already; choose another name")
    parts = parse_url(url)
    source = sqlite_path(parts)
    unfinished = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        if source is None:
            _dump_postgres(parts, unfinished)
        else:
            _copy_sqlite(source, unfinished)
        unfinished.replace(path)
    except OSError as err:
        raise DatabaseError(f"backup {path} cannot be written: {err}") from err
    finally:
        unfinished.unlink(missing_ok=True)


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.exists():
        raise DatabaseError(f"there is no database at {source}; check [database] url")
    with (
        translated(),
        closing(sqlite3.connect(source)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")


def _dump_postgres(url: URL, target: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise DatabaseError(
            "a PostgreSQL backup needs the program pg_dump; install the PostgreSQL client tools"
        )
    plain = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    secrets = {"PGPASSWORD": url.password} if url.password else {}
    done = subprocess.run(  # noqa: S603 - the program is found on PATH, no shell is involved
        [program, "--no-password", "--file", str(target), plain],
        env={**os.environ, **secrets},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise DatabaseError(f"pg_dump failed: {done.stderr.strip()}")
