"""Walks through the desk's screens as a person would, and writes down what goes wrong.

say → wait until the desk is calm → screens that are new or changed → press every button not pressed
before, breadth first → wait → … Everything runs through the real client and the strict server.
"""

import asyncio
import re
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.messages.callbacks import Callback, decode
from engine.domain.desk import Controls
from tests.servers.telegram import EDITS, SENDS, Button, Chat, Message, TelegramServer, User
from tests.unit.bot.harness import PATIENCE_S, Talk

DEPTH = 3
_ALLOWED = {
    "editMessageText": "message is not modified",
    "editMessageCaption": "message is not modified",
    "editMessageMedia": "message is not modified",
    "editMessageReplyMarkup": "message is not modified",
    # Only an administrator deletes what others have written in a group.
    "deleteMessage": "message can't be deleted",
    # Somebody who was let in by number and has never written to the bot.
    "setMyCommands": "chat not found",
}
"""Refusals that are answers."""
_RANK = re.compile(r"^\d+ ")
_TOLD = (*SENDS, *EDITS)
_NAP_S = 0.003


@dataclass(slots=True)
class Walker:
    """A person in one chat with the desk. ``faults`` is what was found; empty is well.

    Buttons of one kind and one label are pressed ``times`` times in a walk.
    """

    server: TelegramServer
    talk: Talk
    user: User
    chat: Chat
    times: int = 1
    pressed: Counter[tuple[type[Callback], str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    _seen: set[tuple[int, str]] = field(default_factory=set)
    _judged: int = 0

    @property
    def kinds(self) -> set[type[Callback]]:
        """Kinds of button that have been pressed."""
        return {kind for kind, _ in self.pressed}

    async def explore(self, text: str) -> None:
        """Say something, then press every button that comes of it."""
        await self.tour(await self.say(text), after=text)

    async def tour(self, messages: Sequence[Message], *, after: str) -> None:
        """Press every button of these screens, and of those that come of it.

        A button is pressed on the screen as it was when it appeared, like somebody whose phone is
        behind: most are pressed after the message has become another screen.
        """
        waiting = deque((message, 1) for message in messages)
        while waiting:
            message, depth = waiting.popleft()
            for button in self._new_buttons(message):
                changed = await self.press(message, button, after=after)
                if depth < DEPTH:
                    waiting += [(one, depth + 1) for one in changed]

    async def say(self, text: str) -> Sequence[Message]:
        """Write to the desk; something must be answered. Returns the screens it changed."""
        before, told = self._screens(), self._told()
        # In a group the desk hears commands and what is addressed to it.
        is_heard = not self.chat.state.is_group or text.startswith("/")
        name = "" if is_heard else f"@{self.server.bot.username} "
        self.user.sends(self.chat, f"{name}{text}")
        await self.calm(text)
        if self._told() == told:
            self.faults.append(f"{text[:60]!r}: nothing was answered")
        return self._changed(before)

    async def press(self, message: Message, button: Button, *, after: str) -> Sequence[Message]:
        """Press a button as this person sees it; it must be answered."""
        before = self._screens()
        where = f"{button.text!r} ({button.data}) after {after[:40]!r}"
        press = self.user.presses(message, button.data or "")
        await self.calm(where)
        try:
            await asyncio.to_thread(press.wait_answer, PATIENCE_S)
        except TimeoutError:
            self.faults.append(f"{where}: never answered")
        await self._rearm()
        return self._changed(before)

    async def calm(self, where: str) -> None:
        """Wait until nothing is on its way, then look at what was refused or went wrong."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + PATIENCE_S
        while not self._is_calm():
            if loop.time() > deadline_s:
                raise TimeoutError(f"{where}: the desk does not come to rest")
            await asyncio.sleep(_NAP_S)
        self._judge(where)

    def _is_calm(self) -> bool:
        if self.server.pending_updates:
            return False
        now = self.talk.wall.now()
        with self.talk.bench.units(read_only=True) as unit:
            return not unit.inbox.pending("telegram", 1) and not unit.outbox.due(now, 1)

    def _judge(self, where: str) -> None:
        calls = self.server.log
        for call in calls[self._judged :]:
            expected = _ALLOWED.get(call.method, "?")
            if call.outcome == "refused" and expected not in str(call.response):
                shown = {k: v[:200] for k, v in call.params.items()}
                self.faults.append(f"{where}: {call.method} refused: {call.response} {shown}")
        self._judged = len(calls)
        self.faults += [f"{where}: {line[-600:]}" for line in self.server.world.crashes]
        self.server.world.crashes.clear()

    def _new_buttons(self, message: Message) -> list[Button]:
        found = []
        # What ends a question comes last, so that the other buttons are pressed on an open one too;
        # who presses twice begins with it on every other card.
        is_forward = self.times > 1 and message.message_id % 2
        for button in message.buttons if is_forward else reversed(message.buttons):
            if button.data is None or (message.message_id, button.data) in self._seen:
                continue
            self._seen.add((message.message_id, button.data))
            callback = decode(button.data)
            if callback is None:
                self.faults.append(f"{button.text!r} says {button.data!r}, which nobody reads")
                continue
            key = (type(callback), _RANK.sub("", button.text))
            if self.pressed[key] < self.times:
                self.pressed[key] += 1
                found.append(button)
        return found

    def _screens(self) -> dict[int, int]:
        return {m.message_id: len(m.versions) for m in self.chat.messages()}

    def _changed(self, before: dict[int, int]) -> list[Message]:
        return [m for m in self.chat.messages() if before.get(m.message_id, 0) != len(m.versions)]

    def _told(self) -> int:
        return len(self.server.calls(*_TOLD, chat=self.chat, outcome="ok"))

    async def _rearm(self) -> None:
        """Let the desk go on after a button that stopped it, so that the next one finds it open."""
        await self.talk.on_desk(self._release)

    def _release(self) -> None:
        with self.talk.bench.units() as unit:
            controls = unit.desk.controls()
            if controls.killed or controls.paused:
                unit.desk.put_controls(Controls())
                unit.commit()
