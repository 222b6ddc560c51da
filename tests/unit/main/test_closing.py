"""Closes that wait for a venue, and a desk that does not."""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from types import SimpleNamespace
from typing import cast

import pytest

from engine.domain.market import Symbol, Timeframe
from engine.market.collect import Collected, Freshness
from main.closing import DueCloses
from main.compose import OpenDesk
from tests.fakes.desk_builder import OWNER, Bench, build
from tests.fakes.units import FakeUnits


class HangingVenue:
    """Collects nothing until it is let."""

    def __init__(self) -> None:
        self.is_asked = threading.Event()
        self.may_answer = threading.Event()

    def collect(
        self, symbols: Iterable[Symbol], timeframe: Timeframe, due_close: datetime
    ) -> tuple[Collected, ...]:
        self.is_asked.set()
        self.may_answer.wait()
        return tuple(
            Collected(
                symbol=symbol,
                timeframe=timeframe,
                due_close=due_close,
                freshness=Freshness.FRESH,
            )
            for symbol in symbols
        )


@pytest.fixture
def venue() -> Iterator[HangingVenue]:
    made = HangingVenue()
    yield made
    made.may_answer.set()


@pytest.fixture
def bench(venue: HangingVenue) -> Bench:
    return build(FakeUnits()).restart(collect=venue.collect)


@pytest.fixture
def worker() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as thread:
        yield thread


@pytest.fixture
def timer() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as thread:
        yield thread


def closes_of(bench: Bench, worker: ThreadPoolExecutor) -> DueCloses:
    """What ``run`` has for a real venue: only what it reads of an open desk is there."""
    desk = SimpleNamespace(
        assembled=bench.assembled,
        units=bench.units,
        market=SimpleNamespace(simulated=None),
        settings=SimpleNamespace(market=SimpleNamespace(settle_delay_s=0)),
    )
    return DueCloses(cast("OpenDesk", desk), worker=worker)


def noted(bench: Bench) -> object:
    with bench.units(read_only=True) as unit:
        return unit.desk.note("last_close:bench:1h")


def test_a_kill_is_done_while_candles_are_waited_for(
    bench: Bench, venue: HangingVenue, worker: ThreadPoolExecutor, timer: ThreadPoolExecutor
) -> None:
    closes = closes_of(bench, worker)
    closes.open()
    closing = timer.submit(closes.run)
    venue.is_asked.wait()
    killed = worker.submit(bench.assembled.desk.kill, OWNER.user_id).result()
    assert killed.done
    assert not closing.done()
    venue.may_answer.set()
    assert closing.result() == "1 closes, 0 markets late"
    assert noted(bench) is not None


def test_a_close_cut_off_by_a_stop_is_left_for_the_next_start(
    bench: Bench, venue: HangingVenue, worker: ThreadPoolExecutor, timer: ThreadPoolExecutor
) -> None:
    closes = closes_of(bench, worker)
    closes.open()
    closing = timer.submit(closes.run)
    venue.is_asked.wait()
    closes.stop()
    venue.may_answer.set()
    assert closing.result() == "stopped"
    assert noted(bench) is None


def test_nothing_is_closed_before_history_is_there(
    bench: Bench, venue: HangingVenue, worker: ThreadPoolExecutor
) -> None:
    venue.may_answer.set()
    assert closes_of(bench, worker).run() == "waiting for the venue"
    assert not venue.is_asked.is_set()
