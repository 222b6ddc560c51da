"""The test's side of the chat: people who write and press, and the chats they do it in."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.servers.telegram.access import is_admin
from tests.servers.telegram.entities import Entity, utf16_length
from tests.servers.telegram.errors import Json
from tests.servers.telegram.model import (
    Account,
    CallbackAnswer,
    ChatState,
    Message,
    Query,
    Version,
    now_utc,
)
from tests.servers.telegram.render import member_json, message_json
from tests.servers.telegram.world import World

_COMMAND = re.compile(r"(?<!\S)/[A-Za-z0-9_]{1,32}(?:@\w+)?")


def wait_for[T](world: World, predicate: Callable[[], T | None], timeout_s: float) -> T:
    """Return the predicate's value once it is true; raise TimeoutError with the last calls."""
    deadline_s = time.monotonic() + timeout_s
    with world.changed:
        while True:
            value = predicate()
            if value:
                return value
            left_s = deadline_s - time.monotonic()
            # The cap lets a predicate over something outside this server be noticed too.
            if left_s <= 0:
                raise TimeoutError(f"not within {timeout_s} s; last calls: {_last_calls(world)}")
            world.changed.wait(min(left_s, 0.05))


def _last_calls(world: World) -> str:
    calls = [f"#{c.number} {c.method} {c.outcome} {c.status}" for c in world.calls[-8:]]
    return "; ".join(calls) or "none"


@dataclass(slots=True)
class Press:
    """A button press on its way: its update, and the bot's answer when it comes."""

    world: World = field(repr=False)
    query: Query
    update_id: int | None

    @property
    def answer(self) -> CallbackAnswer | None:
        return self.query.answer

    def wait_answer(self, timeout_s: float = 5.0) -> CallbackAnswer:
        """Return the bot's answer; TimeoutError when the button keeps spinning."""
        return wait_for(self.world, lambda: self.query.answer, timeout_s)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a person wrote; `update_id` is None when the bot is not told (privacy mode)."""

    message: Message
    update_id: int | None


class Chat:
    """A private chat, group or supergroup."""

    def __init__(self, world: World, state: ChatState) -> None:
        self._world = world
        self.state = state

    @property
    def id(self) -> int:
        return self.state.id

    def messages(self, *, deleted: bool = False) -> list[Message]:
        """Return the bot's messages in order, as they are now."""
        with self._world.changed:
            return [
                m
                for (chat_id, _), m in sorted(self._world.messages.items())
                if chat_id == self.id and m.from_bot and m.deleted <= deleted
            ]

    def topic(self, name: str) -> int:
        """Open a topic of a forum and return its message_thread_id."""
        assert self.state.forum, "topics need a forum"
        with self._world.changed:
            thread_id = self.state.next_message_id
            self.state.next_message_id += 1
            self.state.topics[thread_id] = name
            return thread_id

    def add(self, user: "User", status: str = "member") -> None:
        """Let a person in, or change the status."""
        with self._world.changed:
            self.state.members[user.id] = status

    def bot_status(self, status: str) -> None:
        """Make the bot a member, administrator, left or kicked."""
        with self._world.changed:
            self.state.members[self._world.bot.id] = status
            self._world.notify()

    def migrate(self) -> "Chat":
        """Turn a group into a supergroup; the old id is refused from now on."""
        with self._world.changed:
            new_id = -1_000_000_000_000 + self.id
            state = replace(self.state, id=new_id, kind="supergroup", next_message_id=1)
            self._world.chats[new_id] = state
            self.state.migrated_to = new_id
            return Chat(self._world, state)


class User:
    """A person with a phone."""

    def __init__(self, world: World, account: Account) -> None:
        self._world = world
        self.account = account

    @property
    def id(self) -> int:
        return self.account.id

    @property
    def chat(self) -> Chat:
        """The private chat with the bot."""
        return Chat(self._world, self._world.chats[self.id])

    def sends(
        self, chat: Chat, text: str, *, thread_id: int | None = None, reply_to: int | None = None
    ) -> Sent:
        """Write a message; the first one in a private chat starts the conversation."""
        world = self._world
        with world.changed:
            self._must_be_in(chat.state)
            chat.state.started = True
            entities = tuple(
                Entity(
                    type="bot_command",
                    offset=utf16_length(text[: m.start()]),
                    length=utf16_length(m.group()),
                )
                for m in _COMMAND.finditer(text)
            )
            version = Version(at=now_utc(), method="", text=text, entities=entities)
            message = world.add_message(
                chat.state, self.account, version, thread_id=thread_id, reply_to=reply_to
            )
            if not self._bot_reads(chat.state, message):
                return Sent(message, None)
            return Sent(message, world.queue_update("message", message_json(world, message)))

    def presses(self, message: Message, text_or_data: str) -> Press:
        """Press a button of the message as this person saw it, which may be an old version."""
        data = message.button(text_or_data).data
        assert data is not None, f"{text_or_data!r} opens a link, it sends nothing"
        return self.forges(message, data)

    def forges(self, message: Message, data: str) -> Press:
        """Send a press with any data, as an altered client could."""
        world = self._world
        with world.changed:
            chat = world.chats[message.chat_id]
            self._must_be_in(chat)
            current = world.messages[message.chat_id, message.message_id]
            if current.deleted:
                raise LookupError("the message is deleted, nobody can press it")
            query = world.new_query()
            body: Json = {
                "id": query.id,
                "from": self.account.as_json(),
                "message": message_json(world, current),
                "chat_instance": str(abs(chat.id) * 7919),
                "data": data,
            }
            query.update_id = world.queue_update("callback_query", body)
            return Press(world, query, query.update_id)

    def blocks_bot(self) -> None:
        """Block the bot: writes to this person are 403 until `unblocks_bot`."""
        self._set_blocked("kicked")

    def unblocks_bot(self) -> None:
        """Take the block back."""
        self._set_blocked("member")

    def _set_blocked(self, status: str) -> None:
        world = self._world
        with world.changed:
            chat = world.chats[self.id]
            old = member_json(world, chat, world.bot.id)
            chat.members[world.bot.id] = status
            chat.blocked = status == "kicked"
            body: Json = {
                "chat": chat.as_json(),
                "from": self.account.as_json(),
                "date": int(now_utc().timestamp()),
                "old_chat_member": old,
                "new_chat_member": member_json(world, chat, world.bot.id),
            }
            world.queue_update("my_chat_member", body)

    def _must_be_in(self, chat: ChatState) -> None:
        inside = chat.members.get(self.id, "left") not in {"left", "kicked"}
        if not inside:
            raise ValueError(f"{self.account.first_name} is not in {chat.title!r}")

    def _bot_reads(self, chat: ChatState, message: Message) -> bool:
        """Tell whether privacy mode lets the bot see the message."""
        world = self._world
        if not chat.is_group or world.reads_all_group_messages or is_admin(chat, world.bot.id):
            return True
        replied = world.messages.get((chat.id, message.reply_to or 0))
        to_bot = replied is not None and replied.from_bot
        return to_bot or message.text.startswith("/") or f"@{world.bot.username}" in message.text
