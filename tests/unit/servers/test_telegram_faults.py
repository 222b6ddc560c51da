"""Trouble on order: floods, errors, lost connections, outages, kills, repeats."""

import asyncio
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from telegram import Bot, InputMediaDocument
from telegram.error import Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from tests.servers.telegram import (
    SENDS,
    ApiError,
    Fault,
    Rates,
    TelegramServer,
    User,
    drop_after_effect,
    drop_before_effect,
    hang,
    malformed,
    refusal,
    server_error,
    slow_body,
    too_many,
)
from tests.servers.telegram.limits import FloodControl
from tests.unit.servers.telegram_bot import client, keyboard


async def test_a_chat_takes_so_many_messages_in_a_time(server: TelegramServer, bot: Bot) -> None:
    ann, ben = server.user("Ann"), server.user("Ben")
    server.limit(Rates(chat_per_s=0.1))

    await bot.send_message(ann.id, "one")
    with pytest.raises(RetryAfter) as refused:
        await bot.send_message(ann.id, "two")
    await bot.send_message(ben.id, "other chats are free")

    assert refused.value._retry_after == timedelta(seconds=10)
    assert server.calls("sendMessage")[1].response == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 10",
        "parameters": {"retry_after": 10},
    }


def test_the_documented_rates() -> None:
    flood = FloodControl(Rates())

    def wait_s(chat_id: int, at_s: float, *, count: int = 1, is_group: bool = False) -> int:
        return flood.retry_after_s(chat_id, is_group=is_group, count=count, now_s=at_s)

    assert [wait_s(1, at_s) for at_s in (0, 0.5, 0.99, 1)] == [0, 1, 1, 0]
    assert [wait_s(-1, float(at_s), is_group=True) for at_s in range(20)] == [0] * 20
    assert [wait_s(-1, at_s, is_group=True) for at_s in (20, 59, 60)] == [40, 1, 0]
    assert [wait_s(chat_id, 100) for chat_id in range(100, 131)] == [0] * 30 + [1]
    assert wait_s(130, 101) == 0
    assert wait_s(7, 200, count=10) == 0
    assert wait_s(7, 200.5) == 1


async def test_a_group_takes_twenty_messages_a_minute(server: TelegramServer, bot: Bot) -> None:
    group = server.group("Desk")
    server.limit(Rates(chat_per_s=None, global_per_s=None))

    for i in range(20):
        await bot.send_message(group.id, str(i))
    with pytest.raises(RetryAfter) as refused:
        await bot.send_message(group.id, "21")

    assert timedelta(0) < refused.value._retry_after <= timedelta(seconds=60)


async def test_an_album_counts_as_its_messages_and_edits_only_on_request(
    server: TelegramServer, ann: User, bot: Bot
) -> None:
    server.limit(Rates(chat_per_s=0.1, chat_burst=3))
    album = [InputMediaDocument(b"x")] * 2
    sent = await bot.send_media_group(ann.id, album)
    with pytest.raises(RetryAfter):
        await bot.send_media_group(ann.id, album)
    for text in ("one", "two", "three", "four"):
        await bot.edit_message_caption(ann.id, sent[0].message_id, caption=text)

    server.limit(Rates(chat_per_s=0.1, count_edits=True))
    await bot.edit_message_caption(ann.id, sent[0].message_id, caption="five")
    with pytest.raises(RetryAfter):
        await bot.edit_message_caption(ann.id, sent[0].message_id, caption="six")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (too_many(7), RetryAfter),
        (server_error(500), NetworkError),
        (server_error(502, html=True), NetworkError),
        (drop_before_effect(), NetworkError),
        (hang(0.4, effect=False), TimedOut),
        (refusal(ApiError(403, "Forbidden: user is deactivated")), Forbidden),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
async def test_faults_before_the_effect_send_nothing(
    fault: Fault, error: type[TelegramError], server: TelegramServer, ann: User, bot: Bot
) -> None:
    server.fail("sendMessage", fault)
    with pytest.raises(error):
        await bot.send_message(ann.id, "once", read_timeout=_patience_s(fault))
    assert server.messages(ann.chat) == []

    await bot.send_message(ann.id, "twice")

    assert [m.text for m in server.messages(ann.chat)] == ["twice"]
    assert [c.effect for c in server.calls("sendMessage")] == [False, True]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (drop_after_effect(), NetworkError),
        (hang(0.4), TimedOut),
        (slow_body(4), TimedOut),
        (malformed(), TelegramError),
        (server_error(500, effect=True), NetworkError),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
async def test_faults_after_the_effect_have_sent_the_message(
    fault: Fault, error: type[TelegramError], server: TelegramServer, ann: User, bot: Bot
) -> None:
    server.fail("sendMessage", fault)
    with pytest.raises(error):
        await bot.send_message(ann.id, "once", read_timeout=_patience_s(fault))

    assert [m.text for m in server.messages(ann.chat)] == ["once"]
    (call,) = server.calls("sendMessage")
    assert (call.effect, call.fault) == (True, fault.name)


async def test_a_fault_meets_the_calls_it_was_meant_for(
    server: TelegramServer, ann: User, bot: Bot
) -> None:
    ben = server.user("Ben")
    rule = server.fail(
        SENDS, too_many(1), times=2, skip=1, when=lambda p: p["chat_id"] == str(ann.id)
    )

    outcomes = [await _outcome(bot, chat) for chat in (ann.id, ben.id, ann.id, ann.id, ann.id)]

    assert outcomes == ["sent", "sent", "RetryAfter", "RetryAfter", "sent"]
    assert rule.hits == 2


def _patience_s(fault: Fault) -> float:
    return 0.2 if fault.wait_s or fault.trickle_s else 5.0


async def _outcome(bot: Bot, chat_id: int) -> str:
    try:
        await bot.send_message(chat_id, "hello")
    except TelegramError as err:
        return type(err).__name__
    return "sent"


async def test_an_outage_breaks_everything_and_keeps_updates(
    server: TelegramServer, ann: User, bot: Bot
) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=10))
    await server.until(lambda: server.calls("getUpdates"))
    with server.outage():
        with pytest.raises(NetworkError):
            await poll
        with pytest.raises(NetworkError):
            await bot.send_message(ann.id, "lost")
        ann.sends(ann.chat, "are you there?")

    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.text == "are you there?"
    assert server.messages(ann.chat) == []
    assert server.calls("sendMessage")[0].outcome == "outage"


async def test_updates_can_come_twice_and_out_of_turn(
    server: TelegramServer, ann: User, bot: Bot
) -> None:
    with server.held_updates():
        first, second = (ann.sends(ann.chat, t).update_id for t in ("first", "second"))
        assert first is not None
        assert second is not None
        assert await bot.get_updates() == ()
        server.reorder([second, first])
    assert [u.update_id for u in await bot.get_updates()] == [second, first]

    assert await bot.get_updates(offset=second + 1) == ()
    server.redeliver(first, times=2)
    assert [u.update_id for u in await bot.get_updates(offset=second + 1)] == [first, first]
    assert await bot.get_updates(offset=second + 1) == ()


async def test_a_deleted_message_cannot_be_pressed(
    server: TelegramServer, ann: User, bot: Bot
) -> None:
    sent = await bot.send_message(ann.id, "Buy?", reply_markup=keyboard(("Approve",)))
    seen = server.messages(ann.chat)[0]
    await bot.delete_message(ann.id, sent.message_id)

    with pytest.raises(LookupError, match="deleted"):
        ann.presses(seen, "Approve")
    assert server.messages(ann.chat) == []
    assert server.messages(ann.chat, deleted=True)[0].deleted


def test_waiting_in_vain_names_the_last_calls(server: TelegramServer) -> None:
    with pytest.raises(TimeoutError, match=r"not within 0\.05 s; last calls: none"):
        server.wait_for(server.messages, timeout_s=0.05)


def test_a_failure_of_the_server_itself_fails_the_test() -> None:
    async def ask(server: TelegramServer) -> None:
        async with client(server) as bot:
            server.fail("sendMessage", too_many(1), when=lambda p: p["no such field"] == "")
            with pytest.raises(NetworkError, match="the test server itself failed"):
                await bot.send_message(1, "hello")

    with (
        pytest.raises(AssertionError, match="KeyError: 'no such field'"),
        TelegramServer() as server,
    ):
        asyncio.run(ask(server))


BOT_PROCESS = """
import asyncio, sys
from telegram import Bot, InputMediaDocument
from telegram.request import HTTPXRequest

async def main(token, base_url, confirm):
    async with Bot(token, base_url=base_url, get_updates_request=HTTPXRequest()) as bot:
        offset = None
        while True:
            for update in await bot.get_updates(offset=offset, timeout=20):
                if confirm:
                    offset = update.update_id + 1
                await bot.send_message(update.message.chat_id, "got " + update.message.text)

asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3] == "confirm"))
"""


def _start(server: TelegramServer, mode: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", BOT_PROCESS, server.token, server.base_url, mode]
    )


def test_a_killed_bot_finds_its_updates_again(server: TelegramServer, ann: User) -> None:
    process = _start(server, "forget")
    try:
        ann.sends(ann.chat, "hello")
        server.wait_for(lambda: server.messages(ann.chat), timeout_s=30)
    finally:
        process.kill()
        process.wait()
    assert [u.confirmed for u in server.updates] == [False]
    before = len(server.messages(ann.chat))

    process = _start(server, "confirm")
    try:
        server.wait_for(lambda: len(server.messages(ann.chat)) > before, timeout_s=30)
        server.wait_for(lambda: not server.pending_updates, timeout_s=30)
    finally:
        process.kill()
        process.wait()
    assert {m.text for m in server.messages(ann.chat)} == {"got hello"}


def test_stopping_does_not_wait_for_a_hanging_call(ann: User, server: TelegramServer) -> None:
    async def ask() -> None:
        async with client(server) as bot:
            server.fail("sendMessage", hang(60))
            with pytest.raises(TimedOut):
                await bot.send_message(ann.id, "hello", read_timeout=0.1)

    asyncio.run(ask())
    started_s = time.monotonic()
    server.stop()
    assert time.monotonic() - started_s < 5
