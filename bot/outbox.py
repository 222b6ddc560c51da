"""The outbox sender: every queued message ends in "sent" or in a dead letter that can be seen.

take what is due, fan out to the chats → one task per chat, one message at a time, best first →
render, draw, wait for the rate → mark as being sent, commit → send → mark as sent, commit.

Choices:
- A new message is marked ``AMBIGUOUS`` before the call, because Telegram knows no idempotency key:
  after a crash or a time-out in between nobody knows whether it arrived. It is sent again then,
  and says that it may be a repeat. Edits need no mark: twice is the same as once.
- Rows that say the same (kind, subject, payload) go as one message: what is told is today's truth,
  and it is true once.
- When the service is away, everything waits together and no row counts as failed, so that a day of
  outage loses nothing.
- The sender is woken at once by whoever queues, and looks by itself twice a second for rows that
  another process has queued.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from bot.channel import (
    BusyError,
    Channel,
    MissingError,
    MovedError,
    Outgoing,
    UnreachableError,
)
from bot.delivery import Delivered, Parcel, Postman
from bot.inbox import Threads
from bot.pacing import Pacer
from bot.policy import Rates
from engine.domain.desk import (
    AuditEvent,
    Delivery,
    MessageState,
    OutboxMessage,
    Person,
    SentMessage,
)
from engine.domain.errors import ChatError
from engine.domain.ids import message_id
from engine.ports import Clock, UnitOfWork, Units

_log = structlog.get_logger()

_POLL_S = 0.5
_BATCH = 1000
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
_RENDER_ATTEMPTS = 3
_RENDER_RETRY_S = 1.0
_ERROR_CHARS = 500
_FINISH_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who is told what is for everybody, beside the people stored in the database."""

    people: tuple[Person, ...] = ()
    groups: tuple[int, ...] = ()


class OutboxPump:
    """Delivers the rows of one channel's chats."""

    def __init__(
        self,
        channel: Channel,
        *,
        units: Units,
        postman: Postman,
        clock: Clock,
        threads: Threads,
        audience: Audience,
        rates: Rates,
    ) -> None:
        self._channel = channel
        self._units = units
        self._postman = postman
        self._clock = clock
        self._threads = threads
        self._audience = audience
        self._pacer = Pacer(rates)
        self._readers: dict[int, Person] = {}
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
                self._enlane(await self._store(self._take))
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

    def _enlane(self, rows: Sequence[OutboxMessage]) -> None:
        for row in rows:
            chat_id = row.chat_id
            if chat_id is None or chat_id in self._lanes or not self._channel.serves(chat_id):
                continue
            twins = [one for one in rows if one is not row and _says_the_same(one, row)]
            self._lanes[chat_id] = asyncio.create_task(self._run_lane(chat_id, row, twins))

    async def _run_lane(
        self, chat_id: int, row: OutboxMessage, twins: Sequence[OutboxMessage]
    ) -> None:
        try:
            await self._deliver(chat_id, row, twins)
        except Exception as err:  # noqa: BLE001 - the edge of a delivery: others must go on
            _log.exception("delivery_failed", message=row.id)
            await self._store(self._postpone, row, _RENDER_RETRY_S, _told(err))
        finally:
            self._lanes.pop(chat_id, None)
            self._woken.set()

    async def _deliver(
        self, chat_id: int, row: OutboxMessage, twins: Sequence[OutboxMessage]
    ) -> None:
        known = await self._store(self._known, chat_id, row.subject)
        is_new = any(one.delivery is Delivery.NEW for one in (row, *twins))
        parcel = Parcel(
            row=row,
            chat_id=chat_id,
            reader=self._readers.get(chat_id),
            known=known,
            is_edit=known is not None and not is_new,
            is_repeat=row.state is MessageState.AMBIGUOUS,
        )
        try:
            message = await self._prepared(parcel)
            if message is None:
                await self._store(self._finish, parcel, twins, None, "nothing to tell any more")
                return
            delivered = await self._transmit(parcel, message)
        except ChatError as err:
            await self._undelivered(parcel, twins, err)
        else:
            self._away_wait_s = _FIRST_WAIT_S
            await self._store(self._finish, parcel, twins, delivered, "")

    async def _prepared(self, parcel: Parcel) -> Outgoing | None:
        try:
            return await self._postman.prepare(parcel)
        except ChatError:
            raise
        except Exception:
            if parcel.row.attempts + 1 < _RENDER_ATTEMPTS:
                raise
            _log.exception("message_untellable", message=parcel.row.id, kind=parcel.row.kind)
            return self._postman.untellable(parcel)

    async def _transmit(self, parcel: Parcel, message: Outgoing) -> Delivered:
        if parcel.is_edit:
            try:
                return await self._postman.edit(parcel, message)
            except MissingError:
                # The person has deleted it, or it is too old: what it says is told anew.
                anew = replace(parcel, is_edit=False, known=None)
                again = await self._prepared(anew)
                return await self._send(anew, again or message)
        await self._postman.retire(parcel)
        return await self._send(parcel, message)

    async def _send(self, parcel: Parcel, message: Outgoing) -> Delivered:
        loop = asyncio.get_running_loop()
        # Other chats share the window over all, so the wait may be longer after it than thought.
        while True:
            wait_s = self._pacer.wait_s(parcel.chat_id, loop.time())
            if wait_s <= 0:
                break
            await asyncio.sleep(wait_s)
        self._pacer.count(parcel.chat_id, loop.time())
        await self._store(self._mark_sending, parcel.row)
        return await self._postman.send(parcel, message)

    async def _undelivered(
        self, parcel: Parcel, twins: Sequence[OutboxMessage], err: ChatError
    ) -> None:
        row, now_s = parcel.row, asyncio.get_running_loop().time()
        match err:
            case BusyError():
                self._pacer.hold(parcel.chat_id, now_s + err.retry_after_s)
                await self._store(self._postpone, row, err.retry_after_s, str(err))
            case UnreachableError():
                self._away_until_s = now_s + self._away_wait_s
                self._away_wait_s = min(_LONGEST_WAIT_S, 2 * self._away_wait_s)
                _log.warning("chat_unreachable", message=row.id, detail=str(err))
                maybe = err.ambiguous and not parcel.is_edit
                await self._store(self._postpone, row, 0.0, str(err), is_ambiguous=maybe)
            case MovedError():
                await self._store(self._move, (row, *twins), err.chat_id)
            case _:
                _log.error("message_dead", message=row.id, chat=parcel.chat_id, detail=str(err))
                await self._store(self._bury, (row, *twins), str(err))

    async def _store[**P, T](self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads.store, lambda: work(*args, **kwargs))

    def _take(self) -> Sequence[OutboxMessage]:
        """What is due, after messages for everybody have become one row per chat."""
        now = self._clock.now()
        with self._units(read_only=True) as unit:
            rows = unit.outbox.due(now, _BATCH)
            self._read_people(unit)
        if not any(row.chat_id is None for row in rows) or not self._chats():
            return rows
        with self._units() as unit:
            for row in unit.outbox.due(now, _BATCH):
                if row.chat_id is None:
                    self._fan_out(unit, row)
            unit.commit()
        with self._units(read_only=True) as unit:
            return unit.outbox.due(now, _BATCH)

    def _read_people(self, unit: UnitOfWork) -> None:
        # The database goes last: what a person has changed since counts more than the file.
        people = (*self._audience.people, *unit.desk.people())
        self._readers = {one.chat_id: one for one in people if self._channel.serves(one.chat_id)}

    def _chats(self) -> Iterable[int]:
        return dict.fromkeys((*self._readers, *self._audience.groups))

    def _fan_out(self, unit: UnitOfWork, row: OutboxMessage) -> None:
        for chat_id in self._chats():
            number = message_id(row.kind, row.subject, f"{row.id}:{chat_id}")
            unit.outbox.put(replace(row, id=number, chat_id=chat_id))
        unit.outbox.update(replace(row, state=MessageState.SENT))

    def _known(self, chat_id: int, subject: str) -> SentMessage | None:
        with self._units(read_only=True) as unit:
            return unit.outbox.sent(chat_id, subject)

    def _mark_sending(self, row: OutboxMessage) -> None:
        with self._units() as unit:
            unit.outbox.update(
                replace(row, state=MessageState.AMBIGUOUS, attempts=row.attempts + 1)
            )
            unit.commit()

    def _finish(
        self,
        parcel: Parcel,
        twins: Sequence[OutboxMessage],
        delivered: Delivered | None,
        error: str,
    ) -> None:
        row = parcel.row
        with self._units() as unit:
            for one in (row, *twins):
                unit.outbox.update(
                    replace(one, state=MessageState.SENT, attempts=one.attempts + 1, error=error)
                )
            if delivered is not None:
                known = parcel.known
                is_same = known is not None and known.chat_message_id == delivered.message_id
                unit.outbox.remember_sent(
                    SentMessage(
                        chat_id=parcel.chat_id,
                        subject=row.subject,
                        chat_message_id=delivered.message_id,
                        has_photo=delivered.has_photo,
                        sent_at=known.sent_at if known and is_same else self._clock.now(),
                    )
                )
            unit.commit()

    def _postpone(
        self, row: OutboxMessage, wait_s: float, error: str, *, is_ambiguous: bool = False
    ) -> None:
        """Back into the queue; one that may have arrived before stays marked."""
        ambiguous = is_ambiguous or row.state is MessageState.AMBIGUOUS
        with self._units() as unit:
            unit.outbox.update(
                replace(
                    row,
                    state=MessageState.AMBIGUOUS if ambiguous else MessageState.PENDING,
                    attempts=row.attempts + 1,
                    not_before=self._clock.now() + timedelta(seconds=wait_s),
                    error=error[:_ERROR_CHARS],
                )
            )
            unit.commit()

    def _move(self, rows: Sequence[OutboxMessage], chat_id: int) -> None:
        with self._units() as unit:
            for row in rows:
                unit.outbox.update(replace(row, chat_id=chat_id))
            unit.commit()

    def _bury(self, rows: Sequence[OutboxMessage], error: str) -> None:
        now = self._clock.now()
        with self._units() as unit:
            for row in rows:
                unit.outbox.update(
                    replace(
                        row,
                        state=MessageState.DEAD,
                        attempts=row.attempts + 1,
                        error=error[:_ERROR_CHARS],
                    )
                )
                unit.audit.append(
                    AuditEvent(
                        at=now,
                        actor="chat",
                        action="message_dead",
                        subject=row.id,
                        detail={"kind": row.kind, "about": row.subject, "error": error},
                    )
                )
            unit.commit()


def _says_the_same(one: OutboxMessage, other: OutboxMessage) -> bool:
    mine = (one.chat_id, one.kind, one.subject, one.payload)
    return mine == (other.chat_id, other.kind, other.subject, other.payload)


def _told(err: Exception) -> str:
    return f"{type(err).__name__}: {err}"
