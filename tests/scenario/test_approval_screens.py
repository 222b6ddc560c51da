"""Codes, sizes, the inbox, reminders and topics, as people meet them in Telegram."""

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal

import pyotp
import pytest

from bot.outbox import Audience
from engine.checks.policy import ApprovalPolicy
from engine.domain.lifecycles import ApprovalState
from engine.ports import Units
from engine.strategy.policy import TradingPolicy
from tests.fakes.desk_builder import Bench
from tests.servers.telegram import Chat, Message, TelegramServer, User
from tests.unit.bot.harness import (
    PATIENCE_S,
    Talk,
    TickingClock,
    bench_for,
    card_of,
    talking,
    telegram,
)

D = Decimal


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as running:
        yield running


@pytest.fixture
def ann(server: TelegramServer) -> User:
    return server.user("Ann")


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Units:
    made: Units = request.getfixturevalue(f"{request.param}_units")
    return made


def guarded(
    units: Units, *users: User, language: str = "en", **changes: object
) -> tuple[Bench, TickingClock]:
    """A bench on which 500 needs a code."""
    bench, wall = bench_for(units, *users, language=language)
    values = {"totp_above_quote": D(400), **changes}
    approval = ApprovalPolicy(**values)  # type: ignore[arg-type]  # the names are its own
    return bench.restart(policies=TradingPolicy(approval=approval)), wall


async def until[T](server: TelegramServer, predicate: Callable[[], T | None]) -> T:
    return await server.until(predicate, timeout_s=PATIENCE_S)


async def press(user: User, message: Message, label: str) -> str:
    pressed = user.presses(message, label)
    return (await asyncio.to_thread(pressed.wait_answer, PATIENCE_S)).text


async def says(server: TelegramServer, chat: Chat, text: str) -> Message:
    """The newest message in a chat that has this text, once it is there."""

    def found() -> Message | None:
        return next((m for m in reversed(server.messages(chat)) if text in m.text), None)

    return await until(server, found)


async def gone(server: TelegramServer, message: Message) -> None:
    await until(server, lambda: server.current(message).deleted)


def app_of(talk: Talk, user: User) -> pyotp.TOTP:
    """The authenticator of a person, as the picture has set it up."""
    with talk.bench.units(read_only=True) as unit:
        factor = unit.factors.get(user.id)
    assert factor is not None
    return pyotp.TOTP(factor.secret.reveal())


async def enrolled(server: TelegramServer, talk: Talk, user: User) -> pyotp.TOTP:
    """Set up a second factor in the private chat."""
    user.sends(user.chat, "/totp")
    shown = await says(server, user.chat, "Second factor")
    app = app_of(talk, user)
    user.sends(user.chat, app.at(talk.wall.now()))
    await says(server, user.chat, "Your second factor is on")
    await gone(server, shown)
    talk.wall.advance(seconds=30)
    return app


async def test_the_set_up_shows_the_secret_once_and_takes_it_away(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = guarded(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        ann.sends(ann.chat, "/totp")
        shown = await says(server, ann.chat, "Second factor")
        app = app_of(talk, ann)
        assert shown.photo is not None
        grouped = " ".join(app.secret[at : at + 4] for at in range(0, 32, 4))
        assert grouped in shown.text
        assert shown.text.count("-") >= 3 * 8  # eight recovery codes of four groups
        typed = ann.sends(ann.chat, app.at(wall.now()))
        await says(server, ann.chat, "Your second factor is on")
        await gone(server, shown)
        await gone(server, typed.message)
        await says(server, ann.chat, "Ann has set up a second factor")
    assert bench.assembled.desk.factors.view(ann.id).is_active


async def test_a_group_never_sees_a_set_up(
    server: TelegramServer, ann: User, database: Units
) -> None:
    group = server.group("Desk", ann)
    bench, wall = guarded(database, ann)
    async with talking(bench, wall, telegram(server)):
        ann.sends(group, "/totp")
        await says(server, group, "in our private chat only")
    with bench.units(read_only=True) as unit:
        assert unit.factors.all() == []


async def test_a_card_is_approved_with_a_code(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = guarded(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        app = await enrolled(server, talk, ann)
        await talk.propose()
        card = await card_of(server, ann, "BTC/USDT LONG")
        assert "needs a code" in await press(ann, card, "✅ Approve")
        asked = await says(server, ann.chat, "Type the six digits of your app")
        assert "Buy BTC/USDT for 500.00 USDT?" in asked.text
        typed = ann.sends(ann.chat, app.at(wall.now()))
        await until(server, lambda: "Filled 5 BTC" in server.current(card).text)
        await gone(server, asked)
        await gone(server, typed.message)
    assert server.current(card).buttons == ()
    assert "✅ Approved by Ann" in server.current(card).text
    assert len(bench.fills()) == 1


async def test_a_press_in_a_group_is_proved_in_private(
    server: TelegramServer, ann: User, database: Units
) -> None:
    ben = server.user("Ben")
    group = server.group("Desk", ann, ben)
    bench, wall = guarded(database, ann, ben)
    audience = Audience(groups=(group.id,))
    async with talking(bench, wall, telegram(server), audience=audience) as talk:
        app = await enrolled(server, talk, ben)
        await talk.propose()
        card = await says(server, group, "BTC/USDT LONG")
        assert "private chat" in await press(ben, card, "✅ Approve")
        await says(server, ben.chat, "Type the six digits of your app")
        assert not any("six digits" in m.text for m in server.messages(group))
        ann.sends(ann.chat, app.at(wall.now()))  # the right code in the wrong hands
        await says(server, ann.chat, "Nothing waits for a code of yours")
        assert bench.fills() == ()
        ben.sends(ben.chat, app.at(wall.now()))
        await until(server, lambda: "Approved by Ben" in server.current(card).text)
        mine = await card_of(server, ann, "BTC/USDT LONG")
        await until(server, lambda: "Approved by Ben" in server.current(mine).text)
    assert len(bench.fills()) == 1


async def test_without_a_factor_the_chat_names_the_terminal(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = guarded(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        card = await card_of(server, ann, "BTC/USDT LONG")
        assert "second factor" in await press(ann, card, "✅ Approve")
        asked = await says(server, ann.chat, "Confirm on the desk's computer")
        factors = bench.assembled.desk.factors
        (waiting,) = factors.waiting()
        assert f"cryptotrader factor confirm {waiting.id}" in asked.text
        await talk.on_desk(factors.confirm, waiting.id)
        await until(server, lambda: "Filled 5 BTC" in server.current(card).text)
        await gone(server, asked)


@pytest.mark.parametrize("language", ["en", "de", "es"])
async def test_every_answer_about_codes_is_told_in_every_language(
    server: TelegramServer, ann: User, sqlite_units: Units, language: str
) -> None:
    bench, wall = guarded(sqlite_units, ann, language=language)
    async with talking(bench, wall, telegram(server)) as talk:
        for said in ("/totp off 123456", "123456", "/totp huh", "/size", "/size BTC x"):
            before = len(server.messages(ann.chat))
            ann.sends(ann.chat, said)
            await until(server, lambda n=before: len(server.messages(ann.chat)) > n)  # type: ignore[misc]  # bound per turn
        ann.sends(ann.chat, "/totp")
        await until(server, lambda: any(m.photo for m in server.messages(ann.chat)))
        ann.sends(ann.chat, app_of(talk, ann).at(wall.now()))
        await until(server, lambda: bench.assembled.desk.factors.view(ann.id).is_active)
        ann.sends(ann.chat, "/totp")
        await until(server, lambda: "/totp new" in server.messages(ann.chat)[-1].text)
        texts = [m.text for m in server.messages(ann.chat)]
    assert not any("factors." in text or "press." in text for text in texts)


async def test_a_size_is_chosen_under_the_card(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        card = await card_of(server, ann, "BTC/USDT LONG")
        assert "/size BTC/USDT 300" in await press(ann, card, "↕ Size")
        await until(server, lambda: "25 % ≈ 125" in server.current(card).labels)
        assert server.current(card).labels == (
            *("25 % ≈ 125", "50 % ≈ 250", "75 % ≈ 375"),
            "‹ Back",
        )
        await press_now(server, ann, card, "‹ Back")
        await until(server, lambda: "✅ Approve" in server.current(card).labels)
        await press(ann, server.current(card), "↕ Size")
        await until(server, lambda: "25 % ≈ 125" in server.current(card).labels)
        assert await press(ann, server.current(card), "25 % ≈ 125") == "Approved and filled."
        await until(server, lambda: "Filled 1.25 BTC" in server.current(card).text)
    told = server.current(card)
    assert "Size 5 BTC ≈ 500.00 USDT" in told.text
    assert "Approved smaller: 1.25 BTC ≈ 125.00 USDT (25 %), by Ann" in told.text
    assert told.buttons == ()
    assert len(bench.fills()) == 1


async def press_now(server: TelegramServer, user: User, message: Message, label: str) -> None:
    """A press that is answered without words."""
    user.presses(server.current(message), label)


async def test_an_amount_is_typed(server: TelegramServer, ann: User, database: Units) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        card = await card_of(server, ann, "BTC/USDT LONG")
        ann.sends(ann.chat, "/size BTC 3")
        await says(server, ann.chat, "below the venue's minimum")
        ann.sends(ann.chat, "/size BTC 501")
        await says(server, ann.chat, "more than was asked (asked: 500.00 USDT)")
        assert "✅ Approve" in server.current(card).labels
        ann.sends(ann.chat, "/size BTC 300 USDT")
        await says(server, ann.chat, "Approved and filled.")
        await until(server, lambda: "Filled 3 BTC" in server.current(card).text)
        ann.sends(ann.chat, "/size BTC 300")
        await says(server, ann.chat, "no open question about BTC")
    assert len(bench.fills()) == 1


async def test_the_inbox_answers_in_place_and_stays_a_list(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        await talk.propose()
        await card_of(server, ann, "BTC/USDT LONG")
        ann.sends(ann.chat, "/approvals")
        inbox = await says(server, ann.chat, "Open questions: 2")
        assert inbox.labels == (
            *("1 ✅ Approve", "1 ✖ Reject", "1 Card"),
            *("2 ✅ Approve", "2 ✖ Reject", "2 Card"),
        )
        assert await press(ann, inbox, "1 ✖ Reject") == "Rejected."
        await until(server, lambda: "Open questions: 1" in server.current(inbox).text)
        listed = server.current(inbox)
        assert "✖ rejected · Ann" in listed.text
        assert await press(ann, listed, "1 ✅ Approve") == "Approved and filled."
        await until(server, lambda: "No open questions" in server.current(inbox).text)
        assert await press(ann, listed, "1 ✅ Approve") == "This was decided already."
    assert len(bench.fills()) == 1


async def test_a_reminder_comes_loud_and_goes_with_the_answer(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        await card_of(server, ann, "BTC/USDT LONG")
        wall.advance(minutes=13)
        assert await talk.on_desk(bench.assembled.questions.remind) == 1
        reminder = await says(server, ann.chat, "or it expires")
        assert not reminder.silent
        assert await press(ann, reminder, "✖ Reject") == "Rejected."
        await gone(server, reminder)


async def test_a_forum_is_told_in_its_topic_and_answered_where_it_asks(
    server: TelegramServer, ann: User, database: Units
) -> None:
    forum = server.group("Desk", ann, forum=True)
    trades, talk_about = forum.topic("Trades"), forum.topic("Talk")
    bench, wall = bench_for(database, ann)
    channel = telegram(server, chats=(forum.id,), topics={forum.id: trades})
    audience = Audience(groups=(forum.id,))
    async with talking(bench, wall, channel, audience=audience) as talk:
        await talk.propose()
        card = await says(server, forum, "BTC/USDT LONG")
        assert card.thread_id == trades
        ann.sends(forum, "/approvals", thread_id=talk_about)
        listed = await says(server, forum, "Open questions: 1")
        assert listed.thread_id == talk_about
        ann.sends(forum, "/positions")
        general = await says(server, forum, "No open positions")
        assert general.thread_id is None
        assert await press(ann, card, "✅ Approve") == "Approved and filled."
        await until(server, lambda: "Filled 5 BTC" in server.current(card).text)
        assert server.current(card).thread_id == trades
        mine = await card_of(server, ann, "BTC/USDT LONG")
        await until(server, lambda: "Filled 5 BTC" in server.current(mine).text)
    assert len(bench.fills()) == 1


async def test_a_topic_that_is_gone_loses_no_card(
    server: TelegramServer, ann: User, database: Units
) -> None:
    forum = server.group("Desk", ann, forum=True)
    bench, wall = bench_for(database, ann)
    channel = telegram(server, chats=(forum.id,), topics={forum.id: 9999})
    audience = Audience(groups=(forum.id,))
    async with talking(bench, wall, channel, audience=audience) as talk:
        await talk.propose()
        card = await says(server, forum, "BTC/USDT LONG")
    assert card.thread_id is None


async def test_a_stranger_in_a_topic_presses_in_vain(
    server: TelegramServer, ann: User, database: Units
) -> None:
    mallory = server.user("Mallory")
    forum = server.group("Desk", ann, mallory, forum=True)
    topic = forum.topic("Trades")
    bench, wall = bench_for(database, ann)
    channel = telegram(server, chats=(forum.id,), topics={forum.id: topic})
    audience = Audience(groups=(forum.id,))
    async with talking(bench, wall, channel, audience=audience) as talk:
        await talk.propose()
        card = await says(server, forum, "BTC/USDT LONG")
        pressed = mallory.presses(card, "✅ Approve")
        ann.sends(forum, "/positions", thread_id=topic)
        await says(server, forum, "No open positions")
    assert pressed.answer is None
    assert bench.fills() == ()
    (asked,) = bench.pending()
    assert asked.state is ApprovalState.PENDING


async def test_two_of_two_are_named_on_every_card(
    server: TelegramServer, ann: User, database: Units
) -> None:
    ben = server.user("Ben")
    bench, wall = guarded(database, ann, ben, totp_above_quote=None, quorum_above_quote=D(400))
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        mine = await card_of(server, ann, "BTC/USDT LONG")
        other = await card_of(server, ben, "BTC/USDT LONG")
        assert "0 of 2 agreed: –" in mine.text
        assert "More approvals" in await press(ann, mine, "✅ Approve")
        await until(server, lambda: "1 of 2 agreed: Ann" in server.current(other).text)
        assert "You have agreed already" in await press(ann, mine, "✅ Approve")
        assert await press(ben, other, "✅ Approve") == "Approved and filled."
        for card in (mine, other):
            await until(
                server,
                lambda card=card: "Approved by Ann, Ben" in server.current(card).text,  # type: ignore[misc]  # bound per turn
            )
    assert len(bench.fills()) == 1
