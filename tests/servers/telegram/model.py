"""What the server remembers, as frozen values: people, chats, messages, presses, calls.

A message is a chain of versions: an edit adds one and removes nothing, so a test can read what a
person saw at any time. Values handed to a test are therefore snapshots and never change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.servers.telegram.entities import Entity
from tests.servers.telegram.errors import Json
from tests.servers.telegram.media import StoredFile


def now_utc() -> datetime:
    """Return the time; the servers of the tests read the wall clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person or the bot, as in the Bot API's User."""

    id: int
    first_name: str
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False

    def as_json(self) -> Json:
        body: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            body["username"] = self.username
        if self.language_code:
            body["language_code"] = self.language_code
        return body


@dataclass(slots=True, kw_only=True)
class ChatState:
    """A chat as the service knows it. `members` maps account ids to their status."""

    id: int
    kind: str
    title: str
    members: dict[int, str] = field(default_factory=dict)
    username: str | None = None
    forum: bool = False
    topics: dict[int, str] = field(default_factory=dict)
    started: bool = True
    blocked: bool = False
    migrated_to: int | None = None
    pinned: list[int] = field(default_factory=list)
    next_message_id: int = 1

    @property
    def is_group(self) -> bool:
        return self.kind in {"group", "supergroup"}

    def as_json(self) -> Json:
        """Return the Bot API's Chat."""
        body: Json = {"id": self.id, "type": self.kind}
        if self.is_group:
            body["title"] = self.title
            if self.forum:
                body["is_forum"] = True
        else:
            body["first_name"] = self.title
        if self.username:
            body["username"] = self.username
        return body


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """One inline button; `data` is None for a button that opens a link."""

    text: str
    data: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One state of a message; `text` is the caption of a photo or document."""

    at: datetime
    method: str
    text: str
    entities: tuple[Entity, ...] = ()
    file: StoredFile | None = None
    markup: Mapping[str, object] | None = None

    @property
    def kind(self) -> str:
        return self.file.kind if self.file else "text"

    @property
    def keyboard(self) -> tuple[tuple[Button, ...], ...]:
        rows = (self.markup or {}).get("inline_keyboard", ())
        assert isinstance(rows, list | tuple)
        return tuple(
            tuple(
                Button(text=b["text"], data=b.get("callback_data"), url=b.get("url")) for b in row
            )
            for row in rows
        )

    @property
    def buttons(self) -> tuple[Button, ...]:
        """All buttons, row by row."""
        return tuple(button for row in self.keyboard for button in row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message with all its versions, oldest first; the last one is what is on the screen."""

    chat_id: int
    message_id: int
    sender: Account
    sent_at: datetime
    versions: tuple[Version, ...]
    thread_id: int | None = None
    reply_to: int | None = None
    media_group_id: str | None = None
    silent: bool = False
    protected: bool = False
    deleted: bool = False

    @property
    def now(self) -> Version:
        return self.versions[-1]

    @property
    def text(self) -> str:
        """Text or caption on the screen."""
        return self.now.text

    @property
    def entities(self) -> tuple[Entity, ...]:
        return self.now.entities

    @property
    def kind(self) -> str:
        return self.now.kind

    @property
    def photo(self) -> bytes | None:
        """The picture on the screen, as uploaded."""
        file = self.now.file
        return file.data if file and file.kind == "photo" else None

    @property
    def document(self) -> StoredFile | None:
        file = self.now.file
        return file if file and file.kind == "document" else None

    @property
    def keyboard(self) -> tuple[tuple[Button, ...], ...]:
        return self.now.keyboard

    @property
    def buttons(self) -> tuple[Button, ...]:
        return self.now.buttons

    @property
    def labels(self) -> tuple[str, ...]:
        """The texts on the buttons, row by row."""
        return tuple(button.text for button in self.buttons)

    @property
    def from_bot(self) -> bool:
        return self.sender.is_bot

    @property
    def edits(self) -> int:
        return len(self.versions) - 1

    def button(self, text_or_data: str) -> Button:
        """Return the button with this text or data; LookupError when it is not on the screen."""
        for button in self.buttons:
            if text_or_data in {button.text, button.data}:
                return button
        shown = ", ".join(self.labels) or "none"
        raise LookupError(f"no button {text_or_data!r} on this message, buttons: {shown}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAnswer:
    """How the bot answered a press; `after_s` counts from the press."""

    text: str
    show_alert: bool
    url: str
    cache_time_s: int
    at: datetime
    after_s: float


@dataclass(slots=True, kw_only=True)
class Query:
    """A callback query that waits for its answer."""

    id: str
    update_id: int | None
    pressed_s: float
    answer: CallbackAnswer | None = None


@dataclass(slots=True, kw_only=True)
class QueuedUpdate:
    """An update and its fate: when it was handed out, and whether an offset confirmed it."""

    update_id: int
    payload: Json
    at: datetime
    delivered: list[datetime] = field(default_factory=list)
    confirmed: bool = False

    @property
    def kind(self) -> str:
        return next(key for key in self.payload if key != "update_id")


@dataclass(slots=True, kw_only=True)
class Call:
    """One request the server received. `outcome`: ok, refused, fault, outage or open.

    `effect` tells whether the call changed anything, whatever the caller came to hear of it.
    """

    number: int
    method: str
    params: Mapping[str, str]
    files: Mapping[str, bytes]
    at: datetime
    started_s: float
    took_s: float | None = None
    status: int | None = None
    response: Json | None = None
    outcome: str = "open"
    fault: str | None = None
    effect: bool = False

    @property
    def chat_id(self) -> str:
        return self.params.get("chat_id", "")
