"""Prices and bars that an alert on BTC/USDT > 105 meets, for a process that dies on the way.

Four crossings: a polled one that its bar shows again, a polled one, a spike that only a bar shows,
and a polled one. Every step may be taken twice: a process that comes back begins with the step at
which the one before it died.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.domain.market import CandleSeries
from tests.fakes.desk_builder import BTC, H1, START, VENUE, Bench, bar

TEXT = "BTC/USDT > 105"
TOLD = ("106", "107", "108.0", "106.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """At a moment either a price is polled, or the bar that ends then is stored."""

    minutes: int
    price: str = ""
    bar: str = ""

    @property
    def at(self) -> datetime:
        """When it is."""
        return START + timedelta(minutes=self.minutes)


STEPS = (
    Step(minutes=20, price="101"),
    Step(minutes=40, price="106"),
    Step(minutes=60, bar="100 106.5 99 101"),
    Step(minutes=80, price="107"),
    Step(minutes=100, price="104"),
    Step(minutes=120, bar="101 107 100 103"),
    Step(minutes=180, bar="103 108 102 103"),
    Step(minutes=200, price="106.5"),
    Step(minutes=240, bar="103 107 102 106"),
)


def walk(bench: Bench, start: int = 0, *, after: Callable[[], object] = lambda: None) -> None:
    """Take the steps from ``start`` on, looking at the alerts after each."""
    for step in STEPS[start:]:
        take(bench, step)
        after()


def take(bench: Bench, step: Step) -> None:
    """One step, and a look."""
    behind_s = (step.at - bench.clock.now()).total_seconds()
    bench.advance(seconds=max(0.0, behind_s))
    watcher = bench.assembled.alert_watcher
    if step.bar:
        bench.market.silence(BTC)
        with bench.units() as unit:
            series = CandleSeries.of([bar(step.at - H1.delta, step.bar)])
            unit.candles.add(VENUE, BTC, H1, series)
            unit.commit()
    else:
        watcher.look()  # whatever is followed from now on
        bench.market.set_price(BTC, step.price)
    bench.assembled.prices.poll()
    watcher.look()
