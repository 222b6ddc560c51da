"""A walk on the market at Telegram: one message, from the list to the card and back."""

import asyncio
import io
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from engine.domain.market import Symbol
from engine.ports import Units
from tests.fakes.desk_builder import H1, START, VENUE
from tests.servers.telegram import Message, TelegramServer, User
from tests.unit.bot.harness import PATIENCE_S, Talk, bench_for, card_of, talking, telegram
from tests.unit.desk.test_explorer import wandering

LONG = Symbol("A" * 32, "USDT")
WRONG = (
    ("/why NOPE", "/why ETH/USDT"),
    ("/why BTC never", "/why ETH/USDT 2024-03-01 14:00"),
    ("/why BTC 2031-01-01", "/why ETH/USDT"),
    ("/why BTC 1999-01-01", "/why BTC/USDT"),
    ("/costs", "/costs BTC/USDT 1000"),
    ("/costs BTC ten", "/costs BTC/USDT 1000"),
    ("/costs BTC 100 EUR", "/costs BTC/USDT 1000"),
    ("/chart", "/chart BTC/USDT 4h"),
    ("/chart BTC 7h", "/chart BTC/USDT 4h"),
    ("/opportunities 🚀", "/opportunities btc 4h long"),
)


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as running:
        yield running


@pytest.fixture
def ann(server: TelegramServer) -> User:
    return server.user("Ann")


class Walk:
    """One person's walk: everything happens in one message."""

    def __init__(self, server: TelegramServer, user: User, first: Message) -> None:
        self._server = server
        self._user = user
        self.message = first

    async def press(self, pressed_label: str, text: str, *, label: str = "") -> Message:
        """Press a button and wait until the same message says this, and has a button ``label``."""
        pressed = self._user.presses(self.message, pressed_label)
        answer = await asyncio.to_thread(pressed.wait_answer, PATIENCE_S)
        assert not answer.show_alert
        shown = self._server.current

        def is_there() -> bool:
            now = shown(self.message)
            return text in now.text and (not label or label in now.labels)

        await self._server.until(is_there, timeout_s=PATIENCE_S)
        self.message = shown(self.message)
        return self.message


async def begin(server: TelegramServer, user: User, command: str, text: str) -> Walk:
    user.sends(user.chat, command)
    return Walk(server, user, await card_of(server, user, text))


async def scan(talk: Talk) -> None:
    """Give the markets a history and decide on their newest close."""

    def work() -> None:
        with talk.bench.units() as unit:
            for seed, symbol in enumerate(talk.bench.assembled.context.symbols, start=1):
                unit.candles.add(VENUE, symbol, H1, wandering(700, seed))
            unit.commit()
        talk.bench.assembled.scanner.scan(START)

    await talk.on_desk(work)


def picture(message: Message) -> bytes:
    assert message.photo is not None
    return message.photo


async def test_a_walk_from_the_list_to_everything_and_back_is_one_message(
    server: TelegramServer, ann: User, sqlite_units: Units
) -> None:
    bench, wall = bench_for(sqlite_units, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await scan(talk)
        walk = await begin(server, ann, "/opportunities btc", "Strongest signals")
        first = walk.message.message_id
        seen = [picture(walk.message)]
        assert "“BTC”" in walk.message.text
        for label, text in (
            ("1 BTC", "· score "),
            ("Why", "bar closed"),
            ("‹ Earlier", "recomputed now from the candles by score-1"),
            ("Chart", "up to 2026-03-02"),
            ("4h", "BTC/USDT 4h"),
            ("▦ Sheet", "on several timeframes"),
            ("Costs", "a round trip of 1,000.00 USDT"),
            ("10,000", "a round trip of 10,000.00 USDT"),
            ("Card", "· score "),
            ("‹ List", "Strongest signals"),
            ("▼ Short", "1h · short · by score"),
            ("Proved", "Nothing is proved"),
        ):
            shown = await walk.press(label, text)
            assert shown.message_id == first
            seen.append(picture(shown))
    assert len(server.messages(ann.chat)) == 1
    # Every screen has a picture of its own but the two of costs, which keep that of their market,
    # and the list that was come back to.
    assert len(set(seen)) == len(seen) - 3
    assert seen[0] == seen[-3]
    for png in seen:
        with Image.open(io.BytesIO(png)) as image:
            assert np.asarray(image).std() > 5


async def test_the_longest_symbol_can_be_walked_like_any_other(
    server: TelegramServer, ann: User, sqlite_units: Units
) -> None:
    bench, wall = bench_for(sqlite_units, ann, symbols=(LONG,))
    async with talking(bench, wall, telegram(server)) as talk:
        await scan(talk)
        walk = await begin(server, ann, f"/opportunities {LONG.base}", "Strongest signals")
        await walk.press(walk.message.labels[0], "· score ")
        await walk.press("Chart", f"{LONG} 1h")
        await walk.press("✓ RSI", f"{LONG} 1h", label="RSI")
        await walk.press("‹ List", "Strongest signals")


@pytest.mark.parametrize("language", ["en", "de", "es"])
async def test_every_command_answers_wrong_input_with_an_example(
    language: str, server: TelegramServer, ann: User, sqlite_units: Units
) -> None:
    bench, wall = bench_for(sqlite_units, ann, language=language)
    async with talking(bench, wall, telegram(server)) as talk:
        await scan(talk)
        for sent, (command, example) in enumerate(WRONG, start=1):
            ann.sends(ann.chat, command)

            def is_answered(sent: int = sent) -> bool:
                return len(server.messages(ann.chat)) >= sent

            await server.until(is_answered, timeout_s=PATIENCE_S)
            assert example in server.messages(ann.chat)[-1].text, command
