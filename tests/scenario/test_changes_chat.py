"""What steers the desk, changed from the phone: questions, people, settings, in three languages."""

import asyncio
from collections.abc import Iterator

import pytest

from bot.telegram_channel import TelegramChannel
from engine.domain.desk import Mode, Role
from engine.ports import Units
from tests.fakes.changing import Changing
from tests.servers.telegram import CallbackAnswer, Message, TelegramServer, User
from tests.unit.bot.harness import PATIENCE_S, Talk, bench_for, card_of, talking, telegram

QUIET_S = 0.4
POSITIONS = "risk.max_open_positions"


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


async def until_text(server: TelegramServer, message: Message, text: str) -> Message:
    await server.until(lambda: text in server.current(message).text, timeout_s=PATIENCE_S)
    return server.current(message)


async def until_handled(server: TelegramServer, talk: Talk) -> None:
    await server.until(lambda: not server.pending_updates, timeout_s=PATIENCE_S)
    while True:
        with talk.bench.units(read_only=True) as unit:
            if not unit.inbox.pending("telegram", 1):
                return
        await asyncio.sleep(0.02)


async def test_a_question_about_the_desk_is_answered_where_it_stands(
    server: TelegramServer, ann: User, database: Units
) -> None:
    ben, vic = server.user("Ben"), server.user("Vic")
    bench, wall = bench_for(database, ann, ben, vic)
    async with talking(bench, wall, telegram(server)):
        ann.sends(ann.chat, "/mode alert")
        await card_of(server, ann, "paper money → alerts only")
        ben.sends(ben.chat, "/mode paper")
        asked = await card_of(server, ann, "alerts only → paper money")
        assert asked.labels == ("✅ Approve", "✖ Reject")
        seen = [await card_of(server, one, "alerts only → paper money") for one in (ben, vic)]
        assert [one.labels for one in seen] == [(), ()]
        assert "Asked by Ben" in asked.text
        forged = ben.forges(seen[0], asked.button("✅ Approve").data or "")
        answer = await asyncio.to_thread(forged.wait_answer, PATIENCE_S)
        assert answer.text == "Only an owner may decide this."

        assert (await press(ann, asked, "✅ Approve")).text == "Done."
        told = await until_text(server, asked, "In force since")
        assert told.buttons == ()
        assert "by Ann" in told.text
        await until_text(server, seen[1], "In force since")
        again = ann.forges(told, asked.button("✖ Reject").data or "")
        late = await asyncio.to_thread(again.wait_answer, PATIENCE_S)
        assert late.text == "This was decided already."
    assert bench.assembled.desk.changes.mode() is Mode.PAPER


async def test_without_a_second_factor_a_raised_limit_waits_for_the_terminal(
    server: TelegramServer, ann: User, database: Units
) -> None:
    bench, wall = bench_for(database, ann)
    changing = Changing(bench)
    async with talking(bench, wall, telegram(server)) as talk:
        ann.sends(ann.chat, "/limits max_open_positions 7")
        asked = await card_of(server, ann, "Most positions at once: 5 → 7")
        answer = await press(ann, asked, "✅ Approve")
        assert answer.show_alert
        assert "second factor" in answer.text
        assert changing.value_of(POSITIONS) == "5"
        (waiting,) = bench.assembled.desk.factors.waiting()
        await talk.on_desk(bench.assembled.desk.factors.confirm, waiting.id)
        await until_text(server, asked, "In force since")
    assert changing.value_of(POSITIONS) == "7"


async def test_the_inbox_lists_changes_and_answers_them_there(
    server: TelegramServer, ann: User, sqlite_units: Units
) -> None:
    bench, wall = bench_for(sqlite_units, ann)
    async with talking(bench, wall, telegram(server)):
        ann.sends(ann.chat, "/people 424242 viewer")
        question = await card_of(server, ann, "nobody → viewer")
        ann.sends(ann.chat, "/approvals")
        inbox = await card_of(server, ann, "1.")
        assert "424242" in inbox.text
        assert (await press(ann, inbox, "1 ✖ Reject")).text == "Rejected."
        await until_text(server, question, "Rejected by Ann")
        emptied = await until_text(server, inbox, "ejected")
        assert all("Reject" not in label for label in emptied.labels)


async def test_an_invitation_asks_the_owner_and_then_lets_in(
    server: TelegramServer, ann: User, database: Units
) -> None:
    nina = server.user("Nina <b>_*[", language_code="es")
    bench, wall = bench_for(database, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        ann.sends(ann.chat, "/invite viewer")
        told = await card_of(server, ann, "/start ")
        code = told.text.partition("/start ")[2].split()[0]
        nina.sends(nina.chat, f"/start {code}")
        await card_of(server, nina, "The owners are asked")
        asked = await card_of(server, ann, "nobody → viewer")
        assert "Nina <b>_*[" in asked.text
        assert nina.id not in {one.user_id for one in bench.assembled.desk.people()}
        nina.sends(nina.chat, "/status")
        await until_handled(server, talk)
        assert len(from_bot(server, nina)) == 1  # the answer to her code, and nothing else
        assert (await press(ann, asked, "✅ Approve")).text == "Done."
        welcome = await card_of(server, nina, "observador")
        assert welcome is not None
        nina.sends(nina.chat, f"/start {code}")
        nina.sends(nina.chat, "/limits")
        await card_of(server, nina, "Límites")
    people = {one.user_id: one.role for one in bench.assembled.desk.people()}
    assert people[nina.id] is Role.VIEWER


async def test_settings_are_one_message_that_is_edited(
    server: TelegramServer, ann: User, sqlite_units: Units
) -> None:
    bench, wall = bench_for(sqlite_units, ann)
    async with talking(bench, wall, telegram(server)):
        ann.sends(ann.chat, "/settings")
        screen = await card_of(server, ann, "Language: English")
        await press(ann, screen, "Language")
        screen = await until_text(server, screen, "Which language?")
        assert "● English" in screen.labels
        assert (await press(ann, screen, "Deutsch")).text == "Done."
        screen = await until_text(server, screen, "Sprache: Deutsch")
        await press(ann, screen, "Bilder")
        screen = await until_text(server, screen, "Welcher Hintergrund")
        await press(ann, screen, "hell")
        screen = await until_text(server, screen, "Bilder: hell")
        await press(ann, screen, "Zeitzone")
        screen = await until_text(server, screen, "Welche Zeitzone?")
        await press(ann, screen, "Tokyo")
        screen = await until_text(server, screen, "Zeitzone: Asia/Tokyo")
        ann.sends(ann.chat, "/settings zone Mars/Base")
        await card_of(server, ann, "kenne ich nicht")
    person = bench.assembled.desk.person(ann.id)
    assert person is not None
    assert (person.language, person.theme, person.zone) == ("de", "light", "Asia/Tokyo")


SCREENS = ("/limits", "/strategy", "/weights", "/mode", "/people", "/settings", "/rearm")


@pytest.mark.parametrize("language", ["en", "de", "es"])
async def test_every_screen_is_told_in_every_language_and_nothing_is_refused(
    language: str, server: TelegramServer, ann: User, sqlite_units: Units
) -> None:
    bench, wall = bench_for(sqlite_units, ann, language=language)
    async with talking(bench, wall, telegram(server)) as talk:
        for count, text in enumerate(SCREENS, start=1):
            ann.sends(ann.chat, text)
            await server.until(
                lambda count=count: len(from_bot(server, ann)) >= count,  # type: ignore[misc]  # bound per turn
                timeout_s=PATIENCE_S,
            )
        for message in from_bot(server, ann):
            for label in message.labels:
                await press(ann, message, label)
        await until_handled(server, talk)
        ann.sends(ann.chat, "/kill")
        ann.sends(ann.chat, "/kill off")
        for _ in range(200):
            if not talk.bench.outbox():
                break
            await asyncio.sleep(0.05)
    assert [call for call in server.log if call.status == 400] == []
    texts = " ".join(message.text for message in from_bot(server, ann))
    assert "changes." not in texts
    assert "limit_names." not in texts


def from_bot(server: TelegramServer, user: User) -> list[Message]:
    return [one for one in server.messages(user.chat) if one.sender.id == server.bot.id]


async def test_in_a_group_people_and_settings_stay_private(
    server: TelegramServer, ann: User, sqlite_units: Units
) -> None:
    group = server.group("Desk", ann)
    bench, wall = bench_for(sqlite_units, ann)
    async with talking(bench, wall, telegram(server)):
        for count, text in enumerate(("/people", "/invite viewer", "/settings"), start=1):
            ann.sends(group, text)
            await server.until(
                lambda count=count: (  # type: ignore[misc]  # bound per turn
                    sum("private chat" in one.text for one in server.messages(group)) >= count
                ),
                timeout_s=PATIENCE_S,
            )
        ann.sends(group, "/limits max_open_positions 3")
        await card_of(server, ann, "Most positions at once: 5 → 3")
    assert all("12345678" not in one.text for one in server.messages(group))


STRANGE_UPDATES: tuple[dict[str, dict[str, object]], ...] = (
    {"edited_message": {"message_id": 1, "text": "/kill"}},
    {"channel_post": {"message_id": 1, "text": "/kill"}},
    {"edited_channel_post": {"message_id": 1, "text": "/kill"}},
    {"inline_query": {"id": "1", "query": "/kill", "offset": ""}},
    {"chosen_inline_result": {"result_id": "1", "query": "/kill"}},
    {"my_chat_member": {"date": 1}},
    {"message_reaction": {"message_id": 1}},
    {"poll": {"id": "1"}},
    {},
)


@pytest.mark.parametrize("body", STRANGE_UPDATES, ids=lambda body: next(iter(body), "nothing"))
def test_only_messages_and_presses_are_understood(
    body: dict[str, dict[str, object]], server: TelegramServer, ann: User
) -> None:
    sender = {"id": ann.id, "first_name": "Ann", "is_bot": False}
    chat = {"id": ann.id, "type": "private"}
    payload = {kind: {**inner, "from": sender, "chat": chat} for kind, inner in body.items()}
    channel: TelegramChannel = telegram(server)
    assert channel.read(1, payload) is None  # type: ignore[arg-type]  # JSON all the same


def test_a_message_without_a_sender_or_a_press_without_a_message_is_nobodys(
    server: TelegramServer,
) -> None:
    channel = telegram(server)
    anonymous = {"message": {"message_id": 1, "text": "/kill", "chat": {"id": -5, "type": "group"}}}
    inline = {
        "callback_query": {"id": "1", "from": {"id": 1}, "inline_message_id": "x", "data": "1:p:1"}
    }
    assert channel.read(1, anonymous) is None  # type: ignore[arg-type]  # JSON all the same
    assert channel.read(2, inline) is None  # type: ignore[arg-type]  # likewise


async def test_a_flood_of_strangers_is_silent_and_leaves_few_lines(
    server: TelegramServer, ann: User, sqlite_units: Units
) -> None:
    mallory = server.user("Mallory")
    group = server.group("Desk", ann, mallory)
    bench, wall = bench_for(sqlite_units, ann)
    async with talking(bench, wall, telegram(server)) as talk:
        for number in range(30):
            mallory.sends(mallory.chat, f"/start guess{number}")
            mallory.sends(group, "/kill")
        await until_handled(server, talk)
        await asyncio.sleep(QUIET_S)
        assert from_bot(server, mallory) == []
        assert [one for one in server.messages(group) if one.sender.id == server.bot.id] == []
        assert bench.actions().count("stranger_ignored") == 1
        assert bench.actions().count("pairing_refused") == 5
        ann.sends(ann.chat, "/mode")
        await card_of(server, ann, "paper money")
    assert not Changing(bench).controls().killed
