"""What the service refuses, takes away or moves: each ends in a state that people can live with."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest

from bot.outbox import Audience
from bot.stand_in import stand_in
from db.unit_of_work import SqlUnits
from engine.domain.desk import Delivery, MessageState, OutboxMessage, Priority, Role
from engine.domain.ids import MessageId
from tests.fakes.desk_builder import Bench
from tests.fault.test_delivery_faults import notice, queue, settled
from tests.servers.telegram import (
    EDITS,
    SENDS,
    ApiError,
    Message,
    TelegramServer,
    User,
    drop_after_effect,
    refusal,
    server_error,
    too_many,
)
from tests.unit.bot.harness import PATIENCE_S, Talk, bench_for, card_of, talking, telegram

pytestmark = pytest.mark.fault
UNDRAWN = "picture could not be drawn"


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


class Painter(ThreadPoolExecutor):
    """Draws, while it is well."""

    is_ill = False

    def submit[**P, T](self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        if not self.is_ill:
            return super().submit(fn, *args, **kwargs)
        failed = Future[T]()
        failed.set_exception(RuntimeError("no ink"))
        return failed


async def pressed(user: User, message: Message, label: str) -> None:
    """Press, and wait for the answer."""
    press = user.presses(message, label)
    await asyncio.to_thread(press.wait_answer, PATIENCE_S)


async def until_text(server: TelegramServer, message: Message, text: str) -> Message:
    """The message, once it says so."""
    await server.until(lambda: text in server.current(message).text, timeout_s=PATIENCE_S)
    return server.current(message)


async def test_a_picture_that_cannot_be_drawn_leaves_no_other_markets_picture(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    bench, wall = bench_for(sqlite_units, ann)
    painter = Painter(1)
    async with talking(bench, wall, telegram(server), picture_thread=painter):
        ann.sends(ann.chat, "/chart BTC 1h")
        chart = await card_of(server, ann, "BTC/USDT 1h")
        painter.is_ill = True
        await pressed(ann, chart, "4h")
        without = await until_text(server, chart, UNDRAWN)
        assert "BTC/USDT 4h" in without.text
        assert without.photo == stand_in("dark")
        painter.is_ill = False
        await pressed(ann, without, "1h")
        await server.until(lambda: UNDRAWN not in server.current(chart).text, timeout_s=PATIENCE_S)
        assert server.current(chart).photo == chart.photo
    painter.shutdown()
    assert len(server.messages(ann.chat)) == 1


async def test_a_card_that_cannot_be_drawn_arrives_and_says_so(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    bench, wall = bench_for(sqlite_units, ann)
    painter = Painter(1)
    painter.is_ill = True
    async with talking(bench, wall, telegram(server), picture_thread=painter) as talk:
        await talk.propose()
        card = await card_of(server, ann, "Approve?")
    painter.shutdown()
    assert card.photo is None
    assert UNDRAWN in card.text
    assert "✅ Approve" in card.labels


async def test_a_picture_that_the_service_refuses_is_told_anew_without_the_old_one(
    server: TelegramServer, ann: User, talk: Talk
) -> None:
    ann.sends(ann.chat, "/chart BTC 1h")
    chart = await card_of(server, ann, "BTC/USDT 1h")
    fault = refusal(ApiError(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"))
    server.fail(("editMessageMedia", "sendPhoto"), fault, times=None)
    await pressed(ann, chart, "4h")
    anew = await card_of(server, ann, "BTC/USDT 4h")
    assert anew.message_id != chart.message_id
    assert anew.photo is None
    assert "1h" in anew.labels
    await server.until(lambda: len(server.messages(ann.chat)) == 1, timeout_s=PATIENCE_S)
    assert set(await settled(talk)) == {MessageState.SENT}


async def test_an_edit_that_says_the_same_is_not_sent(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    bench, wall = bench_for(sqlite_units, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        decision = await talk.propose()
        await card_of(server, ann, "BTC/USDT")
        await settled(talk)
        await talk.on_desk(touch, talk, decision.id, 1)
        assert set(await settled(talk)) == {MessageState.SENT}
        assert server.calls(*EDITS) == []
    # What was said is not known after a restart: the service is asked, and its "no" is a yes.
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.on_desk(touch, talk, decision.id, 2)
        await server.until(lambda: server.calls(*EDITS), timeout_s=PATIENCE_S)
        assert set(await settled(talk)) == {MessageState.SENT}
        await talk.on_desk(touch, talk, decision.id, 3)
        await settled(talk)
    assert [call.outcome for call in server.calls(*EDITS)] == ["refused"]


def touch(talk: Talk, decision_id: str, number: int) -> None:
    """Queue an edit of a card that is up to date."""
    row = OutboxMessage(
        id=MessageId(f"touch{number}"),
        kind="card",
        subject=f"card:{decision_id}",
        payload={"decision_id": decision_id},
        created_at=talk.wall.now(),
        priority=Priority.QUESTION,
        delivery=Delivery.EDIT,
    )
    queue(talk, row)


async def test_an_answer_that_comes_late_comes_as_an_answer_and_says_so(
    server: TelegramServer, ann: User, talk: Talk
) -> None:
    fault = server_error(502)
    server.fail(SENDS, fault, times=None)
    await talk.on_desk(queue, talk, *(notice(talk, number) for number in range(20)))
    for command in ("/pause", "/status", "/status", "/resume"):
        ann.sends(ann.chat, command)
    await server.until(lambda: not server.pending_updates, timeout_s=PATIENCE_S)
    await until_queued(talk, 20 + 20 + 4)
    talk.wall.advance(hours=1)
    server.heal()
    await settled(talk)
    told = [message.text for message in server.messages(ann.chat)]
    answers = [text for text in told if "Late: you asked at" in text]
    assert [text.split()[1] for text in answers if "allowed" not in text] == ["Paused:", "Running"]
    assert sum("Entries are allowed again" in text for text in answers) == 1
    assert sum("messages have waited" in text for text in told) == 1
    assert all("Late" not in text for text in told if "messages have waited" in text)


async def until_queued(talk: Talk, count: int) -> None:
    deadline_s = asyncio.get_running_loop().time() + PATIENCE_S
    while sum(talk.states().values()) < count:
        assert asyncio.get_running_loop().time() < deadline_s, talk.states()
        await asyncio.sleep(0.05)


async def test_a_copy_too_far_away_to_be_found_is_harmless(
    server: TelegramServer, ann: User, talk: Talk
) -> None:
    server.fail("sendPhoto", drop_after_effect())
    server.fail("sendPhoto", too_many(2))
    await talk.propose()
    await server.until(lambda: len(server.calls("sendPhoto")) == 2, timeout_s=PATIENCE_S)
    for _ in range(20):
        ann.sends(ann.chat, "hm")
    await server.until(lambda: len(server.calls("sendPhoto")) == 3, timeout_s=PATIENCE_S)
    await settled(talk)
    copy, repeat = (one for one in server.messages(ann.chat) if one.photo is not None)
    assert repeat.message_id - copy.message_id > 12
    assert "✅ Approve" in copy.labels
    await pressed(ann, copy, "✅ Approve")
    for card in (copy, repeat):
        await until_text(server, card, "Filled")
        assert server.current(card).buttons == ()
    again = ann.forges(copy, copy.buttons[0].data or "")
    answer = await asyncio.to_thread(again.wait_answer, PATIENCE_S)
    assert answer.text
    assert len(talk.bench.fills()) == 1


async def test_who_is_removed_loses_the_menu_even_while_the_bot_is_off(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    ben = server.user("Ben")
    bench, wall = bench_for(sqlite_units, ann, ben)

    def menu(user: User) -> list[str]:
        return server.commands("chat", chat=user.chat, language="de")

    async with talking(bench, wall, telegram(server)):
        await server.until(lambda: menu(ben), timeout_s=PATIENCE_S)
    with bench.units() as unit:
        unit.desk.drop_person(ben.id)
        unit.commit()
    async with talking(bench, wall, telegram(server)):
        await server.until(lambda: not menu(ben), timeout_s=PATIENCE_S)
        await server.until(lambda: noted(bench) == [ann.id], timeout_s=PATIENCE_S)
    assert "pause" in menu(ann)


def noted(bench: Bench) -> object:
    with bench.units(read_only=True) as unit:
        return unit.desk.note("menus:telegram")


async def test_another_role_has_another_menu_at_once(
    server: TelegramServer, ann: User, talk: Talk
) -> None:
    def menu() -> list[str]:
        return server.commands("chat", chat=ann.chat, language="")

    await server.until(lambda: "kill" in menu(), timeout_s=PATIENCE_S)
    with talk.bench.units() as unit:
        person = next(one for one in unit.desk.people() if one.user_id == ann.id)
        unit.desk.put_person(replace(person, role=Role.VIEWER))
        unit.commit()
    talk.chat.people_changed()
    await server.until(lambda: "kill" not in menu(), timeout_s=PATIENCE_S)
    assert "status" in menu()


async def test_who_has_never_written_is_no_failure_and_gets_the_menu_with_the_first_word(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits, capfd: pytest.CaptureFixture[str]
) -> None:
    ben = server.user("Ben", started=False)
    bench, wall = bench_for(sqlite_units, ann, ben)
    fault = refusal(ApiError(400, "Bad Request: chat not found"))
    server.fail("setMyCommands", fault, times=None, when=lambda call: str(ben.id) in call["scope"])
    async with talking(bench, wall, telegram(server)):
        await server.until(
            lambda: server.commands("chat", chat=ann.chat, language=""), timeout_s=PATIENCE_S
        )
        server.heal()
        ben.sends(ben.chat, "/start")
        await server.until(
            lambda: server.commands("chat", chat=ben.chat, language=""), timeout_s=PATIENCE_S
        )
    logged = "".join(capfd.readouterr())
    assert "error" not in logged
    assert "menu_not_set" not in logged


async def test_a_group_that_is_asked_to_wait_holds_up_nobody_else(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    group = server.group("Desk", ann)
    bench, wall = bench_for(sqlite_units, ann)
    audience = Audience(groups=(group.id,))
    async with talking(bench, wall, telegram(server), audience=audience) as talk:
        await card_free(server)
        server.fail(SENDS, too_many(2), when=lambda call: call["chat_id"] == str(group.id))
        await talk.on_desk(queue, talk, notice(talk, 1))
        await card_of(server, ann, "job1")
        await server.until(lambda: server.messages(group), timeout_s=PATIENCE_S)
        assert set(await settled(talk)) == {MessageState.SENT}
    calls = server.calls(*SENDS)
    refused = next(call for call in calls if call.status == 429)
    others = [call for call in calls if call.status == 200]
    mine = next(call for call in others if call.chat_id == str(ann.id))
    again = next(call for call in others if call.chat_id == str(group.id))
    assert mine.started_s - refused.started_s < 1.0
    assert again.started_s - refused.started_s >= 2.0


async def card_free(server: TelegramServer) -> None:
    """The desk is there, and polls."""
    await server.until(lambda: server.calls("getUpdates"), timeout_s=PATIENCE_S)


async def test_a_group_that_becomes_a_supergroup_is_told_the_end_of_its_question(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    group = server.group("Desk", ann)
    bench, wall = bench_for(sqlite_units, ann)
    audience = Audience(groups=(group.id,))
    async with talking(bench, wall, telegram(server), audience=audience) as talk:
        await talk.propose()
        mine = await card_of(server, ann, "Approve?")
        await server.until(lambda: server.messages(group), timeout_s=PATIENCE_S)
        await settled(talk)
        moved = group.migrate()
        await pressed(ann, mine, "✖ Reject")
        await server.until(
            lambda: any("Rejected by Ann" in one.text for one in server.messages(moved)),
            timeout_s=PATIENCE_S,
        )
        assert set(await settled(talk)) == {MessageState.SENT}
        await talk.on_desk(queue, talk, notice(talk, 5))
        await server.until(
            lambda: any("job5" in one.text for one in server.messages(moved)), timeout_s=PATIENCE_S
        )
    assert bench.actions().count("chat_moved") == 1


@pytest.mark.parametrize(
    "reason",
    [
        "message to edit not found",
        "message can't be edited",
        "MESSAGE_ID_INVALID",
        "there is no caption in the message to edit",
    ],
)
async def test_a_message_that_can_no_longer_be_edited_is_told_anew(
    reason: str, server: TelegramServer, ann: User, talk: Talk
) -> None:
    await talk.propose()
    card = await card_of(server, ann, "Approve?")
    await settled(talk)
    server.fail(EDITS, refusal(ApiError(400, f"Bad Request: {reason}")), times=None)
    await pressed(ann, card, "✖ Reject")
    anew = await card_of(server, ann, "Rejected by Ann")
    assert anew.message_id != card.message_id
    assert set(await settled(talk)) == {MessageState.SENT}


async def test_a_deleted_topic_gives_way_to_the_group(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    forum = server.group("Desk", ann, forum=True)
    topic = forum.topic("Trades")
    bench, wall = bench_for(sqlite_units, ann)
    channel = telegram(server, topics={forum.id: topic})
    async with talking(bench, wall, channel, audience=Audience(groups=(forum.id,))) as talk:
        await talk.propose()
        mine = await card_of(server, ann, "Approve?")
        await server.until(lambda: server.messages(forum), timeout_s=PATIENCE_S)
        await settled(talk)
        del forum.state.topics[topic]
        gone = refusal(ApiError(400, "Bad Request: message to edit not found"))
        server.fail(EDITS, gone, times=None, when=lambda call: call["chat_id"] == str(forum.id))
        await pressed(ann, mine, "✖ Reject")
        await server.until(
            lambda: any("Rejected by Ann" in one.text for one in server.messages(forum)),
            timeout_s=PATIENCE_S,
        )
        assert set(await settled(talk)) == {MessageState.SENT}
    told = next(one for one in server.messages(forum) if "Rejected by Ann" in one.text)
    assert told.thread_id is None


async def test_a_group_that_takes_no_pictures_is_told_in_words(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    group = server.group("Desk", ann)
    bench, wall = bench_for(sqlite_units, ann)
    fault = refusal(ApiError(400, "Bad Request: not enough rights to send photos to the chat"))
    server.fail("sendPhoto", fault, times=None, when=lambda call: call["chat_id"] == str(group.id))
    audience = Audience(groups=(group.id,))
    async with talking(bench, wall, telegram(server), audience=audience) as talk:
        await talk.propose()
        await server.until(lambda: server.messages(group), timeout_s=PATIENCE_S)
        assert set(await settled(talk)) == {MessageState.SENT}
    (card,) = server.messages(group)
    assert card.photo is None
    assert "Approve?" in card.text
    assert "message_dead" not in bench.actions()


async def test_a_bot_kicked_from_a_group_serves_the_others_and_comes_back_whole(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    group = server.group("Desk", ann)
    bench, wall = bench_for(sqlite_units, ann)
    audience = Audience(groups=(group.id,))
    async with talking(bench, wall, telegram(server), audience=audience) as talk:
        await card_free(server)
        group.bot_status("kicked")
        await talk.on_desk(queue, talk, notice(talk, 1), notice(talk, 2))
        await card_of(server, ann, "job2")
        states = await settled(talk)
        assert states[MessageState.DEAD] == 2
        group.bot_status("member")
        ann.sends(group, "/status")
        for job in ("job1", "job2"):
            await server.until(
                lambda job=job: any(job in one.text for one in server.messages(group)),  # type: ignore[misc]  # bound per turn
                timeout_s=PATIENCE_S,
            )
        assert set(await settled(talk)) == {MessageState.SENT}
    assert bench.actions().count("message_dead") == 1


async def test_who_never_wrote_misses_nothing_in_the_end(
    server: TelegramServer, ann: User, sqlite_units: SqlUnits
) -> None:
    ben = server.user("Ben", started=False)
    bench, wall = bench_for(sqlite_units, ann, ben)
    async with talking(bench, wall, telegram(server)) as talk:
        await talk.propose()
        await card_of(server, ann, "Approve?")
        assert (await settled(talk))[MessageState.DEAD] == 1
        ben.sends(ben.chat, "/start")
        await card_of(server, ben, "Approve?")
        assert set(await settled(talk)) == {MessageState.SENT}
