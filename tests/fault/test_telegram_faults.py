"""What Telegram, the network and kill -9 do to a desk, and that nothing is lost by it."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.context import ForkServerProcess

import pytest

from bot.outbox import Audience
from bot.policy import Rates
from db.unit_of_work import SqlUnits
from engine.domain.desk import MessageState, OutboxMessage, Priority
from engine.domain.ids import MessageId
from engine.domain.lifecycles import OrderState
from engine.domain.secret_text import SecretText
from tests.fault.chat_process import start
from tests.servers.telegram import (
    SENDS,
    ApiError,
    Fault,
    Message,
    TelegramServer,
    User,
    drop_after_effect,
    drop_before_effect,
    hang,
    malformed,
    refusal,
    server_error,
    too_many,
)
from tests.servers.telegram import Rates as ServerRates
from tests.unit.bot.harness import PATIENCE_S, Talk, bench_for, card_of, scored, talking, telegram

pytestmark = pytest.mark.fault
REPEAT = "perhaps a repeat"


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


async def until_settled(talk: Talk, *, timeout_s: float = PATIENCE_S) -> dict[MessageState, int]:
    """Wait until no message is waiting any more."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        states = talk.states()
        if not {MessageState.PENDING, MessageState.AMBIGUOUS} & set(states):
            return states
        assert asyncio.get_running_loop().time() < deadline, states
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("fault", "marked", "shown"),
    [
        (too_many(1), False, 1),
        (server_error(500), True, 1),
        (server_error(502, html=True), True, 1),
        (drop_before_effect(), True, 1),
        (drop_after_effect(), True, 2),
        (hang(2.0), True, 2),
        (malformed(), True, 2),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
async def test_a_card_arrives_whatever_happens_to_its_first_delivery(
    fault: Fault, marked: bool, shown: int, server: TelegramServer, ann: User, talk: Talk
) -> None:
    server.fail("sendPhoto", fault)
    await talk.propose()
    await server.until(lambda: len(server.calls("sendPhoto")) >= 2, timeout_s=PATIENCE_S)
    assert await until_settled(talk) == {MessageState.SENT: 2}
    cards = server.messages(ann.chat)
    assert len(cards) == shown
    assert (REPEAT in cards[-1].text) is marked
    assert cards[-1].photo is not None


async def test_a_refused_format_falls_back_to_plain_text(
    server: TelegramServer, ann: User, talk: Talk
) -> None:
    server.fail("sendPhoto", refusal(ApiError(400, "Bad Request: can't parse entities: whatever")))
    await talk.propose()
    card = await card_of(server, ann, "BTC/USDT LONG")
    assert card.entities == ()
    assert card.photo is not None
    assert "✅ Approve" in card.labels
    assert await until_settled(talk) == {MessageState.SENT: 2}


async def test_a_refused_picture_falls_back_to_text(
    server: TelegramServer, ann: User, talk: Talk
) -> None:
    fault = refusal(ApiError(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"))
    server.fail("sendPhoto", fault, times=None)
    await talk.propose()
    card = await card_of(server, ann, "BTC/USDT LONG")
    assert card.kind == "text"
    pressed = ann.presses(card, "✅ Approve")
    await asyncio.to_thread(pressed.wait_answer, PATIENCE_S)
    await server.until(lambda: "Filled" in server.current(card).text, timeout_s=PATIENCE_S)


async def test_a_message_nobody_accepts_ends_as_a_dead_letter(
    server: TelegramServer, ann: User, talk: Talk
) -> None:
    server.fail(SENDS, refusal(ApiError(400, "Bad Request: no luck today")), times=None)
    await talk.propose()
    states = await until_settled(talk)
    assert states[MessageState.DEAD] == 1
    assert "message_dead" in talk.bench.actions()


async def test_a_blocked_bot_buries_the_message_and_serves_the_others(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    ben = server.user("Ben")
    bench, wall = bench_for(sqlite_units, ann, ben)
    ben.blocks_bot()
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        await card_of(server, ann, "BTC/USDT")
        states = await until_settled(talk)
    assert states == {MessageState.SENT: 2, MessageState.DEAD: 1}
    assert bench.actions().count("message_dead") == 1


async def test_a_deleted_card_is_told_anew(server: TelegramServer, ann: User, talk: Talk) -> None:
    await talk.propose()
    card = await card_of(server, ann, "BTC/USDT")
    pressed = ann.presses(card, "✖ Reject")
    fault = refusal(ApiError(400, "Bad Request: message to edit not found"))
    server.fail("editMessageCaption", fault, times=None)
    await asyncio.to_thread(pressed.wait_answer, PATIENCE_S)
    anew = await card_of(server, ann, "Rejected by Ann")
    assert anew.message_id != card.message_id
    assert anew.photo is not None


async def test_an_outage_loses_nothing_and_kills_nothing(
    server: TelegramServer, ann: User, talk: Talk
) -> None:
    await server.until(lambda: server.calls("getUpdates"), timeout_s=PATIENCE_S)
    with server.outage():
        for _ in range(3):
            await talk.propose()
        ann.sends(ann.chat, "/status")
        await asyncio.sleep(1.5)
    await server.until(lambda: len(server.messages(ann.chat)) >= 4, timeout_s=PATIENCE_S)
    states = await until_settled(talk, timeout_s=PATIENCE_S)
    assert MessageState.DEAD not in states
    told = [message.text for message in server.messages(ann.chat)]
    assert sum("Approve?" in text for text in told) == 3
    assert any("Running" in text for text in told)


async def test_what_piled_up_during_an_outage_is_one_message_but_questions_are_not(
    server: TelegramServer, ann: User, talk: Talk
) -> None:
    await server.until(lambda: server.calls("getUpdates"), timeout_s=PATIENCE_S)
    with server.outage():
        await talk.on_desk(_queue_notices, talk, 40)
        await talk.propose()
        await asyncio.sleep(1.0)
    await card_of(server, ann, "Approve?")
    backlog = await card_of(server, ann, "messages have waited")
    states = await until_settled(talk, timeout_s=PATIENCE_S)
    assert MessageState.DEAD not in states
    told = [message.text for message in server.messages(ann.chat)]
    assert len(told) <= 4
    assert all(any(f"job{number} " in text for text in told) for number in range(40))
    assert backlog.text.count("failed") >= 38


def _queue_notices(talk: Talk, count: int) -> None:
    with talk.bench.units() as unit:
        for number in range(count):
            unit.outbox.put(_notice(talk, number, Priority.FILL))
        unit.commit()


async def test_a_desk_that_starts_during_an_outage_finds_its_way(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    bench, wall = bench_for(sqlite_units, ann)
    server.start_outage()
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        await asyncio.sleep(0.7)
        server.end_outage()
        card = await card_of(server, ann, "BTC/USDT")
    assert REPEAT not in card.text


async def test_a_group_is_told_and_followed_when_it_moves(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    group = server.group("Desk", ann)
    bench, wall = bench_for(sqlite_units, ann)
    audience = Audience(groups=(group.id,))
    async with talking(bench, wall, telegram(server), audience=audience) as talk:
        moved = group.migrate()
        await talk.propose()
        await card_of(server, ann, "BTC/USDT")
        await server.until(lambda: server.messages(moved), timeout_s=PATIENCE_S)
        states = await until_settled(talk)
    assert states == {MessageState.SENT: 3}


async def test_a_refused_token_is_told_without_the_token(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits, capfd: pytest.CaptureFixture[str]
) -> None:
    bench, wall = bench_for(sqlite_units, ann)
    wrong = SecretText("7001001:AA-a-wrong-one")
    printed = ""
    async with talking(bench, wall, telegram(server, token=wrong)), asyncio.timeout(PATIENCE_S):
        while "token is not accepted" not in printed:
            await asyncio.sleep(0.1)
            printed += "".join(capfd.readouterr())
    printed += "".join(capfd.readouterr())
    assert "wrong-one" not in printed


async def test_the_documented_rates_are_kept_and_the_best_goes_first(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    server.limit(ServerRates())
    bench, wall = bench_for(sqlite_units, ann)
    async with talking(bench, wall, telegram(server), rates=Rates()) as talk:
        with bench.units() as unit:
            for number, priority in enumerate((Priority.DIGEST, Priority.FILL, Priority.FAILURE)):
                unit.outbox.put(_notice(talk, number, priority))
            unit.commit()
        talk.chat.wake()
        await server.until(lambda: len(server.messages(ann.chat)) == 3, timeout_s=20)
        await until_settled(talk)
    texts = [message.text for message in server.messages(ann.chat)]
    assert [text.split()[1] for text in texts] == ["job2", "job1", "job0"]
    assert server.calls(outcome="refused") == []


def _notice(talk: Talk, number: int, priority: Priority) -> OutboxMessage:
    return OutboxMessage(
        id=MessageId(f"m{number}"),
        kind="notice",
        subject=f"n{number}",
        payload={"text": "job_failed", "values": {"name": f"job{number}", "detail": "x"}},
        created_at=talk.wall.now(),
        priority=priority,
    )


async def test_a_wait_the_service_asks_for_is_kept(
    server: TelegramServer, ann: User, talk: Talk
) -> None:
    server.fail("sendPhoto", too_many(2))
    await talk.propose()
    await server.until(lambda: len(server.calls("sendPhoto")) == 2, timeout_s=PATIENCE_S)
    first, second = server.calls("sendPhoto")
    assert second.started_s - first.started_s >= 2.0


async def test_an_update_delivered_twice_is_handled_once(
    server: TelegramServer, ann: User, talk: Talk
) -> None:
    update_id = ann.sends(ann.chat, "/status").update_id
    assert update_id is not None
    await card_of(server, ann, "Running")
    server.redeliver(update_id, times=2)
    ann.sends(ann.chat, "/pnl")
    await card_of(server, ann, "Profit and loss")
    assert sum("Running" in message.text for message in server.messages(ann.chat)) == 1


async def test_a_poisonous_update_ends_with_its_error_and_blocks_nobody(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    bench, wall = bench_for(sqlite_units, ann)
    desk = bench.assembled.desk
    broken = replace(
        desk,
        controls=Broken(),  # type: ignore[arg-type]  # fails on purpose, whatever is asked of it
    )
    bench.assembled = replace(bench.assembled, desk=broken)
    async with talking(bench, wall, telegram(server)):
        poison = ann.sends(ann.chat, "/pause").update_id
        ann.sends(ann.chat, "/status")
        server.push_update("message", {"message_id": 1, "text": {"not": "a text"}})
        await card_of(server, ann, "That did not work")
        await card_of(server, ann, "Running")
        await server.until(lambda: not server.pending_updates, timeout_s=PATIENCE_S)
    failed = [line.event for line in bench.audit() if line.event.action == "update_failed"]
    assert [event.subject for event in failed] == [f"telegram:{poison}"]
    with bench.units(read_only=True) as unit:
        assert unit.inbox.pending("telegram", 10) == []


class Broken:
    """A part of the desk that always fails."""

    def pause(self, _: object, **__: object) -> None:
        raise RuntimeError("poison")


async def test_an_answer_that_comes_too_late_is_no_error(
    server: TelegramServer, ann: User, talk: Talk
) -> None:
    await talk.propose()
    card = await card_of(server, ann, "BTC/USDT")
    server.fail(
        "answerCallbackQuery",
        refusal(ApiError(400, "Bad Request: query is too old and response timeout expired")),
    )
    ann.presses(card, "✅ Approve")
    await server.until(lambda: "Filled" in server.current(card).text, timeout_s=PATIENCE_S)


@contextmanager
def process(server: TelegramServer, url: str, mode: str = "") -> Iterator[ForkServerProcess]:
    """A desk in a process of its own, killed at the end of the block."""
    running = start(url, server.token, server.base_url, mode)
    try:
        yield running
    finally:
        running.kill()
        running.join()


def test_killed_between_commit_and_send_the_card_is_sent_after_the_restart(
    server: TelegramServer, ann: User, sqlite_url: str, sqlite_units: SqlUnits
) -> None:
    bench, _ = bench_for(sqlite_units, ann)
    bench.propose(scored(bench.decide()))
    server.fail("sendPhoto", hang(60, effect=False))
    with process(server, sqlite_url):
        server.wait_for(lambda: server.calls("sendPhoto"), timeout_s=PATIENCE_S)
    assert server.messages(ann.chat) == []
    with process(server, sqlite_url):
        server.wait_for(lambda: server.messages(ann.chat), timeout_s=PATIENCE_S)
    (card,) = server.messages(ann.chat)
    assert "✅ Approve" in card.labels
    assert REPEAT in card.text


def send_card(server: TelegramServer, ann: User, url: str, units: SqlUnits) -> Message:
    """Start a desk until it has sent the card and knows that it has, and kill it."""

    def is_settled() -> bool:
        with units(read_only=True) as unit:
            counts = unit.outbox.counts()
        return counts[MessageState.SENT] > 0 == counts[MessageState.AMBIGUOUS]

    with process(server, url):
        server.wait_for(lambda: server.messages(ann.chat) and is_settled(), timeout_s=PATIENCE_S)
    (card,) = server.messages(ann.chat)
    return card


def test_a_copy_that_nobody_remembers_is_told_the_outcome_too(
    server: TelegramServer, ann: User, sqlite_url: str, sqlite_units: SqlUnits
) -> None:
    bench, _ = bench_for(sqlite_units, ann)
    bench.propose(scored(bench.decide()))
    server.fail("sendPhoto", hang(60, effect=True))
    with process(server, sqlite_url):
        server.wait_for(lambda: server.messages(ann.chat), timeout_s=PATIENCE_S)
    (copy,) = server.messages(ann.chat)
    with process(server, sqlite_url):
        server.wait_for(lambda: len(server.messages(ann.chat)) == 2, timeout_s=PATIENCE_S)
        ann.presses(copy, "✅ Approve")
        server.wait_for(lambda: not server.current(copy).buttons, timeout_s=PATIENCE_S)
        server.wait_for(
            lambda: any("Filled" in m.text for m in server.messages(ann.chat)), timeout_s=PATIENCE_S
        )
    assert len(bench.fills()) == 1


def test_killed_between_the_committed_order_and_the_venue_it_is_sent_once(
    server: TelegramServer, ann: User, sqlite_url: str, sqlite_units: SqlUnits
) -> None:
    bench, _ = bench_for(sqlite_units, ann)
    bench.propose(scored(bench.decide()))
    card = send_card(server, ann, sqlite_url, sqlite_units)
    ann.presses(card, "✅ Approve")
    with process(server, sqlite_url, "die-at-submit") as dying:
        dying.join(PATIENCE_S)
        assert dying.exitcode == -signal.SIGKILL
    assert [order.state for order in bench.unfinished()] == [OrderState.SUBMITTING]
    assert bench.fills() == ()
    with process(server, sqlite_url):
        server.wait_for(lambda: "Filled" in server.current(card).text, timeout_s=PATIENCE_S)
        server.wait_for(lambda: not server.pending_updates, timeout_s=PATIENCE_S)
    assert len(bench.fills()) == 1
    assert server.current(card).buttons == ()
    bench.assert_books_agree()


def test_killed_between_press_and_fill_there_is_exactly_one_order(
    server: TelegramServer, ann: User, sqlite_url: str, sqlite_units: SqlUnits
) -> None:
    bench, _ = bench_for(sqlite_units, ann)
    bench.propose(scored(bench.decide()))
    card = send_card(server, ann, sqlite_url, sqlite_units)
    # Nobody polls now: the press waits at the service, then dies with the process that took it.
    server.fail("answerCallbackQuery", hang(60, effect=False))
    ann.presses(card, "✅ Approve")
    with process(server, sqlite_url):
        server.wait_for(lambda: server.calls("answerCallbackQuery"), timeout_s=PATIENCE_S)
    server.heal()
    with process(server, sqlite_url):
        server.wait_for(lambda: "Filled" in server.current(card).text, timeout_s=PATIENCE_S)
        server.wait_for(lambda: not server.pending_updates, timeout_s=PATIENCE_S)
    assert len(bench.fills()) == 1
    assert server.current(card).buttons == ()
    bench.assert_books_agree()


def test_killed_again_and_again_at_any_moment_nothing_is_lost_or_done_twice(
    server: TelegramServer, ann: User, sqlite_url: str, sqlite_units: SqlUnits
) -> None:
    bench, _ = bench_for(sqlite_units, ann)
    bench.propose(scored(bench.decide()))
    card = send_card(server, ann, sqlite_url, sqlite_units)
    ann.presses(card, "✅ Approve")
    for number in range(4):
        polls = len(server.calls("getUpdates"))
        with process(server, sqlite_url):
            server.wait_for(
                lambda polls=polls: len(server.calls("getUpdates")) > polls,  # type: ignore[misc]  # bound per turn
                timeout_s=60,
            )
            server.wait_for(lambda: True, timeout_s=0.01 * number + 0.01)
    with process(server, sqlite_url):
        server.wait_for(lambda: "Filled" in server.current(card).text, timeout_s=PATIENCE_S)
        server.wait_for(
            lambda: any("bought" in m.text for m in server.messages(ann.chat)), timeout_s=PATIENCE_S
        )
    assert len(bench.fills()) == 1
    bench.assert_books_agree()
