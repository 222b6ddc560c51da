"""A person and the real desk in a chat: what is said and pressed, and what stands on the screen.

person → loopback Bot API → the real client → handlers, desk, renderers, drawing → the server's
record of every message → bubbles. Time stands still while they talk, but for ``pass_time``.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.front import ChatDesk
from bot.messages.words import Words
from bot.policy import ChatOptions
from docs.pictures.phone import Bubble, Phone
from docs.pictures.stage import ANSWERS, NOW, ZONE, Stage
from engine.domain.desk import MessageState, Person, Role
from engine.ports import UnitOfWork
from tests.servers.telegram import Message, TelegramServer, User
from tests.unit.bot.harness import FAST, PATIENCE_S, telegram

_NAP_S = 0.01
_CALM_LOOKS = 3


@dataclass(slots=True)
class Talk:
    """One person at one desk. ``screens`` are the phones kept so far."""

    stage: Stage
    server: TelegramServer
    user: User
    chat: ChatDesk
    desk_thread: ThreadPoolExecutor
    words: Words
    screens: dict[str, Phone] = field(default_factory=dict)
    _before: dict[int, int] = field(default_factory=dict)
    _toasts: list[tuple[int, str]] = field(default_factory=list)

    async def say(self, text: str) -> None:
        """Write a message and wait until all has been answered."""
        self.user.sends(self.user.chat, text)
        await self.calm()

    async def press(self, label: str, *, is_picture: bool = False) -> None:
        """Press the newest button with this label, or the text of this name, in it.

        With ``is_picture`` on a message with a picture.
        """
        message, data = self._button(label, is_picture=is_picture)
        press = self.user.presses(message, data)
        answer = await asyncio.to_thread(press.wait_answer, PATIENCE_S)
        await self.calm()
        if answer.text:
            self._toasts.append((message.message_id, answer.text))

    async def do[T](self, work: Callable[[], T]) -> T:
        """Something happens at the desk, on its thread; wait until it has been told."""
        loop = asyncio.get_running_loop()
        done = await loop.run_in_executor(self.desk_thread, work)
        self.chat.wake()
        await self.calm()
        return done

    async def pass_time(self, **by: float) -> None:
        """Let time pass; whatever falls due is told."""
        moment = self.stage.clock.now() + timedelta(**by)
        await self.do(lambda: self.stage.clock.move_to(moment))

    async def calm(self) -> None:
        """Wait until nothing is on its way, several looks in a row."""
        loop = asyncio.get_running_loop()
        deadline_s, calm = loop.time() + PATIENCE_S, 0
        while calm < _CALM_LOOKS:
            if loop.time() > deadline_s:
                raise TimeoutError("the desk does not come to rest")
            calm = calm + 1 if self._is_calm() else 0
            await asyncio.sleep(_NAP_S)

    def begin(self) -> None:
        """A new screen: what stands there now is scrolled away."""
        self._before = {one.message_id: len(one.versions) for one in self._all()}
        self._toasts = []

    def keep(self, name: str, title: str) -> None:
        """Keep what is new on the screen as one of the pictures."""
        bubbles: list[Bubble] = []
        for message in self._all():
            if self._before.get(message.message_id, 0) == len(message.versions):
                continue
            bubbles.append(self._bubble(message))
            toasts = [text for number, text in self._toasts if number == message.message_id]
            bubbles += [Bubble(text=text, is_toast=True) for text in toasts]
        self.screens[name] = Phone(title=title, bubbles=bubbles)

    def _bubble(self, message: Message) -> Bubble:
        moment = self.stage.clock.now().astimezone(ZoneInfo(ZONE))
        document = message.document
        return Bubble(
            text=message.text,
            entities=message.entities,
            keyboard=[[button.text for button in row] for row in message.keyboard],
            photo=message.photo,
            file_name=document.name if document else "",
            time=f"{moment:%H:%M}",
            is_mine=not message.from_bot,
        )

    def _all(self) -> list[Message]:
        with self.server.world.changed:
            found = sorted(self.server.world.messages.items())
        return [one for (chat, _), one in found if chat == self.user.chat.id and not one.deleted]

    def count(self) -> int:
        """How many messages stand in the chat."""
        return len(self._all())

    def _button(self, name: str, *, is_picture: bool) -> tuple[Message, str]:
        label = self.words.raw(name)
        for message in reversed(self._all()):
            for button in message.buttons:
                fits = label in button.text and (not is_picture or message.photo is not None)
                if fits and button.data:
                    return message, button.data
        shown = [button.text for message in self._all()[-3:] for button in message.buttons]
        raise LookupError(f"no button {label!r}; the newest messages have {shown}")

    def _is_calm(self) -> bool:
        if self.server.pending_updates:
            return False
        with self.stage.units(read_only=True) as unit:
            waiting = unit.inbox.pending("telegram", 1)
            return not waiting and not unit.outbox.due(self.stage.clock.now(), 1)


def _forget(unit: UnitOfWork, since: datetime) -> None:
    """What was queued before then was told then; but for questions that are still open."""
    subjects = {f"card:{one.decision_id}" for one in unit.approvals.pending()}
    for message in unit.outbox.due(NOW + timedelta(days=1), 1_000_000):
        if message.subject not in subjects and message.created_at < since:
            unit.outbox.update(replace(message, state=MessageState.SENT))


@asynccontextmanager
async def talking(
    stage: Stage, options: ChatOptions, language: str, *, missed: timedelta
) -> AsyncIterator[Talk]:
    """Run the desk in a chat with its owner, who has ``missed`` what was told for so long."""
    with TelegramServer(query_ttl_s=600.0) as server, ThreadPoolExecutor(1, "desk") as thread:
        user = server.user("Ann", language_code=language)
        server.user(ANSWERS.name, user_id=ANSWERS.user_id).chat.state.started = True
        owner = Person(
            user_id=user.id, role=Role.OWNER, name="Ann", chat_id=user.id, language=language
        )
        with stage.units() as unit:
            for person in unit.desk.people():
                if person != ANSWERS:
                    unit.desk.drop_person(person.user_id)
            _forget(unit, stage.clock.now() - missed)
            unit.desk.put_person(owner)
            unit.commit()
        user.chat.state.started = True  # they have talked for weeks
        chat = ChatDesk(
            telegram(server),
            desk=stage.assembled.desk,
            units=stage.units,
            clock=stage.clock,
            desk_thread=thread,
            options=options,
            rates=FAST,
        )
        running = asyncio.create_task(chat.run())
        try:
            talk = Talk(
                stage=stage,
                server=server,
                user=user,
                chat=chat,
                desk_thread=thread,
                words=Words.of(language, ZONE),
            )
            await talk.calm()
            yield talk
        finally:
            await chat.stop()
            await running
