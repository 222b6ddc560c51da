"""``cryptotrader chat``: the bot's own handlers in this terminal, beside a desk that runs or not.

Lines come from standard input; at its end what was asked is still answered, then the command ends.
So ``echo /status | cryptotrader chat`` works in a script.
"""

import asyncio
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from config import Settings
from main.command_line import ConfigOption, load_settings, new_app
from main.output import say

if TYPE_CHECKING:
    from main.compose import OpenDesk

app = new_app("Talk to the desk in this terminal.")

_SOURCE = "console"
_LAST_ANSWERS_S = 20.0
_LOOK_EVERY_S = 0.1


@app.command(epilog="Example: echo /portfolio | cryptotrader chat")
def chat(config: ConfigOption = None) -> None:
    """Ask and answer as on the phone: /help, plain questions, the numbers of buttons."""
    asyncio.run(_talk(load_settings(config).settings))


async def _talk(settings: Settings) -> None:
    from main.chatting import open_chat
    from main.compose import open_desk

    said_all = asyncio.Event()
    loop = asyncio.get_running_loop()
    with open_desk(settings) as desk, ThreadPoolExecutor(1, "desk") as worker:
        front = open_chat(
            desk,
            worker=worker,
            lines=_lines(loop, said_all),
            write=say,
            in_terminal=True,
        )
        waiting = asyncio.create_task(_hear_venue(desk, worker, front.wake))
        talking = asyncio.create_task(front.run())
        await said_all.wait()
        await _answered(desk, worker)
        waiting.cancel()
        await front.stop()
        await talking


async def _hear_venue(
    desk: "OpenDesk", worker: ThreadPoolExecutor, wake: Callable[[], None]
) -> None:
    """Say that the venue is away, and ask it again; nothing is bought until it answers."""
    from main.opening import Opening

    if desk.away is None:
        return
    say(str(desk.away))
    asking = ThreadPoolExecutor(1, "venue")
    try:
        opening = Opening(desk, worker=worker, filler=asking, wake=wake, say=None, leads=False)
        await opening.wait()
    finally:
        asking.shutdown(wait=False, cancel_futures=True)


def _lines(loop: asyncio.AbstractEventLoop, said_all: asyncio.Event) -> Iterator[str]:
    """Lines as they are typed; called on the reading thread."""
    for line in sys.stdin:
        if line.strip().lower() in ("exit", "quit"):
            break
        yield line
    # One more turn of the loop, so that the last line is in the queue before the end is known.
    loop.call_soon_threadsafe(loop.call_later, _LOOK_EVERY_S, said_all.set)


async def _answered(desk: "OpenDesk", worker: ThreadPoolExecutor) -> None:
    """Wait until nothing that was asked here is without its answer, but not for ever."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_LAST_ANSWERS_S) as limit:
        quiet = 0
        while quiet < 2:  # noqa: PLR2004 - seen twice, since an answer is queued after its question
            await asyncio.sleep(_LOOK_EVERY_S)
            if limit.expired():
                return
            is_idle = await loop.run_in_executor(worker, _is_idle, desk)
            quiet = quiet + 1 if is_idle else 0


def _is_idle(desk: "OpenDesk") -> bool:
    with desk.units(read_only=True) as unit:
        if unit.inbox.pending(_SOURCE, 1):
            return False
        due = unit.outbox.due(desk.parts.wall.now(), 100)
        return not any(message.chat_id == 0 for message in due)
