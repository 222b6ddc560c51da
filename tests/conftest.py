"""Fixtures for all tests: databases that are real, private and migrated, and their in-memory fake.

Each test gets an empty database. Migrating one takes half a second, so each test process migrates
one per kind: the SQLite file is copied, the PostgreSQL schema see `tests.servers.schemas`.
Missing PostgreSQL binaries fail the tests that need them: they are never skipped.
"""

import gc
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from db import migrate
from db.unit_of_work import SqlUnits
from engine.ports import Units
from tests.fakes.units import FakeUnits
from tests.servers.postgres import PrivatePostgres, private_postgres
from tests.servers.schemas import Schemas


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without looking for garbage: what is collected stays to the end, and is much."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


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
    """This test process's PostgreSQL."""
    with private_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_schemas(postgres_server: PrivatePostgres) -> Schemas:
    """Where the schemas come from."""
    return Schemas(postgres_server)


@pytest.fixture
def postgres_empty_url(
    postgres_server: PrivatePostgres, postgres_schemas: Schemas
) -> Iterator[str]:
    """The URL of an empty schema of this test's own."""
    schema = postgres_schemas.bare()
    yield postgres_server.schema_url(schema)
    postgres_schemas.drop(schema)


@pytest.fixture
def postgres_url(postgres_server: PrivatePostgres, postgres_schemas: Schemas) -> Iterator[str]:
    """The URL of a migrated schema of this test's own; other processes may use it too."""
    schema = postgres_schemas.lend()
    yield postgres_server.schema_url(schema)
    postgres_schemas.take_back(schema)


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
