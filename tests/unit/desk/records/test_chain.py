"""What a process remembers of the audit trail; a change behind it is found all the same."""

from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text

from db.unit_of_work import SqlUnits
from engine.desk.records.chain import ChainState, ChainWatch
from engine.domain.errors import DataError
from tests.fakes.clock import HandClock
from tests.fakes.samples import T0, audit_event


@pytest.fixture
def clock() -> HandClock:
    return HandClock(T0)


@pytest.fixture
def watch(sqlite_units: SqlUnits, clock: HandClock) -> ChainWatch:
    write(sqlite_units, 20)
    return ChainWatch(sqlite_units, clock)


def write(units: SqlUnits, count: int) -> None:
    with units() as unit:
        for number in range(count):
            unit.audit.append(audit_event(subject=f"o{number}"))
        unit.commit()


def tamper(url: str, number: int) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE audit SET actor = 'nobody' WHERE number = {number}"))
    engine.dispose()


def state(units: SqlUnits, watch: ChainWatch, *cited: int) -> ChainState:
    look = watch.looking()
    with units(read_only=True) as unit:
        return look(unit, cited)


def test_a_question_reads_only_so_many_lines_and_goes_on_at_the_next(
    sqlite_units: SqlUnits, clock: HandClock
) -> None:
    write(sqlite_units, 12)
    watch = ChainWatch(sqlite_units, clock, at_once=10)
    assert state(sqlite_units, watch) == ChainState(lines=10, left=2)
    assert state(sqlite_units, watch) == ChainState(lines=12)
    assert ChainWatch(sqlite_units, clock, piece=5).look() == "12 lines whole"
    assert ChainWatch(sqlite_units, clock, piece=6).look() == "12 lines whole"


def test_after_the_full_reading_only_what_is_new_is_read(
    sqlite_units: SqlUnits, sqlite_url: str, watch: ChainWatch
) -> None:
    assert watch.look() == "20 lines whole"
    write(sqlite_units, 3)
    assert state(sqlite_units, watch) == ChainState(lines=23)
    tamper(sqlite_url, 22)
    assert state(sqlite_units, watch).error == ""
    write(sqlite_units, 1)
    tamper(sqlite_url, 24)
    assert "line 24 was changed" in state(sqlite_units, watch).error


def test_a_change_behind_the_mark_is_found_within_a_day(
    sqlite_units: SqlUnits, sqlite_url: str, watch: ChainWatch, clock: HandClock
) -> None:
    watch.look()
    tamper(sqlite_url, 5)
    clock.advance(hours=23)
    assert watch.look() == "20 lines whole"
    clock.advance(hours=1)
    with pytest.raises(DataError, match="line 5 was changed"):
        watch.look()
    assert "line 5 was changed" in state(sqlite_units, watch).error


def test_a_line_that_evidence_rests_on_is_checked_wherever_it_is(
    sqlite_units: SqlUnits, sqlite_url: str, watch: ChainWatch
) -> None:
    watch.look()
    tamper(sqlite_url, 5)
    assert state(sqlite_units, watch, 4, 6).error == ""
    assert "line 5 was changed" in state(sqlite_units, watch, 4, 5).error


def test_a_break_stays_reported_until_a_full_reading_finds_none(
    sqlite_units: SqlUnits, sqlite_url: str, watch: ChainWatch, clock: HandClock
) -> None:
    tamper(sqlite_url, 5)
    for _ in range(2):
        with pytest.raises(DataError):
            watch.look()
        clock.advance(minutes=1)
    assert state(sqlite_units, watch).error
    engine = create_engine(sqlite_url)
    with engine.begin() as connection:
        same = "(SELECT actor FROM audit WHERE number = 6)"  # every line has the same actor
        connection.execute(text(f"UPDATE audit SET actor = {same} WHERE number = 5"))
    engine.dispose()
    with pytest.raises(DataError):
        watch.look()
    clock.advance(seconds=timedelta(hours=1).total_seconds())
    assert watch.look() == "20 lines whole"
    assert state(sqlite_units, watch) == ChainState(lines=20)


def test_a_trail_that_was_cut_and_written_anew_is_not_the_one_found_whole(
    sqlite_units: SqlUnits, sqlite_url: str, watch: ChainWatch
) -> None:
    watch.look()
    engine = create_engine(sqlite_url)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM audit"))
        connection.execute(text("DELETE FROM audit_head"))
    engine.dispose()
    with sqlite_units() as unit:
        for _ in range(30):
            unit.audit.append(audit_event(action="another"))
        unit.commit()
    assert "found whole before" in state(sqlite_units, watch).error


def test_what_another_thread_read_on_meanwhile_is_no_break(
    sqlite_units: SqlUnits, watch: ChainWatch
) -> None:
    look = watch.looking()
    with sqlite_units(read_only=True) as unit:
        assert unit.audit.tail(1)[0].number == 20
        write(sqlite_units, 5)
        assert watch.look() == "25 lines whole"
        assert look(unit, ()) == ChainState(lines=20)
    assert watch.look() == "25 lines whole"
