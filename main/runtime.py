"""The running desk: chat, schedule and health around one desk, until it is told to stop.

lock → the venue is heard → recover → chat opens → history is filled → jobs run; SIGTERM and SIGINT
end it with everything committed. A start is a recovery: there is no other recovery code. A venue
that is away is not waited for: the jobs run without it, and closes are made up for with their bars.

Threads: the event loop talks (chat, timers, models); one worker thread calls the desk, so that its
use cases never overlap, and waits for no venue (docs/decisions/0019); one more fills history and
other timeframes, which may take minutes, one collects the bars of closes, one asks for prices, and
one reads the audit trail through and deletes old messages.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial

import structlog
from pydantic import TypeAdapter

from bot.messages.engine_words import failure
from bot.messages.markup import plain
from db.llm_store import SqlLlmStore
from engine.clock import SystemClock
from engine.desk.delivery.digest import DailyDigest
from engine.desk.monitor import Monitor
from engine.desk.narrate import keep_words, without_words
from engine.desk.proofs import DriftWatch
from engine.desk.tell import tell_notice
from engine.desk.warm import warm_up
from engine.domain.desk import Json, Priority
from engine.domain.errors import WriterLockHeldError
from engine.domain.views import StatusView
from engine.schedule.jobs import DeskSchedule, Job, JobRunner
from llm import LlmPolicy, build_gateway, build_narrator
from llm.ports import BudgetGrant
from main.chatting import Write, has_bot, open_chat, terminal_words
from main.closing import DueCloses, frame_jobs
from main.compose import OpenDesk
from main.health import HealthServer
from main.keeping import keeping_jobs
from main.opening import Opening
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
_FIRST_WORD_S = 10.0


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
        self._collector = ThreadPoolExecutor(1, "closes")
        self._keeper = ThreadPoolExecutor(1, "records")
        assembled = desk.assembled
        self._context = assembled.context
        self._closes = DueCloses(desk, worker=self._worker)
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
        self._opening = Opening(
            desk,
            worker=self._worker,
            filler=self._filler,
            wake=self._wake_chat,
            say=self._say if has_bot(desk.settings) or not roles.bot else None,
            leads=roles.engine,
        )

    async def run(self) -> None:
        """Run until ``stop``; everything that was begun is ended or committed."""
        self._loop = asyncio.get_running_loop()
        chat: asyncio.Task[None] | None = None
        reaching = asyncio.create_task(self._opening.reach())
        try:
            await self._give_it_a_moment(reaching)
            if self._roles.engine:
                await self._recover()
            chat = asyncio.create_task(self._chat.run()) if self._chat else None
            await self._health.start()
            await self._run_until_told(reaching)
        finally:
            reaching.cancel()
            self._schedule.stop()
            self._closes.stop()
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
        self._closes.stop()
        self._stopping.set()

    async def _give_it_a_moment(self, reaching: "asyncio.Task[bool]") -> None:
        """A press that waited for the desk to come back should find the venue there as well.

        It would be refused without, and the question ended.
        """
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait(
            {reaching, stopping}, timeout=_FIRST_WORD_S, return_when=asyncio.FIRST_COMPLETED
        )
        stopping.cancel()
        if reaching.done():
            reaching.result()

    async def _run_until_told(self, reaching: "asyncio.Task[bool]") -> None:
        """A stop counts from the first moment: filling the first history may take minutes."""
        stopping = asyncio.create_task(self._stopping.wait())
        starting = asyncio.create_task(
            self._start_engine(reaching) if self._roles.engine else self._hear_venue(reaching)
        )
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
        self._collector.shutdown(wait=False, cancel_futures=True)
        self._keeper.shutdown(wait=False, cancel_futures=True)
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

    async def _start_engine(self, reaching: "asyncio.Task[bool]") -> None:
        is_reached = await reaching
        if not is_reached:
            await self._warm_up()
            await self._start_jobs()
            await self._opening.wait()
        await self._opening.fill()
        await self._warm_up()
        count = len(self._context.symbols)
        loop = asyncio.get_running_loop()
        brake = await loop.run_in_executor(self._worker, self._brake)
        await self._notice(
            "desk_started",
            {
                "venue": self._context.venue,
                "count": count,
                "mode": self._context.mode.value,
                "brake": brake,
            },
        )
        self._closes.open()
        if is_reached:
            await self._start_jobs()

    def _brake(self) -> str:
        """What keeps the desk from new entries at its start, by the name of its sentence."""
        with self._desk.units(read_only=True) as unit:
            controls, risk = unit.desk.controls(), unit.book.risk(self._context.venue)
        if controls.killed:
            return "killed"
        if controls.paused:
            return "paused"
        return "drawdown_latched" if risk is not None and risk.drawdown_latched else ""

    async def _start_jobs(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._worker, self._runner.announce, self._recurring)
        self._schedule.start()

    async def _hear_venue(self, reaching: "asyncio.Task[bool]") -> None:
        """All that a process without the engine has to wait for."""
        if not await reaching:
            await self._opening.wait()

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
            self._write(terminal_words(self._desk.settings).raw("terminal.compiling"))
        await warming

    def _jobs(self) -> tuple[Job, ...]:
        every, questions = self._desk.settings.schedule, self._desk.assembled.questions
        changes, factors = self._desk.assembled.desk.changes, self._desk.assembled.desk.factors
        closes_every_s = _SIMULATED_EVERY_S if self._desk.market.simulated else _MARKET_EVERY_S
        return (
            Job(
                name="closes",
                every_s=closes_every_s,
                work=self._closes.run,
                thread=None if self._desk.market.simulated else self._collector,
            ),
            Job(
                name="expiry",
                every_s=every.expiry_every_s,
                work=lambda: (
                    f"{questions.expire() + changes.expire()} expired, "
                    f"{questions.ask_again()} asked again, "
                    f"{questions.remind() + changes.remind()} reminded, "
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
                work=self._closes.check_market,
                may_run_now=True,
            ),
            *self._alert_jobs(),
            *frame_jobs(self._desk, self._closes, self._filler),
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
            *keeping_jobs(self._desk, self._keeper),
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

    def _check_gaps(self) -> str:
        frame = self._context.timeframe
        holes = sum(len(self._desk.filler.holes(s, frame)) for s in self._context.symbols)
        return f"{holes} absent bars"

    async def _after_job(self, name: str) -> None:
        self._wake_chat()
        if name == "words" and not self._narrating.locked():
            async with self._narrating:
                await self._put_into_words()

    async def _put_into_words(self) -> None:
        """Ask the narrator for the words that open questions lack; the answers arrive by edit."""
        loop = asyncio.get_running_loop()
        waiting = await loop.run_in_executor(self._worker, without_words, self._context)
        for decision in waiting:
            language = self._desk.settings.app.language
            words = await self._narrator.explain(decision, language=language)
            keep = partial(
                keep_words,
                self._context,
                decision.id,
                words.text,
                is_from_model=words.is_from_model,
                language=language,
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
        self._wake_chat()

    def _say(self, text: str, values: Mapping[str, Json]) -> None:
        """Show a notice in this terminal, where the chat is elsewhere."""
        words = terminal_words(self._desk.settings)
        told = {k: failure(words, str(v)) if k == "detail" else v for k, v in values.items()}
        self._write(plain(words(f"notices.{text}", **told)))

    def _wake_chat(self) -> None:
        if self._chat is not None:
            self._chat.wake()
