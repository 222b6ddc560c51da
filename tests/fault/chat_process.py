"""A desk in a Telegram chat as a process of its own, to be killed: see ``test_telegram_faults``.

The market and the clock are the bench's; what is real is the database, the bot and the way it dies.
"""

import asyncio
import multiprocessing.context
import os
import signal
from concurrent.futures import ThreadPoolExecutor

from bot.front import ChatDesk
from bot.policy import TelegramOptions
from bot.telegram_channel import TelegramChannel
from db.unit_of_work import SqlUnits
from engine.desk.monitor import Monitor
from engine.domain.secret_text import SecretText
from tests.fault.children import CHILDREN
from tests.unit.bot.harness import FAST, PATIENT, bench_for


class DeadlyBroker:
    """A venue whose line is cut by kill -9: the order is committed, and was never sent."""

    def submit(self, _: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def start(
    url: str, token: str, base_url: str, mode: str = ""
) -> multiprocessing.context.ForkServerProcess:
    """A process of the desk; with ``die-at-submit`` it ends when it hands an order over."""
    process = CHILDREN.Process(target=_live, args=(url, token, base_url, mode), daemon=True)
    process.start()
    return process


def _live(url: str, token: str, base_url: str, mode: str) -> None:
    asyncio.run(_run(url, token, base_url, mode))


async def _run(url: str, token: str, base_url: str, mode: str) -> None:
    bench, wall = bench_for(SqlUnits(url))
    assembled = bench.assembled
    # What a start does: unfinished orders are brought to where they are.
    Monitor(assembled.context, assembled.entries, assembled.paper).recover()
    if mode == "die-at-submit":
        assembled.context.gateway._broker = DeadlyBroker()  # type: ignore[assignment]  # it dies
    options = TelegramOptions(
        token=SecretText(token),
        base_url=base_url,
        poll_timeout_s=2,
        request_timeout_s=60.0,
    )
    with ThreadPoolExecutor(1) as desk_thread:
        await ChatDesk(
            TelegramChannel(options),
            desk=assembled.desk,
            units=bench.units,
            clock=wall,
            desk_thread=desk_thread,
            options=PATIENT,
            rates=FAST,
        ).run()
