"""Migrations: models and schema agree, a fresh start is quick, a backup is whole."""

import sqlite3
import time
from decimal import Decimal
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, MetaData, Table, create_engine, insert, text

from db import migrate
from db.stores.base import table_of, values_of
from db.tables import Base
from db.tables.research import ProofRow, TrialRow
from db.tables.trading import PositionRow
from db.types import ExactDecimal
from db.unit_of_work import SqlUnits
from engine.domain.errors import DatabaseError, SchemaOutdatedError
from tests.fakes.samples import audit_event, order, position
from tests.fakes.samples_research import proof, trial
from tests.servers.postgres import PrivatePostgres, find_binaries


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/empty.db"


@pytest.fixture(params=["empty_sqlite_url", "postgres_empty_url"])
def empty_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


def test_an_empty_database_is_outdated_until_it_is_upgraded(empty_url: str) -> None:
    assert migrate.current(empty_url) is None
    with pytest.raises(SchemaOutdatedError, match="db upgrade"):
        migrate.check(empty_url)
    assert migrate.upgrade(empty_url) == migrate.HEAD
    migrate.check(empty_url)
    assert migrate.current(empty_url) == migrate.HEAD
    assert migrate.upgrade(empty_url) == migrate.HEAD


def test_models_and_migrations_agree(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()
    assert differences == []


def test_an_open_position_survives_the_loss_of_a_column(empty_url: str) -> None:
    _upgrade_to(empty_url, "0002")
    _insert_position_of_0002(empty_url)
    migrate.upgrade(empty_url)
    units = SqlUnits(empty_url)
    with units(read_only=True) as unit:
        assert unit.book.positions(position().venue) == [position()]
    units.close()


def test_verdicts_and_trials_of_before_stay_and_say_what_is_not_known(empty_url: str) -> None:
    _upgrade_to(empty_url, "0003")
    _insert_of_0003(empty_url, ProofRow, proof(), "venue", "market_days")
    _insert_of_0003(empty_url, TrialRow, trial(), "excess_returns")
    migrate.upgrade(empty_url)
    units = SqlUnits(empty_url)
    with units(read_only=True) as unit:
        assert unit.proofs.all() == [proof(venue="", market_days=())]
        assert unit.trials.all() == [trial(excess_returns=())]
    units.close()


def _insert_of_0003(url: str, row: type[Base], value: object, *later: str) -> None:
    """As the program of that schema did, without the columns that came later."""
    columns = [Column(one.name, one.type) for one in table_of(row).columns if one.name not in later]
    table = Table(row.__tablename__, MetaData(), *columns)
    values = {name: of for name, of in values_of(value).items() if name not in later}
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(insert(table).values(**values))
    engine.dispose()


def _upgrade_to(url: str, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    engine.dispose()


def _insert_position_of_0002(url: str) -> None:
    """As the program of that schema did: all columns of today, and one that nobody read."""
    then = MetaData()
    columns = [Column(one.name, one.type) for one in PositionRow.__table__.columns]
    table = Table("positions", then, *columns, Column("high_water_price", ExactDecimal))
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            insert(table).values(**values_of(position()), high_water_price=Decimal("1.5"))
        )
    engine.dispose()


def test_the_head_that_the_program_knows_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.HEAD


def test_looking_at_a_database_that_is_absent_does_not_make_one(empty_sqlite_url: str) -> None:
    assert migrate.current(empty_sqlite_url) is None
    assert not Path(empty_sqlite_url.removeprefix("sqlite:///")).exists()


def test_a_schema_of_a_newer_program_is_refused(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(SchemaOutdatedError, match="9999"):
        migrate.check(database_url)
    with pytest.raises(SchemaOutdatedError, match="newer"):
        migrate.upgrade(database_url)


def test_a_schema_that_is_up_to_date_costs_next_to_nothing(sqlite_url: str) -> None:
    migrate.check(sqlite_url)
    started = time.perf_counter()
    migrate.upgrade(sqlite_url)
    assert time.perf_counter() - started < 0.25


def test_a_backup_of_a_busy_sqlite_database_is_whole(
    sqlite_units: SqlUnits, sqlite_url: str, tmp_path: Path
) -> None:
    target = tmp_path / "new" / "copy.db"
    with sqlite_units() as unit:
        unit.orders.add(order("o1"))
        unit.audit.append(audit_event())
        unit.commit()
        unit.orders.add(order("o2"))
        migrate.backup(sqlite_url, target)
    copy = SqlUnits(f"sqlite:///{target}")
    with copy(read_only=True) as unit:
        assert [row.id for row in unit.orders.unfinished()] == ["o1"]
        assert unit.audit.verify() == 1
    copy.close()
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_backup_overwrites_nothing(sqlite_url: str, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("precious")
    with pytest.raises(DatabaseError, match="exists already"):
        migrate.backup(sqlite_url, target)
    assert target.read_text() == "precious"


def test_a_failed_backup_leaves_no_file(tmp_path: Path) -> None:
    damaged, target = tmp_path / "damaged.db", tmp_path / "copy.db"
    damaged.write_text("no database" * 1_000)
    with pytest.raises(DatabaseError):
        migrate.backup(f"sqlite:///{damaged}", target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["damaged.db"]


def test_there_is_no_backup_of_nothing(empty_sqlite_url: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="no database"):
        migrate.backup(empty_sqlite_url, tmp_path / "copy.db")


def test_a_postgresql_backup_is_a_dump_of_its_tables(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(find_binaries()), prepend=":")
    target = tmp_path / "desk.sql"
    migrate.backup(postgres_url, target)
    assert "CREATE TABLE" in target.read_text()
    assert target.stat().st_mode & 0o777 == 0o600


def test_without_pg_dump_the_remedy_is_told(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DatabaseError, match="install the PostgreSQL client tools"):
        migrate.backup(postgres_url, tmp_path / "desk.sql")


def test_an_upgrade_that_fails_leaves_the_old_schema(sqlite_url: str) -> None:
    path = sqlite_url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM alembic_version")
        connection.execute("DROP TABLE approvals")
    connection.close()
    with pytest.raises(DatabaseError, match="already exists"):
        migrate.upgrade(sqlite_url)
    with sqlite3.connect(path) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert "approvals" not in names


def test_programs_that_start_together_migrate_once(
    postgres_empty_url: str, postgres_server: PrivatePostgres
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(3) as pool:
        versions = list(pool.map(migrate.upgrade, [postgres_empty_url] * 3))
    assert versions == [migrate.HEAD] * 3
