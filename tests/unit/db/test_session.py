"""Opening databases: URLs, private files, and what people read when it fails."""

import sqlite3
import stat
import threading
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from psycopg import errors as pg

from db.failures import translate
from db.session import parse_url
from db.unit_of_work import SqlUnits
from engine.domain.errors import (
    ConfigurationError,
    ConflictError,
    DatabaseError,
    InvalidValueError,
    SchemaOutdatedError,
)
from engine.domain.ids import IntentId
from tests.fakes.samples import order


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "postgresql+:"]
)
def test_a_wrong_url_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ConfigurationError, match="for example"):
        parse_url(url)


@pytest.mark.parametrize(
    "url", ["postgres://me@host/db", "postgresql://me@host/db", "postgresql+psycopg://me@host/db"]
)
def test_postgresql_always_means_psycopg(url: str) -> None:
    assert parse_url(url).drivername == "postgresql+psycopg"


def test_the_database_and_its_new_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "desk.db"
    SqlUnits(f"sqlite:///{path}").close()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match="cannot be made"):
        SqlUnits(f"sqlite:///{tmp_path}/file/desk.db")


def test_a_database_without_tables_asks_for_an_upgrade(tmp_path: Path) -> None:
    units = SqlUnits(f"sqlite:///{tmp_path}/desk.db")
    with units(read_only=True) as unit, pytest.raises(SchemaOutdatedError, match="db upgrade"):
        unit.orders.unfinished()
    units.close()


def test_a_file_that_is_no_database_is_named_so(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    path.write_text("this is a shopping list, not a database" * 100)
    units = SqlUnits(f"sqlite:///{path}")
    with pytest.raises(DatabaseError, match="not a database"):
        units().__enter__()
    units.close()


def test_an_unreachable_server_is_a_database_error_without_the_password() -> None:
    units = SqlUnits("postgresql://me:geheim@127.0.0.1:1/desk?connect_timeout=2")
    with pytest.raises(DatabaseError, match="check that PostgreSQL runs") as caught:
        units().__enter__()
    assert "geheim" not in str(caught.value)
    units.close()


def test_a_writer_gives_up_when_another_one_does_not_end(sqlite_url: str) -> None:
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    units = SqlUnits(sqlite_url, lock_wait_s=0.05)
    with units() as unit, pytest.raises(DatabaseError, match="another process is writing"):
        unit.orders.unfinished()
    with units(read_only=True) as unit:
        assert unit.orders.unfinished() == []
    other.close()
    with units() as unit:
        unit.orders.add(order())
        unit.commit()
    units.close()


def test_a_row_that_another_writer_holds_ends_the_wait_on_postgresql(postgres_url: str) -> None:
    units = SqlUnits(postgres_url, lock_wait_s=0.05)
    with units() as first:
        first.orders.add(order())
        with units() as second, pytest.raises(DatabaseError, match="another process holds"):
            second.orders.add(order())
    units.close()


def test_commits_are_synchronous_and_written_ahead(sqlite_units: SqlUnits) -> None:
    with sqlite_units() as unit:
        connection = unit._transaction.sqlite()
        pragmas = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    full = 2
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
    }


def test_an_impossible_value_is_our_own_error_and_not_the_vendors(database_url: str) -> None:
    units = SqlUnits(database_url)
    with units() as unit, pytest.raises(InvalidValueError, match="finite"):
        unit.paper.set_balance("binance", "USDT", Decimal("Infinity"))
    units.close()


def test_units_in_many_threads_each_have_a_connection(database_url: str) -> None:
    units = SqlUnits(database_url)
    together = threading.Barrier(8)
    found: list[object] = []

    def read() -> None:
        with units(read_only=True) as unit:
            together.wait(timeout=20)
            found.append(unit.orders.get(IntentId("o1")))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    units.close()
    assert found == [None] * 8


@pytest.mark.parametrize(
    ("vendor", "ours", "words"),
    [
        (sqlite3.OperationalError("database or disk is full"), DatabaseError, "free some space"),
        (sqlite3.DatabaseError("database disk image is malformed"), DatabaseError, "backup"),
        (sqlite3.OperationalError("no such column: x"), SchemaOutdatedError, "upgrade"),
        (sqlite3.IntegrityError("UNIQUE constraint failed"), ConflictError, "UNIQUE"),
        (pg.DeadlockDetected("deadlock"), ConflictError, "repeat"),
        (pg.SerializationFailure("x"), ConflictError, "repeat"),
        (pg.UniqueViolation("x"), ConflictError, "refused a row"),
        (pg.DiskFull("x"), DatabaseError, "space"),
        (psycopg.OperationalError("server closed the connection"), DatabaseError, "runs"),
        (psycopg.DataError("odd"), DatabaseError, "odd"),
    ],
)
def test_vendor_errors_say_what_to_do(vendor: Exception, ours: type[Exception], words: str) -> None:
    found = translate(vendor)
    assert type(found) is ours
    assert words in str(found)
