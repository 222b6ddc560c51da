import threading
from collections.abc import Sequence
from datetime import datetime

from engine.clock import ReplayClock
from engine.domain.errors import UnknownSymbolError, VenueUnavailableError
from engine.domain.market import Symbol, Timeframe
from engine.market.collect import CandleCollector, Collected, Freshness
from engine.market.policy import MarketPolicy
from tests.fakes.units import FakeUnits
from tests.unit.market.candles import (
    BTC,
    ETH,
    HOUR,
    START,
    Row,
    ScriptedVenue,
    at,
    row,
    rows,
    series_of,
)

POLICY = MarketPolicy(backfill_bars=10, page_bars=4)


class Desk:
    """A collector over a store in memory and a scripted venue."""

    def __init__(self, venue: ScriptedVenue, policy: MarketPolicy = POLICY) -> None:
        self.units = FakeUnits()
        self.clock = ReplayClock(START)
        self.venue = venue
        self.collector = CandleCollector(
            units=self.units, source=venue, venue="test", clock=self.clock, policy=policy
        )

    def collect(self, hours: int, seconds_later: float = 2) -> Collected:
        self.clock.move_to(max(self.clock.now(), at(hours + seconds_later / 3600)))
        (outcome,) = self.collector.collect([BTC], HOUR, at(hours))
        return outcome

    def stored(self) -> list[float]:
        with self.units(read_only=True) as unit:
            return list(unit.candles.between("test", BTC, HOUR, at(-99), at(99)).close)

    def quarantined(self) -> list[str]:
        with self.units(read_only=True) as unit:
            return [kept.reason for kept in unit.quarantine.recent(99)]


def test_the_bar_of_the_close_makes_a_symbol_fresh() -> None:
    desk = Desk(ScriptedVenue({BTC: rows(5)}))
    outcome = desk.collect(5)
    assert outcome.is_fresh
    assert outcome.stored == 5
    assert len(desk.stored()) == 5


def test_the_forming_bar_is_not_stored() -> None:
    desk = Desk(ScriptedVenue({BTC: rows(6)}))
    assert desk.collect(5).is_fresh
    assert len(desk.stored()) == 5


def test_only_what_came_after_the_last_stored_bar_is_asked_for() -> None:
    desk = Desk(ScriptedVenue({BTC: rows(9)}))
    desk.collect(5)
    desk.venue.asked.clear()
    assert desk.collect(6).stored == 1
    assert desk.venue.asked == [(at(5), 1)]


def test_the_same_close_again_asks_the_venue_nothing() -> None:
    desk = Desk(ScriptedVenue({BTC: rows(5)}))
    desk.collect(5)
    desk.venue.asked.clear()
    assert desk.collect(5).is_fresh
    assert desk.venue.asked == []


def test_history_is_fetched_in_pages_whatever_the_venue_caps_them_at() -> None:
    desk = Desk(ScriptedVenue({BTC: rows(10)}, cap=3))
    assert desk.collect(10).stored == 10
    assert [limit for _, limit in desk.venue.asked] == [4, 4, 4, 1]


def test_a_long_absence_is_caught_up_only_as_far_as_the_policy_says() -> None:
    desk = Desk(ScriptedVenue({BTC: rows(40)}))
    desk.collect(5)
    assert desk.collect(30).is_fresh
    assert len(desk.stored()) == 5 + 10


def test_a_bar_that_has_not_come_yet_is_late() -> None:
    outcome = Desk(ScriptedVenue({BTC: rows(4)})).collect(5)
    assert outcome.freshness is Freshness.LATE
    assert outcome.detail == "newest bar opened 2024-03-01 03:00 UTC"


def test_a_venue_without_any_bar_is_late() -> None:
    outcome = Desk(ScriptedVenue()).collect(5)
    assert (outcome.freshness, outcome.detail) == (Freshness.LATE, "the venue has no bar yet")


def test_a_late_bar_makes_the_symbol_fresh_when_it_comes() -> None:
    desk = Desk(ScriptedVenue({BTC: rows(4)}))
    desk.collect(5)
    desk.venue.bars[BTC].append(row(4))
    assert desk.collect(5, seconds_later=60).is_fresh


def test_a_quarantined_newest_bar_blocks_the_symbol_until_a_clean_one_comes() -> None:
    desk = Desk(ScriptedVenue({BTC: [*rows(4), row(4, low=-1.0)]}))
    outcome = desk.collect(5)
    assert (outcome.freshness, outcome.quarantined) == (Freshness.QUARANTINED, 1)
    assert "price not positive" in outcome.detail
    assert desk.collect(5, seconds_later=60).freshness is Freshness.QUARANTINED
    desk.venue.bars[BTC][4] = row(4)
    assert desk.collect(5, seconds_later=120).is_fresh
    assert desk.quarantined() != []


def test_an_html_page_blocks_the_symbol_and_stores_nothing() -> None:
    desk = Desk(ScriptedVenue(answers=["<html>", "<html>", "<html>"]))
    outcome = desk.collect(5)
    assert outcome.freshness is Freshness.QUARANTINED
    assert desk.stored() == []
    assert set(desk.quarantined()) == {"not a row of numbers but str"}


def test_a_jump_that_a_second_answer_repeats_is_stored() -> None:
    desk = Desk(ScriptedVenue({BTC: [*rows(2), row(2, 500.0)]}))
    assert desk.collect(3).is_fresh
    assert desk.quarantined() == []


def test_a_jump_taken_back_is_quarantined_and_its_correction_stored() -> None:
    good = rows(3)
    venue = ScriptedVenue(answers=[[*good[:2], row(2, 500.0)], good])
    desk = Desk(venue, MarketPolicy(backfill_bars=10))
    assert desk.collect(3).is_fresh
    assert desk.stored() == [100.0, 100.0, 100.0]
    assert len(desk.quarantined()) == 1


def test_an_unconfirmed_jump_is_stored_once_the_next_bar_confirms_it() -> None:
    desk = Desk(ScriptedVenue({BTC: rows(2)}))
    desk.collect(2)
    desk.venue.answers = [[row(2, 500.0)], [row(2, 600.0)]]
    assert desk.collect(3).freshness is Freshness.QUARANTINED
    desk.venue.bars[BTC] += [row(2, 500.0), row(3, 505.0)]
    assert desk.collect(4).is_fresh
    assert desk.stored() == [100.0, 100.0, 500.0, 505.0]


def test_a_venue_that_fails_costs_only_its_own_symbol() -> None:
    venue = ScriptedVenue(
        {ETH: rows(3)}, answers=[VenueUnavailableError("test", "timed out after 10 s")]
    )
    desk = Desk(venue)
    desk.clock.move_to(at(3))
    btc, eth = desk.collector.collect([BTC, ETH], HOUR, at(3))
    assert btc.freshness is Freshness.VENUE_ERROR
    assert "timed out after 10 s" in btc.detail
    assert eth.is_fresh


def test_symbols_asked_for_at_once_come_in_their_order_and_alone() -> None:
    """The venue answers the last symbol first, and one of them with an error."""
    symbols = [Symbol(f"C{number}", "USDT") for number in range(4)]
    venue = BackwardVenue({symbol: rows(3, 100.0 + n) for n, symbol in enumerate(symbols)})
    venue.broken = symbols[1]
    units = FakeUnits()
    collector = CandleCollector(
        units=units, source=venue, venue="test", clock=ReplayClock(at(3)), policy=POLICY, lanes=4
    )
    outcomes = collector.collect(symbols, HOUR, at(3))
    assert venue.answered == [*reversed(symbols)]
    assert [one.symbol for one in outcomes] == symbols
    assert [one.is_fresh for one in outcomes] == [True, False, True, True]
    with units(read_only=True) as unit:
        stored = [unit.candles.between("test", s, HOUR, START, at(9)).close for s in symbols]
    assert [list(closes) for closes in stored] == [[100.0] * 3, [], [102.0] * 3, [103.0] * 3]


class BackwardVenue(ScriptedVenue):
    """Answers no symbol before the one after it has been answered."""

    def __init__(self, bars: dict[Symbol, list[Row]]) -> None:
        super().__init__(bars)
        self.broken: Symbol | None = None
        self.answered: list[Symbol] = []
        self._turns = {symbol: threading.Event() for symbol in bars}
        self._turns[max(bars)].set()

    def raw_candles(
        self, symbol: Symbol, timeframe: Timeframe, *, since: datetime | None, limit: int
    ) -> Sequence[object]:
        self._turns[symbol].wait()
        try:
            if symbol == self.broken:
                raise VenueUnavailableError("test", "timed out")
            return super().raw_candles(symbol, timeframe, since=since, limit=limit)
        finally:
            self.answered.append(symbol)
            for earlier in sorted(self._turns)[: sorted(self._turns).index(symbol)][-1:]:
                self._turns[earlier].set()


def test_an_unknown_symbol_is_a_value_too() -> None:
    desk = Desk(ScriptedVenue(answers=[UnknownSymbolError("test", "no market BTC/USDT")]))
    assert desk.collect(3).freshness is Freshness.VENUE_ERROR


def test_rows_before_what_was_asked_for_do_not_rewrite_history() -> None:
    desk = Desk(ScriptedVenue({BTC: rows(2)}))
    desk.collect(2)
    desk.venue.answers = [[row(1, 111.0), row(2, 102.0)]]
    assert desk.collect(3).is_fresh
    assert desk.stored() == [100.0, 100.0, 102.0]


def test_stored_candles_serve_a_close_without_a_venue() -> None:
    desk = Desk(ScriptedVenue())
    with desk.units() as unit:
        unit.candles.add("test", BTC, HOUR, series_of(rows(8)))
        unit.commit()
    assert desk.collect(5).is_fresh
    assert desk.venue.asked == []
