"""A day of outage, blocked bots, stray copies, dead letters: calm afterwards, and nothing lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from bot.policy import Rates
from db.unit_of_work import SqlUnits
from engine.domain.delivery import ChatPreferences, Loudness, MessageType
from engine.domain.desk import MessageState, OutboxMessage, Priority
from engine.domain.ids import MessageId
from tests.fakes.samples import HOSTILE
from tests.servers.telegram import (
    SENDS,
    ApiError,
    TelegramServer,
    User,
    drop_after_effect,
    refusal,
    too_many,
)
from tests.unit.bot.harness import PATIENCE_S, Talk, bench_for, card_of, talking, telegram

pytestmark = pytest.mark.fault
MOST_MESSAGES = 15
"""After a day's outage with 500 reports; Telegram's own limit would let 500 take eight minutes."""


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as running:
        yield running


@pytest.fixture
def ann(server: TelegramServer) -> User:
    return server.user("Ann")


@pytest.fixture
async def talk(server: TelegramServer, ann: User, sqlite_units: SqlUnits) -> AsyncIterator[Talk]:
    bench, wall = bench_for(sqlite_units, ann)
    async with talking(bench, wall, telegram(server, request_timeout_s=1.0)) as running:
        yield running


def notice(talk: Talk, number: int, **changes: object) -> OutboxMessage:
    """One of many different reports, with a hostile text in it."""
    given: dict[str, object] = {
        "id": MessageId(f"m{number}"),
        "kind": "notice",
        "subject": f"n{number}",
        "payload": {"text": "job_failed", "values": {"name": f"job{number}", "detail": HOSTILE}},
        "created_at": talk.wall.now(),
        "priority": Priority.FILL,
        **changes,
    }
    return OutboxMessage(**given)  # type: ignore[arg-type]  # the names are its own


def queue(talk: Talk, *rows: OutboxMessage) -> None:
    with talk.bench.units() as unit:
        for row in rows:
            unit.outbox.put(row)
        unit.commit()


async def settled(talk: Talk) -> dict[MessageState, int]:
    """Wait until no message is waiting any more."""
    deadline_s = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        states = talk.states()
        if not {MessageState.PENDING, MessageState.AMBIGUOUS} & set(states):
            return states
        assert asyncio.get_running_loop().time() < deadline_s, states
        await asyncio.sleep(0.05)


async def test_a_day_of_outage_with_500_messages_ends_in_a_few_with_all_of_them(
    server: TelegramServer, ann: User, talk: Talk
) -> None:
    await server.until(lambda: server.calls("getUpdates"), timeout_s=PATIENCE_S)
    with server.outage():
        await talk.on_desk(queue, talk, *(notice(talk, number) for number in range(500)))
        missed = await talk.propose()
        talk.wall.advance(hours=24)
        await talk.on_desk(talk.bench.assembled.questions.expire)
        await talk.propose()
    await card_of(server, ann, "Approve?")
    states = await settled(talk)
    told = [message.text for message in server.messages(ann.chat)]
    assert len(told) <= MOST_MESSAGES
    everything = "\n".join(told)
    assert all(f"job{number} " in everything for number in range(500))
    assert sum("Approve?" in text for text in told) == 1
    assert "expired without an answer" in everything
    assert f"{missed.symbol}" in everything
    assert set(states) == {MessageState.SENT}
    assert server.calls(*SENDS, outcome="refused") == []


@pytest.mark.parametrize(
    "text",
    [
        "<b>" * 3_400,
        "_*[`" * 2_500,
        "🚀" * 10_000,
        "שלום " * 2_000,
        "a&b;<i" * 1_700,
        HOSTILE * 200,
    ],
    ids=["tags", "marks", "emoji", "right-to-left", "entities", "hostile"],
)
async def test_a_hostile_text_of_any_length_arrives_unrefused(
    text: str, server: TelegramServer, ann: User, talk: Talk
) -> None:
    values = {"name": "job1", "detail": text}
    payload = {"text": "job_failed", "values": values}
    await talk.on_desk(queue, talk, notice(talk, 1, payload=payload, priority=Priority.FAILURE))
    await card_of(server, ann, "job1 failed")
    assert set(await settled(talk)) == {MessageState.SENT}
    assert server.calls(*SENDS, outcome="refused") == []


async def test_a_flood_delays_a_question_by_one_message_at_most(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    bench, wall = bench_for(sqlite_units, ann)
    async with talking(bench, wall, telegram(server), rates=Rates()) as talk:
        answers = (
            notice(talk, number, kind="status", payload={}, priority=Priority.DIGEST)
            for number in range(40)
        )
        await talk.on_desk(queue, talk, *answers)
        await server.until(lambda: server.messages(ann.chat), timeout_s=PATIENCE_S)
        before = len(server.messages(ann.chat))
        await talk.propose()
        await card_of(server, ann, "Approve?")
    assert len(server.messages(ann.chat)) <= before + 2


async def test_a_chat_asked_to_wait_stops_no_other_and_goes_on_with_its_best(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    ben = server.user("Ben")
    bench, wall = bench_for(sqlite_units, ann, ben)
    async with talking(bench, wall, telegram(server)) as talk:
        server.fail("sendMessage", too_many(3))
        await talk.on_desk(queue, talk, notice(talk, 1, chat_id=ann.id))
        await server.until(lambda: server.calls("sendMessage"), timeout_s=PATIENCE_S)
        asked_s = server.calls("sendMessage")[0].started_s
        await talk.on_desk(
            queue,
            talk,
            notice(talk, 2, chat_id=ben.id),
            notice(talk, 3, chat_id=ann.id, priority=Priority.FAILURE),
        )
        await card_of(server, ben, "job2")
        await card_of(server, ann, "job1")
    calls = [call for call in server.calls("sendMessage") if call.started_s > asked_s]
    served = [call.params["text"] for call in calls]
    assert [_job(text) for text in served] == ["job2", "job3", "job1"]
    assert calls[0].started_s - asked_s < 2.0
    assert calls[1].started_s - asked_s >= 3.0


def _job(text: object) -> str:
    return next(word for word in str(text).split() if word.startswith("job"))


async def test_a_blocked_bot_dies_once_and_tells_everything_when_the_person_is_back(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    ben = server.user("Ben")
    bench, wall = bench_for(sqlite_units, ann, ben)
    async with talking(bench, wall, telegram(server)) as talk:
        ben.blocks_bot()
        await talk.on_desk(queue, talk, *(notice(talk, number) for number in range(12)))
        await card_of(server, ann, "job11")
        states = await settled(talk)
        assert states[MessageState.DEAD] == 12
        await talk.on_desk(queue, talk, notice(talk, 12))
        await card_of(server, ann, "job12")
        await settled(talk)
        tries = server.calls(*SENDS, outcome="refused")
        assert len(tries) == 1
        ben.unblocks_bot()
        ben.sends(ben.chat, "/status")
        back = await card_of(server, ben, "messages have waited")
        states = await settled(talk)
    assert all(f"job{number} " in back.text for number in range(13))
    assert set(states) == {MessageState.SENT}
    assert bench.actions().count("message_dead") == 1
    assert bench.actions().count("chat_back") == 1


async def test_dead_letters_stand_in_the_status_and_go_out_again_by_a_button(
    server: TelegramServer, ann: User, talk: Talk
) -> None:
    server.fail(SENDS, refusal(ApiError(400, "Bad Request: no luck today")), times=None)
    await talk.on_desk(queue, talk, notice(talk, 7, priority=Priority.FAILURE))
    assert (await settled(talk))[MessageState.DEAD] == 1
    server.heal()
    ann.sends(ann.chat, "/status")
    status = await card_of(server, ann, "No luck today")
    pressed = ann.presses(status, "✉ Send 1 again")
    answer = await asyncio.to_thread(pressed.wait_answer, PATIENCE_S)
    assert "1 message waits" in answer.text
    await card_of(server, ann, "job7 failed")
    assert MessageState.DEAD not in await settled(talk)
    await server.until(lambda: not server.current(status).buttons, timeout_s=PATIENCE_S)
    assert "messages_resent" in talk.bench.actions()


async def test_a_copy_that_arrived_without_a_reply_loses_its_buttons(
    server: TelegramServer, ann: User, talk: Talk
) -> None:
    server.fail("sendPhoto", drop_after_effect())
    await talk.propose()
    await server.until(lambda: len(server.messages(ann.chat)) == 2, timeout_s=PATIENCE_S)
    await settled(talk)
    copy, repeat = server.messages(ann.chat)
    assert copy.buttons == ()
    assert "BTC/USDT" in copy.text
    assert "✅ Approve" in repeat.labels


async def test_silent_messages_ring_no_phone_and_stops_do(
    server: TelegramServer, ann: User, talk: Talk
) -> None:
    own = ChatPreferences(
        chat_id=ann.id,
        loudness={MessageType.HEARTBEAT: Loudness.SILENT},
        muted_until=talk.wall.now() + timedelta(hours=2),
    )
    with talk.bench.units() as unit:
        unit.delivery.put_preferences(own)
        unit.commit()
    started = {"text": "desk_started", "values": {"venue": "bench", "count": 2}}
    await talk.on_desk(
        queue,
        talk,
        notice(talk, 1),
        notice(talk, 2, priority=Priority.FAILURE),
        notice(talk, 3, payload=started, priority=Priority.ANSWER),
    )
    await card_of(server, ann, "job1")
    await card_of(server, ann, "job2")
    states = await settled(talk)
    silent = {message.text.split()[1]: message.silent for message in server.messages(ann.chat)}
    assert silent == {"job1": True, "job2": False}
    assert states[MessageState.HELD] == 1
