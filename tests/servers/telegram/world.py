"""The state behind the API: accounts, chats, messages, updates, queries, files, commands.

Everything is guarded by one condition variable, `changed`: methods of the API run on the server's
thread, a test on its own, and `wait_for` sleeps until something changes. The `wake` callback
tells the event loop that there may be a new update for a waiting poll.
"""

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from tests.servers.telegram.errors import Json, bad_request
from tests.servers.telegram.faults import FaultPlan
from tests.servers.telegram.limits import FloodControl, Rates
from tests.servers.telegram.media import StoredFile
from tests.servers.telegram.model import (
    Account,
    Call,
    ChatState,
    Message,
    Query,
    QueuedUpdate,
    Version,
    now_utc,
)

# Update types that reach only a bot that asks for them by name.
_ON_REQUEST_ONLY = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


class World:
    """One bot's Telegram."""

    def __init__(self, *, bot: Account, rates: Rates | None, query_ttl_s: float) -> None:
        self.bot = bot
        self.query_ttl_s = query_ttl_s
        self.changed = threading.Condition(threading.RLock())
        self.flood = FloodControl(rates)
        self.faults = FaultPlan()
        self.wake: Callable[[], None] = lambda: None
        self.reads_all_group_messages = False
        self.outage = False
        self.accounts: dict[int, Account] = {bot.id: bot}
        self.chats: dict[int, ChatState] = {}
        self.messages: dict[tuple[int, int], Message] = {}
        self.files: dict[str, StoredFile] = {}
        self.queries: dict[str, Query] = {}
        self.commands: dict[tuple[str, str, str, str], list[Json]] = {}
        self.menu_buttons: dict[str, Json] = {}
        self.chat_actions: list[tuple[int, str]] = []
        self.calls: list[Call] = []
        self.crashes: list[str] = []
        self.updates: list[QueuedUpdate] = []
        self.pending: list[QueuedUpdate] = []
        self.replays: list[QueuedUpdate] = []
        self.held = False
        self.allowed_updates: frozenset[str] | None = None
        self._update_ids = itertools.count(873_204_001)
        self._file_numbers = itertools.count(1)
        self._query_ids = itertools.count(4_382_101_774_001)
        self._album_ids = itertools.count(13_912_004_551)

    def is_down(self) -> bool:
        """Tell whether an outage is on; a call asks before and after its work."""
        return self.outage

    def notify(self) -> None:
        """Tell waiting tests and polls that something changed; the lock must be held."""
        self.changed.notify_all()
        self.wake()

    def find_chat(self, raw: str) -> ChatState:
        """Return the chat a `chat_id` parameter names; raise its 400."""
        if not raw:
            raise bad_request("chat_id is empty")
        for chat in self.chats.values():
            if raw in {str(chat.id), f"@{chat.username}"}:
                return chat
        raise bad_request("chat not found")

    def find_message(self, chat: ChatState, message_id: int, what: str) -> Message:
        """Return a message that is still there; `what` names it in the 400."""
        message = self.messages.get((chat.id, message_id))
        if message is None or message.deleted:
            raise bad_request(f"{what} not found")
        return message

    def add_message(
        self,
        chat: ChatState,
        sender: Account,
        version: Version,
        *,
        thread_id: int | None = None,
        reply_to: int | None = None,
        media_group_id: str | None = None,
        silent: bool = False,
        protected: bool = False,
    ) -> Message:
        """Store a new message."""
        message = Message(
            chat_id=chat.id,
            message_id=chat.next_message_id,
            sender=sender,
            sent_at=version.at,
            versions=(version,),
            thread_id=thread_id,
            reply_to=reply_to,
            media_group_id=media_group_id,
            silent=silent,
            protected=protected,
        )
        chat.next_message_id += 1
        self.messages[chat.id, message.message_id] = message
        self.notify()
        return message

    def put_message(self, message: Message) -> Message:
        """Replace a message by its next state."""
        self.messages[message.chat_id, message.message_id] = message
        self.notify()
        return message

    def edit(self, message: Message, version: Version) -> Message:
        """Append a version."""
        return self.put_message(replace(message, versions=(*message.versions, version)))

    def add_file(
        self, kind: str, data: bytes, name: str, mime: str, size: tuple[int, int]
    ) -> StoredFile:
        """Store an upload."""
        file = StoredFile(
            number=next(self._file_numbers),
            kind=kind,
            data=data,
            name=name,
            mime=mime,
            width=size[0],
            height=size[1],
        )
        self.files[file.file_id] = file
        return file

    def new_query(self) -> Query:
        """Open a callback query."""
        query = Query(id=str(next(self._query_ids)), update_id=None, pressed_s=time.monotonic())
        self.queries[query.id] = query
        return query

    def new_album_id(self) -> str:
        """Return the id shared by the messages of one album."""
        return str(next(self._album_ids))

    def queue_update(self, kind: str, body: Json) -> int | None:
        """Queue an update; None when the bot's `allowed_updates` keep this kind away."""
        allowed = self.allowed_updates
        if kind not in allowed if allowed is not None else kind in _ON_REQUEST_ONLY:
            return None
        update_id = next(self._update_ids)
        payload: Json = {"update_id": update_id, kind: body}
        update = QueuedUpdate(update_id=update_id, payload=payload, at=now_utc())
        self.updates.append(update)
        self.pending.append(update)
        self.notify()
        return update_id

    def confirm(self, offset: int) -> None:
        """Forget updates below the offset; a negative one keeps only that many of the newest."""
        if offset < 0:
            keep = self.pending[offset:]
        elif offset > 0:
            keep = [u for u in self.pending if u.update_id >= offset]
        else:
            return
        kept = {id(update) for update in keep}
        for update in self.pending:
            update.confirmed = id(update) not in kept
        self.pending = keep
        self.changed.notify_all()

    def due_updates(self, limit: int) -> list[Json]:
        """Return the updates to hand out: repeats first, then what is unconfirmed."""
        batch = self.replays[:limit]
        self.replays = self.replays[len(batch) :]
        if not self.held:
            batch += self.pending[: limit - len(batch)]
        at = now_utc()
        for update in batch:
            update.delivered.append(at)
        if batch:
            self.changed.notify_all()
        return [update.payload for update in batch]
