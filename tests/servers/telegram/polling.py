"""getUpdates: one poller at a time, offsets that confirm, a poll that waits.

A second poll ends the first with 409, as in the service: the newer one goes on. So a bot that was
killed in the middle of a poll and started again polls at once, and two live bots take turns to
fail. The service delays repeated 409s by three seconds; this server does not.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from tests.servers.telegram.errors import OTHER_POLLER, ApiError, Json
from tests.servers.telegram.params import Params
from tests.servers.telegram.world import World

MAX_TIMEOUT_S = 50
MAX_BATCH = 100
_LARGEST_ID = 2**31


class Polling:
    """The long poll of one bot; lives on the server's event loop."""

    def __init__(self, world: World, loop: asyncio.AbstractEventLoop) -> None:
        self._world = world
        self._event = asyncio.Event()
        self._generation = 0
        self._closed = False
        world.wake = lambda: _call_soon(loop, self._event.set)

    def close(self) -> None:
        """Let a waiting poll return empty."""
        self._closed = True
        self._event.set()

    async def get_updates(self, params: Params) -> list[Json]:
        """Return up to `limit` updates, waiting up to `timeout` seconds for the first."""
        limit = params.integer("limit", MAX_BATCH, 1, MAX_BATCH)
        deadline_s = time.monotonic() + params.integer("timeout", 0, 0, MAX_TIMEOUT_S)
        self._generation += 1
        mine = self._generation
        self._event.set()
        with self._world.changed:
            self._read_options(params)
        while True:
            self._event.clear()
            if mine != self._generation:
                raise ApiError(409, OTHER_POLLER)
            with self._world.changed:
                cut_off = self._closed or self._world.is_down()
                batch = [] if cut_off else self._world.due_updates(limit)
            left_s = deadline_s - time.monotonic()
            if batch or cut_off or left_s <= 0:
                return batch
            await self._wait(left_s)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return

    def _read_options(self, params: Params) -> None:
        self._world.confirm(params.integer("offset", 0, -_LARGEST_ID, _LARGEST_ID))
        allowed = params.items("allowed_updates", "allowed updates")
        if allowed is not None:
            self._world.allowed_updates = frozenset(map(str, allowed)) or None


def _call_soon(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    # A test may still write when the server has stopped; nobody polls any more.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)
