"""The running desk: chat, schedule and health around one desk, until it is told to stop.

lock → recover → chat opens → history is filled → jobs run; SIGTERM and SIGINT end it with
everything committed. A start is a recovery: there is no other recovery code.

Threads: the event loop talks (chat, timers, models); one worker thread calls the desk, so that its
use cases never overlap; one more fills history, which may take minutes, and one asks for prices.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from pydantic import TypeAdapter

from db.llm_store import SqlLlmStore
from engine.clock import SystemClock
from engine.desk.closes import CloseKeeper
from engine.desk.delivery.digest import DailyDigest
from engine.desk.due import is_due
from engine.desk.monitor import Monitor
from engine.desk.narrate import keep_words, without_words
from engine.desk.proofs import DriftWatch
from engine.desk.tell import tell, tell_notice
from engine.desk.warm import warm_up
from engine.domain.desk import Delivery, Json, Priority
from engine.domain.errors import VenueUnavailableError, WriterLockHeldError
from engine.domain.values import to_ms
from engine.domain.views import StatusView
from engine.market.collect import Collected
from engine.schedule.jobs import DeskSchedule, Job, JobRunner
from llm import LlmPolicy, build_gateway, build_narrator
from llm.ports import BudgetGrant
from main.chatting import Write, open_chat
from main.compose import OpenDesk, backfill, held_time_key, settle_delay
from main.health import HealthServer
from main.research_worker import ResearchWorker

_log = structlog.get_logger()
_MARKET_EVERY_S = 1.0
_SIMULATED_EVERY_S = 0.2
_WORDS_EVERY_S = 2.0
_ASKED_EVERY_S = 1.0
_RESEARCH_EVERY_S = 1.0
_LOCK_EVERY_S = 5.0
_PATIENCE_S = 3.0
_FINISH_S = 5.0
_PROGRESS_EVERY = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Which halves of the desk this process runs."""

    engine: bool = True
    bot: bool = True


class RunningDesk:
    """One process of the desk."""

    def __init__(
        self,
        desk: OpenDesk,
        *,
        roles: Roles,
        lines: Iterable[str],
        write: Write,
        keep_alone: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._roles = roles
        self._write = write
        self._keep_alone = keep_alone
        self._loop: asyncio.AbstractEventLoop | None = None
        self._worker = ThreadPoolExecutor(1, "desk")
        self._filler = ThreadPoolExecutor(1, "history")
        self._poller = ThreadPoolExecutor(1, "prices")
        assembled = desk.assembled
        self._context = assembled.context
        self._closes = CloseKeeper(
            assembled.context, assembled.cycle, settle_delay=settle_delay(desk)
        )
        self._monitor = Monitor(assembled.context, assembled.entries, assembled.paper)
        self._drift = DriftWatch(assembled.context)
        self._digest = DailyDigest(assembled.context, assembled.desk.delivery.policy)
        self._research = ResearchWorker(desk.settings, desk.units, desk.market.wall)
        self._chat = (
            open_chat(desk, worker=self._worker, lines=lines, write=write) if roles.bot else None
        )
        self._runner = JobRunner(units=desk.units, wall=desk.market.wall, worker=self._worker)
        self._recurring = self._jobs()
        self._schedule = DeskSchedule(self._runner, self._recurring, self._after_job)
        self._health = HealthServer(desk.settings.health, self._read_status)
        policy = TypeAdapter(LlmPolicy).validate_python(asdict(desk.settings.llm))
        store = SqlLlmStore(desk.units, grant=BudgetGrant)
        self._gateway = build_gateway(policy, store, SystemClock()) if policy.providers else None
        self._narrator = build_narrator(policy, self._gateway)
        self._narrating = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._held_ms: int | None = None
        self._collected: tuple[Collected, ...] = ()

    async def run(self) -> None:
        """Run until ``stop``; everything that was begun is ended or committed."""
        self._loop = asyncio.get_running_loop()
        if self._roles.engine:
            await self._recover()
        chat = asyncio.create_task(self._chat.run()) if self._chat else None
        try:
            await self._health.start()
            await self._run_until_told()
        finally:
            self._schedule.stop()
            self._desk.market.close()
            if self._chat is not None and chat is not None:
                await self._chat.stop()
                await chat
            await self._health.stop()
            if self._gateway is not None:
                await self._gateway.aclose()
            await self._end_threads()

    def stop(self) -> None:
        """End ``run``; from a signal handler on the event loop."""
        self._stopping.set()

    async def _run_until_told(self) -> None:
        """A stop counts from the first moment: filling the first history may take minutes."""
        stopping = asyncio.create_task(self._stopping.wait())
        if self._roles.engine:
            starting = asyncio.create_task(self._start_engine())
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                starting.cancel()
            else:
                starting.result()
        await stopping

    async def _end_threads(self) -> None:
        """Wait for what the worker has begun, but not for a venue that hangs."""
        self._filler.shutdown(wait=False, cancel_futures=True)
        self._poller.shutdown(wait=False, cancel_futures=True)
        ended = asyncio.get_running_loop().run_in_executor(None, self._end_worker)
        await asyncio.wait({ended}, timeout=_FINISH_S)

    def _end_worker(self) -> None:
        """The thread first, which starts research processes, so that none is left over."""
        self._worker.shutdown(wait=True, cancel_futures=True)
        self._research.stop()

    async def _recover(self) -> None:
        """Agree with the venue before anybody may press a button."""
        loop = asyncio.get_running_loop()
        recovered = await loop.run_in_executor(self._worker, self._monitor.recover)
        await loop.run_in_executor(self._worker, self._research.recover)
        if recovered:
            await self._notice("recovered", {"orders": len(recovered)})

    async def _start_engine(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._filler, lambda: backfill(self._desk, self._progress()))
        await self._warm_up()
        count = len(self._context.symbols)
        await self._notice("desk_started", {"venue": self._context.venue, "count": count})
        await loop.run_in_executor(self._worker, self._runner.announce, self._recurring)
        self._schedule.start()

    async def _warm_up(self) -> None:
        """Compile what decides and fills, so that no close and no press waits for it."""
        loop = asyncio.get_running_loop()
        scanner, paper = self._desk.assembled.scanner, self._desk.assembled.paper

        def work() -> None:
            warm_up(self._context, scanner)
            paper.warm_up()

        warming = loop.run_in_executor(self._worker, work)
        done, _ = await asyncio.wait({warming}, timeout=_PATIENCE_S)
        if not done:
            self._write("Compiling the decision path; the first start takes up to a minute …")
        await warming

    def _jobs(self) -> tuple[Job, ...]:
        every, questions = self._desk.settings.schedule, self._desk.assembled.questions
        changes, factors = self._desk.assembled.desk.changes, self._desk.assembled.desk.factors
        closes_every_s = _SIMULATED_EVERY_S if self._desk.market.simulated else _MARKET_EVERY_S
        return (
            Job(name="closes", every_s=closes_every_s, work=self._run_closes),
            Job(
                name="expiry",
                every_s=every.expiry_every_s,
                work=lambda: (
                    f"{questions.expire() + changes.expire()} expired, "
                    f"{questions.ask_again()} asked again, {questions.remind()} reminded, "
                    f"{factors.tidy()} codes too late"
                ),
            ),
            Job(
                name="monitor",
                every_s=every.monitor_every_s,
                work=lambda: (
                    f"{self._monitor.look_up_lost()} looked up, "
                    f"{self._monitor.watch_prices()} changed, "
                    f"{self._monitor.watch_protection()} unprotected, "
                    f"{self._monitor.cancel_stale()} cancelled"
                ),
            ),
            Job(
                name="snapshot",
                every_s=every.snapshot_every_s,
                work=lambda: f"equity {self._monitor.snapshot().equity_quote:.2f}",
                may_run_now=True,
            ),
            Job(
                name="gaps",
                every_s=every.gap_check_every_s,
                work=self._check_gaps,
                may_run_now=True,
            ),
            Job(name="digest", every_s=every.health_every_s, work=self._digest.look),
            Job(
                name="market",
                every_s=every.health_every_s,
                work=self._check_market,
                may_run_now=True,
            ),
            *self._alert_jobs(),
            Job(name="lock", every_s=_LOCK_EVERY_S, work=self._check_alone),
            Job(name="research", every_s=_RESEARCH_EVERY_S, work=self._research.look),
            Job(
                name="drift",
                every_s=every.health_every_s,
                work=self._drift.look,
                may_run_now=True,
            ),
            Job(
                name="shadows",
                every_s=every.health_every_s,
                work=self._desk.assembled.shadows.look,
                may_run_now=True,
            ),
            Job(name="words", every_s=_WORDS_EVERY_S, work=lambda: "awake"),
            Job(
                name="asked",
                every_s=_ASKED_EVERY_S,
                work=lambda: self._runner.run_asked(self._recurring),
            ),
        )

    def _alert_jobs(self) -> tuple[Job, ...]:
        """Asking for prices waits for the venue; looking at alerts does not."""
        assembled, polled_s = self._desk.assembled, self._desk.settings.alerts.poll_every_s
        every_s = min(polled_s, _MARKET_EVERY_S) if self._desk.market.simulated else polled_s
        return (
            Job(
                name="prices",
                every_s=every_s,
                work=assembled.prices.poll,
                thread=self._poller,
            ),
            Job(
                name="alerts",
                every_s=every_s,
                work=assembled.alert_watcher.look,
                may_run_now=True,
            ),
        )

    def _check_market(self) -> str:
        """A venue of which nothing came at the newest close is a failure that people see."""
        late = [one for one in self._collected if not one.is_fresh]
        if late and len(late) == len(self._collected):
            detail = f"no candle of any market at {late[0].due_close:%Y-%m-%d %H:%M} UTC"
            raise VenueUnavailableError(self._context.venue, f"{detail}; {late[0].detail}")
        return f"{len(late)} markets late"

    def _check_alone(self) -> str:
        """A database that restarts forgets its lock; whoever has lost it to another stops."""
        try:
            self._keep_alone()
        except WriterLockHeldError as err:
            _log.critical("another_engine_has_taken_over", holder=str(err))
            assert self._loop is not None  # jobs run inside `run`
            self._loop.call_soon_threadsafe(self.stop)
            raise
        return "alone"

    def _run_closes(self) -> str:
        """Run what is due; a simulated market waits for the desk, and for people."""
        clock = self._desk.market.simulated
        if clock is not None and not clock.is_held:
            clock.hold()
        self._desk.assembled.desk.changes.take_up()
        try:
            reports = self._closes.run_due()
        finally:
            if clock is not None and self._is_asking():
                self._note_held_time()
            elif clock is not None:
                clock.release()
        if reports:
            self._collected = reports[-1].collected
        late = sum(not one.is_fresh for report in reports for one in report.collected)
        return f"{len(reports)} closes, {late} markets late"

    def _note_held_time(self) -> None:
        """So that a press in another process is priced at the moment the market stands at."""
        held_ms = to_ms(self._context.clock.now())
        if held_ms == self._held_ms:
            return
        with self._desk.units() as unit:
            unit.desk.put_note(held_time_key(self._context.venue), held_ms)
            unit.commit()
        self._held_ms = held_ms

    def _is_asking(self) -> bool:
        with self._desk.units(read_only=True) as unit:
            return bool(unit.approvals.pending())

    def _check_gaps(self) -> str:
        frame = self._context.timeframe
        holes = sum(len(self._desk.filler.holes(s, frame)) for s in self._context.symbols)
        return f"{holes} absent bars"

    async def _after_job(self, name: str) -> None:
        if self._chat is not None:
            self._chat.wake()
        if name == "words" and not self._narrating.locked():
            async with self._narrating:
                await self._put_into_words()

    async def _put_into_words(self) -> None:
        """Ask the narrator for the words that open questions lack; the answers arrive by edit."""
        loop = asyncio.get_running_loop()
        waiting = await loop.run_in_executor(self._worker, without_words, self._context)
        for decision in waiting:
            words = await self._narrator.explain(
                decision, language=self._desk.settings.app.language
            )
            keep = partial(
                keep_words,
                self._context,
                decision.id,
                words.text,
                is_from_model=words.is_from_model,
            )
            await loop.run_in_executor(self._worker, keep)

    async def _read_status(self) -> StatusView:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self._desk.assembled.desk.status)

    async def _notice(self, text: str, values: dict[str, Json]) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._worker, self._queue_notice, text, values)

    def _queue_notice(self, text: str, values: dict[str, Json]) -> None:
        now = self._desk.market.wall.now()
        with self._desk.units() as unit:
            tell_notice(unit, text, values, cause=now.isoformat(), at=now, priority=Priority.ANSWER)
            unit.commit()
        if self._chat is not None:
            self._chat.wake()

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
