"""Telegram as a channel: the only module that knows python-telegram-bot.

``receive`` long-polls ``getUpdates`` with the offset it is given, so an update is acknowledged by
the call after the one that stored it; the library's own updater acknowledges before anybody has
looked, and a crash in between would lose a press for good.

Choices:
- Updates are read as the plain JSON the Bot API documents: what was stored can be read after an
  upgrade of the library, and a strange update is nobody's exception.
- The library is imported by ``open`` and not by this module: it takes half a second, and the desk
  runs without Telegram too.
- Errors are told apart by what the sender must do about them (``bot.channel``); the service's
  descriptions are compared without case, because the library rewrites their first letter.
- An edit that says what the message says already is answered here: the service would refuse it,
  after a picture has been carried there.
"""

import json
import logging
import os
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import structlog

from bot.channel import (
    BusyError,
    GoneError,
    Incoming,
    Keyboard,
    Menu,
    MissingError,
    MovedError,
    Outgoing,
    RawUpdate,
    RefusedError,
    UnchangedError,
    UnreachableError,
)
from bot.policy import TelegramOptions
from bot.telegram_reading import number_of, read_update
from bot.told import ToldMemory
from engine.domain.desk import Json
from engine.domain.errors import ChatError

if TYPE_CHECKING:
    from telegram import Bot, InlineKeyboardMarkup
    from telegram.request import HTTPXRequest

_log = structlog.get_logger()

_SPARE_POLL_S = 10.0
_CONFLICT_WAIT_S = 3.0
_POOL = 16
_WANTED = ("message", "callback_query")
_GONE = (
    "chat not found",
    "user is deactivated",
    "bot was blocked",
    "bot was kicked",
    "bot is not a member",
    "have no rights to send",
    "not enough rights to send",
    "group chat was deactivated",
    "chat_write_forbidden",
    "peer_id_invalid",
)
_MISSING = (
    "message to edit not found",
    "message can't be edited",
    "there is no text in the message to edit",
    "there is no caption in the message to edit",
    "message_id_invalid",
    "message to delete not found",
    "message can't be deleted",
)
_NO_MEDIA = ("not enough rights to send photos", "not enough rights to send documents")
_NO_TOPIC = ("message thread not found", "topic_deleted", "topic_closed")
_TOO_OLD = ("query is too old", "query id is invalid", "query_id_invalid")


class TelegramChannel:
    """A bot at Telegram; see ``bot.channel.Channel``."""

    source = "telegram"
    remembers = True

    def __init__(self, options: TelegramOptions) -> None:
        self._options = options
        self._bot: Bot | None = None
        self._polling: HTTPXRequest | None = None
        self._username = ""
        self._told = ToldMemory()

    async def open(self) -> None:
        """Import the library, connect, and learn the bot's own name. Raises ``ChatError``."""
        # python-telegram-bot hands out durations as numbers with a deprecation warning unless it
        # is told here, before its import, that the caller expects timedelta.
        os.environ.setdefault("PTB_TIMEDELTA", "true")
        # The HTTP client logs every address at INFO, and the address holds the token.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        from telegram import Bot  # noqa: PLC0415 - half a second, see above
        from telegram.request import HTTPXRequest  # noqa: PLC0415 - likewise

        options = self._options
        timeout_s = options.request_timeout_s
        if self._bot is None:
            self._polling = HTTPXRequest(connection_pool_size=1, connect_timeout=timeout_s)
            self._bot = Bot(
                options.token.reveal(),
                base_url=options.base_url,
                base_file_url=options.base_file_url,
                request=HTTPXRequest(
                    connection_pool_size=_POOL,
                    read_timeout=timeout_s,
                    write_timeout=timeout_s,
                    connect_timeout=timeout_s,
                    pool_timeout=timeout_s,
                ),
                get_updates_request=self._polling,
            )
        await self._call(lambda bot: bot.initialize())
        self._username = self._bot.username

    async def close(self) -> None:
        """Let go of connections."""
        if self._bot is not None:
            await self._bot.shutdown()

    def serves(self, chat_id: int) -> bool:
        """Every chat but the terminal's, which is 0."""
        return chat_id != 0

    async def receive(self, after: int | None) -> Sequence[RawUpdate]:
        """Long-poll; see ``Channel.receive``."""
        offset = None if after is None else after + 1
        found = await self._call(lambda _: self._poll(offset))
        updates = found if isinstance(found, list) else []
        return [
            RawUpdate(update_id=update["update_id"], payload=update)
            for update in updates
            if isinstance(update, dict) and number_of(update, "update_id") is not None
        ]

    async def _poll(self, offset: int | None) -> object:
        """One ``getUpdates``; the library's own would fail for good on one strange update."""
        assert self._polling is not None  # open has made it
        options = self._options
        fields = {
            "timeout": options.poll_timeout_s,
            "allowed_updates": json.dumps(_WANTED),
            **({} if offset is None else {"offset": offset}),
        }
        answer = await self._polling.retrieve(
            f"{options.base_url}{options.token.reveal()}/getUpdates?{urlencode(fields)}",
            read_timeout=options.poll_timeout_s + _SPARE_POLL_S,
        )
        try:
            return json.loads(answer)["result"]
        except (ValueError, KeyError, TypeError) as err:
            raise UnreachableError("an answer that is not JSON", ambiguous=False) from err

    def read(self, update_id: int, payload: Mapping[str, Json]) -> Incoming | None:
        """Understand a message or a press; ``None`` for anything else."""
        return read_update(update_id, payload, self._username)

    async def send(self, chat_id: int, message: Outgoing) -> int:
        """Send text, or a photo with its caption; a topic that is no more gives way to the group.

        The general topic has no number that may be sent.
        """
        given = message.topic
        topic = self._options.topics.get(chat_id) if given is None else given
        try:
            number = await self._send(chat_id, message, topic or None)
        except RefusedError as err:
            if not topic or not _says(str(err), _NO_TOPIC):
                raise
            _log.warning("topic_gone", chat=chat_id, topic=topic)
            number = await self._send(chat_id, message, None)
        self._told.sent(chat_id, number, message)
        return number

    async def _send(self, chat_id: int, message: Outgoing, topic: int | None) -> int:
        markup = _markup(message.keyboard)
        mode = None if message.is_plain else "HTML"
        if message.document is not None:
            document = message.document
            sent = await self._call(
                lambda bot: bot.send_document(
                    chat_id,
                    document,
                    caption=message.text,
                    parse_mode=mode,
                    reply_markup=markup,
                    disable_notification=message.is_silent,
                    message_thread_id=topic,
                    filename=message.name,
                    disable_content_type_detection=True,
                )
            )
        elif message.photo is None:
            sent = await self._call(
                lambda bot: bot.send_message(
                    chat_id,
                    message.text,
                    parse_mode=mode,
                    reply_markup=markup,
                    disable_notification=message.is_silent,
                    message_thread_id=topic,
                )
            )
        else:
            photo = message.photo
            sent = await self._call(
                lambda bot: bot.send_photo(
                    chat_id,
                    photo,
                    caption=message.text,
                    parse_mode=mode,
                    reply_markup=markup,
                    disable_notification=message.is_silent,
                    message_thread_id=topic,
                    filename=f"{message.name}.png",
                )
            )
        return sent.message_id

    async def edit(
        self, chat_id: int, message_id: int, message: Outgoing, *, has_photo: bool
    ) -> None:
        """Edit in place. A picture may be added to a message of text, and is never taken away."""
        if self._told.says(chat_id, message_id, message):
            raise UnchangedError("it says so already")
        leaving = self._told.leave(chat_id, message_id)
        try:
            await self._edit(chat_id, message_id, message, has_photo=has_photo)
        except UnchangedError:
            self._told.arrived(chat_id, message_id, message, leaving)
            raise
        self._told.arrived(chat_id, message_id, message, leaving)

    async def _edit(
        self, chat_id: int, message_id: int, message: Outgoing, *, has_photo: bool
    ) -> None:
        markup = _markup(message.keyboard)
        mode = None if message.is_plain else "HTML"
        if message.photo is not None:
            await self._edit_media(chat_id, message_id, message, markup)
        elif has_photo:
            await self._call(
                lambda bot: bot.edit_message_caption(
                    chat_id,
                    message_id,
                    caption=message.text,
                    parse_mode=mode,
                    reply_markup=markup,
                )
            )
        else:
            await self._call(
                lambda bot: bot.edit_message_text(
                    message.text, chat_id, message_id, parse_mode=mode, reply_markup=markup
                )
            )

    async def _edit_media(
        self,
        chat_id: int,
        message_id: int,
        message: Outgoing,
        markup: "InlineKeyboardMarkup | None",
    ) -> None:
        from telegram import InputMediaPhoto  # noqa: PLC0415 - the library is open by now

        media = InputMediaPhoto(
            message.photo or b"",
            caption=message.text,
            parse_mode=None if message.is_plain else "HTML",
            filename=f"{message.name}.png",
        )
        await self._call(
            lambda bot: bot.edit_message_media(media, chat_id, message_id, reply_markup=markup)
        )

    async def strip(self, chat_id: int, message_id: int) -> None:
        """Take the buttons away."""
        self._told.leave(chat_id, message_id)
        await self._call(
            lambda bot: bot.edit_message_reply_markup(chat_id, message_id, reply_markup=None)
        )

    async def delete(self, chat_id: int, message_id: int) -> None:
        """Take a message away: an own one, or in a private chat any."""
        await self._call(lambda bot: bot.delete_message(chat_id, message_id))

    async def answer(self, callback_id: str, text: str, *, is_alert: bool = False) -> None:
        """Answer a press; too late is no error."""
        try:
            await self._call(
                lambda bot: bot.answer_callback_query(
                    callback_id, text or None, show_alert=is_alert
                )
            )
        except RefusedError as err:
            if not _says(str(err), _TOO_OLD):
                raise
            _log.info("press_answered_too_late", callback=callback_id)

    async def offer(self, menu: Menu) -> None:
        """Set the commands of one person's chat, or the default ones, in every language."""
        from telegram import BotCommandScopeChat, BotCommandScopeDefault  # noqa: PLC0415

        person = menu.person
        scope = BotCommandScopeChat(person.chat_id) if person else BotCommandScopeDefault()
        for language, commands in menu.commands.items():
            pairs = [(command.name, command.text) for command in commands]
            await self._call(
                lambda bot, pairs=pairs, language=language: bot.set_my_commands(  # type: ignore[misc]  # bound per turn
                    pairs, scope=scope, language_code=language or None
                )
            )

    async def withdraw(self, chat_id: int, languages: Iterable[str]) -> None:
        """Take a person's own commands away in these languages."""
        from telegram import BotCommandScopeChat  # noqa: PLC0415 - the library is open by now

        scope = BotCommandScopeChat(chat_id)
        for language in languages:
            await self._call(
                lambda bot, language=language: bot.delete_my_commands(  # type: ignore[misc]  # bound per turn
                    scope=scope, language_code=language or None
                )
            )

    async def _call[T](self, request: "Callable[[Bot], Coroutine[Any, Any, T]]") -> T:
        """Make one request; vendor errors become ours."""
        from telegram.error import InvalidToken, TelegramError  # noqa: PLC0415 - the library is open by now

        if self._bot is None:
            raise UnreachableError("the channel is not open", ambiguous=False)
        try:
            return await request(self._bot)
        except InvalidToken:
            # The library's message holds the token: it is left behind.
            raise UnreachableError("the bot token is not accepted", ambiguous=False) from None
        except TelegramError as err:
            raise _translated(err) from err


def _translated(err: Exception) -> ChatError:
    from telegram import error  # noqa: PLC0415 - the library raised it

    text = str(err)
    if isinstance(err, error.RetryAfter):
        wait = err.retry_after
        return BusyError(wait if isinstance(wait, int) else wait.total_seconds())
    if isinstance(err, error.ChatMigrated):
        return MovedError(err.new_chat_id)
    if isinstance(err, error.Conflict):
        return BusyError(_CONFLICT_WAIT_S)
    if _says(text, _NO_MEDIA):
        return RefusedError(text)  # words may still be sent
    if isinstance(err, error.Forbidden) or _says(text, _GONE):
        return GoneError(text)
    if isinstance(err, error.BadRequest):
        if _says(text, ("message is not modified",)):
            return UnchangedError(text)
        return MissingError(text) if _says(text, _MISSING) else RefusedError(text)
    return UnreachableError(text, ambiguous=not _never_left(err))


def _never_left(err: Exception) -> bool:
    """Whether the request cannot have arrived, because no connection was made."""
    import httpx  # noqa: PLC0415 - the client that python-telegram-bot rides on

    cause = err.__cause__
    return isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)


def _says(text: str, phrases: Sequence[str]) -> bool:
    folded = text.lower()
    return any(phrase in folded for phrase in phrases)


def _markup(keyboard: Keyboard) -> "InlineKeyboardMarkup | None":
    if not keyboard:
        return None
    from telegram import (  # noqa: PLC0415 - the library is open by now
        InlineKeyboardButton,
        InlineKeyboardMarkup,
    )

    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(button.text, callback_data=button.data) for button in row]
            for row in keyboard
        ]
    )
