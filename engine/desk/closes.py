"""Which closes are still to be run, and running them once each, oldest first.

The last close done is remembered in the database. After a pause of the desk every missed close is
run, because stops have to meet its bars, but only the newest may decide: the prices of the others
are gone.
"""

from datetime import datetime, timedelta

from engine.desk.context import DeskContext
from engine.desk.cycle import CloseCycle, CloseReport
from engine.desk.due import due_closes
from engine.domain.values import from_ms, to_ms


class CloseKeeper:
    """Runs what is due."""

    def __init__(self, context: DeskContext, cycle: CloseCycle, *, settle_delay: timedelta) -> None:
        self._context = context
        self._cycle = cycle
        self._settle_delay = settle_delay

    def run_due(self) -> tuple[CloseReport, ...]:
        """Run every close that is due now; the first start runs the newest one."""
        now = self._context.clock.now()
        due = tuple(due_closes(self._last(now), now, self._context.timeframe, self._settle_delay))
        return tuple(self._run(close, is_newest=close == due[-1]) for close in due)

    def _run(self, closed_at: datetime, *, is_newest: bool) -> CloseReport:
        report = self._cycle.run(closed_at, decide=is_newest)
        with self._context.units() as unit:
            unit.desk.put_note(self._key, to_ms(closed_at))
            unit.commit()
        return report

    def _last(self, now: datetime) -> datetime:
        with self._context.units(read_only=True) as unit:
            noted = unit.desk.note(self._key)
        if isinstance(noted, int):
            return from_ms(noted)
        frame = self._context.timeframe
        return frame.floor(now - self._settle_delay) - frame.delta

    @property
    def _key(self) -> str:
        return f"last_close:{self._context.venue}:{self._context.timeframe}"
