"""A desk in a Telegram chat that lives in a child process and dies by SIGKILL, when it is told to.

The market is the bench's; the database, the bot and the way it dies are real. All processes of one
desk share a clock that begins with the desk, so that time goes on from life to life.
"""

import asyncio
import multiprocessing.context
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

# The forkserver imports this module once for all children: what the chat imports lazily is here.
import matplotlib.backends.backend_agg  # noqa: F401
import telegram.ext  # noqa: F401

from bot.front import ChatDesk
from bot.policy import TelegramOptions
from bot.telegram_channel import TelegramChannel
from db.unit_of_work import SqlUnits
from engine.desk.monitor import Monitor
from engine.domain.desk import Person, Role
from engine.domain.market import Symbol
from engine.domain.secret_text import SecretText
from engine.ports import Units
from engine.risk.policy import RiskPolicy
from engine.strategy.policy import TradingPolicy
from tests.fakes.desk_builder import START, Bench, build
from tests.fakes.watched_units import WatchedUnits
from tests.fault.children import CHILDREN
from tests.unit.bot.harness import FAST, PATIENT

SYMBOLS = tuple(Symbol(f"S{number:02}", "USDT") for number in range(24))
ROOMY = TradingPolicy(risk=RiskPolicy(max_open_positions=1_000))
"""So that the number of open questions ends none of them."""


@dataclass(frozen=True, slots=True)
class SharedClock:
    """The desk's time, the same in every process: ``began_s`` is the machine's monotonic clock."""

    began_s: float

    def now(self) -> datetime:
        return START + timedelta(seconds=time.monotonic() - self.began_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What one process is told: its world, and at which commit it dies, before it or after it.

    ``death`` 0 is never: it lives until somebody else kills it.
    """

    url: str
    token: str
    base_url: str
    began_s: float
    people: tuple[tuple[int, str], ...]
    death: int = 0
    is_after: bool = False


def bench_of(units: Units, life: Life) -> Bench:
    """The desk of a life: its people are two owners at this service."""
    wall = SharedClock(life.began_s)
    bench = build(
        units, policies=ROOMY, symbols=SYMBOLS, start_equity="1000000", tokens=f"t{os.getpid()}"
    )
    with units() as unit:
        for person in unit.desk.people():
            unit.desk.drop_person(person.user_id)
        for number, name in life.people:
            unit.desk.put_person(Person(user_id=number, role=Role.OWNER, name=name, chat_id=number))
        unit.commit()
    return bench.restart(wall=wall)


def live(life: Life) -> None:
    """Run the desk until it dies."""
    asyncio.run(_live(life))


async def _live(life: Life) -> None:
    plain = SqlUnits(life.url)
    bench = bench_of(plain, life)
    commits = 0

    def count() -> None:
        nonlocal commits
        commits += 1
        if commits == life.death:
            os.kill(os.getpid(), signal.SIGKILL)

    hooks = {"after" if life.is_after else "before": count}
    bench = bench.restart(units=WatchedUnits(plain, **hooks))
    made = bench.assembled
    # What a start does: unfinished orders are brought to where they are.
    Monitor(made.context, made.entries, made.paper).recover()
    options = TelegramOptions(
        token=SecretText(life.token), base_url=life.base_url, poll_timeout_s=2
    )
    with ThreadPoolExecutor(1) as desk_thread:
        await ChatDesk(
            TelegramChannel(options),
            desk=made.desk,
            units=bench.units,
            clock=bench.wall,
            desk_thread=desk_thread,
            options=PATIENT,
            rates=FAST,
        ).run()


def start(life: Life) -> multiprocessing.context.ForkServerProcess:
    """A process of the desk."""
    process = CHILDREN.Process(target=live, args=(life,), daemon=True)
    process.start()
    return process
