"""A channel: one way to talk to people. Telegram and the terminal are the two there are.

raw update → ``read`` → ``Incoming`` → handlers; ``Outgoing`` → ``send`` or ``edit``. Everything
above this line serves both channels; nothing below it knows what a trade is.

Failures are one small tree, named by what the sender must do about them, because the sender is
the only one who handles them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.domain.desk import Json, Person
from engine.domain.errors import ChatError

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
CALLBACK_LIMIT_BYTES = 64


class BusyError(ChatError):
    """Too many messages; try again after ``retry_after_s``. Nothing was sent."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"the chat service asks to wait {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class UnreachableError(ChatError):
    """No answer. ``ambiguous`` when the request may have arrived all the same."""

    def __init__(self, detail: str, *, ambiguous: bool) -> None:
        super().__init__(f"the chat service did not answer: {detail}")
        self.ambiguous = ambiguous


class GoneError(ChatError):
    """The chat cannot be written to any more: blocked, deleted, never started."""


class MovedError(ChatError):
    """The group has a new number."""

    def __init__(self, chat_id: int) -> None:
        super().__init__(f"the chat is now {chat_id}")
        self.chat_id = chat_id


class MissingError(ChatError):
    """The message that should be edited is not there or cannot be edited."""


class UnchangedError(ChatError):
    """The message says this already."""


class RefusedError(ChatError):
    """The request itself was refused: formatting, length, picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button under a message; ``data`` is at most 64 bytes."""

    text: str
    data: str


type Keyboard = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message as it goes out. ``text`` is HTML of the Bot API unless ``is_plain``.

    ``name`` is that of the picture, without its ending, or of the ``document``, with it.

    ``topic`` is a topic of a group: ``None`` the one it is configured with, 0 the general one.
    """

    text: str
    keyboard: Keyboard = ()
    photo: bytes | None = None
    document: bytes | None = None
    name: str = "picture"
    is_plain: bool = False
    is_silent: bool = False
    topic: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """What a person did: wrote ``text`` or pressed a button with ``data``.

    ``message_id`` and ``has_photo`` describe the message the button is under; ``callback_id`` is
    what the press is answered by. ``own_message_id`` is the person's own message, ``topic`` where
    in a group it stands (0 outside of all topics, ``None`` in a private chat).
    """

    update_id: int
    user_id: int
    user_name: str
    chat_id: int
    language: str = ""
    is_private: bool = True
    text: str = ""
    data: str | None = None
    callback_id: str = ""
    message_id: int | None = None
    has_photo: bool = False
    own_message_id: int | None = None
    topic: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawUpdate:
    """An update as it came, to be stored before it is acknowledged."""

    update_id: int
    payload: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandHelp:
    """A command for the menu of one person: the name without slash, and a sentence."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """Commands by language code ("" is the language of everybody else), for one person or all."""

    person: Person | None
    commands: Mapping[str, tuple[CommandHelp, ...]] = field(default_factory=dict)


class Channel(Protocol):
    """One way to talk to people. All methods may raise ``ChatError``."""

    @property
    def source(self) -> str:
        """Name under which its updates are stored."""
        ...

    @property
    def remembers(self) -> bool:
        """Whether messages and their buttons are still there after a restart of the desk."""
        ...

    async def open(self) -> None:
        """Make ready; called before anything else, repeated after an error."""
        ...

    async def close(self) -> None:
        """Let go of connections; no error."""
        ...

    def serves(self, chat_id: int) -> bool:
        """Whether a chat is one of this channel's."""
        ...

    async def receive(self, after: int | None) -> Sequence[RawUpdate]:
        """Wait for updates after this id; asking acknowledges everything up to it. May be empty."""
        ...

    def read(self, update_id: int, payload: Mapping[str, Json]) -> Incoming | None:
        """Understand a stored update; ``None`` when it says nothing to the desk."""
        ...

    async def send(self, chat_id: int, message: Outgoing) -> int:
        """Send and return the message's number."""
        ...

    async def edit(
        self, chat_id: int, message_id: int, message: Outgoing, *, has_photo: bool
    ) -> None:
        """Replace text or caption, keyboard, and the picture if there is a new one.

        A message of text that gets a picture is one with a caption from then on.
        """
        ...

    async def strip(self, chat_id: int, message_id: int) -> None:
        """Take the buttons away."""
        ...

    async def delete(self, chat_id: int, message_id: int) -> None:
        """Take a message away; ``MissingError`` when it is gone or may not be deleted."""
        ...

    async def answer(self, callback_id: str, text: str, *, is_alert: bool = False) -> None:
        """Answer a press; one that is too old to be answered is no error."""
        ...

    async def offer(self, menu: Menu) -> None:
        """Show the commands in the chat's menu."""
        ...

    async def withdraw(self, chat_id: int, languages: Iterable[str]) -> None:
        """Take a chat's own menu away, in these languages; what everybody sees stays."""
        ...
