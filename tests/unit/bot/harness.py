"""A real desk in a chat: the bench's desk, the bot, and a loopback Telegram or a terminal."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.channel import Channel
from bot.front import ChatDesk
from bot.outbox import Audience
from bot.policy import ChatOptions, Rates, TelegramOptions
from bot.telegram_channel import TelegramChannel
from engine.domain.decisions import CostEstimate, Decision
from engine.domain.desk import MessageState, Person, Role
from engine.domain.market import Symbol
from engine.domain.secret_text import SecretText
from engine.domain.signals import Contribution, Score, Signal
from engine.ports import Units
from tests.fakes.desk_builder import BTC, ETH, PEOPLE, START, Bench, build
from tests.servers.telegram import Message, TelegramServer, User

PATIENT = ChatOptions(answer_within_s=30.0)
"""The machine of a test may be slow: wait for what a press came to instead of "working on it"."""
PATIENCE_S = 60.0
"""How long a test waits for what must come; the first press of a process compiles for a while."""
FAST = Rates(global_per_s=1000, chat_per_s=1000.0, group_per_min=1000)


class TickingClock:
    """A clock that begins at a given time, runs as the world's, and can be moved forward."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._began_s = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._began_s)

    def advance(self, **by: float) -> None:
        self._start += timedelta(**by)


@dataclass(slots=True)
class Talk:
    """A bench with a desk in a chat."""

    bench: Bench
    chat: ChatDesk
    wall: TickingClock
    desk_thread: ThreadPoolExecutor

    async def on_desk[**P, T](self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something on the desk's thread, as the schedule does, and wake the chat."""
        loop = asyncio.get_running_loop()
        done = await loop.run_in_executor(self.desk_thread, lambda: work(*args, **kwargs))
        self.chat.wake()
        return done

    async def propose(self, **changes: object) -> Decision:
        """A scored decision that asks, as a scan would have made it."""
        decision = scored(self.bench.decide(**changes))  # type: ignore[arg-type]  # decide's names
        await self.on_desk(self.bench.propose, decision)
        return decision

    def states(self) -> dict[MessageState, int]:
        """How many messages are in each state."""
        with self.bench.units(read_only=True) as unit:
            return {state: count for state, count in unit.outbox.counts().items() if count}


def scored(decision: Decision) -> Decision:
    """The decision with a score, signals and costs."""
    return replace(
        decision,
        score=Score(
            signed=Decimal("74.12"),
            contributions=(
                Contribution(code="RSI", weight=Decimal("0.5"), points=Decimal("44.12")),
                Contribution(code="MACD", weight=Decimal("0.5"), points=Decimal("30.00")),
            ),
            agreement_fraction=Decimal("0.80"),
            rank_fraction=Decimal("0.993"),
            rank_n=2000,
            regime="trend",
            threshold_rank_fraction=Decimal("0.99"),
        ),
        signals=(
            Signal(code="RSI", side=1, strength=80.0, values=(), reason="RSI 24 < 30 & turning"),
        ),
        cost=CostEstimate(
            fee_bps=Decimal(40),
            spread_bps=Decimal(10),
            slippage_bps=Decimal(5),
            funding_bps=Decimal(0),
            transfer_bps=Decimal(0),
            total_bps=Decimal(55),
        ),
    )


def bench_for(
    units: Units, *users: User, language: str = "en", symbols: tuple[Symbol, ...] = (BTC, ETH)
) -> tuple[Bench, TickingClock]:
    """A bench that knows these people of the Telegram server: owner, approver, then viewers."""
    bench, wall = build(units, symbols=symbols), TickingClock()
    roles = (Role.OWNER, Role.APPROVER)
    with units() as unit:
        for person in PEOPLE:
            # The bench's own people are at no chat of this server.
            unit.desk.put_person(replace(person, chat_id=0))
        for number, user in enumerate(users):
            unit.desk.put_person(
                Person(
                    user_id=user.id,
                    role=roles[number] if number < len(roles) else Role.VIEWER,
                    name=user.account.first_name,
                    chat_id=user.id,
                    language=language,
                )
            )
        unit.commit()
    return bench.restart(wall=wall), wall


def telegram(server: TelegramServer, **changes: object) -> TelegramChannel:
    """The real client, pointed at the loopback server."""
    options = TelegramOptions(
        token=SecretText(server.token),
        base_url=server.base_url,
        base_file_url=server.base_file_url,
        poll_timeout_s=2,
        request_timeout_s=5.0,
    )
    return TelegramChannel(replace(options, **changes))  # type: ignore[arg-type]  # TelegramOptions' names


@asynccontextmanager
async def talking(
    bench: Bench,
    wall: TickingClock,
    channel: Channel,
    *,
    rates: Rates = FAST,
    options: ChatOptions | None = None,
    audience: Audience | None = None,
    picture_thread: Executor | None = None,
) -> AsyncIterator[Talk]:
    """Run the desk in the chat for the length of the block."""
    with ThreadPoolExecutor(1, "desk") as desk_thread:
        chat = ChatDesk(
            channel,
            desk=bench.assembled.desk,
            units=bench.units,
            clock=wall,
            desk_thread=desk_thread,
            options=options or PATIENT,
            audience=audience,
            rates=rates,
            picture_thread=picture_thread,
        )
        running = asyncio.create_task(chat.run())
        try:
            yield Talk(bench=bench, chat=chat, wall=wall, desk_thread=desk_thread)
        finally:
            await chat.stop()
            await running


async def card_of(server: TelegramServer, user: User, text: str = "") -> Message:
    """The newest message in a person's chat that has this text, once it is there."""

    def found() -> Message | None:
        return next((m for m in reversed(server.messages(user.chat)) if text in m.text), None)

    return await server.until(found, timeout_s=PATIENCE_S)
