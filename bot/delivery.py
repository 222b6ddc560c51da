"""One message on its way to one chat: render today's truth, draw, send or edit.

Choices:
- Rendering happens at delivery, so what goes out is true when it goes out, and an edit is nothing
  but another rendering.
- What the service refuses is tried again in plainer dress: without formatting, then without the
  picture. An alert is not lost to an underscore.
- The message that a new one replaces is told for the last time first: its buttons go, and it says
  what became of its question, or that it is asked again below.
- A picture that cannot be drawn is left out, and the message says so. Where a message has a picture
  already, of something else, a plain one takes its place (``bot.stand_in``), and where the service
  takes none at all, the message is told anew without one: the wrong market is never shown.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import structlog

from bot.channel import (
    CAPTION_LIMIT,
    TEXT_LIMIT,
    BusyError,
    Channel,
    GoneError,
    MissingError,
    Outgoing,
    RefusedError,
    UnchangedError,
)
from bot.loads import Delivered
from bot.messages.markup import Html, cut, plain, shorten, split
from bot.messages.pictures import draw
from bot.messages.registry import GAINS_PICTURE, RENDERERS, SWAPS_PICTURE
from bot.messages.rendered import Facts, Rendered, Telling, lines
from bot.messages.words import Words
from bot.policy import ChatOptions
from bot.stand_in import stand_in
from engine.desk.front import DeskFront
from engine.domain.desk import OutboxMessage, Person, SentMessage
from engine.domain.errors import ChatError

_log = structlog.get_logger()

_SWEPT = 12
_ASKED_ANEW = frozenset({"card", "purchase"})
"""What may be sent again while its question is open: the old copy says where it goes on."""
_REFUSED_IN_PASSING = (MissingError, UnchangedError, RefusedError, GoneError)


class StuckPhotoError(MissingError):
    """The message shows something else, and the service takes no picture to put in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A row on its way. ``reader`` is ``None`` in a group; ``known`` speaks of the subject now.

    ``is_late`` is an answer that somebody has given up waiting for.
    """

    row: OutboxMessage
    chat_id: int
    reader: Person | None
    known: SentMessage | None
    is_edit: bool
    is_repeat: bool
    is_silent: bool = False
    is_late: bool = False

    @property
    def swaps_picture(self) -> bool:
        """Whether the picture of what was shown before must go."""
        is_photo = self.known is not None and self.known.has_photo
        return self.is_edit and is_photo and self.row.kind in GAINS_PICTURE | SWAPS_PICTURE


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A message as it will go out. ``covered`` are the rows a list found room for, if not all."""

    message: Outgoing
    covered: frozenset[str] | None = None


class Postman:
    """Renders and sends; what a failure means for the row is the outbox's matter."""

    def __init__(
        self,
        channel: Channel,
        *,
        desk: DeskFront,
        facts: Facts,
        options: ChatOptions,
        desk_thread: Executor,
        picture_thread: Executor,
    ) -> None:
        self._channel = channel
        self._desk = desk
        self._facts = facts
        self._options = options
        self._desk_thread = desk_thread
        self._picture_thread = picture_thread

    async def prepare(self, parcel: Parcel) -> Prepared | None:
        """The message as it will go out, picture drawn; ``None`` when there is nothing to tell."""
        kind = parcel.row.kind
        gains = kind in GAINS_PICTURE or parcel.swaps_picture
        telling = self._telling(parcel, wants_picture=gains or not parcel.is_edit)
        rendered = await self._in_desk_thread(self._render, kind, telling)
        if rendered is None:
            return None
        drawn = await self._draw(rendered)
        is_undrawn = drawn is None and rendered.picture is not None
        instead = stand_in(telling.options.theme) if parcel.swaps_picture else None
        message = Outgoing(
            text=lines(rendered.text, *_notes(parcel, telling, is_undrawn=is_undrawn)),
            keyboard=rendered.keyboard,
            photo=drawn or instead,
            document=rendered.document,
            name=_file_name(rendered.document_name or rendered.picture_name),
            is_silent=parcel.is_silent,
            topic=parcel.row.topic,
        )
        return Prepared(message=message, covered=rendered.covered)

    def untellable(self, parcel: Parcel) -> Outgoing:
        """What is said instead of a message that cannot be rendered."""
        words = self._words(parcel.reader)
        row = parcel.row
        return Outgoing(
            text=words("notices.untellable", kind=row.kind, subject=cut(row.subject, 80))
        )

    async def retire(self, parcel: Parcel) -> None:
        """Take the buttons from the message that is about to be replaced."""
        known = parcel.known
        if known is None:
            return
        try:
            if parcel.row.kind in _ASKED_ANEW:
                await self._tell_last(parcel, known)
            else:
                await self._channel.strip(parcel.chat_id, known.chat_message_id)
        except _REFUSED_IN_PASSING as err:
            _log.info("old_message_kept", chat=parcel.chat_id, detail=str(err))

    async def erase(self, parcel: Parcel) -> None:
        """Take the message away that speaks of the subject, if there is one that can go."""
        known = parcel.known
        if known is None:
            return
        try:
            await self._channel.delete(parcel.chat_id, known.chat_message_id)
        except _REFUSED_IN_PASSING as err:
            _log.info("message_not_erased", chat=parcel.chat_id, detail=str(err))

    async def sweep(self, parcel: Parcel, delivered: Delivered, known: frozenset[int]) -> None:
        """Take the buttons from copies that nobody remembers, after a delivery that is a repeat.

        The first delivery was not confirmed: if it arrived all the same, its number is just below
        the repeat's, and nothing is bound to it. Whatever has such a number is a stray copy, or no
        message of ours, which the service does not let us change.

        Only the nearest dozen is looked at, since each costs a request. A copy farther away keeps
        its buttons, and that is harmless: a press is about the question and not about the message,
        so that it counts once or is answered why not, and then the copy is told the end too
        (``bot.inbox``).
        """
        for number in range(delivered.message_id - 1, delivered.message_id - 1 - _SWEPT, -1):
            if number <= 0 or number in known:
                continue
            try:
                await self._channel.strip(parcel.chat_id, number)
            except _REFUSED_IN_PASSING:
                continue
            except ChatError as err:
                _log.info("stray_copies_not_swept", chat=parcel.chat_id, detail=str(err))
                return

    async def edit(self, parcel: Parcel, message: Outgoing) -> Delivered:
        """Edit the known message; ``MissingError`` when it cannot be edited."""
        known = parcel.known
        assert known is not None  # an edit is only chosen where there is a message
        limit = CAPTION_LIMIT if known.has_photo or message.photo else TEXT_LIMIT
        instead = None
        if parcel.swaps_picture:
            instead = stand_in(self._options.for_reader(parcel.reader).theme)
        for variant in _variants(_fitted(message, limit), instead):
            try:
                await self._channel.edit(
                    parcel.chat_id, known.chat_message_id, variant, has_photo=known.has_photo
                )
            except UnchangedError:
                pass
            except RefusedError as err:
                _log.warning("edit_refused", chat=parcel.chat_id, detail=str(err))
                refused = err
                continue
            has_photo = known.has_photo or variant.photo is not None
            return Delivered(message_id=known.chat_message_id, has_photo=has_photo)
        if instead is not None:
            raise StuckPhotoError(str(refused)) from refused
        raise refused

    async def put_away(self, parcel: Parcel) -> None:
        """Take the message away that could not be edited and was told anew, or its buttons.

        Where neither can be, it still says what it has said before.
        """
        known = parcel.known
        assert known is not None  # it was edited before
        for away in (self._channel.delete, self._channel.strip):
            try:
                await away(parcel.chat_id, known.chat_message_id)
            except ChatError as err:
                _log.info("old_message_kept", chat=parcel.chat_id, detail=str(err))
            else:
                return

    async def send(self, parcel: Parcel, message: Outgoing) -> Delivered:
        """Send a new message, in several parts if it must be; raises the last refusal."""
        for variant in _variants(message):
            try:
                number = await self._send_parts(parcel.chat_id, variant)
            except RefusedError as err:
                _log.warning("message_refused", chat=parcel.chat_id, detail=str(err))
                refused = err
                continue
            return Delivered(message_id=number, has_photo=variant.photo is not None)
        raise refused

    async def _send_parts(self, chat_id: int, message: Outgoing) -> int:
        if message.photo is not None or message.document is not None:
            return await self._channel.send(chat_id, _fitted(message, CAPTION_LIMIT))
        *first, last = _parts(message)
        for number, part in enumerate(first):
            await self._send_part(chat_id, replace(part, keyboard=()), is_first=number == 0)
        return await self._send_part(chat_id, last, is_first=not first)

    async def _send_part(self, chat_id: int, part: Outgoing, *, is_first: bool) -> int:
        """Send a part; when one is out already, waiting is better than beginning again."""
        while True:
            try:
                return await self._channel.send(chat_id, part)
            except BusyError as err:
                if is_first:
                    raise
                await asyncio.sleep(err.retry_after_s)

    async def _tell_last(self, parcel: Parcel, known: SentMessage) -> None:
        telling = replace(self._telling(parcel, wants_picture=False), shown_at=known.sent_at)
        rendered = await self._in_desk_thread(self._render, parcel.row.kind, telling)
        if rendered is None:
            return
        limit = CAPTION_LIMIT if known.has_photo else TEXT_LIMIT
        await self._channel.edit(
            parcel.chat_id,
            known.chat_message_id,
            _fitted(Outgoing(text=rendered.text), limit),
            has_photo=known.has_photo,
        )

    async def _draw(self, rendered: Rendered) -> bytes | None:
        picture = rendered.picture
        if picture is None:
            return None
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._picture_thread, draw, picture)
        except Exception:  # noqa: BLE001 - the message matters more than its picture
            _log.exception("picture_not_drawn", name=rendered.picture_name)
            return None

    async def _in_desk_thread[**P, T](
        self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._desk_thread, lambda: work(*args, **kwargs))

    @staticmethod
    def _render(kind: str, telling: Telling) -> Rendered | None:
        return RENDERERS[kind](telling)

    def _telling(self, parcel: Parcel, *, wants_picture: bool) -> Telling:
        return Telling(
            desk=self._desk,
            facts=self._facts,
            words=self._words(parcel.reader),
            options=self._options.for_reader(parcel.reader),
            payload=parcel.row.payload,
            reader=parcel.reader,
            wants_picture=wants_picture,
        )

    def _words(self, reader: Person | None) -> Words:
        return Words.for_reader(reader, self._options)


def _notes(parcel: Parcel, telling: Telling, *, is_undrawn: bool) -> Iterator[Html]:
    """What is said about the delivery itself."""
    if is_undrawn:
        yield telling.words("notices.no_picture")
    if parcel.is_edit:
        return
    if parcel.is_repeat:
        yield telling.words("notices.repeat")
    if parcel.is_late:
        yield telling.words("notices.late", time=telling.words.moment(parcel.row.created_at))


def _variants(message: Outgoing, instead: bytes | None = None) -> Iterator[Outgoing]:
    """The message in ever plainer dress; at last without its picture, or with another one."""
    yield message
    bare = replace(message, text=plain(message.text), is_plain=True)
    yield bare
    if message.photo not in (None, instead):
        yield replace(bare, photo=instead)


def _fitted(message: Outgoing, limit: int) -> Outgoing:
    if message.is_plain:
        return replace(message, text=cut(message.text, limit))
    return replace(message, text=shorten(Html(message.text), limit))


def _parts(message: Outgoing) -> list[Outgoing]:
    if message.is_plain:
        rest = message.text
        texts = [rest[k : k + TEXT_LIMIT // 2] for k in range(0, len(rest), TEXT_LIMIT // 2)]
        return [replace(message, text=text) for text in texts if text.strip()] or [message]
    return [replace(message, text=part) for part in split(Html(message.text), TEXT_LIMIT)]


def _file_name(name: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else "-" for char in name)[:80]
