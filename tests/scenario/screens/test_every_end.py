"""Every way a question can end, in three languages, in a private chat and in a group at once.

One desk per language asks about a hostile market for every end; a person presses in the group and
in private by turns. Whatever the end, both cards name it, keep what was asked and lose all buttons.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from bot.messages.callbacks import Answer, decode
from bot.messages.words import Words
from bot.outbox import Audience
from bot.policy import LANGUAGES, ChatOptions
from engine.domain.approvals import Approval
from engine.domain.desk import Controls
from engine.domain.lifecycles import ApprovalState
from engine.domain.market import Symbol
from engine.domain.views import Press
from tests.fakes.units import FakeUnits
from tests.scenario.screens.hostile import SYMBOLS, TEXTS
from tests.scenario.screens.sketches import Sketches
from tests.scenario.screens.stage import hostile, open_desk
from tests.scenario.screens.walker import Walker
from tests.servers.telegram import Message, TelegramServer
from tests.unit.bot.harness import PATIENCE_S, Talk, talking, telegram

A = ApprovalState


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question that is on the screens."""

    walker: Walker
    symbol: Symbol
    approval: Approval

    @property
    def talk(self) -> Talk:
        return self.walker.talk

    def cards(self) -> list[Message]:
        """Its messages, everywhere, oldest first."""
        return [m for m in self.walker.server.messages() if str(self.symbol) in m.text]

    async def press(self, press: Press, reason: str = "") -> None:
        """Press its button where the walker stands."""
        wanted = Answer(self.approval.token, press, reason)
        for card in self.cards():
            for button in card.buttons:
                here = card.chat_id == self.walker.chat.id
                if here and button.data and decode(button.data) == wanted:
                    pressed = self.walker.user.presses(card, button.data)
                    await asyncio.to_thread(pressed.wait_answer, PATIENCE_S)
                    await self.walker.calm(f"{press} of {self.symbol}")
                    return
        raise LookupError(f"{self.symbol} has no button {wanted}")


async def approve(asked: Asked) -> None:
    await asked.press(Press.APPROVE)


async def half(asked: Asked) -> None:
    await asked.press(Press.HALF)


async def reject(asked: Asked) -> None:
    await asked.press(Press.REJECT)
    await asked.press(Press.REJECT, "timing")


async def drift(asked: Asked) -> None:
    asked.talk.bench.market.set_price(asked.symbol, "102")
    await asked.press(Press.APPROVE)


async def refuse(asked: Asked) -> None:
    bench = asked.talk.bench
    await asked.talk.on_desk(_switch, asked, Controls(killed=True))
    await asked.press(Press.APPROVE)
    await asked.talk.on_desk(_switch, asked, Controls())
    assert bench.position(asked.symbol) is None


def _switch(asked: Asked, controls: Controls) -> None:
    with asked.talk.bench.units() as unit:
        unit.desk.put_controls(controls)
        unit.commit()


async def expire(asked: Asked) -> None:
    """The last one, because time passes for every question."""
    asked.talk.wall.advance(hours=2)
    await asked.talk.on_desk(asked.talk.bench.assembled.questions.expire)
    await asked.walker.calm("expiry")


ENDS: Mapping[ApprovalState, Callable[[Asked], Awaitable[None]]] = {
    A.APPROVED: approve,
    A.PARTLY: half,
    A.REJECTED: reject,
    A.SUPERSEDED: drift,
    A.REFUSED: refuse,
    A.EXPIRED: expire,
}


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer(query_ttl_s=120.0) as running:
        yield running


def test_every_end_is_reached_here() -> None:
    assert {*ENDS, A.PENDING} == set(A)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_end_is_on_the_cards_in_private_and_in_the_group(
    language: str, server: TelegramServer
) -> None:
    owner = server.user(TEXTS[0][:64], language_code=language)
    group = server.group(TEXTS[1], owner)
    symbols = dict(zip(ENDS, SYMBOLS, strict=False))
    bench, wall = open_desk(FakeUnits(), owner, language=language, symbols=tuple(symbols.values()))
    sketches = Sketches()
    async with talking(
        bench,
        wall,
        telegram(server),
        options=ChatOptions(language=language, answer_within_s=30.0),
        audience=Audience(groups=(group.id,)),
        picture_thread=sketches,
    ) as talk:
        places = [
            Walker(server=server, talk=talk, user=owner, chat=chat) for chat in (owner.chat, group)
        ]
        for number, (end, symbol) in enumerate(symbols.items()):
            walker = places[number % 2]
            made = hostile(bench, symbol, number)
            order = await talk.on_desk(bench.propose, made)
            await walker.calm(f"{symbol} asked")
            asked = Asked(walker=walker, symbol=symbol, approval=bench.question(order.id))
            first = asked.cards()[:2]
            assert {card.chat_id for card in first} == {owner.id, group.id}
            await ENDS[end](asked)
            assert bench.now_of(asked.approval).state is end
            shown = [server.current(card) for card in first]
            for before, after in zip(first, shown, strict=True):
                assert_ended(before, after, end, Words.of(language, "UTC"))
            assert shown[0].text == shown[1].text
    assert [fault for walker in places for fault in walker.faults] == []
    assert sketches.failures == []


def assert_ended(before: Message, after: Message, end: ApprovalState, words: Words) -> None:
    """The card names its end, still says what was asked, and can no longer be answered."""
    named = words.raw(f"card.state_{end}").partition("{")[0].strip()
    assert named
    assert named not in before.text
    assert named in after.text
    head, _, rest = before.text.partition("\n")
    assert head in after.text
    entry = next(line for line in rest.splitlines() if "100" in line and "95" in line)
    assert entry in after.text
    assert after.photo is not None
    assert after.labels == ()
