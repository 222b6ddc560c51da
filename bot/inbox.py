"""The durable inbox: nothing a person did is lost, whatever crashes.

receive → store, commit → only then acknowledge (by the next receive) → handle, in order within a
chat → replies and the update's end in one commit → answer the press.

Choices:
- No offset is kept over a restart: the service hands out again what was never acknowledged, and
  what is stored already is skipped. It may also begin its numbers anew after a quiet week, and an
  old offset would then throw new updates away unseen.
- An update that fails three times is ended with its error and an audit line, so that one poisonous
  message blocks nobody.
- What held a code is kept without its words once it has been handled (``bot.secrecy``).
- A press is answered within a quarter of a second: with what it came to, or with "working on it".
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from bot.channel import BusyError, Channel, Incoming
from bot.handlers.asking import Reply, Response
from bot.handlers.dispatch import Dispatcher
from bot.secrecy import may_hold_code, without_quotes, without_words
from engine.desk.delivery.letters import find_chat_again
from engine.domain.desk import (
    AuditEvent,
    Delivery,
    InboxUpdate,
    OutboxMessage,
    Person,
    Priority,
    SentMessage,
)
from engine.domain.errors import ChatError
from engine.domain.ids import message_id
from engine.ports import Clock, UnitOfWork, Units

_log = structlog.get_logger()

_BATCH = 200
_ATTEMPTS = 3
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 15.0
_RETRY_S = 0.2
_POLL_S = 1.0
_ERROR_CHARS = 500
_NAME_CHARS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Threads:
    """Where blocking work is done: ``desk`` for calls of the desk, ``store`` for bookkeeping."""

    desk: Executor
    store: Executor


class InboxPump:
    """Receives and handles the updates of one channel."""

    def __init__(
        self,
        channel: Channel,
        *,
        units: Units,
        dispatcher: Dispatcher,
        clock: Clock,
        threads: Threads,
        on_reply: Callable[[], None],
        on_paired: Callable[[], None],
        on_heard: Callable[[int], None],
        answer_within_s: float,
    ) -> None:
        self._channel = channel
        self._units = units
        self._dispatcher = dispatcher
        self._clock = clock
        self._threads = threads
        self._on_reply = on_reply
        self._on_paired = on_paired
        self._on_heard = on_heard
        self._answer_within_s = answer_within_s
        self._arrived = asyncio.Event()
        self._lanes: dict[int, asyncio.Task[None]] = {}
        self._answers: set[asyncio.Task[None]] = set()
        self._named: set[int] = set()
        self._ended: deque[int] = deque(maxlen=2 * _BATCH)

    async def receive(self) -> None:
        """Store what comes, for ever."""
        after: int | None = None
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                updates = await self._channel.receive(after)
            except BusyError as err:
                await asyncio.sleep(err.retry_after_s)
                continue
            except ChatError as err:
                _log.warning("chat_not_received", source=self._channel.source, detail=str(err))
                await asyncio.sleep(wait_s)
                wait_s = min(_LONGEST_WAIT_S, 2 * wait_s)
                continue
            wait_s = _FIRST_WAIT_S
            now = self._clock.now()
            rows = [
                InboxUpdate(
                    source=self._channel.source,
                    update_id=update.update_id,
                    payload=without_quotes(update.payload),
                    received_at=now,
                )
                for update in updates
            ]
            if rows:
                await self._store(self._put, rows)
                self._arrived.set()
            # Once a poll with an offset has returned, all before it is acknowledged for good.
            after = max((update.update_id for update in updates), default=None)

    async def handle(self) -> None:
        """Handle what is stored, for ever; begins with what a crash left behind."""
        while True:
            self._arrived.clear()
            for update in await self._store(self._pending):
                await self._enlane(update)
            try:
                await asyncio.wait_for(self._arrived.wait(), _POLL_S)
            except TimeoutError:
                continue

    async def stop(self) -> None:
        """End what is being handled; it is found again at the next start."""
        tasks = [*self._lanes.values(), *self._answers]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _enlane(self, update: InboxUpdate) -> None:
        if update.update_id in self._ended:
            return  # the list is older than the end of this one
        incoming = self._channel.read(update.update_id, update.payload)
        if incoming is None:
            await self._store(self._end, update, None, Response(), "")
            return
        if incoming.chat_id in self._lanes:
            return
        lane = asyncio.create_task(self._run_lane(incoming.chat_id, update, incoming))
        self._lanes[incoming.chat_id] = lane

    async def _run_lane(self, chat_id: int, update: InboxUpdate, incoming: Incoming) -> None:
        """Handle one update of a chat; the next one starts when the lane is free again."""
        self._on_heard(chat_id)
        try:
            await self._handle_one(update, incoming)
        finally:
            self._lanes.pop(chat_id, None)
            self._arrived.set()

    async def _handle_one(self, update: InboxUpdate, incoming: Incoming) -> None:
        if incoming.user_id not in self._named:
            self._named.add(incoming.user_id)
            await self._store(self._learn_name, incoming)
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._threads.desk, self._dispatcher.respond, incoming)
        answered = incoming.callback_id and await self._answer_if_slow(incoming, work)
        try:
            response = await work
        except Exception as err:  # noqa: BLE001 - the handler edge
            await self._failed(update, incoming, err)
            return
        await self._store(self._end, update, incoming, response, "")
        self._on_reply()
        if incoming.callback_id and not answered:
            self._spawn(self._answer(incoming, response))
        if response.paired is not None:
            self._on_paired()

    async def _answer_if_slow(self, incoming: Incoming, work: "asyncio.Future[Response]") -> bool:
        done, _ = await asyncio.wait({work}, timeout=self._answer_within_s)
        if done:
            return False
        working = await self._working(incoming)
        if working:
            self._spawn(self._answer(incoming, Response(answer=working)))
        return bool(working)

    async def _working(self, incoming: Incoming) -> str:
        """What to say to somebody the desk knows; nothing to a stranger."""
        person = await self._store(self._known, incoming.user_id)
        return self._dispatcher.words_for(person).raw("press.working") if person else ""

    async def _answer(self, incoming: Incoming, response: Response) -> None:
        try:
            if response.answer or response.replies:
                await self._channel.answer(
                    incoming.callback_id, response.answer[:200], is_alert=response.is_alert
                )
            if response.strips and incoming.message_id is not None:
                await self._channel.strip(incoming.chat_id, incoming.message_id)
        except ChatError as err:
            _log.info("press_not_answered", update=incoming.update_id, detail=str(err))

    async def _failed(self, update: InboxUpdate, incoming: Incoming, err: Exception) -> None:
        detail = f"{type(err).__name__}: {err}"[:_ERROR_CHARS]
        _log.error("handler_failed", update=update.update_id, exc_info=err)
        attempts = await self._store(self._retry, update)
        if attempts < _ATTEMPTS:
            await asyncio.sleep(_RETRY_S * attempts)
            return
        told = Reply(kind="notice", payload={"text": "failed"})
        known = await self._store(self._known, incoming.user_id) is not None
        response = Response(replies=(told,) if known else ())
        await self._store(self._end, update, incoming, response, detail)
        self._on_reply()
        if incoming.callback_id and known:
            self._spawn(self._answer(incoming, response))

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _store[**P, T](self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads.store, lambda: work(*args, **kwargs))

    def _put(self, rows: list[InboxUpdate]) -> None:
        with self._units() as unit:
            unit.inbox.put(rows)
            unit.commit()

    def _pending(self) -> list[InboxUpdate]:
        with self._units(read_only=True) as unit:
            return list(unit.inbox.pending(self._channel.source, _BATCH))

    def _known(self, user_id: int) -> Person | None:
        with self._units(read_only=True) as unit:
            return next((p for p in unit.desk.people() if p.user_id == user_id), None)

    def _learn_name(self, incoming: Incoming) -> None:
        """Somebody configured by number alone is called by the name they use."""
        person = self._known(incoming.user_id)
        if person is not None and person.name == str(person.user_id) and incoming.user_name:
            with self._units() as unit:
                unit.desk.put_person(replace(person, name=incoming.user_name[:_NAME_CHARS]))
                unit.commit()

    def _retry(self, update: InboxUpdate) -> int:
        with self._units() as unit:
            attempts = unit.inbox.retry(update.source, update.update_id)
            unit.commit()
        return attempts

    def _end(
        self, update: InboxUpdate, incoming: Incoming | None, response: Response, error: str
    ) -> None:
        """Replies and the end of the update in one commit."""
        now = self._clock.now()
        with self._units() as unit:
            if incoming is not None and _is_known(unit, incoming.user_id):
                find_chat_again(unit, incoming.chat_id, now)
            replies = response.replies
            if response.about and incoming is not None:
                replies = (*replies, *_farewells(unit, response, incoming, now))
            for number, reply in enumerate(replies):
                assert incoming is not None  # nothing replies to what was not understood
                unit.outbox.put(self._message(update, incoming, reply, number))
                if reply.in_place and incoming.message_id is not None:
                    unit.outbox.remember_sent(_pressed(incoming, _place(incoming), now))
            if response.erases and incoming is not None:
                _erase(unit, update, incoming, now)
            # What is not read (a caption, an edit) may hold a code as well, and nobody misses it.
            if response.erases or incoming is None or may_hold_code(incoming.text):
                kept = without_words(update.payload)
                unit.inbox.redact(update.source, update.update_id, kept)
            if error:
                unit.audit.append(
                    AuditEvent(
                        at=now,
                        actor="chat",
                        action="update_failed",
                        subject=f"{update.source}:{update.update_id}",
                        detail={"error": error},
                    )
                )
            unit.inbox.done(update.source, update.update_id, now, error)
            unit.commit()
        self._ended.append(update.update_id)

    def _message(
        self, update: InboxUpdate, incoming: Incoming, reply: Reply, number: int
    ) -> OutboxMessage:
        in_place = reply.in_place and incoming.message_id is not None
        cause = f"{update.source}:{update.update_id}:{number}"
        subject = _place(incoming) if in_place else reply.subject or f"{reply.kind}:{cause}"
        return OutboxMessage(
            id=message_id(reply.kind, subject, cause),
            kind=reply.kind,
            subject=subject,
            payload=reply.payload,
            created_at=self._clock.now(),
            priority=reply.priority,
            delivery=Delivery.EDIT if in_place else reply.delivery,
            chat_id=incoming.chat_id,
            topic=incoming.topic,
        )


def _is_known(unit: UnitOfWork, user_id: int) -> bool:
    """A stranger brings nothing back, also one who was known before."""
    return any(person.user_id == user_id for person in unit.desk.people())


def _erase(unit: UnitOfWork, update: InboxUpdate, incoming: Incoming, now: datetime) -> None:
    """Queue that the person's own message goes away, as far as the chat service allows it."""
    if incoming.own_message_id is None:
        return
    subject = f"at:{incoming.own_message_id}"
    unit.outbox.remember_sent(
        SentMessage(
            chat_id=incoming.chat_id,
            subject=subject,
            chat_message_id=incoming.own_message_id,
            has_photo=False,
            sent_at=now,
        )
    )
    unit.outbox.put(
        OutboxMessage(
            id=message_id("erase", subject, f"{update.source}:{update.update_id}"),
            kind="erase",
            subject=subject,
            payload={},
            created_at=now,
            priority=Priority.ANSWER,
            delivery=Delivery.DELETE,
            chat_id=incoming.chat_id,
        )
    )


def _farewells(
    unit: UnitOfWork, response: Response, incoming: Incoming, now: datetime
) -> tuple[Reply, ...]:
    """What a stray copy of a message is told; the only copy there is, is adopted instead."""
    if incoming.message_id is None:
        return ()
    known = unit.outbox.sent(incoming.chat_id, response.about)
    if known is None:
        unit.outbox.remember_sent(_pressed(incoming, response.about, now))
        return ()
    is_stray = known.chat_message_id != incoming.message_id
    return (response.farewell,) if is_stray and response.farewell else ()


def _pressed(incoming: Incoming, subject: str, now: datetime) -> SentMessage:
    """The message whose button was pressed, as the one that speaks of a subject."""
    assert incoming.message_id is not None  # the caller has looked
    return SentMessage(
        chat_id=incoming.chat_id,
        subject=subject,
        chat_message_id=incoming.message_id,
        has_photo=incoming.has_photo,
        sent_at=now,
    )


def _place(incoming: Incoming) -> str:
    """The subject of a message that is edited where its button was pressed."""
    return f"at:{incoming.message_id}"
