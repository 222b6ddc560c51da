"""Which closes are still to be run, and running them once each, oldest first.

The last close done is remembered in the database. After a pause of the desk every missed close is
run, because stops have to meet its bars, but only the newest may decide: the prices of the others
are gone. A strategy of another timeframe goes on where the one before it stopped: what lies before
has been met, and the book of then is gone.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from engine.desk.closed import last_close, note_close
from engine.desk.context import DeskContext
from engine.desk.cycle import CloseCycle, CloseReport
from engine.desk.due import due_closes
from engine.market.collect import Collected

type OnDesk = Callable[[Callable[[], CloseReport]], CloseReport]
"""Has a piece of work done where the desk's use cases run, and returns what came of it."""


def _here(work: Callable[[], CloseReport]) -> CloseReport:
    return work()


class CloseKeeper:
    """Runs what is due."""

    def __init__(self, context: DeskContext, cycle: CloseCycle, *, settle_delay: timedelta) -> None:
        self._context = context
        self._cycle = cycle
        self._settle_delay = settle_delay

    def run_due(self, on_desk: OnDesk = _here) -> tuple[CloseReport, ...]:
        """Run every close that is due now; the first start runs the newest one.

        Bars are collected by the caller, who may wait for a venue; the rest is done ``on_desk``.
        """
        now = self._context.clock.now()
        due = tuple(due_closes(self._last(now), now, self._context.timeframe, self._settle_delay))
        reports: list[CloseReport] = []
        for close in due:
            collected = self._cycle.collect(close)
            reports.append(
                on_desk(partial(self._run, close, collected, is_newest=close == due[-1]))
            )
        return tuple(reports)

    def _run(
        self, closed_at: datetime, collected: tuple[Collected, ...], *, is_newest: bool
    ) -> CloseReport:
        report = self._cycle.run(closed_at, collected=collected, decide=is_newest)
        with self._context.units() as unit:
            note_close(unit, self._context.venue, self._context.timeframe, closed_at)
            unit.commit()
        return report

    def _last(self, now: datetime) -> datetime:
        with self._context.units(read_only=True) as unit:
            last = last_close(unit, self._context.venue)
        frame = self._context.timeframe
        return frame.floor(last or now - self._settle_delay - frame.delta)
