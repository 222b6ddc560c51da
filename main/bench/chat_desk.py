"""The desk of ``bench chat``: many markets on stored candles, one owner, one question a close."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from bot.front import ChatDesk
from bot.policy import ChatOptions, Rates, TelegramOptions
from bot.telegram_channel import TelegramChannel
from db.migrate import upgrade
from db.unit_of_work import SqlUnits
from engine.checks.policy import AutomationPolicy
from engine.clock import ReplayClock, SecretTokens, SystemClock
from engine.domain.desk import MessageState, OutboxMessage, Person, Role
from engine.domain.errors import DataError
from engine.domain.ids import DecisionId
from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.domain.secret_text import SecretText
from engine.domain.values import from_ms
from engine.market.derived_rules import derive_rules
from engine.market.replay import ReplayMarket
from engine.ports import Units
from engine.risk.policy import RiskPolicy
from engine.strategy.policy import EntryPolicy, TradingPolicy
from engine.strategy.shipped import score_strategy
from main.assembly import Assembled, Parts, assemble, fund
from main.bench.candles import as_hourly, make_bars, series_of
from main.bench.chat_client import ServiceClient
from main.compose import explain

CHAT = 1001
_VENUE = "bench"
_H1 = Timeframe.H1
_WINDOW_BARS = 620
_DIFFERENT = 20
_MOST_CLOSES = 6
_EVERYTHING = 1_000_000
_AT_ONCE = Rates(global_per_s=1_000, chat_per_s=1_000, group_per_min=60_000)
# Whatever scores at all is asked about, one market at a time.
_EAGER = TradingPolicy(
    entry=EntryPolicy(min_rank_fraction=0.0),
    risk=RiskPolicy(max_open_positions=1, max_daily_loss_fraction=1.0),
    automation=AutomationPolicy(max_entries_per_day=1_000),
)


@dataclass(slots=True, kw_only=True)
class BenchDesk:
    """A running desk and bot; everything that decides runs on the desk's one thread."""

    units: Units
    clock: ReplayClock
    assembled: Assembled
    chat: ChatDesk
    thread: ThreadPoolExecutor
    closed_at: datetime

    async def close_markets(self) -> None:
        """The next close at which the desk has something to ask."""
        loop = asyncio.get_running_loop()
        for _ in range(_MOST_CLOSES):
            self.closed_at += _H1.delta
            self.clock.move_to(self.closed_at)
            await loop.run_in_executor(self.thread, self.assembled.cycle.run, self.closed_at)
            self.chat.wake()
            if self._asks():
                return
        raise DataError(f"nothing to ask at {_MOST_CLOSES} closes")

    async def leave_everything(self) -> None:
        """Close what is held, so that the next close may ask again."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self.thread, self._leave)
        self.chat.wake()

    async def queue(self, messages: Sequence[OutboxMessage]) -> None:
        """Queue messages in one commit."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self.thread, self._queue, messages)
        self.chat.wake()

    def fills(self) -> int:
        """How many fills there are."""
        with self.units(read_only=True) as unit:
            return len(unit.orders.recent_fills(_EVERYTHING))

    def is_calm(self) -> bool:
        """Whether nothing waits to be told or handled."""
        with self.units(read_only=True) as unit:
            counts = unit.outbox.counts()
            waits = (MessageState.PENDING, MessageState.AMBIGUOUS)
            if any(counts.get(state, 0) for state in waits):
                return False
            return not unit.inbox.pending("telegram", 1)

    def newest_question(self) -> DecisionId:
        """The decision that was asked about last."""
        with self.units(read_only=True) as unit:
            (approval,) = unit.approvals.recent(1)
        assert approval.decision_id is not None  # this desk asks about decisions only
        return approval.decision_id

    def now(self) -> datetime:
        """A person's time."""
        return self.assembled.context.wall.now()

    def _asks(self) -> bool:
        with self.units(read_only=True) as unit:
            return bool(unit.approvals.pending())

    def _leave(self) -> None:
        with self.units(read_only=True) as unit:
            held = unit.book.positions(_VENUE)
        for position in held:
            self.assembled.desk.close(
                position.symbol, CHAT, request_id=f"leave-{position.entry_order_id}"
            )

    def _queue(self, messages: Sequence[OutboxMessage]) -> None:
        with self.units() as unit:
            for message in messages:
                unit.outbox.put(message)
            unit.commit()


@asynccontextmanager
async def open_bench_desk(
    folder: Path, client: ServiceClient, *, markets: int, closes: int
) -> AsyncIterator[BenchDesk]:
    """A desk with stored candles for so many closes that ask something."""
    url = f"sqlite:///{folder / 'desk.db'}"
    upgrade(url)
    units = SqlUnits(url)
    candles = _candles(markets, _WINDOW_BARS + _MOST_CLOSES * closes)
    start = from_ms(next(iter(candles.values())).open_ms[_WINDOW_BARS])
    clock = ReplayClock(start)
    assembled = _desk(units, clock, candles)
    with ThreadPoolExecutor(1, "desk") as thread:
        chat = ChatDesk(
            TelegramChannel(
                TelegramOptions(token=SecretText("1:bench"), base_url=f"{client.base_url}/bot")
            ),
            desk=assembled.desk,
            units=units,
            clock=assembled.context.wall,
            desk_thread=thread,
            options=ChatOptions(),
            rates=_AT_ONCE,
        )
        running = asyncio.create_task(chat.run())
        try:
            yield BenchDesk(
                units=units,
                clock=clock,
                assembled=assembled,
                chat=chat,
                thread=thread,
                closed_at=start,
            )
        finally:
            await chat.stop()
            await running
            units.close()


def _candles(markets: int, bars: int) -> dict[Symbol, CandleSeries]:
    made = [as_hourly(series_of(make_bars(bars, seed))) for seed in range(1, _DIFFERENT + 1)]
    return {Symbol(f"S{n:04}", "USDT"): made[n % _DIFFERENT] for n in range(markets)}


def _desk(units: SqlUnits, clock: ReplayClock, candles: dict[Symbol, CandleSeries]) -> Assembled:
    owner = Person(user_id=CHAT, role=Role.OWNER, name="Somebody", chat_id=CHAT)
    with units() as unit:
        unit.desk.put_person(owner)
        for symbol, series in candles.items():
            unit.candles.add(_VENUE, symbol, _H1, series)
        unit.commit()
    rules = {symbol: derive_rules(symbol, series) for symbol, series in candles.items()}
    parts = Parts(
        venue=_VENUE,
        quote="USDT",
        units=units,
        clock=clock,
        wall=SystemClock(),
        market=ReplayMarket(venue=_VENUE, timeframe=_H1, candles=candles, clock=clock, rules=rules),
        rules=rules,
        tokens=SecretTokens(),
        explain=explain,
        start_equity_quote=Decimal(10_000),
        simulated=True,
        policies=_EAGER,
        strategy=replace(score_strategy(), entry=_EAGER.entry, exits=_EAGER.exits),
    )
    assembled = assemble(parts)
    fund(parts, assembled)
    return assembled
