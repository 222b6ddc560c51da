"""Who was taken out reads nothing more, whatever waited for them, and whoever sends it again."""

from collections.abc import Iterator

import pytest

from engine.domain.changes import ChangeKind, ChangeResult, ChangeWish
from engine.domain.desk import MessageState
from engine.ports import Units
from tests.servers.telegram import TelegramServer, User
from tests.unit.bot.harness import PATIENCE_S, Talk, bench_for, card_of, talking, telegram


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as running:
        yield running


@pytest.fixture
def ann(server: TelegramServer) -> User:
    return server.user("Ann")


@pytest.fixture
def ben(server: TelegramServer) -> User:
    return server.user("Ben")


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Units:
    made: Units = request.getfixturevalue(f"{request.param}_units")
    return made


async def taken_out(talk: Talk, user: User, by: User) -> None:
    wish = ChangeWish(kind=ChangeKind.PERSON, subject=str(user.id), value="none")
    changes = talk.bench.assembled.desk.changes
    done = await talk.on_desk(lambda: changes.propose(wish, by.id, request_id="out"))
    assert done.result is ChangeResult.APPLIED


async def buried(server: TelegramServer, talk: Talk) -> None:
    """The card for the chat that has blocked the bot has died."""
    await server.until(lambda: MessageState.DEAD in talk.states(), timeout_s=PATIENCE_S)


async def heard(server: TelegramServer, talk: Talk, ann: User) -> None:
    """Everything that was sent before has been handled, and what it caused has been told."""
    ann.sends(ann.chat, "/status")
    await server.until(
        lambda: "Running" in server.messages(ann.chat)[-1].text, timeout_s=PATIENCE_S
    )
    waits = {MessageState.PENDING, MessageState.AMBIGUOUS}
    await server.until(lambda: not waits & talk.states().keys(), timeout_s=PATIENCE_S)


async def test_who_was_taken_out_gets_nothing_by_writing_again(
    server: TelegramServer, ann: User, ben: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann, ben)
    async with talking(bench, wall, telegram(server)) as talk:
        ben.blocks_bot()
        await talk.propose()
        await card_of(server, ann, "BTC/USDT LONG")
        await buried(server, talk)
        await taken_out(talk, ben, by=ann)
        ben.unblocks_bot()
        ben.sends(ben.chat, "hi")
        await heard(server, talk, ann)
        assert server.messages(ben.chat) == []
        assert MessageState.DEAD not in talk.states()


async def test_who_was_taken_out_gets_nothing_by_send_again(
    server: TelegramServer, ann: User, ben: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann, ben)
    delivery = bench.assembled.desk.delivery
    async with talking(bench, wall, telegram(server)) as talk:
        ben.blocks_bot()
        await talk.propose()
        await card_of(server, ann, "BTC/USDT LONG")
        await buried(server, talk)
        await taken_out(talk, ben, by=ann)
        ben.unblocks_bot()
        assert (await talk.on_desk(delivery.resend, ann.id)).count == 0
        talk.chat.wake()
        await heard(server, talk, ann)
        assert server.messages(ben.chat) == []


async def test_a_stranger_brings_no_chat_back(
    server: TelegramServer, ann: User, ben: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann, ben)
    async with talking(bench, wall, telegram(server)) as talk:
        ben.blocks_bot()
        await talk.propose()
        await card_of(server, ann, "BTC/USDT LONG")
        await buried(server, talk)
        with database() as unit:
            unit.desk.drop_person(ben.id)
            unit.commit()
        ben.unblocks_bot()
        ben.sends(ben.chat, "hi")
        await heard(server, talk, ann)
        assert server.messages(ben.chat) == []
    assert "chat_back" not in bench.actions()
