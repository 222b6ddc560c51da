"""The server a test starts: loopback HTTP on its own thread, and the handles to drive it.

    with TelegramServer() as server:
        ann = server.user("Ann")
        …start a bot with server.token, server.base_url, server.base_file_url…
        ann.sends(ann.chat, "/status")
        server.wait_for(lambda: server.messages(ann.chat), timeout_s=5)

All methods are synchronous and may be called from any thread. A test that runs a bot on its own
event loop uses `await server.until(…)` instead of `wait_for`, so as not to block it.
The bot may live in another process and be killed and started again: updates stay until an offset
confirms them.
"""

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.servers.telegram.errors import Json
from tests.servers.telegram.faults import Fault, FaultRule, method_set
from tests.servers.telegram.http import Gateway
from tests.servers.telegram.limits import FloodControl, Rates
from tests.servers.telegram.model import Account, Call, ChatState, Message, QueuedUpdate
from tests.servers.telegram.people import Chat, User, wait_for
from tests.servers.telegram.polling import Polling
from tests.servers.telegram.world import World

DEFAULT_TOKEN = "7001001:AA-a-token-that-opens-nothing"
_SHUTDOWN_S = 0.05


class TelegramServer:
    """A strict Bot API on 127.0.0.1 for one bot.

    `rates` None means no flood limits; `query_ttl_s` is how long a press may wait for its answer
    (the service publishes no number).
    """

    def __init__(
        self,
        *,
        token: str = DEFAULT_TOKEN,
        rates: Rates | None = None,
        query_ttl_s: float = 15.0,
        port: int = 0,
    ) -> None:
        self.token = token
        bot = Account(
            id=int(token.partition(":")[0]),
            first_name="Desk",
            username="desk_test_bot",
            is_bot=True,
        )
        self.world = World(bot=bot, rates=rates, query_ttl_s=query_ttl_s)
        self.port = port
        self._user_ids = itertools.count(5_001)
        self._group_ids = itertools.count(4_001)
        self._loop = asyncio.new_event_loop()
        self._polling: Polling | None = None
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="telegram-server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(10):
            raise TimeoutError("the Telegram server did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if error is None and self.world.crashes:
            raise AssertionError("the Telegram server failed: " + "\n".join(self.world.crashes))

    def stop(self) -> None:
        """Stop at once, open calls included; a second stop does nothing."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._polling = Polling(self.world, self._loop)
        gateway = Gateway(self.world, self.token, self._polling)
        runner = web.AppRunner(gateway.application(), access_log=None, shutdown_timeout=_SHUTDOWN_S)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        self._polling.close()
        await runner.cleanup()

    @property
    def base_url(self) -> str:
        """What `ApplicationBuilder.base_url` takes."""
        return f"http://127.0.0.1:{self.port}/bot"

    @property
    def base_file_url(self) -> str:
        """What `ApplicationBuilder.base_file_url` takes."""
        return f"http://127.0.0.1:{self.port}/file/bot"

    @property
    def bot(self) -> Account:
        return self.world.bot

    # People and chats

    def user(
        self,
        name: str = "Ann",
        *,
        user_id: int | None = None,
        username: str | None = None,
        language_code: str = "en",
        started: bool = True,
    ) -> User:
        """Make a person. Without `started` the bot cannot write before the person does."""
        with self.world.changed:
            account = Account(
                id=user_id or next(self._user_ids),
                first_name=name,
                username=username,
                language_code=language_code,
            )
            self.world.accounts[account.id] = account
            self.world.chats[account.id] = ChatState(
                id=account.id,
                kind="private",
                title=name,
                username=username,
                started=started,
                members={account.id: "member", self.bot.id: "member"},
            )
            return User(self.world, account)

    def group(
        self,
        title: str,
        *members: User,
        admins: Iterable[User] = (),
        kind: str = "group",
        forum: bool = False,
        bot_admin: bool = False,
    ) -> Chat:
        """Make a group with the bot in it; `kind` "supergroup" or `forum` gives a -100… id."""
        with self.world.changed:
            number = next(self._group_ids)
            big = forum or kind == "supergroup"
            state = ChatState(
                id=-1_000_000_000_000 - number if big else -number,
                kind="supergroup" if big else "group",
                title=title,
                forum=forum,
            )
            state.members |= {m.id: "member" for m in members}
            state.members |= {m.id: "administrator" for m in admins}
            state.members[self.bot.id] = "administrator" if bot_admin else "member"
            self.world.chats[state.id] = state
            return Chat(self.world, state)

    # What happened

    def messages(self, chat: Chat | None = None, *, deleted: bool = False) -> list[Message]:
        """Return the bot's messages, in one chat or in all, as they are now."""
        with self.world.changed:
            chats = [chat] if chat else [Chat(self.world, s) for s in self.world.chats.values()]
            return [m for c in chats for m in c.messages(deleted=deleted)]

    def current(self, message: Message) -> Message:
        """Return the latest state of a message seen before."""
        with self.world.changed:
            return self.world.messages[message.chat_id, message.message_id]

    @property
    def log(self) -> list[Call]:
        """Every call so far, in order of arrival; the last ones may still be open."""
        with self.world.changed:
            return list(self.world.calls)

    def calls(
        self, *methods: str, chat: Chat | None = None, outcome: str | None = None
    ) -> list[Call]:
        """Return the calls of these methods (all without any), to a chat, with an outcome."""
        wanted = method_set(methods)
        return [
            c
            for c in self.log
            if (not wanted or c.method.lower() in wanted)
            and (chat is None or c.chat_id == str(chat.id))
            and (outcome is None or c.outcome == outcome)
        ]

    def commands(
        self, scope: str = "default", *, chat: Chat | None = None, language: str = ""
    ) -> list[str]:
        """Return the command names set for exactly this scope and language."""
        with self.world.changed:
            key = (scope, str(chat.id) if chat else "", "", language)
            return [str(c["command"]) for c in self.world.commands.get(key, [])]

    def wait_for[T](self, predicate: Callable[[], T | None], timeout_s: float = 5.0) -> T:
        """Block until the predicate is true and return its value; TimeoutError otherwise."""
        return wait_for(self.world, predicate, timeout_s)

    async def until[T](self, predicate: Callable[[], T | None], timeout_s: float = 5.0) -> T:
        """`wait_for` without blocking the event loop; the predicate runs on another thread."""
        return await asyncio.to_thread(self.wait_for, predicate, timeout_s)

    # Updates

    @property
    def updates(self) -> list[QueuedUpdate]:
        """Every update ever queued, with when it was delivered and whether it was confirmed."""
        with self.world.changed:
            return list(self.world.updates)

    @property
    def pending_updates(self) -> list[QueuedUpdate]:
        """The updates no offset has confirmed yet."""
        with self.world.changed:
            return list(self.world.pending)

    def push_update(self, kind: str, body: Json) -> int | None:
        """Queue a hand-made update and return its id."""
        with self.world.changed:
            return self.world.queue_update(kind, body)

    def redeliver(self, *update_ids: int, times: int = 1) -> None:
        """Hand out old updates again, confirmed or not, ahead of everything else."""
        with self.world.changed:
            by_id = {u.update_id: u for u in self.world.updates}
            self.world.replays += [by_id[i] for i in update_ids] * times
            self.world.notify()

    @contextmanager
    def held_updates(self) -> Iterator[None]:
        """Keep new updates back inside the block; `reorder` them there to deliver out of turn."""
        with self.world.changed:
            self.world.held = True
        try:
            yield
        finally:
            with self.world.changed:
                self.world.held = False
                self.world.notify()

    def reorder(self, update_ids: Sequence[int]) -> None:
        """Deliver the pending updates in this order; those not named follow."""
        with self.world.changed:
            rank = {update_id: i for i, update_id in enumerate(update_ids)}
            self.world.pending.sort(key=lambda u: rank.get(u.update_id, len(rank)))

    # Trouble

    def fail(
        self,
        methods: str | Iterable[str],
        fault: Fault,
        *,
        times: int | None = 1,
        skip: int = 0,
        when: Callable[[Mapping[str, str]], bool] | None = None,
    ) -> FaultRule:
        """Fail the next calls of these methods; `times` None lasts until `heal`."""
        rule = FaultRule(methods=method_set(methods), fault=fault, left=times, skip=skip, when=when)
        with self.world.changed:
            self.world.faults.rules.append(rule)
        return rule

    def heal(self) -> None:
        """Forget all faults."""
        with self.world.changed:
            self.world.faults.rules.clear()

    def start_outage(self) -> None:
        """Break every connection, waiting polls included, until `end_outage`."""
        with self.world.changed:
            self.world.outage = True
            self.world.notify()

    def end_outage(self) -> None:
        """Serve again."""
        with self.world.changed:
            self.world.outage = False
            self.world.notify()

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Be down inside the block."""
        self.start_outage()
        try:
            yield
        finally:
            self.end_outage()

    def limit(self, rates: Rates | None) -> None:
        """Change the flood limits; what was sent before is forgotten."""
        with self.world.changed:
            self.world.flood = FloodControl(rates)

    def expire_queries(self) -> None:
        """Make every open press too old to be answered."""
        with self.world.changed:
            for query in self.world.queries.values():
                query.pressed_s = float("-inf")
