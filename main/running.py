"""From ``run``'s words to a running desk: the lock, the banner, the signals."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import ExitStack

from config import Settings
from db.lock import WriterLock
from engine.desk.people import new_pairing_code
from main.chatting import has_bot
from main.compose import OpenDesk, build_desk, open_market
from main.output import say
from main.runtime import Roles, RunningDesk
from main.store import open_units


async def run_desk(settings: Settings, role: str) -> None:
    """Run one process of the desk until it is told to stop."""
    roles = Roles(engine=role in ("all", "engine"), bot=role in ("all", "bot"))
    with ExitStack() as stack:
        units = open_units(settings)
        stack.callback(units.close)
        lock = WriterLock(settings.database.url)
        if roles.engine:
            holder = f"run --role {role}, process {os.getpid()} on {socket.gethostname()}"
            stack.enter_context(lock.acquire(holder))
        market = open_market(settings, units, leads=roles.engine)
        desk = build_desk(settings, units, market)
        _greet(desk)
        running = RunningDesk(desk, roles=roles, lines=sys.stdin, write=say, keep_alone=lock.keep)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, running.stop)
        await running.run()
    say("stopped; everything is saved")
    # The thread that reads the terminal cannot be interrupted; nothing of it needs saving.
    sys.stdout.flush()
    os._exit(0)


def _greet(desk: OpenDesk) -> None:
    settings, context = desk.settings, desk.assembled.context
    where = (
        "a SIMULATED market (made-up prices, play money)" if context.simulated else context.venue
    )
    say(
        f"cryptotrader {context.release} · {where} · {context.mode} · "
        f"{len(context.symbols)} markets, {context.timeframe}"
    )
    if context.simulated:
        speed = settings.venue(context.venue).simulation.speed
        say(
            f"Simulated time runs {speed:g} times as fast and waits while a question is open.\n"
            "Connect a real venue and a Telegram bot: cryptotrader init"
        )
    if has_bot(settings):
        code = new_pairing_code(context)
        say(f"Pair your phone: send your bot  /start {code}  (works once)")
    else:
        say("Type a command (/help), a question, or the number of a button. Ctrl-C stops.")
