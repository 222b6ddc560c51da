"""From ``run``'s words to a running desk: the lock, the banner, the signals."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import ExitStack
from decimal import Decimal

from bot.messages.markup import plain
from config import Settings
from db.lock import WriterLock
from engine.desk.people import new_pairing_code
from main.chatting import has_bot, terminal_words
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
        desk = build_desk(settings, units, market, asks_venue=False)
        _greet(desk)
        running = RunningDesk(desk, roles=roles, lines=sys.stdin, write=say, keep_alone=lock.keep)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, running.stop)
        await running.run()
    say(terminal_words(settings).raw("terminal.stopped"))
    # The thread that reads the terminal cannot be interrupted; nothing of it needs saving.
    sys.stdout.flush()
    os._exit(0)


def _greet(desk: OpenDesk) -> None:
    settings, context = desk.settings, desk.assembled.context
    words = terminal_words(settings)

    def tell(name: str, **values: object) -> None:
        say(plain(words(f"terminal.{name}", **values)))

    tell(
        "head",
        release=context.release,
        where=words("terminal.simulated") if context.simulated else context.venue,
        mode=words(f"mode.{context.mode}"),
        count=len(context.symbols),
        timeframe=context.timeframe,
    )
    if context.simulated:
        speed = settings.venue(context.venue).simulation.speed
        tell("speed", speed=words.quantity(Decimal(f"{speed:g}")))
        tell("connect")
    if has_bot(settings):
        tell("pair", code=new_pairing_code(context))
    else:
        tell("how")
