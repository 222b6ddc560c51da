"""The outbox sender: every queued message ends in "sent" or in a dead letter that can be seen.

take what is due, fan out to the chats → one task per chat, one message at a time, best first →
render, draw, wait for the rate → mark as being sent, commit → send → mark as sent, commit.

Choices:
- A new message is marked ``AMBIGUOUS`` before the call, because Telegram knows no idempotency key:
  after a crash or a time-out in between nobody knows whether it arrived. It is sent again then,
  and says that it may be a repeat. Edits need no mark: twice is the same as once.
- Which row is the best, and what goes together, is decided anew for every message (``bot.loads``):
  a chat that has to wait chooses when it may go on.
- After a repeat, the buttons of the copy that may have arrived first are taken away.
- When the service is away, everything waits together and no row counts as failed, so that a day of
  outage loses nothing.
- The sender is woken at once by whoever queues, and looks by itself twice a second for rows that
  another process has queued.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace

import structlog

from bot.channel import BusyError, GoneError, MissingError, MovedError, Outgoing, UnreachableError
from bot.delivery import Parcel, Postman, Prepared, StuckPhotoError
from bot.ledger import Audience, OutboxLedger
from bot.loads import Delivered, Load
from bot.pacing import Pacer
from bot.policy import Rates
from engine.domain.desk import Delivery, OutboxMessage
from engine.domain.errors import ChatError

__all__ = ["Audience", "OutboxPump"]

_log = structlog.get_logger()

_POLL_S = 0.5
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
_RENDER_ATTEMPTS = 3
_RENDER_RETRY_S = 1.0
_FINISH_S = 3.0


class _AlreadyDealtWithError(Exception):
    """The rows have been sent or buried since they were taken."""


class OutboxPump:
    """Delivers the rows of one channel's chats."""

    def __init__(
        self, *, ledger: OutboxLedger, postman: Postman, store_thread: Executor, rates: Rates
    ) -> None:
        self._ledger = ledger
        self._postman = postman
        self._store_thread = store_thread
        self._pacer = Pacer(rates)
        self._lanes: dict[int, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._away_until_s = 0.0
        self._away_wait_s = _FIRST_WAIT_S

    def wake(self) -> None:
        """Something was queued; may be called from any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._woken.set)

    async def run(self) -> None:
        """Deliver, for ever."""
        self._loop = asyncio.get_running_loop()
        while True:
            self._woken.clear()
            if self._loop.time() >= self._away_until_s:
                self._enlane(await self._store(self._ledger.take, self._busy()))
            try:
                await asyncio.wait_for(self._woken.wait(), _POLL_S)
            except TimeoutError:
                continue

    async def stop(self) -> None:
        """Let what is on its way arrive for a moment, then let go; rows survive either way."""
        lanes = list(self._lanes.values())
        if lanes:
            await asyncio.wait(lanes, timeout=_FINISH_S)
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)

    def _busy(self) -> frozenset[int]:
        """Chats that cannot take a message now, so that the best one is chosen when they can."""
        now_s = asyncio.get_running_loop().time()
        return frozenset({*self._lanes, *self._pacer.held(now_s)})

    def _enlane(self, loads: Sequence[Load]) -> None:
        for load in loads:
            if load.chat_id not in self._lanes:
                self._lanes[load.chat_id] = asyncio.create_task(self._run_lane(load))

    async def _run_lane(self, load: Load) -> None:
        try:
            await self._deliver(load)
        except _AlreadyDealtWithError:
            _log.info("message_already_dealt_with", message=load.told.id)
        except Exception as err:  # noqa: BLE001 - the edge of a delivery: others must go on
            _log.exception("delivery_failed", message=load.told.id)
            detail = f"{type(err).__name__}: {err}"
            await self._store(self._ledger.postpone, load, _RENDER_RETRY_S, detail)
        finally:
            self._lanes.pop(load.chat_id, None)
            self._woken.set()

    async def _deliver(self, load: Load) -> None:
        known = await self._store(self._ledger.known, load.chat_id, load.told.subject)
        parcel = Parcel(
            row=load.told,
            chat_id=load.chat_id,
            reader=self._ledger.reader(load.chat_id),
            known=known,
            is_edit=known is not None and not load.is_new,
            is_repeat=load.is_repeat,
            is_silent=load.is_silent,
            is_late=self._ledger.is_late(load.told),
        )
        try:
            if load.told.delivery is Delivery.DELETE:
                await self._postman.erase(parcel)
                await self._store(self._ledger.finish, load, known, None)
                return
            prepared = await self._prepared(parcel)
            if prepared is None:
                note = "nothing to tell any more"
                await self._store(self._ledger.finish, load, known, None, note=note)
                return
            left: tuple[OutboxMessage, ...] = ()
            if prepared.covered is not None:
                load, left = load.parted(prepared.covered)
            delivered = await self._transmit(load, parcel, prepared.message)
        except ChatError as err:
            await self._undelivered(load, parcel, err)
        else:
            self._away_wait_s = _FIRST_WAIT_S
            await self._store(self._ledger.finish, load, known, delivered, left=left)

    async def _prepared(self, parcel: Parcel) -> Prepared | None:
        try:
            return await self._postman.prepare(parcel)
        except ChatError:
            raise
        except Exception:
            if parcel.row.attempts + 1 < _RENDER_ATTEMPTS:
                raise
            _log.exception("message_untellable", message=parcel.row.id, kind=parcel.row.kind)
            return Prepared(message=self._postman.untellable(parcel))

    async def _transmit(self, load: Load, parcel: Parcel, message: Outgoing) -> Delivered:
        if parcel.is_edit:
            try:
                return await self._postman.edit(parcel, message)
            except MissingError as err:
                if parcel.row.payload.get("shown_at") and parcel.known is not None:
                    # A farewell to an old message that is gone already.
                    return Delivered(
                        message_id=parcel.known.chat_message_id, has_photo=parcel.known.has_photo
                    )
                # The person has deleted it, or it is too old: what it says is told anew.
                anew = replace(parcel, is_edit=False, known=None)
                again = await self._prepared(anew)
                delivered = await self._send(load, anew, again.message if again else message)
                if isinstance(err, StuckPhotoError):
                    await self._postman.put_away(parcel)
                return delivered
        await self._postman.retire(parcel)
        return await self._send(load, parcel, message)

    async def _send(self, load: Load, parcel: Parcel, message: Outgoing) -> Delivered:
        loop = asyncio.get_running_loop()
        # Other chats share the window over all, so the wait may be longer after it than thought.
        while True:
            wait_s = self._pacer.wait_s(parcel.chat_id, loop.time())
            if wait_s <= 0:
                break
            await asyncio.sleep(wait_s)
        self._pacer.count(parcel.chat_id, loop.time())
        if not await self._store(self._ledger.mark_sending, load):
            raise _AlreadyDealtWithError
        delivered = await self._postman.send(parcel, message)
        if parcel.is_repeat and message.keyboard:
            known = await self._store(self._ledger.known_numbers, parcel.chat_id)
            await self._postman.sweep(parcel, delivered, known)
        return delivered

    async def _undelivered(self, load: Load, parcel: Parcel, err: ChatError) -> None:
        now_s, detail = asyncio.get_running_loop().time(), str(err)
        match err:
            case BusyError():
                self._pacer.hold(load.chat_id, now_s + err.retry_after_s)
                await self._store(self._ledger.postpone, load, err.retry_after_s, detail)
            case UnreachableError():
                if now_s >= self._away_until_s:
                    self._away_until_s = now_s + self._away_wait_s
                    self._away_wait_s = min(_LONGEST_WAIT_S, 2 * self._away_wait_s)
                _log.warning("chat_unreachable", message=load.told.id, detail=detail)
                maybe = err.ambiguous and not parcel.is_edit
                await self._store(self._ledger.postpone, load, 0.0, detail, is_ambiguous=maybe)
            case MovedError():
                await self._store(self._ledger.move, load, err.chat_id)
            case GoneError():
                _log.error("chat_gone", chat=load.chat_id, detail=detail)
                await self._store(self._ledger.lose, load, detail)
            case _:
                _log.error("message_dead", message=load.told.id, chat=load.chat_id, detail=detail)
                await self._store(self._ledger.bury, load, detail)

    async def _store[**P, T](self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._store_thread, lambda: work(*args, **kwargs))
