"""The desk at Telegram: from a card to a fill, with everything people do in between."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from engine.domain.desk import Person, Role
from engine.domain.lifecycles import ApprovalState
from engine.ports import Units
from tests.fakes.desk_builder import BTC
from tests.servers.telegram import CallbackAnswer, Message, Press, TelegramServer, User
from tests.unit.bot.harness import PATIENCE_S, Talk, bench_for, card_of, talking, telegram


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


async def press(user: User, message: Message, label: str) -> CallbackAnswer:
    pressed = user.presses(message, label)
    return await asyncio.to_thread(pressed.wait_answer, PATIENCE_S)


async def answer_to(pressed: Press) -> str:
    return (await asyncio.to_thread(pressed.wait_answer, PATIENCE_S)).text


async def until(server: TelegramServer, predicate: Callable[[], object]) -> None:
    await server.until(predicate, timeout_s=PATIENCE_S)


def is_bare(server: TelegramServer, message: Message) -> bool:
    """Whether its buttons are gone."""
    return not server.current(message).buttons


async def until_text(server: TelegramServer, message: Message, text: str) -> Message:
    await server.until(lambda: text in server.current(message).text, timeout_s=PATIENCE_S)
    return server.current(message)


async def test_a_card_with_a_picture_is_approved_and_tells_its_fill(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        card = await card_of(server, ann, "BTC/USDT")
        assert card.photo is not None
        assert card.labels == (
            *("✅ Approve", "½ Half", "✖ Reject"),
            *("↕ Size", "⏰ Later"),
            *("Why", "Chart"),
        )
        assert "LONG · score 74 · 1h" in card.text
        assert "simulated market · uncalibrated" in card.text

        assert (await press(ann, card, "✅ Approve")).text == "Approved and filled."
        told = await until_text(server, card, "Filled 5 BTC")
        fill = await card_of(server, ann, "bought 5 BTC at")

    assert "✅ Approved by Ann at" in told.text
    assert "Entry 100.00" in told.text
    assert told.buttons == ()
    assert told.photo is not None
    assert all(part in fill.text for part in ("fee", "Stop 95.00", "Equity", "simulated market"))
    assert bench.now_of(bench.question(bench.fills()[0].order_id)).state is ApprovalState.APPROVED
    bench.assert_books_agree()


async def test_a_double_press_is_one_order_and_a_polite_answer(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        card = await card_of(server, ann, "BTC/USDT")
        first, second = (ann.presses(card, "✅ Approve") for _ in range(2))
        answers = [
            (await asyncio.to_thread(p.wait_answer, PATIENCE_S)).text for p in (first, second)
        ]
        await until_text(server, card, "Filled")
    assert answers == ["Approved and filled.", "This was decided already."]
    assert len(bench.fills()) == 1


async def test_a_strangers_press_gets_nothing_and_leaves_one_line(
    server: TelegramServer, ann: User, database: Units
) -> None:
    mallory = server.user("Mallory")
    group = server.group("Desk", ann, mallory)
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        card = await card_of(server, ann, "BTC/USDT")
        ann.sends(group, "/approvals")
        shown = await server.until(lambda: server.messages(group), timeout_s=PATIENCE_S)
        pressed = mallory.presses(shown[0], "1 Card")
        forged = mallory.forges(shown[0], card.button("✅ Approve").data or "")
        await server.until(lambda: not server.pending_updates, timeout_s=PATIENCE_S)
        await until_handled(talk)
    assert pressed.answer is None
    assert forged.answer is None
    assert bench.fills() == ()
    assert bench.actions().count("stranger_ignored") == 1


async def until_handled(talk: Talk) -> None:
    """Wait until nothing stored is waiting to be handled."""
    while True:
        with talk.bench.units(read_only=True) as unit:
            if not unit.inbox.pending("telegram", 1):
                return
        await asyncio.sleep(0.02)


async def test_a_viewer_is_told_that_this_is_not_theirs_to_decide(
    server: TelegramServer, ann: User, database: Units
) -> None:
    ben, vic = server.user("Ben"), server.user("Vic")
    bench, wall = bench_for(database, ann, ben, vic)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        mine = await card_of(server, ann, "BTC/USDT")
        seen = await card_of(server, vic, "BTC/USDT")
        assert seen.labels == ("Why", "Chart")
        forged = vic.forges(seen, mine.button("✅ Approve").data or "")
        answer = await asyncio.to_thread(forged.wait_answer, PATIENCE_S)
    assert answer.text == "You may not decide this."
    assert bench.fills() == ()


async def test_a_press_after_the_price_moved_asks_again_with_new_numbers(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        old = await card_of(server, ann, "BTC/USDT")
        bench.market.set_price(BTC, "104")
        answer = await press(ann, old, "✅ Approve")
        assert answer.show_alert
        fresh = await card_of(server, ann, "Asked again")
        assert fresh.message_id != old.message_id
        assert "Entry 104.00" in fresh.text
        before = await until_text(server, old, "Superseded")
        assert before.buttons == ()
        assert "Entry 100.00" in before.text
        assert "the price has moved too far" in before.text

        stale = ann.forges(old, old.button("✅ Approve").data or "")
        assert (
            await asyncio.to_thread(stale.wait_answer, PATIENCE_S)
        ).text == "This was decided already."
        assert bench.fills() == ()
        assert (await press(ann, fresh, "✅ Approve")).text == "Approved and filled."
        await until_text(server, fresh, "Filled")
    assert len(bench.fills()) == 1


async def test_a_press_after_expiry_changes_nothing_and_the_card_says_so(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        card = await card_of(server, ann, "BTC/USDT")
        wall.advance(days=1)
        answer = await press(ann, card, "✅ Approve")
        told = await until_text(server, card, "Expired at")
    assert answer.text == "Too late: the question has expired."
    assert told.buttons == ()
    assert bench.fills() == ()


async def test_half_buys_half_and_the_card_names_both(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose(quantity="4")
        card = await card_of(server, ann, "BTC/USDT")
        assert (await press(ann, card, "½ Half")).text == "Approved and filled."
        told = await until_text(server, card, "Filled 2 BTC")
    assert "Size 4 BTC ≈ 400.00 USDT" in told.text
    assert "Approved smaller: 2 BTC ≈ 200.00 USDT (50 %), by Ann" in told.text
    assert told.buttons == ()


async def test_reject_asks_for_a_reason_and_keeps_it(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        card = await card_of(server, ann, "BTC/USDT")
        assert (await press(ann, card, "✖ Reject")).text == "Rejected."
        asked = await until_text(server, card, "✖ Rejected by Ann")
        assert asked.labels == ("price", "size", "timing", "weak signal", "other")
        await press(ann, asked, "timing")
        told = await until_text(server, card, "· timing")
    assert told.buttons == ()
    assert "Size 5 BTC" in told.text
    assert bench.fills() == ()


async def test_later_keeps_the_question_open_and_says_when(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        card = await card_of(server, ann, "BTC/USDT")
        assert (await press(ann, card, "⏰ Later")).text == "Postponed. I will ask again."
        told = await until_text(server, card, "Postponed, asks again at")
    assert "✅ Approve" in told.labels


async def test_the_card_before_a_postponed_question_was_asked_again_says_so_for_good(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        card = await card_of(server, ann, "BTC/USDT")
        await press(ann, card, "⏰ Later")
        wall.advance(minutes=5)
        assert await talk.on_desk(bench.assembled.questions.ask_again) == 1
        old = await until_text(server, card, "↪ Asked again below")
        fresh = await card_of(server, ann, "❓ Approve?")
        assert fresh.message_id != card.message_id
        wall.advance(hours=1)
        await talk.on_desk(bench.assembled.questions.expire)
        await until_text(server, fresh, "⌛ Expired at")
    for words in ("Answer until", "Postponed", "Approve?"):
        assert words not in old.text
    assert old.buttons == ()
    assert server.current(card).text == old.text


async def test_a_close_is_bound_to_its_position_and_told_with_its_result(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        card = await card_of(server, ann, "BTC/USDT")
        await press(ann, card, "✅ Approve")
        ann.sends(ann.chat, "/positions")
        positions = await card_of(server, ann, "Open positions: 1")
        assert "in 100.0" in positions.text
        answer = await press(ann, positions, "Close BTC")
        assert answer.text == "✅ Close of BTC/USDT sent."
        closed = await card_of(server, ann, "closed")
        await until_text(server, positions, "No open positions")
        again = ann.forges(positions, positions.button("Close BTC").data or "")
        gone = await asyncio.to_thread(again.wait_answer, PATIENCE_S)
    assert gone.text == "This position is closed already."
    assert all(part in closed.text for part in ("fees", "closed by a person", "Equity"))
    assert len(bench.trades()) == 1
    bench.assert_books_agree()


async def test_a_purchase_is_confirmed_by_its_own_button_once(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)):
        ann.sends(ann.chat, "/buy btc 250")
        asked = await card_of(server, ann, "Buy BTC/USDT for 250.00 USDT?")
        presses = [ann.presses(asked, "Buy") for _ in range(2)]
        for one in presses:
            await asyncio.to_thread(one.wait_answer, PATIENCE_S)
        await until_text(server, asked, "✅ BTC/USDT: bought by Ann")
        await until_text(server, asked, "Filled 2.5 BTC at 100.05")
        await card_of(server, ann, "bought")
    assert len(bench.fills()) == 1
    assert server.current(asked).buttons == ()


async def test_an_old_confirmation_buys_nothing(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)):
        ann.sends(ann.chat, "/buy BTC/USDT 250")
        asked = await card_of(server, ann, "Buy BTC/USDT")
        wall.advance(minutes=6)
        answer = await press(ann, asked, "Buy")
        await server.until(lambda: not server.current(asked).buttons, timeout_s=PATIENCE_S)
    assert "too old" in answer.text
    assert bench.fills() == ()


async def test_every_command_answers(server: TelegramServer, ann: User, database: Units) -> None:
    bench, wall = bench_for(database, ann)
    expected = {
        "/start": "Welcome, Ann",
        "/help": "/opportunities – strongest signals",
        "/status": "Running",
        "/opportunities": "Strongest signals",
        "/portfolio": "Equity 10,000.00 USDT",
        "/positions": "No open positions",
        "/trades": "No closed trades",
        "/pnl": "this week: 0.00 USDT",
        "/approvals": "Open questions: 1",
        "/why BTC": "Proposed: the size is above your amount limit",
        "/chart BTC 4h": "BTC/USDT 4h",
        "/close BTC": "BTC/USDT was not closed: there is no such position",
        "/pause": "Paused",
        "/resume": "Entries are allowed again",
        "/kill": "Kill switch on",
        "/kill off": "End the kill switch",
        "/buy BTC": "Example: /buy BTC/USDT 250",
        "/buy BTC lots": "“lots” is not an amount",
        "/chart DOGE": "I do not know the market DOGE",
        "/chart BTC 7h": "I do not know the timeframe 7h",
        "/dance": "I do not know /dance",
        "how is my portfolio?": "Cash 10,000.00 USDT",
        "why didn't you buy ETH?": "recomputed now from the candles",
        "the weather is nice": "I did not understand",
    }
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        await card_of(server, ann, "BTC/USDT")
        for said, answer in expected.items():
            before = {m.message_id for m in server.messages(ann.chat)}
            ann.sends(ann.chat, said)
            reply = await server.until(
                lambda before=before, answer=answer: next(  # type: ignore[misc]  # bound per turn
                    (
                        m
                        for m in server.messages(ann.chat)
                        if m.message_id not in before and answer in m.text
                    ),
                    None,
                ),
                timeout_s=PATIENCE_S,
            )
            assert reply.kind == ("photo" if said.split()[0] in _PICTURES else reply.kind)
    assert server.calls(outcome="refused") == []


_PICTURES = ("/portfolio", "/chart BTC 4h")


async def test_a_chart_swaps_its_picture_in_the_same_message(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)):
        ann.sends(ann.chat, "/chart BTC 1h")
        chart = await card_of(server, ann, "BTC/USDT 1h")
        assert chart.photo is not None
        await press(ann, chart, "4h")
        swapped = await until_text(server, chart, "BTC/USDT 4h")
    assert swapped.photo is not None
    assert swapped.photo != chart.photo
    assert len(server.messages(ann.chat)) == 1


async def test_the_bot_never_adopts_the_first_stranger(
    server: TelegramServer, database: Units
) -> None:
    from engine.desk.people import new_pairing_code

    zoe = server.user("Zoe", language_code="de-AT")
    eve = server.user("Eve")
    bench, wall = bench_for(database)
    code = new_pairing_code(bench.assembled.context)
    async with talking(bench, wall, telegram(server)) as talk:
        for text in ("/start", "/start wrong-code", "/portfolio"):
            eve.sends(eve.chat, text)
        await server.until(lambda: not server.pending_updates, timeout_s=PATIENCE_S)
        await until_handled(talk)
        zoe.sends(zoe.chat, f"/start {code}")
        welcome = await card_of(server, zoe, "Willkommen, Zoe")
        await until(server, lambda: "kill" in server.commands("chat", chat=zoe.chat))
        eve.sends(eve.chat, f"/start {code}")
        await server.until(lambda: not server.pending_updates, timeout_s=PATIENCE_S)
        await until_handled(talk)
    assert "Eigentümer" in welcome.text
    assert server.messages(eve.chat) == []
    assert bench.actions().count("paired") == 1
    assert bench.actions().count("stranger_ignored") == 1
    assert server.commands() == ["start"]


async def test_somebody_configured_by_number_is_called_by_their_name(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    with database() as unit:
        unit.desk.put_person(
            Person(user_id=ann.id, role=Role.OWNER, name=str(ann.id), chat_id=ann.id)
        )
        unit.commit()
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        card = await card_of(server, ann, "BTC/USDT")
        await press(ann, card, "✖ Reject")
        await until_text(server, card, "Rejected by Ann")


async def test_two_people_press_at_once_and_one_order_comes_of_it(
    server: TelegramServer, ann: User, database: Units
) -> None:
    ben = server.user("Ben")
    bench, wall = bench_for(database, ann, ben)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        cards = [await card_of(server, user, "BTC/USDT") for user in (ann, ben)]
        pressed = [
            user.presses(card, "✅ Approve") for user, card in zip((ann, ben), cards, strict=True)
        ]
        answers = [await answer_to(one) for one in pressed]
        for card in cards:
            await until_text(server, card, " by ")
            await until(server, partial(is_bare, server, card))
    assert "This was decided already." in answers
    assert len(bench.fills()) == 1
