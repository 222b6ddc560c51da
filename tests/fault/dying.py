"""A desk in a process of its own that kills itself between two commits.

``kill_at`` starts a child on the test's database; the child acts out a scenario and sends itself
SIGKILL just before its n-th commit, so that nothing after the (n−1)-th has happened: no handler
runs, no connection is closed in order. Children are forked from a server that has imported
everything once.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, cast

from db.unit_of_work import SqlUnits
from engine.domain.views import Press
from engine.ports import UnitOfWork, Units
from tests.fakes.desk_builder import BTC, Bench, bar, build

_WAIT_S = 60.0
_children = multiprocessing.get_context("forkserver")
_children.set_forkserver_preload([__name__])


class DyingUnits:
    """Units of a process that dies before the ``death``-th commit of a writing unit."""

    def __init__(self, units: Units, death: int) -> None:
        self._units = units
        self._death = death
        self.commits = 0

    def __call__(self, *, read_only: bool = False) -> UnitOfWork:
        unit = _DyingUnit(self._units(read_only=read_only), self)
        return cast("UnitOfWork", unit)

    def count(self) -> None:
        self.commits += 1
        if self.commits == self._death:
            os.kill(os.getpid(), signal.SIGKILL)


class _DyingUnit:
    def __init__(self, unit: UnitOfWork, owner: DyingUnits) -> None:
        self._unit = unit
        self._owner = owner

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the unit has
        return getattr(self._unit, name)

    def __enter__(self) -> Self:
        self._unit.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._unit.__exit__(kind, error, trace)

    def commit(self) -> None:
        self._owner.count()
        self._unit.commit()


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
}


def kill_at(url: str, scenario: str, death: int, **world: Any) -> None:  # noqa: ANN401 - as `build`
    """Act out a scenario in a child that dies before its ``death``-th commit.

    ``world`` are keywords of ``build``. Fails if the child ended in any other way.
    """
    child = _children.Process(target=_live, args=(url, scenario, death, world))
    child.start()
    child.join(_WAIT_S)
    assert child.exitcode == -signal.SIGKILL, f"the child ended with {child.exitcode}"


def _live(url: str, scenario: str, death: int, world: dict[str, Any]) -> None:
    bench = build(SqlUnits(url), tokens="child", **world)
    units = DyingUnits(bench.units, death)
    SCENARIOS[scenario](bench.restart(units=units))
    raise AssertionError(f"{scenario} made {units.commits} commits and lived")
