import pytest

from engine.clock import ReplayClock
from engine.domain.errors import VenueUnavailableError
from engine.domain.values import to_ms
from engine.market.backfill import CandleFiller
from engine.market.policy import MarketPolicy
from engine.market.progress import Step
from tests.fakes.units import FakeUnits
from tests.unit.market.candles import BTC, HOUR, Row, ScriptedVenue, at, row, rows, series_of

POLICY = MarketPolicy(page_bars=5, stale_after_bars=2)


class Desk:
    """A filler over a store in memory; it is twenty hours after the start."""

    def __init__(self, venue: ScriptedVenue, stored: list[Row] | None = None) -> None:
        self.units = FakeUnits()
        self.venue = venue
        if stored:
            with self.units() as unit:
                unit.candles.add("test", BTC, HOUR, series_of(stored))
                unit.commit()
        self.filler = CandleFiller(
            units=self.units,
            source=venue,
            venue="test",
            clock=ReplayClock(at(20.5)),
            policy=POLICY,
        )

    def stored(self) -> list[int]:
        with self.units(read_only=True) as unit:
            series = unit.candles.between("test", BTC, HOUR, at(-99), at(99))
        return [(ms - to_ms(at(0))) // HOUR.ms for ms in series.open_ms]

    def marked(self) -> int:
        with self.units(read_only=True) as unit:
            return len(unit.candles.empty_marks("test", BTC, HOUR, at(-99), at(99)))


def without(*indices: int) -> list[Row]:
    return [row(i) for i in range(20) if i not in indices]


def test_a_backfill_stores_every_closed_bar_since_the_date() -> None:
    desk = Desk(ScriptedVenue({BTC: rows(21)}))
    filled = desk.filler.backfill(BTC, HOUR, since=at(8))
    assert desk.stored() == list(range(8, 20))
    assert (filled.absent, filled.stored, filled.calls) == (12, 12, 3)


def test_a_backfill_asks_only_for_what_is_absent() -> None:
    desk = Desk(ScriptedVenue({BTC: rows(21)}), stored=rows(18))
    filled = desk.filler.backfill(BTC, HOUR, since=at(0))
    assert (filled.absent, filled.calls) == (2, 1)
    assert desk.venue.asked == [(at(18), 2)]


def test_a_backfill_that_was_interrupted_goes_on_where_it_stopped() -> None:
    gone = VenueUnavailableError("test", "gone")
    desk = Desk(ScriptedVenue({BTC: rows(21)}, answers=[rows(5), rows(10)[5:], gone]))
    with pytest.raises(VenueUnavailableError):
        desk.filler.backfill(BTC, HOUR, since=at(0))
    assert desk.stored() == list(range(10))
    assert desk.filler.backfill(BTC, HOUR, since=at(0)).absent == 10
    assert desk.stored() == list(range(20))


def test_a_backfill_from_before_the_listing_finds_the_first_bar_and_marks_nothing() -> None:
    desk = Desk(ScriptedVenue({BTC: without(*range(12))}))
    desk.filler.backfill(BTC, HOUR, since=at(-30))
    assert desk.stored() == list(range(12, 20))
    assert desk.marked() == 0


def test_a_backfill_from_the_future_does_nothing() -> None:
    assert Desk(ScriptedVenue()).filler.backfill(BTC, HOUR, since=at(30)).calls == 0


def test_progress_counts_to_the_total_with_the_time_that_remains() -> None:
    steps: list[Step] = []
    desk = Desk(ScriptedVenue({BTC: rows(21)}))
    desk.filler.backfill(BTC, HOUR, since=at(8), progress=steps.append)
    assert [(step.done, step.total) for step in steps] == [(0, 12), (5, 12), (10, 12), (12, 12)]
    assert steps[0].eta_s is None
    assert steps[-1].eta_s == 0


def test_a_hole_that_the_venue_can_fill_is_filled() -> None:
    desk = Desk(ScriptedVenue({BTC: rows(20)}), stored=without(4, 5, 6))
    filled = desk.filler.repair(BTC, HOUR)
    assert (filled.absent, filled.stored, filled.calls) == (3, 3, 1)
    assert desk.stored() == list(range(20))
    assert desk.venue.asked == [(at(4), 3)]


def test_what_the_venue_does_not_have_is_marked_and_not_asked_for_again() -> None:
    desk = Desk(ScriptedVenue({BTC: without(4, 6)}), stored=without(4, 5, 6))
    filled = desk.filler.repair(BTC, HOUR)
    assert (filled.stored, filled.marked_empty) == (1, 2)
    assert desk.filler.holes(BTC, HOUR) == ()
    desk.venue.asked.clear()
    assert desk.filler.repair(BTC, HOUR).calls == 0
    assert desk.venue.asked == []


def test_a_gap_is_never_filled_with_the_neighbours_bar() -> None:
    desk = Desk(ScriptedVenue({BTC: without(4)}), stored=without(4))
    desk.filler.repair(BTC, HOUR)
    assert 4 not in desk.stored()


def test_scattered_holes_cost_few_calls() -> None:
    desk = Desk(ScriptedVenue({BTC: rows(20)}), stored=without(3, 5, 7, 15))
    assert desk.filler.repair(BTC, HOUR).calls == 2


def test_nothing_is_marked_empty_after_a_garbled_answer() -> None:
    desk = Desk(ScriptedVenue(answers=["<html>"]), stored=without(4))
    filled = desk.filler.repair(BTC, HOUR)
    assert (filled.marked_empty, filled.quarantined) == (0, 6)


def test_a_bar_that_came_but_was_quarantined_is_not_marked_empty() -> None:
    desk = Desk(ScriptedVenue({BTC: [row(4, low=-1.0)]}), stored=without(4))
    filled = desk.filler.repair(BTC, HOUR)
    assert (filled.marked_empty, filled.quarantined) == (0, 1)


def test_a_hole_so_young_that_the_bar_may_still_come_is_not_marked() -> None:
    desk = Desk(ScriptedVenue({BTC: without(16, 18)}), stored=without(16, 18))
    assert desk.filler.repair(BTC, HOUR).marked_empty == 1
    assert [gap.first for gap in desk.filler.holes(BTC, HOUR)] == [at(18)]


def test_a_repair_leaves_bars_that_were_there_as_they_are() -> None:
    other = [row(i, 105.0) for i in range(20)]
    desk = Desk(ScriptedVenue({BTC: other}), stored=without(4, 6))
    desk.filler.repair(BTC, HOUR)
    with desk.units(read_only=True) as unit:
        closes = list(unit.candles.between("test", BTC, HOUR, at(3), at(8)).close)
    assert closes == [100.0, 105.0, 100.0, 105.0, 100.0]


def test_nothing_stored_has_no_holes() -> None:
    assert Desk(ScriptedVenue()).filler.holes(BTC, HOUR) == ()
