"""One engine per database, named to the second one, gone with its process."""

import os
from pathlib import Path

import pytest

from db.lock import WriterLock
from engine.domain.errors import DatabaseError, WriterLockHeldError
from tests.servers.postgres import PrivatePostgres

_HOLDER = "engine 4711 on desk-1"


def test_a_second_engine_is_told_who_holds_the_database(database_url: str) -> None:
    with WriterLock(database_url).acquire(_HOLDER) as lock:
        assert lock.is_held()
        with pytest.raises(WriterLockHeldError, match=_HOLDER) as caught:
            WriterLock(database_url).acquire("another")
        assert caught.value.exit_code == 3


def test_a_released_lock_can_be_taken_again(database_url: str) -> None:
    first = WriterLock(database_url).acquire(_HOLDER)
    first.release()
    first.release()
    assert not first.is_held()
    with WriterLock(database_url).acquire("the next") as second:
        assert second.is_held()


def test_other_databases_are_free(database_url: str, tmp_path: Path) -> None:
    with (
        WriterLock(database_url).acquire(_HOLDER),
        WriterLock(f"sqlite:///{tmp_path}/other.db").acquire(_HOLDER) as other,
    ):
        assert other.is_held()


def test_schemas_of_one_postgresql_database_are_apart(
    postgres_url: str, postgres_server: PrivatePostgres
) -> None:
    with (
        WriterLock(postgres_url).acquire(_HOLDER),
        WriterLock(postgres_server.schema_url("migrated")).acquire(_HOLDER) as other,
    ):
        assert other.is_held()


def test_a_long_or_foreign_description_does_no_harm(database_url: str) -> None:
    hostile = "motor ⚙ \n on a host with a very long name " + "x" * 200
    with (
        WriterLock(database_url).acquire(hostile),
        pytest.raises(WriterLockHeldError, match="on a host with a very long name"),
    ):
        WriterLock(database_url).acquire("another")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match="cannot be made"):
        WriterLock(f"sqlite:///{tmp_path}/file/desk.db").acquire(_HOLDER)


def test_an_unreachable_server_is_a_database_error() -> None:
    with pytest.raises(DatabaseError, match="check that PostgreSQL runs"):
        WriterLock("postgresql://me@127.0.0.1:1/desk").acquire(_HOLDER)


def test_a_server_that_ends_the_session_takes_the_lock_away(
    postgres_url: str, postgres_server: PrivatePostgres
) -> None:
    lock = WriterLock(postgres_url).acquire(_HOLDER)
    with postgres_server.connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
            [_HOLDER],
        )
    assert not lock.is_held()
    lock.keep()
    assert lock.is_held()
    with pytest.raises(WriterLockHeldError, match=_HOLDER):
        WriterLock(postgres_url).acquire("another")
    lock.release()


def test_a_lost_lock_that_another_has_taken_is_not_taken_back(
    postgres_url: str, postgres_server: PrivatePostgres
) -> None:
    lock = WriterLock(postgres_url).acquire(_HOLDER)
    with postgres_server.connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
            [_HOLDER],
        )
    with (
        WriterLock(postgres_url).acquire("the quicker one"),
        pytest.raises(WriterLockHeldError, match="the quicker one"),
    ):
        lock.keep()


def test_a_lock_that_is_held_is_kept(database_url: str) -> None:
    with WriterLock(database_url).acquire(_HOLDER) as lock:
        lock.keep()
        assert lock.is_held()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_forked_child_neither_keeps_nor_frees_the_lock(sqlite_url: str) -> None:
    lock = WriterLock(sqlite_url).acquire(_HOLDER)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    os.close(reading)
    with pytest.raises(WriterLockHeldError):
        WriterLock(sqlite_url).acquire("another")
    lock.release()
    with WriterLock(sqlite_url).acquire("the next") as following:
        assert following.is_held()
    os.close(writing)
    os.waitpid(child, 0)
