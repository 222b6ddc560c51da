"""SIGKILL before every commit of a desk that watches an alert: none is lost, none is told twice."""

from collections.abc import Iterator

import pytest

from db.unit_of_work import SqlUnits
from engine.domain.alerts import Alert, Firing
from engine.ports import Units
from tests.fakes.desk_builder import OWNER, Bench, build
from tests.fakes.units import FakeUnits
from tests.fakes.watched_units import WatchedUnits
from tests.fault.alert_walk import STEPS, TEXT, TOLD, walk
from tests.fault.dying import kill_at

pytestmark = pytest.mark.fault


def steps_of_commits() -> list[int]:
    """At which step the first, second … commit of the walk is made."""
    bench = build(FakeUnits())
    set_alert(bench)
    steps: list[int] = []
    taken = 0

    def commit() -> None:
        steps.append(taken)

    def step() -> None:
        nonlocal taken
        taken += 1

    walk(bench.restart(units=WatchedUnits(bench.units, before=commit)), after=step)
    return steps


def set_alert(bench: Bench) -> Alert:
    outcome = bench.assembled.desk.alerts.create(
        TEXT, OWNER.user_id, chat_id=OWNER.chat_id, request_id="r1"
    )
    assert outcome.alert is not None
    return outcome.alert


def firings(units: Units, alert: Alert) -> list[Firing]:
    with units(read_only=True) as unit:
        found = [unit.alerts.firing(alert.id, number) for number in range(1, 20)]
    return [one for one in found if one is not None]


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    units = SqlUnits(database_url)
    yield build(units)
    units.close()


COMMITS = steps_of_commits()


def test_the_walk_ends_in_its_four_crossings_without_a_death(bench: Bench) -> None:
    alert = set_alert(bench)
    walk(bench)
    assert [str(f.hits[0].value) for f in firings(bench.units, alert)] == list(TOLD)
    assert len(COMMITS) > len(STEPS)


@pytest.mark.parametrize("death", range(1, len(COMMITS) + 1))
def test_killed_before_any_commit_all_is_told_and_nothing_twice(
    bench: Bench, database_url: str, death: int
) -> None:
    alert = set_alert(bench)
    kill_at(database_url, "alerts", death)
    walk(bench, COMMITS[death - 1])

    told = firings(bench.units, alert)
    assert [str(firing.hits[0].value) for firing in told] == list(TOLD)
    rows = [row.payload for row in bench.outbox("alert")]
    assert [row["number"] for row in rows] == [1, 2, 3, 4]
    assert bench.actions().count("alert_fired") == len(TOLD)
