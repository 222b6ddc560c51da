"""Timeframes beside the strategy's: collected after their closes, and asked for again when late."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from engine.desk.frames import FurtherFrames
from engine.domain.market import Symbol, Timeframe
from engine.market.collect import Collected, Freshness
from tests.fakes.desk_builder import BTC, START, build
from tests.fakes.units import FakeUnits

M15, H1, H4 = Timeframe.M15, Timeframe.H1, Timeframe.H4


class Collector:
    """Remembers what it was asked for; bars of ``late`` symbols have not come."""

    def __init__(self) -> None:
        self.asked: list[tuple[Timeframe, datetime]] = []
        self.late: set[Symbol] = set()

    def __call__(
        self, symbols: Iterable[Symbol], timeframe: Timeframe, due_close: datetime
    ) -> tuple[Collected, ...]:
        self.asked.append((timeframe, due_close))
        return tuple(
            Collected(
                symbol=symbol,
                timeframe=timeframe,
                due_close=due_close,
                freshness=Freshness.LATE if symbol in self.late else Freshness.FRESH,
            )
            for symbol in symbols
        )


def test_every_close_is_collected_once_and_the_strategys_own_not_at_all() -> None:
    bench, collector = build(FakeUnits()), Collector()
    frames = FurtherFrames(bench.assembled.context, collector, (M15, H1, H4))
    bench.advance(minutes=2)
    assert frames.look() == "2 closes, 0 markets late"
    assert frames.look() == "0 closes, 0 markets late"
    assert collector.asked == [(M15, START), (H4, START)]
    bench.advance(minutes=15)
    frames.look()
    assert collector.asked[2:] == [(M15, START + timedelta(minutes=15))]


def test_the_first_minute_after_a_close_belongs_to_the_decision() -> None:
    bench, collector = build(FakeUnits()), Collector()
    bench.advance(seconds=59)
    FurtherFrames(bench.assembled.context, collector, (H4,)).look()
    assert collector.asked == [(H4, START - timedelta(hours=4))]


def test_late_bars_are_asked_for_again_but_not_for_ever() -> None:
    bench, collector = build(FakeUnits()), Collector()
    collector.late = {BTC}
    frames = FurtherFrames(bench.assembled.context, collector, (H4,))
    bench.advance(minutes=2)
    assert [frames.look() for _ in range(5)] == [
        *["1 closes, 1 markets late"] * 3,
        *["0 closes, 0 markets late"] * 2,
    ]
