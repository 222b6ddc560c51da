"""What strangers get on the wire: nothing. Not an answer, not a spinner that ends, not an edit."""

from collections.abc import Iterator

import pytest

from bot.handlers.commands import COMMANDS
from bot.messages.callbacks import encode
from bot.outbox import Audience
from tests.fakes.buttons import every_button
from tests.fakes.units import FakeUnits
from tests.scenario.screens.arguments import ARGUMENTS
from tests.scenario.screens.sketches import Sketches
from tests.scenario.screens.stage import fill_stage, open_desk
from tests.scenario.screens.walker import Walker
from tests.servers.telegram import EDITS, SENDS, TelegramServer
from tests.unit.bot.harness import talking, telegram

ANSWERS = (*SENDS, *EDITS, "answerCallbackQuery", "deleteMessage", "sendChatAction")


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as running:
        yield running


async def test_strangers_and_removed_people_get_nothing_at_all(server: TelegramServer) -> None:
    owner, mallory, rosa = (server.user(name) for name in ("Ann", "Mallory", "Rosa"))
    group = server.group("Desk", owner, mallory, rosa, bot_admin=True)
    bench, wall = open_desk(FakeUnits(), owner, rosa, language="en")
    fill_stage(bench, owner.id)
    async with talking(
        bench,
        wall,
        telegram(server),
        audience=Audience(groups=(group.id,)),
        picture_thread=Sketches(),
    ) as talk:
        walker = Walker(server=server, talk=talk, user=owner, chat=group)
        await walker.calm("the stage")
        with bench.units() as unit:
            unit.desk.drop_person(rosa.id)
            unit.commit()
        shown = next(message for message in group.messages() if message.buttons)
        before, books = len(server.calls(*ANSWERS)), bench.balances()
        for stranger in (mallory, rosa):
            for name in COMMANDS:
                for chat in (group, stranger.chat):
                    stranger.sends(chat, f"/{name} {next(iter(ARGUMENTS[name]))}")
            for button in shown.buttons:
                stranger.presses(shown, button.data or "")
            for one in every_button().values():
                stranger.forges(shown, encode(one))
            stranger.sends(stranger.chat, "hello? 123456")
        await walker.calm("the strangers")
    assert len(server.calls(*ANSWERS)) == before
    assert server.messages(mallory.chat) == []
    assert bench.balances() == books
    assert bench.actions().count("stranger_ignored") <= 2
