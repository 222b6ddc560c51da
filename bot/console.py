"""The terminal as a channel: text, numbered buttons, pictures saved and named.

A line is a command, a plain question, or the number of a button. Numbers are never used twice
while their button lives, so a card that arrives while somebody types cannot turn "3" into another
answer: the number is looked up the moment the line is read, and what is stored is the button.

The end of standard input ends the questions, not the desk.
"""

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from bot.channel import Incoming, Keyboard, Menu, MissingError, Outgoing, RawUpdate
from bot.messages.markup import plain
from bot.messages.words import Words
from engine.domain.desk import Json
from engine.domain.values import to_ms
from engine.ports import Clock

CONSOLE_CHAT = 0
CONSOLE_USER = 0
_RULE = "─" * 60

type Write = Callable[[str], None]


class ConsoleChannel:
    """The person at the terminal; see ``bot.channel.Channel``.

    ``lines`` is read on a thread of its own; ``write`` takes whole messages.
    """

    source = "console"
    remembers = False

    def __init__(
        self,
        *,
        lines: Iterable[str],
        write: Write,
        pictures_dir: Path,
        clock: Clock,
        words: Words | None = None,
    ) -> None:
        self._words = words or Words.of("en", "UTC")
        self._lines = lines
        self._write = write
        self._pictures_dir = pictures_dir
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        # Numbers from the clock are new after every restart, as a chat service's are.
        self._update_ids = itertools.count(to_ms(clock.now()))
        self._message_ids = itertools.count(to_ms(clock.now()))
        self._button_numbers = itertools.count(1)
        self._shown: dict[int, dict[int, tuple[str, str]]] = {}
        self._photos: set[int] = set()
        self._reader: threading.Thread | None = None

    async def open(self) -> None:
        """Begin to read."""
        if self._reader is not None:
            return
        loop = asyncio.get_running_loop()
        self._reader = threading.Thread(
            target=self._read_lines, args=(loop,), name="console", daemon=True
        )
        self._reader.start()

    def _read_lines(self, loop: asyncio.AbstractEventLoop) -> None:
        for line in self._lines:
            if loop.is_closed():
                return
            loop.call_soon_threadsafe(self._queue.put_nowait, line)

    async def close(self) -> None:
        """Nothing to let go of: the reading thread ends with the process."""

    def serves(self, chat_id: int) -> bool:
        """The terminal is chat 0."""
        return chat_id == CONSOLE_CHAT

    async def receive(self, after: int | None) -> Sequence[RawUpdate]:
        """The next line that says something."""
        del after
        while True:
            line = (await self._queue.get()).strip()
            if line:
                return [RawUpdate(update_id=next(self._update_ids), payload=self._payload(line))]

    def _payload(self, line: str) -> Mapping[str, Json]:
        if line.isdecimal():
            for message_id, buttons in self._shown.items():
                if int(line) in buttons:
                    photo = message_id in self._photos
                    data = buttons[int(line)][1]
                    return {"data": data, "message_id": message_id, "has_photo": photo}
        return {"text": line}

    def read(self, update_id: int, payload: Mapping[str, Json]) -> Incoming | None:
        """Understand a stored line."""
        data, text = payload.get("data"), payload.get("text")
        message_id = payload.get("message_id")
        return Incoming(
            update_id=update_id,
            user_id=CONSOLE_USER,
            user_name="terminal",
            chat_id=CONSOLE_CHAT,
            text=text if isinstance(text, str) else "",
            data=data if isinstance(data, str) else None,
            callback_id=str(update_id) if isinstance(data, str) else "",
            message_id=message_id if isinstance(message_id, int) else None,
            has_photo=payload.get("has_photo") is True,
        )

    async def send(self, chat_id: int, message: Outgoing) -> int:
        """Print, and save the picture."""
        del chat_id
        message_id = next(self._message_ids)
        if message.photo is not None:
            self._photos.add(message_id)
        await self._show(message_id, message)
        return message_id

    async def edit(
        self, chat_id: int, message_id: int, message: Outgoing, *, has_photo: bool
    ) -> None:
        """Print again: paper cannot be changed. A message of an earlier run is missing here."""
        del chat_id, has_photo
        if message_id not in self._shown:
            raise MissingError("message to edit not found")
        if message.photo is not None:
            self._photos.add(message_id)
        await self._show(message_id, message)

    async def strip(self, chat_id: int, message_id: int) -> None:
        """Forget the numbers of a message's buttons."""
        del chat_id
        if message_id in self._shown:
            self._shown[message_id] = {}

    async def delete(self, chat_id: int, message_id: int) -> None:
        """Forget the numbers of its buttons: paper cannot be wiped."""
        await self.strip(chat_id, message_id)

    async def answer(self, callback_id: str, text: str, *, is_alert: bool = False) -> None:
        """Print the answer to a press."""
        del callback_id
        if text:
            self._write(f"{'‼' if is_alert else '→'} {text}")

    async def offer(self, menu: Menu) -> None:
        """A terminal has no menu; ``/help`` lists the commands."""

    async def withdraw(self, chat_id: int, languages: Iterable[str]) -> None:
        """There is none."""

    async def _show(self, message_id: int, message: Outgoing) -> None:
        text = message.text if message.is_plain else plain(message.text)
        parts = [_RULE, text]
        if message.photo is not None:
            path = await asyncio.to_thread(self._save, message_id, message)
            parts.append(plain(self._words("terminal.picture", path=path)))
        if message.document is not None:
            path = await asyncio.to_thread(self._keep, message_id, message)
            parts.append(plain(self._words("terminal.file", path=path)))
        numbered = self._numbered(message_id, message.keyboard)
        parts += numbered
        self._write("\n".join(parts))

    def _numbered(self, message_id: int, keyboard: Keyboard) -> list[str]:
        """Buttons with their numbers, a row a line; one that was there keeps its number."""
        before = {data: number for number, (_, data) in self._shown.get(message_id, {}).items()}
        buttons: dict[int, tuple[str, str]] = {}
        rows: list[str] = []
        for row in keyboard:
            told: list[str] = []
            for button in row:
                number = before.get(button.data) or next(self._button_numbers)
                buttons[number] = (button.text, button.data)
                told.append(f"[{number}] {button.text}")
            rows.append("   ".join(told))
        self._shown[message_id] = buttons
        return rows

    def _keep(self, message_id: int, message: Outgoing) -> Path:
        """Save a document beside the pictures, under a name of its own."""
        self._pictures_dir.mkdir(parents=True, exist_ok=True)
        path = self._pictures_dir / f"{message_id}-{message.name}"
        path.write_bytes(message.document or b"")
        return path

    def _save(self, message_id: int, message: Outgoing) -> Path:
        self._pictures_dir.mkdir(parents=True, exist_ok=True)
        path = self._pictures_dir / f"{message.name}-{message_id}.png"
        path.write_bytes(message.photo or b"")
        return path
