"""What a start waits for: the venue's rules, then its history. People are told meanwhile.

``reach`` (one question) → ``wait`` (again and again, while it is away) → ``fill``. Until the venue
has been heard the desk runs on remembered rules and enters nothing; everything else works as far as
it can without prices. A start that depended on somebody else's server would leave positions without
anybody to watch them.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from datetime import datetime, timedelta

import structlog

from engine.desk.due import is_due
from engine.desk.tell import tell, tell_notice
from engine.domain.desk import Delivery, JobRun, Json, Priority
from engine.domain.errors import UnknownSymbolError, VenueError
from engine.domain.market import MarketRules, Symbol
from engine.market.known_rules import ask_rules, keep_rules, recall_rules
from main.compose import OpenDesk, backfill

_log = structlog.get_logger()
_JOB = "venue"
_FIRST_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 60.0
_PROGRESS_EVERY = timedelta(seconds=2)


class Opening:
    """Brings a desk from its start to the moment at which it may trade.

    ``worker`` is the desk's thread, ``filler`` one that may wait for the venue. Only the engine's
    process ``leads``: the other one waits for the venue in silence. ``wake`` hurries the chat;
    ``say`` shows a notice in a terminal that is not the chat itself.
    """

    def __init__(
        self,
        desk: OpenDesk,
        *,
        worker: Executor,
        filler: Executor,
        wake: Callable[[], None],
        say: Callable[[str, Mapping[str, Json]], None] | None,
        leads: bool,
    ) -> None:
        self._desk = desk
        self._worker = worker
        self._filler = filler
        self._wake = wake
        self._say = say
        self._leads = leads
        self._failures = 0

    async def reach(self) -> bool:
        """Ask the venue once, and take its rules up; whether it has answered.

        A market that it does not have is an error as long as nothing else was wrong: people who
        have just misspelt one are still looking. Later it is one more reason to wait.
        """
        if self._desk.parts.is_heard:
            return True
        loop = asyncio.get_running_loop()
        try:
            rules = await loop.run_in_executor(self._filler, self._ask)
        except VenueError as err:
            if isinstance(err, UnknownSymbolError) and not self._failures:
                raise
            await loop.run_in_executor(self._worker, self._missed, err)
            return False
        await loop.run_in_executor(self._worker, self._heard, rules)
        return True

    async def wait(self) -> None:
        """Ask again with growing pauses until the venue answers."""
        pause_s = _FIRST_PAUSE_S
        while True:
            await asyncio.sleep(pause_s)
            if await self.reach():
                return
            pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)

    async def fill(self) -> None:
        """Fetch the history that the indicators need."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._filler, lambda: backfill(self._desk, self._progress()))

    def _ask(self) -> Mapping[Symbol, MarketRules]:
        market = self._desk.market
        known = recall_rules(self._desk.units, market.name)
        return ask_rules(market.source, market.symbols, known)

    def _heard(self, rules: Mapping[Symbol, MarketRules]) -> None:
        self._desk.assembled.hear(rules)
        keep_rules(self._desk.units, self._desk.market.name, rules)
        if not self._leads:
            return
        now = self._desk.market.wall.now()
        self._mark_mended(now)
        if self._failures:
            self._tell("venue_back", {}, now)

    def _missed(self, err: VenueError) -> None:
        now, detail = self._desk.market.wall.now(), f"{type(err).__name__}: {err}"
        is_first = not self._failures
        self._failures += 1
        _log.warning("venue_away", venue=err.venue, failures=self._failures, detail=detail)
        if self._leads:
            run = JobRun(
                name=_JOB, finished_at=now, ok=False, detail=detail, failures=self._failures
            )
            with self._desk.units() as unit:
                unit.desk.put_job_run(run)
                unit.commit()
            if is_first:
                self._tell("venue_away", {"detail": detail}, now)

    def _mark_mended(self, now: datetime) -> None:
        """What a status shows as failing, since this start or an earlier one."""
        with self._desk.units() as unit:
            if any(run.name == _JOB and not run.ok for run in unit.desk.job_runs()):
                unit.desk.put_job_run(JobRun(name=_JOB, finished_at=now, ok=True))
                unit.commit()

    def _tell(self, text: str, values: dict[str, Json], now: datetime) -> None:
        values = {"venue": self._desk.market.name, **values}
        with self._desk.units() as unit:
            tell_notice(unit, text, values, cause=now.isoformat(), at=now)
            unit.commit()
        self._wake()
        if self._say is not None:
            self._say(text, values)

    def _progress(self) -> Callable[[int, int, datetime], None]:
        """Tells the chat how far the first history is, at most every two seconds."""
        wall = self._desk.market.wall
        began = told = wall.now()

        def watch(done: int, total: int, _: datetime) -> None:
            nonlocal told
            now = wall.now()
            if not is_due(told, now, _PROGRESS_EVERY) and not (done == total and told > began):
                return
            told = now
            eta_s = int((now - began).total_seconds() * (total - done) / done)
            with self._desk.units() as unit:
                tell(
                    unit,
                    kind="backfill",
                    subject=f"backfill:{began.isoformat()}",
                    cause=str(done),
                    payload={"done": done, "total": total, "eta_s": eta_s},
                    at=now,
                    priority=Priority.DIGEST,
                    delivery=Delivery.EDIT,
                )
                unit.commit()

        return watch
