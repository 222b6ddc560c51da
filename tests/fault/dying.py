"""A desk in a process of its own that kills itself between two commits.

``kill_at`` starts a child on the test's database; the child acts out a scenario and sends itself
SIGKILL just before its n-th commit, so that nothing after the (n−1)-th has happened: no handler
runs, no connection is closed in order. Children are forked from a server that has imported
everything once.
"""

import os
import signal
from collections.abc import Callable
from typing import Any

from db.unit_of_work import SqlUnits
from engine.domain.views import Press
from tests.fakes.desk_builder import BTC, Bench, bar, build
from tests.fakes.watched_units import WatchedUnits
from tests.fault.alert_walk import walk
from tests.fault.children import CHILDREN

_WAIT_S = 60.0


class Death:
    """Counts commits, and kills the process before the ``at``-th."""

    def __init__(self, at: int) -> None:
        self._at = at
        self.commits = 0

    def count(self) -> None:
        self.commits += 1
        if self.commits == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


def _approve(bench: Bench) -> None:
    bench.approve(bench.pending()[0])


def _half(bench: Bench) -> None:
    bench.press(bench.pending()[0], Press.HALF)


def _close(bench: Bench) -> None:
    position = bench.position()
    assert position is not None
    bench.gateway.close(BTC, reason="exit_manual", origin="person", price=position.entry_price)


def _stop(bench: Bench) -> None:
    """The next bar falls through the stop."""
    opened_at = bench.clock.now()
    bench.advance(hours=1)
    closed = bar(opened_at, "100 101 94 96")
    for report in bench.assembled.paper.on_bar(BTC, closed, previous_volume=1e6):
        bench.gateway.settle(report)


def _trail(bench: Bench) -> None:
    position = bench.position()
    assert position is not None
    bench.gateway.move_stop(BTC, position.stop_price + 1)


def _scan(bench: Bench) -> None:
    bench.closes.run_due()


SCENARIOS: dict[str, Callable[[Bench], None]] = {
    "approve": _approve,
    "half": _half,
    "close": _close,
    "stop": _stop,
    "trail": _trail,
    "scan": _scan,
    "alerts": walk,
}


def kill_at(url: str, scenario: str, death: int, **world: Any) -> None:  # noqa: ANN401 - as `build`
    """Act out a scenario in a child that dies before its ``death``-th commit.

    ``world`` are keywords of ``build``. Fails if the child ended in any other way.
    """
    child = CHILDREN.Process(target=_live, args=(url, scenario, death, world))
    child.start()
    child.join(_WAIT_S)
    assert child.exitcode == -signal.SIGKILL, f"the child ended with {child.exitcode}"


def _live(url: str, scenario: str, death: int, world: dict[str, Any]) -> None:
    bench = build(SqlUnits(url), tokens="child", **world)
    counted = Death(death)
    units = WatchedUnits(bench.units, before=counted.count)
    SCENARIOS[scenario](bench.restart(units=units))
    raise AssertionError(f"{scenario} made {counted.commits} commits and lived")
