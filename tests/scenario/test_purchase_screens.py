"""A person's own purchase in Telegram: codes, several people, groups, and what is kept of codes."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

import pyotp
import pytest

from bot.messages.callbacks import confirm_buy, encode
from bot.outbox import Audience
from engine.checks.policy import ApprovalPolicy
from engine.domain.changes import ChangeKind, ChangeWish
from engine.domain.desk import InboxUpdate, Json, MessageState, Role
from engine.domain.values import to_ms
from engine.ports import Units
from engine.strategy.policy import TradingPolicy
from tests.fakes.desk_builder import BTC, Bench
from tests.fakes.stores_desk import INBOX
from tests.fakes.units import FakeUnits
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


@pytest.fixture
def ben(server: TelegramServer) -> User:
    return server.user("Ben")


@pytest.fixture(params=["fake", "sqlite"])
def database(request: pytest.FixtureRequest) -> Units:
    made: Units = request.getfixturevalue(f"{request.param}_units")
    return made


def desk_of(
    units: Units, *users: User, language: str = "en", **changes: object
) -> tuple[Bench, TickingClock]:
    """A desk of an owner, an approver, then viewers, with these limits."""
    bench, wall = bench_for(units, *users, language=language)
    approval = ApprovalPolicy(**changes)  # type: ignore[arg-type]  # the names are its own
    return bench.restart(policies=TradingPolicy(approval=approval)), wall


def promote(bench: Bench, user: User) -> None:
    with bench.units() as unit:
        person = next(one for one in unit.desk.people() if one.user_id == user.id)
        unit.desk.put_person(replace(person, role=Role.OWNER))
        unit.commit()


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


async def becomes(server: TelegramServer, message: Message, text: str) -> Message:
    await until(server, lambda: text in server.current(message).text)
    return server.current(message)


async def enrolled(server: TelegramServer, talk: Talk, user: User) -> pyotp.TOTP:
    user.sends(user.chat, "/totp")
    await says(server, user.chat, "Second factor")
    with talk.bench.units(read_only=True) as unit:
        factor = unit.factors.get(user.id)
    assert factor is not None
    app = pyotp.TOTP(factor.secret.reveal())
    user.sends(user.chat, app.at(talk.wall.now()))
    await says(server, user.chat, "Your second factor is on")
    talk.wall.advance(seconds=30)
    return app


# Several people


async def test_two_people_buy_what_takes_two(
    server: TelegramServer, ann: User, ben: User, database: Units
) -> None:
    bench, wall = desk_of(database, ann, ben, quorum_above_quote=D(400))
    async with talking(bench, wall, telegram(server)):
        ann.sends(ann.chat, "/buy BTC 500")
        asked = await says(server, ann.chat, "Buy BTC/USDT for 500.00 USDT?")
        assert "more than one person" in await press(ann, asked, "Buy")
        told = await becomes(server, asked, "Ann wants to buy. 2 people must agree")
        assert told.buttons == ()
        question = await says(server, ben.chat, "Ann wants to buy BTC/USDT")
        assert "Size 5 BTC ≈ 500.00 USDT" in question.text
        assert "Entry 100.00 · stop 94.00" in question.text
        assert "1 of 2 agreed: Ann" in question.text
        mine = await says(server, ann.chat, "🛒 Ann wants to buy")
        assert "You have agreed already" in await press(ann, mine, "✅ Approve")
        assert await press(ben, question, "✅ Approve") == "Approved and filled."
        for message in (question, mine):
            ended = await becomes(server, message, "Filled 5 BTC")
            assert "✅ Approved by Ann, Ben" in ended.text
            assert ended.buttons == ()
        ann.sends(ann.chat, "/approvals")
        listed = await says(server, ann.chat, "Ended last")
        assert "🛒 BTC/USDT 500.00 USDT at 100.00 · ✅ approved · Ann, Ben" in listed.text
    assert len(bench.fills()) == 1


async def test_the_other_one_may_take_less_of_it(
    server: TelegramServer, ann: User, ben: User, database: Units
) -> None:
    bench, wall = desk_of(database, ann, ben, quorum_above_quote=D(400))
    async with talking(bench, wall, telegram(server)):
        ann.sends(ann.chat, "/buy BTC 500")
        await press(ann, await says(server, ann.chat, "Buy BTC/USDT for"), "Buy")
        question = await says(server, ben.chat, "Ann wants to buy BTC/USDT")
        await press(ben, question, "↕ Size")
        await until(server, lambda: "25 % ≈ 125" in server.current(question).labels)
        assert await press(ben, server.current(question), "25 % ≈ 125") == "Approved and filled."
        ended = await becomes(server, question, "Filled 1.25 BTC")
    assert "Size 5 BTC ≈ 500.00 USDT" in ended.text
    assert "Approved smaller: 1.25 BTC ≈ 125.00 USDT (25 %), by Ben" in ended.text
    assert ended.buttons == ()


async def test_a_no_to_a_purchase_takes_its_reason_and_confirms_it(
    server: TelegramServer, ann: User, ben: User, database: Units
) -> None:
    bench, wall = desk_of(database, ann, ben, quorum_above_quote=D(400))
    async with talking(bench, wall, telegram(server)):
        ann.sends(ann.chat, "/buy BTC 500")
        await press(ann, await says(server, ann.chat, "Buy BTC/USDT for"), "Buy")
        question = await says(server, ben.chat, "Ann wants to buy BTC/USDT")
        assert await press(ben, question, "✖ Reject") == "Rejected."
        await until(server, lambda: "timing" in server.current(question).labels)
        said = await press(ben, server.current(question), "timing")
        assert said == "Rejected. Reason noted: timing"
        ended = await becomes(server, question, "· timing")
    assert "✖ Rejected by Ben" in ended.text
    assert bench.fills() == ()


async def test_one_person_alone_is_told_that_a_quorum_cannot_be_reached(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = desk_of(database, ann, quorum_above_quote=D(400))
    with bench.units() as unit:
        for person in unit.desk.people():
            if person.user_id != ann.id:
                unit.desk.drop_person(person.user_id)
        unit.commit()
    async with talking(bench, wall, telegram(server)):
        ann.sends(ann.chat, "/buy BTC 500")
        await press(ann, await says(server, ann.chat, "Buy BTC/USDT for"), "Buy")
        question = await says(server, ann.chat, "🛒 Ann wants to buy")
    assert "2 people must agree, but only 1 person may: /invite" in question.text


# A code


async def test_a_purchase_that_takes_a_code_keeps_its_button_until_it_is_bought(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = desk_of(database, ann, totp_above_quote=D(400))
    async with talking(bench, wall, telegram(server)) as talk:
        app = await enrolled(server, talk, ann)
        ann.sends(ann.chat, "/buy BTC 500")
        asked = await says(server, ann.chat, "Buy BTC/USDT for 500.00 USDT?")
        assert "This needs a code" in await press(ann, asked, "Buy")
        told = await becomes(server, asked, "I have asked Ann for it in private")
        assert told.labels == ("Buy",)
        assert "refused" not in told.text
        wanted = await says(server, ann.chat, "Type the six digits of your app")
        ann.sends(ann.chat, app.at(wall.now()))
        ended = await becomes(server, asked, "✅ BTC/USDT: bought by Ann")
        await becomes(server, asked, "Filled 5 BTC")
        await until(server, lambda: server.current(wanted).deleted)
    assert ended.buttons == ()
    assert len(bench.fills()) == 1


async def test_without_a_factor_the_purchase_names_both_ways(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = desk_of(database, ann, totp_above_quote=D(400))
    async with talking(bench, wall, telegram(server)) as talk:
        ann.sends(ann.chat, "/buy BTC 500")
        asked = await says(server, ann.chat, "Buy BTC/USDT for 500.00 USDT?")
        assert "second factor" in await press(ann, asked, "Buy")
        told = await becomes(server, asked, "set one up with /totp and press again, or confirm")
        assert told.labels == ("Buy",)
        factors = bench.assembled.desk.factors
        (waiting,) = factors.waiting()
        await talk.on_desk(factors.confirm, waiting.id)
        await becomes(server, asked, "✅ BTC/USDT: bought by Ann")
    assert len(bench.fills()) == 1


@pytest.mark.parametrize("language", ["de", "es"])
async def test_every_end_of_a_purchase_is_told_in_every_language(
    server: TelegramServer, ann: User, ben: User, fake_units: FakeUnits, language: str
) -> None:
    bench, wall = desk_of(
        fake_units, ann, ben, language=language, totp_above_quote=D(450), quorum_above_quote=D(400)
    )
    async with talking(bench, wall, telegram(server)) as talk:
        for market, amount in (("BTC", "500"), ("BTC", "420"), ("BTC", "20"), ("ETH", "30")):
            ann.sends(ann.chat, f"/buy {market} {amount}")
            asked = await says(server, ann.chat, f" {amount},00 USDT")
            if market == "ETH":
                await talk.on_desk(bench.assembled.desk.kill, ben.id)
            await press(ann, asked, asked.labels[0])
            await until(server, lambda m=asked: server.current(m).text != m.text)  # type: ignore[misc]  # bound per turn
        texts = [m.text for m in server.messages()]
    assert not [text for text in texts if "buy." in text or "purchase." in text or "{" in text]


@pytest.mark.parametrize(
    ("language", "waiting", "unknown", "done"),
    [
        ("en", "no answer from the venue yet", "No answer from the venue yet", "bought by Ann"),
        ("de", "noch keine Antwort", "Noch keine Antwort", "gekauft von Ann"),
        ("es", "aún no responde", "Aún sin respuesta", "comprado por Ann"),
    ],
)
async def test_an_order_the_venue_has_not_confirmed_is_no_refusal(
    server: TelegramServer,
    ann: User,
    fake_units: FakeUnits,
    language: str,
    waiting: str,
    unknown: str,
    done: str,
) -> None:
    bench, wall = desk_of(fake_units, ann, language=language)
    async with talking(bench, wall, telegram(server)) as talk:
        ann.sends(ann.chat, "/buy BTC 250")
        asked = await until(server, lambda: next(iter(server.messages(ann.chat)), None))
        bench.broker.lose_answer("submit")
        told = await press(ann, asked, asked.labels[0])
        assert waiting in told
        assert len(told) < 200  # an answer to a press is cut there
        shown = await becomes(server, asked, unknown)
        assert shown.buttons == ()
        assert done not in shown.text
        await talk.on_desk(bench.monitor.look_up_lost)
        await becomes(server, asked, done)
    assert len(bench.fills()) == 1


@pytest.mark.parametrize(
    ("language", "waiting"),
    [
        ("en", "no answer from the venue yet"),
        ("de", "noch keine Antwort"),
        ("es", "aún no responde"),
    ],
)
async def test_a_close_the_venue_has_not_confirmed_is_no_refusal(
    server: TelegramServer, ann: User, fake_units: FakeUnits, language: str, waiting: str
) -> None:
    bench, wall = desk_of(fake_units, ann, language=language)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.on_desk(bench.assembled.desk.buy, BTC, "250", ann.id, request_id="r")
        bench.broker.lose_answer("submit")
        ann.sends(ann.chat, "/close BTC")
        await says(server, ann.chat, waiting)
        await talk.on_desk(bench.monitor.look_up_lost)
    assert bench.position() is None


@pytest.mark.parametrize(
    ("language", "approved", "ordered", "waiting"),
    [
        ("en", "Proposed by the strategy, approved by Ann", "Ordered by Ann", "waiting 0"),
        ("de", "Vorschlag der Strategie, freigegeben von Ann", "Auslöser: Ann", ": 0 warten"),
        ("es", "Propuesto por la estrategia, aprobado por Ann", "Pedido por Ann", ": 0 en espera"),
    ],
)
async def test_a_fill_says_whose_wish_it_was_and_who_agreed(
    server: TelegramServer,
    ann: User,
    fake_units: FakeUnits,
    language: str,
    approved: str,
    ordered: str,
    waiting: str,
) -> None:
    bench, wall = desk_of(fake_units, ann, language=language)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        card = await card_of(server, ann, "BTC/USDT")
        await press(ann, card, card.labels[0])
        await says(server, ann.chat, approved)
        ann.sends(ann.chat, "/buy ETH 250")
        asked = await says(server, ann.chat, "ETH/USDT")
        await press(ann, asked, asked.labels[0])
        await says(server, ann.chat, ordered)
        await until(server, lambda: MessageState.PENDING not in talk.states() or None)
        ann.sends(ann.chat, "/status")
        await says(server, ann.chat, waiting)


# Groups


async def test_who_presses_in_a_group_is_the_buyer_and_is_named(
    server: TelegramServer, ann: User, ben: User, database: Units
) -> None:
    group = server.group("Desk", ann, ben)
    bench, wall = desk_of(database, ann, ben)
    promote(bench, ben)
    audience = Audience(groups=(group.id,))
    async with talking(bench, wall, telegram(server), audience=audience):
        ann.sends(group, "/buy BTC 250")
        asked = await says(server, group, "Buy BTC/USDT for 250.00 USDT?")
        await press(ben, asked, "Buy")
        ended = await becomes(server, asked, "✅ BTC/USDT: bought by Ben")
    assert ended.buttons == ()
    wanted = [line.event for line in bench.audit() if line.event.action == "purchase_wanted"]
    assert [event.actor for event in wanted] == [f"person:{ben.id}"]
    assert len(bench.fills()) == 1


@pytest.mark.parametrize("forged", [False, True])
async def test_an_approver_and_a_stranger_press_buy_in_vain(
    server: TelegramServer, ann: User, ben: User, database: Units, *, forged: bool
) -> None:
    mallory = server.user("Mallory")
    group = server.group("Desk", ann, ben, mallory)
    bench, wall = desk_of(database, ann, ben)
    audience = Audience(groups=(group.id,))
    async with talking(bench, wall, telegram(server), audience=audience):
        ann.sends(group, "/buy BTC 250")
        asked = await says(server, group, "Buy BTC/USDT for 250.00 USDT?")
        data = asked.button("Buy").data or ""
        if forged:
            soon = to_ms(wall.now()) // 1000 + 60
            data = encode(confirm_buy(BTC, D(900), update_id=9, expires_s=soon))
        mallory.forges(asked, data)
        answer = await asyncio.to_thread(ben.forges(asked, data).wait_answer, PATIENCE_S)
        assert answer.text == "You may not decide this."
        assert server.current(asked).labels == ("Buy",)
    assert bench.fills() == ()


@pytest.mark.parametrize(
    ("language", "much", "little"),
    [
        ("en", "is too much: cash 10,000.00 USDT, at most 1,000.00 USDT", "is too little"),
        ("de", "zu viel: Barbestand 10.000,00 USDT, höchstens 1.000,00 USDT", "zu wenig"),
        ("es", "demasiado: efectivo 10.000,00 USDT, ahora caben como máximo", "demasiado poco"),
    ],
)
async def test_what_would_be_refused_is_said_before_there_is_a_button(
    server: TelegramServer,
    ann: User,
    fake_units: FakeUnits,
    language: str,
    much: str,
    little: str,
) -> None:
    bench, wall = desk_of(fake_units, ann, language=language)
    async with talking(bench, wall, telegram(server)):
        for amount, told in (("99999", much), ("1", little)):
            ann.sends(ann.chat, f"/buy BTC {amount}")
            assert (await says(server, ann.chat, told)).buttons == ()
    assert bench.fills() == ()


async def test_a_refusal_in_a_group_names_who_pressed(
    server: TelegramServer, ann: User, ben: User, database: Units
) -> None:
    group = server.group("Desk", ann, ben)
    bench, wall = desk_of(database, ann, ben)
    promote(bench, ben)
    audience = Audience(groups=(group.id,))
    async with talking(bench, wall, telegram(server), audience=audience) as talk:
        ann.sends(group, "/buy BTC 50")
        asked = await says(server, group, "Buy BTC/USDT for 50.00 USDT?")
        await talk.on_desk(bench.assembled.desk.kill, ann.id)
        await press(ben, asked, "Buy")
        ended = await becomes(server, asked, "the purchase by Ben was refused")
    assert "the kill switch is on" in ended.text
    assert ended.buttons == ()


# What is kept


def kept(units: FakeUnits) -> str:
    """All stored updates as text."""
    rows = units.content().get(INBOX, {}).values()
    return json.dumps([dict(row.payload) for row in rows])


async def test_codes_are_not_kept_once_they_have_been_judged(
    server: TelegramServer, ann: User, fake_units: FakeUnits
) -> None:
    bench, wall = desk_of(fake_units, ann, totp_above_quote=D(400))
    async with talking(bench, wall, telegram(server)) as talk:
        app = await enrolled(server, talk, ann)
        await talk.propose()
        card = await card_of(server, ann, "BTC/USDT LONG")
        await press(ann, card, "✅ Approve")
        right = app.at(wall.now())
        wrong = "aaaa-bbbb-cccc-dddd"
        for code in (wrong, f"/totp {right[:3]} {right[3:]}"):
            ann.sends(ann.chat, code)
        await becomes(server, card, "Filled 5 BTC")
        ann.sends(ann.chat, f"is {right} the code?")
        await says(server, ann.chat, "I did not understand")
        with bench.units(read_only=True) as unit:
            await until(server, lambda: not unit.inbox.pending("telegram", 9) or None)
    stored = kept(fake_units)
    for code in (right, f"{right[:3]} {right[3:]}", wrong):
        assert code not in stored
    assert "✅ Approve" not in stored or "callback_query" in stored
    assert str(ann.id) in stored  # who and when stay


async def test_a_code_that_a_crash_left_behind_is_judged_and_then_not_kept(
    server: TelegramServer, ann: User, fake_units: FakeUnits
) -> None:
    bench, wall = desk_of(fake_units, ann, totp_above_quote=D(400))
    async with talking(bench, wall, telegram(server)) as talk:
        app = await enrolled(server, talk, ann)
        await talk.propose()
        card = await card_of(server, ann, "BTC/USDT LONG")
        await press(ann, card, "✅ Approve")
        await says(server, ann.chat, "Type the six digits of your app")
    code = app.at(wall.now())
    left = ann.sends(ann.chat, code)
    assert left.update_id is not None
    payload: dict[str, Json] = {
        "update_id": left.update_id,
        "message": {
            "message_id": left.message.message_id,
            "from": {"id": ann.id, "first_name": "Ann", "is_bot": False},
            "chat": {"id": ann.id, "type": "private"},
            "date": 1,
            "text": code,
        },
    }
    with bench.units() as unit:
        unit.inbox.put(
            [
                InboxUpdate(
                    source="telegram",
                    update_id=left.update_id,
                    payload=payload,
                    received_at=wall.now(),
                )
            ]
        )
        unit.commit()
    assert code in kept(fake_units)
    again = bench.restart()
    async with talking(again, wall, telegram(server)):
        await becomes(server, card, "Filled 5 BTC")
        with bench.units(read_only=True) as unit:
            await until(server, lambda: not unit.inbox.pending("telegram", 9) or None)
    assert code not in kept(fake_units)
    assert len(bench.fills()) == 1


async def test_of_what_is_not_read_no_words_are_kept(
    server: TelegramServer, ann: User, fake_units: FakeUnits
) -> None:
    bench, wall = desk_of(fake_units, ann)
    about: dict[str, Json] = {
        "message_id": 5,
        "from": {"id": ann.id, "first_name": "Ann", "is_bot": False},
        "chat": {"id": ann.id, "type": "private"},
        "date": 1,
    }
    update = InboxUpdate(
        source="telegram",
        update_id=1,
        payload={
            "update_id": 1,
            "message": {**about, "caption": "123456", "photo": [{"file_id": "f"}]},
        },
        received_at=wall.now(),
    )
    edit: dict[str, Json] = {"update_id": 2, "edited_message": {**about, "text": "123456"}}
    with bench.units() as unit:
        unit.inbox.put([update, replace(update, update_id=2, payload=edit)])
        unit.commit()
    async with talking(bench, wall, telegram(server)):
        await until(server, lambda: "123456" not in kept(fake_units) or None)
    assert kept(fake_units).count(str(ann.id)) == 4


async def test_a_reply_to_the_set_up_brings_no_secret_back(
    server: TelegramServer, ann: User, fake_units: FakeUnits
) -> None:
    bench, wall = desk_of(fake_units, ann)
    async with talking(bench, wall, telegram(server)):
        ann.sends(ann.chat, "/totp")
        shown = await says(server, ann.chat, "Second factor")
        view = bench.assembled.desk.factors.setup(ann.id)
        assert view is not None
        ann.sends(ann.chat, "what is this?", reply_to=shown.message_id)
        await says(server, ann.chat, "I did not understand")
    stored = kept(fake_units)
    assert "what is this?" in stored
    assert not any(code.reveal() in stored for code in view.recovery)


# Reminders and the way to the questions


async def test_a_change_is_told_once_more_an_hour_before_it_expires(
    server: TelegramServer, ann: User, ben: User, database: Units
) -> None:
    bench, wall = desk_of(database, ann, ben)
    wish = ChangeWish(kind=ChangeKind.LIMIT, subject="max_open_positions", value="7")
    async with talking(bench, wall, telegram(server)) as talk:
        changes = bench.assembled.desk.changes
        await talk.on_desk(changes.propose, wish, ben.id, request_id="c1")
        await says(server, ann.chat, "Asked by Ben")
        wall.advance(hours=22, minutes=59)
        assert await talk.on_desk(changes.remind) == 0
        wall.advance(minutes=2)
        assert await talk.on_desk(changes.remind) == 1
        assert await talk.on_desk(changes.remind) == 0
        reminder = await says(server, ann.chat, "or it expires")
        assert not reminder.silent
        assert reminder.labels == ("✅ Approve", "✖ Reject")
        await press(ann, reminder, "✖ Reject")
        await until(server, lambda: server.current(reminder).deleted)
        await says(server, ben.chat, "✖ Rejected by Ann")
    assert bench.assembled.desk.changes.open() == ()


async def test_the_status_leads_to_the_questions_while_there_are_any(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = desk_of(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        ann.sends(ann.chat, "/status")
        assert (await says(server, ann.chat, "Running")).labels == ()
        await talk.propose()
        await card_of(server, ann, "BTC/USDT LONG")
        before = len(server.messages(ann.chat))
        ann.sends(ann.chat, "/status")
        await until(server, lambda: len(server.messages(ann.chat)) > before)
        status = await says(server, ann.chat, "Running")
        assert status.labels == ("Questions",)
        ann.presses(status, "Questions")
        await says(server, ann.chat, "Open questions: 1")
