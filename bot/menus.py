"""The menus of commands: who is known has those of their role, and who is not any more has none.

people as the desk knows them → compared with what each chat was shown → offered, or taken back.

Choices:
- Looked at once a minute and whenever somebody's role may have changed, so that it does not matter
  which process, file or press has changed it.
- Which chats have a menu is noted before it is offered: somebody who is removed while the bot is
  not running loses it at the next start.
- A person configured by number who has never written cannot be offered anything. That is no
  failure; they are offered their menu when they write.
"""

import asyncio
from collections.abc import Iterable
from concurrent.futures import Executor

import structlog

from bot.channel import Channel, CommandHelp, GoneError, Menu
from bot.handlers.commands import COMMANDS, Command, commands_of
from bot.messages.words import Words, load_texts
from bot.policy import LANGUAGES, ChatOptions
from engine.domain.desk import Person
from engine.domain.errors import ChatError
from engine.ports import Units

_log = structlog.get_logger()

_LOOK_EVERY_S = 60.0
_FOR_STRANGERS = ("start",)


class MenuKeeper:
    """Keeps one channel's menus as people's roles are; a menu that fails is only a menu."""

    def __init__(
        self, channel: Channel, *, units: Units, options: ChatOptions, store_thread: Executor
    ) -> None:
        self._channel = channel
        self._units = units
        self._options = options
        self._store_thread = store_thread
        self._note = f"menus:{channel.source}"
        self._shown: dict[int | None, Menu] = {}
        self._silent: set[int] = set()
        self._woken = asyncio.Event()

    def look_again(self) -> None:
        """Somebody's role or language may have changed."""
        self._woken.set()

    def heard(self, chat_id: int) -> None:
        """Somebody writes: a menu that could not be offered before may be now."""
        if chat_id in self._silent:
            self._silent.discard(chat_id)
            self._woken.set()

    async def run(self) -> None:
        """Keep the menus, for ever."""
        while True:
            self._woken.clear()
            await self._look()
            try:
                await asyncio.wait_for(self._woken.wait(), _LOOK_EVERY_S)
            except TimeoutError:
                continue

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        people, noted = await loop.run_in_executor(self._store_thread, self._read)
        await loop.run_in_executor(self._store_thread, self._write, noted | people.keys())
        await self._offer(None, self._menu(None))
        for chat_id, person in people.items():
            if chat_id not in self._silent:
                await self._offer(chat_id, self._menu(person))
        gone = [chat_id for chat_id in noted - people.keys() if await self._withdraw(chat_id)]
        if gone:
            left = (noted | people.keys()) - set(gone)
            await loop.run_in_executor(self._store_thread, self._write, left)

    async def _offer(self, chat_id: int | None, menu: Menu) -> None:
        shown = self._shown.get(chat_id)
        if shown is not None and shown.commands == menu.commands:
            return
        try:
            await self._channel.offer(menu)
        except GoneError as err:
            _log.debug("menu_waits_for_first_word", chat=chat_id, detail=str(err))
            if chat_id is not None:
                self._silent.add(chat_id)
        except ChatError as err:
            _log.info("menu_not_set", chat=chat_id, detail=str(err))
        else:
            self._shown[chat_id] = menu

    async def _withdraw(self, chat_id: int) -> bool:
        try:
            await self._channel.withdraw(chat_id, (*LANGUAGES, ""))
        except GoneError:
            pass  # nobody sees a menu in a chat that is not there
        except ChatError as err:
            _log.info("menu_not_withdrawn", chat=chat_id, detail=str(err))
            return False
        self._shown.pop(chat_id, None)
        self._silent.discard(chat_id)
        return True

    def _read(self) -> tuple[dict[int, Person], frozenset[int]]:
        """Who there is, by chat, and which chats were offered a menu."""
        with self._units(read_only=True) as unit:
            people, noted = unit.desk.people(), unit.desk.note(self._note)
        mine = {one.chat_id: one for one in people if self._channel.serves(one.chat_id)}
        before = noted if isinstance(noted, list) else []
        return mine, frozenset(chat_id for chat_id in before if isinstance(chat_id, int))

    def _write(self, chats: Iterable[int]) -> None:
        wanted = [*sorted(chats)]
        with self._units(read_only=True) as unit:
            if (unit.desk.note(self._note) or []) == wanted:
                return
        with self._units() as unit:
            unit.desk.put_note(self._note, [*wanted])
            unit.commit()

    def _menu(self, person: Person | None) -> Menu:
        own = commands_of(person) if person else [COMMANDS[name] for name in _FOR_STRANGERS]
        commands = {language: _helps(own, language) for language in LANGUAGES}
        commands[""] = _helps(own, Words.for_reader(person, self._options).language)
        return Menu(person=person, commands=commands)


def _helps(commands: Iterable[Command], language: str) -> tuple[CommandHelp, ...]:
    texts = load_texts(language if language in LANGUAGES else LANGUAGES[0])
    return tuple(
        CommandHelp(name=command.name, text=texts[f"commands.{command.name}"])
        for command in commands
    )
