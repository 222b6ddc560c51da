"""The desk in a chat: inbox, handlers, renderers and outbox put together for one channel.

``main`` builds a channel and a ``ChatDesk`` and awaits ``run``; ``stop`` from elsewhere ends it.
The same class serves Telegram and the terminal.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor

import structlog

from bot.channel import Channel
from bot.delivery import Postman
from bot.handlers.dispatch import Dispatcher
from bot.inbox import InboxPump, Threads
from bot.ledger import Audience, OutboxLedger
from bot.menus import MenuKeeper
from bot.messages.rendered import StoredFacts
from bot.outbox import OutboxPump
from bot.policy import ChatOptions, Rates
from engine.desk.front import DeskFront
from engine.desk.tell import card_subject
from engine.domain.desk import OutboxMessage, Priority
from engine.domain.errors import ChatError
from engine.domain.ids import message_id
from engine.ports import Clock, Units

_log = structlog.get_logger()

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0


class ChatDesk:
    """The desk in one channel's chats.

    ``desk_thread`` is the one thread that calls the desk; ``clock`` is a person's time. Without
    ``picture_thread`` pictures are drawn in a thread of their own.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        desk: DeskFront,
        units: Units,
        clock: Clock,
        desk_thread: Executor,
        options: ChatOptions | None = None,
        audience: Audience | None = None,
        rates: Rates | None = None,
        picture_thread: Executor | None = None,
    ) -> None:
        self._channel = channel
        self._desk = desk
        self._units = units
        self._clock = clock
        self._desk_thread = desk_thread
        options = options or ChatOptions()
        self._own_threads = [ThreadPoolExecutor(1, "chat-store")]
        if picture_thread is None:
            picture_thread = ThreadPoolExecutor(1, "chat-pictures")
            self._own_threads.append(picture_thread)
        threads = Threads(desk=desk_thread, store=self._own_threads[0])
        postman = Postman(
            channel,
            desk=desk,
            facts=StoredFacts(desk, units),
            options=options,
            desk_thread=desk_thread,
            picture_thread=picture_thread,
        )
        self._outbox = OutboxPump(
            ledger=OutboxLedger(
                channel,
                units=units,
                clock=clock,
                audience=audience or Audience(),
                policy=desk.delivery.policy,
            ),
            postman=postman,
            store_thread=threads.store,
            rates=rates or Rates(),
        )
        self._menus = MenuKeeper(channel, units=units, options=options, store_thread=threads.store)
        self._inbox = InboxPump(
            channel,
            units=units,
            dispatcher=Dispatcher(desk, options=options, clock=clock, source=channel.source),
            clock=clock,
            threads=threads,
            on_reply=self._outbox.wake,
            on_paired=self._menus.look_again,
            on_heard=self._menus.heard,
            answer_within_s=options.answer_within_s,
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopping = asyncio.Event()

    def wake(self) -> None:
        """Something was queued for the chat; may be called from any thread."""
        self._outbox.wake()

    def people_changed(self) -> None:
        """Somebody's role or language may be another; on the event loop."""
        self._menus.look_again()

    async def run(self) -> None:
        """Talk until ``stop``."""
        self._tasks = [
            asyncio.create_task(self._forever("handle", self._inbox.handle)),
            asyncio.create_task(self._talk()),
        ]
        try:
            await self._is_stopping.wait()
        finally:
            await self._end()

    async def stop(self) -> None:
        """End ``run``; what is under way is found again at the next start."""
        self._is_stopping.set()

    async def _talk(self) -> None:
        await self._open()
        if not self._channel.remembers:
            await self._ask_open_questions_again()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._forever("outbox", self._outbox.run))
            group.create_task(self._forever("receive", self._inbox.receive))
            group.create_task(self._forever("menus", self._menus.run))

    async def _open(self) -> None:
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                await self._channel.open()
            except ChatError as err:
                _log.warning("chat_not_open", source=self._channel.source, detail=str(err))
                await asyncio.sleep(wait_s)
                wait_s = min(_LONGEST_WAIT_S, 2 * wait_s)
            else:
                return

    async def _end(self) -> None:
        for task in self._tasks[1:]:
            await self._outbox.stop()
            task.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._inbox.stop()
        await self._channel.close()
        for thread in self._own_threads:
            thread.shutdown(wait=True, cancel_futures=True)

    async def _forever(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Begin again after an unexpected failure: a chat that has died tells nobody."""
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                await work()
            except Exception:  # noqa: BLE001 - the edge of a loop that must go on
                _log.exception("chat_loop_failed", loop=name)
                await asyncio.sleep(wait_s)
                wait_s = min(_LONGEST_WAIT_S, 2 * wait_s)

    async def _ask_open_questions_again(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._desk_thread, self._queue_open_questions)

    def _queue_open_questions(self) -> None:
        """Cards of open questions, for a channel whose buttons a restart has taken away."""
        now = self._clock.now()
        people = {person.chat_id for person in self._desk.people()}
        chats = [chat_id for chat_id in people if self._channel.serves(chat_id)]
        numbers = [row.approval.decision_id for row in self._desk.approvals()]
        for number in (one for one in numbers if one is not None):
            for chat_id in chats:
                subject = card_subject(number)
                self._desk.say(
                    OutboxMessage(
                        id=message_id("card", subject, f"start:{chat_id}:{now}"),
                        kind="card",
                        subject=subject,
                        payload={"decision_id": number},
                        created_at=now,
                        priority=Priority.QUESTION,
                        chat_id=chat_id,
                    )
                )
