"""Every command and every button, in three languages, in private and in a group, amid hostility.

Nothing here names a screen: commands come from the registry, buttons from the messages. A command
without a row in `arguments`, or a kind of button that no screen shows, fails.
"""

import itertools
from collections.abc import Iterator

import pytest
import structlog

from bot.handlers.commands import COMMANDS
from bot.messages.callbacks import CALLBACKS
from bot.outbox import Audience
from bot.policy import LANGUAGES, ChatOptions
from engine.ports import Units
from tests.fakes.units import FakeUnits
from tests.scenario.screens.arguments import ARGUMENTS, NOT_SHOWN, ONLY_IN_PRIVATE
from tests.scenario.screens.hostile import SYMBOLS, TEXTS
from tests.scenario.screens.sketches import Sketches
from tests.scenario.screens.stage import fill_stage, open_desk
from tests.scenario.screens.walker import Walker
from tests.servers.telegram import TelegramServer
from tests.unit.bot.harness import talking, telegram

WALKS = tuple(itertools.product(LANGUAGES, ("private", "group")))


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer(query_ttl_s=120.0) as running:
        yield running


def test_every_command_has_a_row_of_arguments() -> None:
    missing = sorted(COMMANDS.keys() - ARGUMENTS.keys())
    assert not missing, f"give {missing} a row in tests/scenario/screens/arguments.py"
    assert sorted(ARGUMENTS.keys() - COMMANDS.keys()) == []


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("turn", "language", "place"),
    [(turn, *walk) for turn, walk in enumerate(WALKS)],
    ids=str,
)
async def test_every_screen_is_accepted_and_every_button_answered(
    turn: int, language: str, place: str, server: TelegramServer
) -> None:
    units: Units = FakeUnits()
    owner = server.user(TEXTS[turn][:64], language_code=language)
    group = server.group(TEXTS[turn + 1][:255], owner, forum=turn % 4 == 1)
    chat = group if place == "group" else owner.chat
    bench, wall = open_desk(units, owner, language=language)
    names = fill_stage(bench, chat.id)
    sketches = Sketches()
    options = ChatOptions(language=language, answer_within_s=30.0)
    audience = Audience(groups=(group.id,))
    with structlog.testing.capture_logs() as logged:
        async with talking(
            bench,
            wall,
            telegram(server),
            options=options,
            audience=audience,
            picture_thread=sketches,
        ) as talk:
            # Twice in the first language: on an open question and on one that has ended.
            times = 2 if language == LANGUAGES[0] else 1
            walker = Walker(server=server, talk=talk, user=owner, chat=chat, times=times)
            await walker.calm("the stage")
            await walker.tour(chat.messages(), after="the stage")
            for text in said(turn, names):
                await walker.explore(text)
    trouble = [f"{line}" for line in logged if line["event"] in _TROUBLE]
    faults = [*walker.faults, *sketches.failures, *trouble]
    assert not faults, "\n".join(faults)
    hidden = NOT_SHOWN | (ONLY_IN_PRIVATE if place == "group" else frozenset())
    missing = sorted(kind.__name__ for kind in set(CALLBACKS) - hidden - walker.kinds)
    assert not missing, f"no screen of this walk showed a button of {missing}"
    assert not walker.kinds & hidden


_TROUBLE = frozenset(
    {
        "delivery_failed",
        "edit_refused",
        "handler_failed",
        "message_dead",
        "message_refused",
        "message_untellable",
        "picture_not_drawn",
    }
)


def said(turn: int, names: dict[str, str]) -> Iterator[str]:
    """What is said in one of the walks: every command bare and rightly, all else by turns."""
    names = {**names, "symbol": str(SYMBOLS[turn]), "base": SYMBOLS[turn].base}
    for place, name in enumerate(sorted(COMMANDS, key=_last)):
        yield f"/{name}"
        for number, row in enumerate(ARGUMENTS.get(name, ())):
            if number == 0 or (place + number) % len(LANGUAGES) == turn % len(LANGUAGES):
                yield f"/{name} {_filled(row, names)}"
        for number, text in enumerate(TEXTS):
            if (place + number) % len(WALKS) == turn:
                yield f"/{name} {text}"
    for text in TEXTS:
        yield f"/{text}" if turn % 2 else text


def _last(name: str) -> bool:
    """The switches come last, so that everything else finds an open desk."""
    return name in ("pause", "resume", "kill")


def _filled(row: str, names: dict[str, str]) -> str:
    for key, value in names.items():
        row = row.replace(f"{{{key}}}", value)
    return row
