"""Fixtures for all tests: databases that are real, private and migrated, and their in-memory fake.

Each test gets an empty database. Migrating one takes half a second, so each test process migrates
one per kind and copies it: the SQLite file as a file, the PostgreSQL schema table by table.
Missing PostgreSQL binaries fail the tests that need them: they are never skipped.
"""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from db import migrate
from db.unit_of_work import SqlUnits
from engine.ports import Units
from tests.fakes.units import FakeUnits
from tests.servers.postgres import PrivatePostgres, private_postgres

_TEMPLATE = "migrated"
_COPY_SCHEMA = f"""
DO $$
DECLARE source record;
BEGIN
  FOR source IN SELECT tablename FROM pg_tables WHERE schemaname = '{_TEMPLATE}' LOOP
    EXECUTE format(
      'CREATE TABLE %1$I.%2$I (LIKE {_TEMPLATE}.%2$I INCLUDING ALL)', '%(schema)s', source.tablename
    );
  END LOOP;
  INSERT INTO %(schema)s.alembic_version SELECT * FROM {_TEMPLATE}.alembic_version;
END $$
"""
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a migrated SQLite database of this test's own."""
    path = tmp_path / "desk.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def sqlite_units(sqlite_url: str) -> Iterator[SqlUnits]:
    """Units of work on SQLite."""
    units = SqlUnits(sqlite_url)
    yield units
    units.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PrivatePostgres]:
    """This test process's PostgreSQL, with a migrated schema to copy."""
    with private_postgres() as server:
        with server.connect() as connection:
            connection.execute(f"CREATE SCHEMA {_TEMPLATE}")
        migrate.upgrade(server.schema_url(_TEMPLATE))
        yield server


@pytest.fixture
def postgres_empty_url(postgres_server: PrivatePostgres) -> Iterator[str]:
    """The URL of an empty schema of this test's own."""
    schema = f"test_{next(_numbers)}"
    with postgres_server.connect() as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    yield postgres_server.schema_url(schema)
    with postgres_server.connect() as connection:
        connection.execute("SET lock_timeout = '5s'")
        connection.execute(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture
def postgres_url(postgres_empty_url: str, postgres_server: PrivatePostgres) -> str:
    """The URL of a migrated schema of this test's own; other processes may use it too."""
    schema = postgres_empty_url.rpartition("%3D")[2]
    with postgres_server.connect() as connection:
        connection.execute(_COPY_SCHEMA.replace("%(schema)s", schema))
    return postgres_empty_url


@pytest.fixture
def postgres_units(postgres_url: str) -> Iterator[SqlUnits]:
    """Units of work on PostgreSQL."""
    units = SqlUnits(postgres_url)
    yield units
    units.close()


@pytest.fixture
def fake_units() -> FakeUnits:
    """Units of work in memory."""
    return FakeUnits()


@pytest.fixture(params=["fake", "sqlite", "postgres"])
def units(request: pytest.FixtureRequest) -> Units:
    """Every adapter of ``Units`` in turn."""
    made: Units = request.getfixturevalue(f"{request.param}_units")
    return made


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of each kind in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
