"""Killed in the middle of commits, the database holds every committed unit and no half one.

A child process writes units as fast as it can and says the number of each after its commit. It (or
the PostgreSQL server) is killed; then what it said must be there, and whatever is there must be
whole. A unit is two ledger entries that cancel out, an equity snapshot and an audit line.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from db import migrate
from db.lock import WriterLock
from db.unit_of_work import SqlUnits
from engine.domain.errors import DatabaseError, WriterLockHeldError
from tests.fakes.samples import VENUE, audit_event, order
from tests.servers.postgres import PrivatePostgres, private_postgres

pytestmark = pytest.mark.fault

_ROOT = Path(__file__).parents[2]
_WRITER = """
import sys
from dataclasses import replace
from decimal import Decimal
from db.lock import WriterLock
from db.unit_of_work import SqlUnits
from engine.domain.portfolio import EquityPoint
from tests.fakes.samples import MINUTE, T0, VENUE, audit_event, entry

units = SqlUnits(sys.argv[1])
lock = WriterLock(sys.argv[1]).acquire("the writer of the test")
number = 0
while True:
    number += 1
    with units() as unit:
        unit.book.post([entry(Decimal(number)), entry(Decimal(-number))])
        unit.book.snapshot(
            EquityPoint(
                venue=VENUE, at=T0 + number * MINUTE, equity_quote=Decimal(number),
                cash_quote=Decimal(0),
            )
        )
        unit.audit.append(audit_event(subject=str(number)))
        unit.commit()
    print(number, flush=True)
"""


class _Writer:
    """The child; ``said`` are the units it has said to be committed."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, url],
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[int] = []

    def listen(self, count: int) -> None:
        """Wait for the next ``count`` commits."""
        assert self._process.stdout is not None
        for _ in range(count):
            line = self._process.stdout.readline()
            assert line, self._process.communicate()[1]
            self.said.append(int(line))

    def kill(self) -> None:
        """SIGKILL, then read what it had still said."""
        self._process.kill()
        self.end()

    def end(self) -> str:
        """Read what is left and return its errors."""
        assert self._process.stdout is not None
        # Not by `communicate`, which passes over lines that `readline` has taken in already.
        self.said += [int(line) for line in self._process.stdout]
        return self._process.communicate(timeout=30)[1]


def _assert_whole(url: str, writer: _Writer) -> None:
    units = SqlUnits(url)
    with units(read_only=True) as unit:
        kept = [int(point.equity_quote) for point in unit.book.equity(VENUE)]
        assert unit.book.balances(VENUE) == {}
        assert unit.audit.verify() == len(kept)
        assert [int(line.event.subject) for line in unit.audit.tail(len(kept))][::-1] == kept
    units.close()
    # The last unit may have been committed and not yet said.
    assert kept[: len(writer.said)] == writer.said
    assert len(kept) - len(writer.said) <= 1


@pytest.mark.parametrize("pause_s", [0.0, 0.0007, 0.003])
def test_a_killed_writer_leaves_whole_units(database_url: str, pause_s: float) -> None:
    writer = _Writer(database_url)
    writer.listen(5)
    time.sleep(pause_s)
    writer.kill()
    _assert_whole(database_url, writer)


def test_the_lock_of_a_killed_engine_is_free_at_once(database_url: str) -> None:
    writer = _Writer(database_url)
    writer.listen(1)
    with pytest.raises(WriterLockHeldError, match="the writer of the test"):
        WriterLock(database_url).acquire("another")
    writer.kill()
    deadline = time.monotonic() + 5
    while True:
        try:
            WriterLock(database_url).acquire("another").release()
        except WriterLockHeldError:
            # PostgreSQL notices the dead client at its next look at the socket.
            assert time.monotonic() < deadline
            time.sleep(0.01)
        else:
            break


@pytest.fixture
def own_server() -> Iterator[PrivatePostgres]:
    """A server that this test may crash."""
    with private_postgres() as server:
        yield server


def test_a_crashed_server_keeps_whole_units_and_the_desk_reconnects(
    own_server: PrivatePostgres,
) -> None:
    url = own_server.schema_url("public")
    migrate.upgrade(url)
    desk = SqlUnits(url)
    with desk(read_only=True) as unit:
        assert unit.orders.unfinished() == []
    writer = _Writer(url)
    writer.listen(20)
    own_server.crash()
    assert "DatabaseError" in writer.end()
    with pytest.raises(DatabaseError, match="check that PostgreSQL runs"):
        desk().__enter__()
    own_server.start()
    _assert_whole(url, writer)
    with desk() as unit:
        unit.orders.add(order())
        unit.commit()
    desk.close()


def test_a_server_that_goes_away_inside_a_unit_undoes_it(own_server: PrivatePostgres) -> None:
    url = own_server.schema_url("public")
    migrate.upgrade(url)
    desk = SqlUnits(url)
    with desk() as unit:
        unit.audit.append(audit_event())
        own_server.crash()
        own_server.start()
        with pytest.raises(DatabaseError):
            unit.commit()
    with desk(read_only=True) as unit:
        assert unit.audit.verify() == 0
    desk.close()


def test_a_lost_write_ahead_log_is_not_needed_after_a_clean_end(
    sqlite_url: str, sqlite_units: SqlUnits
) -> None:
    with sqlite_units() as unit:
        unit.orders.add(order())
        unit.commit()
    sqlite_units.close()
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    assert sorted(file.name for file in path.parent.glob("desk.db*")) == ["desk.db"]
    with sqlite_units(read_only=True) as unit:
        assert len(unit.orders.unfinished()) == 1
