"""Everything at once: storms of refusals, drops and hangs over a desk in use, then the checker.

`test_telegram_faults` looks at one fault and its cure; here faults fall by chance on every method
for as long as people talk, and afterwards the checker looks for what was lost or done twice.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import httpx
import pytest

from db.unit_of_work import SqlUnits
from engine.domain.desk import MessageState, OutboxMessage, Priority
from engine.domain.ids import MessageId
from tests.fault.checker import REPEAT, findings
from tests.servers.telegram import (
    EDITS,
    SENDS,
    Fault,
    TelegramServer,
    User,
    drop_after_effect,
    drop_before_effect,
    hang,
    malformed,
    server_error,
    slow_body,
    too_many,
)
from tests.unit.bot.harness import PATIENCE_S, Talk, bench_for, card_of, talking, telegram

pytestmark = pytest.mark.fault

EVERYTHING = (*SENDS, *EDITS, "answerCallbackQuery", "getUpdates")
STORMS: dict[str, tuple[Fault, ...]] = {
    "429": (too_many(1),),
    "5xx": (server_error(500), server_error(502, html=True), server_error(503)),
    "drops": (drop_before_effect(), drop_after_effect()),
    "slowness": (hang(0.6), hang(0.6, effect=False), slow_body(0.2)),
    "all of it": (
        too_many(1),
        server_error(500),
        drop_before_effect(),
        drop_after_effect(),
        malformed(),
        hang(0.6),
    ),
}
CARDS = 3
NOTICES = 8


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer(query_ttl_s=600.0) as running:
        yield running


@pytest.fixture
def ann(server: TelegramServer) -> User:
    return server.user("Ann")


@pytest.fixture
async def talk(server: TelegramServer, ann: User, sqlite_units: SqlUnits) -> AsyncIterator[Talk]:
    bench, wall = bench_for(sqlite_units, ann, server.user("Ben"))
    async with talking(bench, wall, telegram(server, request_timeout_s=0.4)) as running:
        yield running


async def rest(server: TelegramServer, talk: Talk) -> None:
    """Wait until nothing is on its way: no update, no message, no answer."""

    def is_calm() -> bool:
        states = talk.states()
        waits = {MessageState.PENDING, MessageState.AMBIGUOUS} & set(states)
        with talk.bench.units(read_only=True) as unit:
            is_handled = not unit.inbox.pending("telegram", 1)
        return not waits and is_handled and not server.pending_updates

    await server.until(is_calm, timeout_s=PATIENCE_S)


def notice(talk: Talk, number: int, priority: Priority = Priority.FILL) -> OutboxMessage:
    return OutboxMessage(
        id=MessageId(f"n{number}"),
        kind="notice",
        subject=f"notice:{number}",
        payload={"text": "job_failed", "values": {"name": f"job-{number}", "detail": f"d{number}"}},
        created_at=talk.wall.now(),
        priority=priority,
    )


def put_notices(talk: Talk, numbers: range) -> None:
    with talk.bench.units() as unit:
        for number in numbers:
            unit.outbox.put(notice(talk, number))
        unit.commit()


@pytest.mark.parametrize("storm", STORMS)
async def test_a_storm_loses_nothing_and_does_nothing_twice(
    storm: str, server: TelegramServer, ann: User, talk: Talk, sqlite_url: str
) -> None:
    await server.until(lambda: server.calls("getUpdates"), timeout_s=PATIENCE_S)
    chance = random.Random(storm)
    # Many faults at once must leave a call that comes through now and then.
    share = min(0.35, 1 - 0.3 ** (1 / len(STORMS[storm])))
    for fault in STORMS[storm]:
        server.fail(EVERYTHING, fault, times=None, when=lambda _: chance.random() < share)
    for number in range(CARDS):
        await talk.propose(quantity=str(number + 1))
        await talk.on_desk(put_notices, talk, range(number * NOTICES, (number + 1) * NOTICES))
    card = await card_of(server, ann, "Approve?")
    pressed = ann.presses(card, "✅ Approve")
    for text in ("/status", "/why nothing", "/positions"):
        ann.sends(ann.chat, text)
    await server.until(
        lambda: "✅ Approve" not in server.current(card).labels, timeout_s=PATIENCE_S
    )
    assert any(call.fault for call in server.calls(*SENDS))
    server.heal()
    await rest(server, talk)
    assert findings(sqlite_url, server) == []
    assert MessageState.DEAD not in talk.states()
    assert pressed.answer is not None or "press_approve" in talk.bench.actions()
    assert len(talk.bench.fills()) == 1
    talk.bench.assert_books_agree()


async def test_a_day_of_outage_with_five_hundred_messages_ends_in_a_few(
    server: TelegramServer, ann: User, talk: Talk, sqlite_url: str
) -> None:
    await server.until(lambda: server.calls("getUpdates"), timeout_s=PATIENCE_S)
    with server.outage():
        await talk.propose(quantity="1")
        await talk.on_desk(put_notices, talk, range(500))
        presses = [ann.sends(ann.chat, text) for text in ("/status", "/pnl")]
        talk.wall.advance(hours=24)
        await talk.on_desk(talk.bench.assembled.questions.expire)
        await talk.propose(quantity="2")
    await rest(server, talk)
    assert all(press.update_id is not None for press in presses)
    assert findings(sqlite_url, server) == []
    assert MessageState.DEAD not in talk.states()
    told = [message.text for message in server.messages(ann.chat)]
    assert len(told) <= 20
    assert sum("Approve?" in text for text in told) == 1
    assert all(any(f"job-{number} " in text for text in told) for number in (0, 250, 499))


async def test_presses_that_come_twice_and_out_of_turn_count_once(
    server: TelegramServer, ann: User, talk: Talk, sqlite_url: str
) -> None:
    await talk.propose(quantity="1")
    card = await card_of(server, ann, "Approve?")
    with server.held_updates():
        presses = [ann.presses(card, label) for label in ("✅ Approve", "½ Half", "✖ Reject")]
        numbers = [press.update_id for press in presses if press.update_id is not None]
        server.reorder(numbers[::-1])
    await rest(server, talk)
    server.redeliver(*numbers, times=2)
    ann.sends(ann.chat, "/pnl")
    await card_of(server, ann, "Profit and loss")
    await rest(server, talk)
    assert findings(sqlite_url, server) == []
    answers = [press.wait_answer().text for press in presses]
    assert sum(text != "This was decided already." for text in answers) == 1
    assert len(talk.bench.fills()) <= 1


async def test_a_second_poller_takes_nothing_away(
    server: TelegramServer, ann: User, talk: Talk, sqlite_url: str
) -> None:
    await server.until(lambda: server.calls("getUpdates"), timeout_s=PATIENCE_S)
    rival = asyncio.create_task(_poll_as_well(server))
    for number in range(4):
        ann.sends(ann.chat, f"/why nothing-{number}")
        await asyncio.sleep(0.15)
    rival.cancel()
    with suppress(asyncio.CancelledError):
        await rival
    await rest(server, talk)
    told = [message.text for message in server.messages(ann.chat)]
    assert all(sum(f"nothing-{number}" in text for text in told) == 1 for number in range(4))
    assert findings(sqlite_url, server) == []
    assert any(call.status == 409 for call in server.calls("getUpdates"))


async def _poll_as_well(server: TelegramServer) -> None:
    """Another process with the same token, as somebody may start by mistake."""
    async with httpx.AsyncClient() as client:
        while True:
            await client.get(f"{server.base_url}{server.token}/getUpdates", params={"timeout": 1})


async def test_who_blocks_the_bot_takes_nothing_from_others_and_misses_nothing_in_the_end(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits, sqlite_url: str
) -> None:
    ben = server.user("Ben")
    bench, wall = bench_for(sqlite_units, ann, ben)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose(quantity="1")
        card = await card_of(server, ann, "Approve?")
        await card_of(server, ben, "Approve?")
        ben.blocks_bot()
        ann.presses(card, "✅ Approve")
        await card_of(server, ann, "bought")
        await rest(server, talk)
        assert talk.states()[MessageState.DEAD] >= 1
        assert findings(sqlite_url, server) == []
        ben.unblocks_bot()
        ben.sends(ben.chat, "/pnl")
        await card_of(server, ben, "bought")
        await rest(server, talk)
    assert findings(sqlite_url, server) == []
    assert MessageState.DEAD not in talk.states()
    assert [m for m in server.messages() if REPEAT in m.text] == []
