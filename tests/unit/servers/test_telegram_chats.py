"""Groups, topics, commands and updates of the Telegram server, seen through the real client."""

import asyncio

import pytest
from telegram import Bot, BotCommand, BotCommandScopeChat, MenuButtonCommands, ReplyParameters
from telegram.constants import ChatAction
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden

from tests.servers.telegram import TelegramServer, User
from tests.unit.servers.telegram_bot import client


async def test_a_group_turns_bots_and_strangers_away(server: TelegramServer, bot: Bot) -> None:
    ann, eve = server.user("Ann"), server.user("Eve")
    group = server.group("Desk", ann)

    with pytest.raises(ValueError, match="Eve is not in 'Desk'"):
        eve.sends(group, "/status")
    group.bot_status("kicked")
    with pytest.raises(Forbidden, match="bot was kicked from the group chat"):
        await bot.send_message(group.id, "hello")


async def test_a_group_that_moved_names_its_new_id(server: TelegramServer, bot: Bot) -> None:
    group = server.group("Desk")
    moved = group.migrate()

    with pytest.raises(ChatMigrated) as refused:
        await bot.send_message(group.id, "hello")

    assert refused.value.new_chat_id == moved.id
    await bot.send_message(moved.id, "hello")


async def test_privacy_mode_hides_what_is_not_for_the_bot(
    server: TelegramServer, ann: User, bot: Bot
) -> None:
    group = server.group("Desk", ann)
    asked = await bot.send_message(group.id, "Which symbol?")

    assert ann.sends(group, "lunch?").update_id is None
    ann.sends(group, "/status@desk_test_bot")
    ann.sends(group, "BTC", reply_to=asked.message_id)

    updates = await bot.get_updates()
    texts = [u.message.text for u in updates if u.message]
    assert texts == ["/status@desk_test_bot", "BTC"]


async def test_topics_exist_only_in_forums(server: TelegramServer, ann: User, bot: Bot) -> None:
    forum = server.group("Desk", ann, forum=True)
    alerts = forum.topic("Alerts")

    sent = await bot.send_message(forum.id, "spike", message_thread_id=alerts)

    assert (sent.message_thread_id, sent.is_topic_message) == (alerts, True)
    for chat_id in (forum.id, server.group("Plain", ann).id):
        with pytest.raises(BadRequest, match="Message thread not found"):
            await bot.send_message(chat_id, "lost", message_thread_id=99)


async def test_replies_need_their_message(ann: User, bot: Bot) -> None:
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(ann.id, "hm", reply_parameters=ReplyParameters(99))

    lenient = ReplyParameters(99, allow_sending_without_reply=True)
    await bot.send_message(ann.id, "hm", reply_parameters=lenient)


async def test_commands_are_kept_by_scope_and_language(
    server: TelegramServer, ann: User, bot: Bot
) -> None:
    await bot.set_my_commands([BotCommand("status", "Where we are")])
    await bot.set_my_commands(
        [("kill", "Notbremse")], scope=BotCommandScopeChat(ann.id), language_code="de"
    )

    assert [c.command for c in await bot.get_my_commands()] == ["status"]
    assert await bot.get_my_commands(language_code="de") == ()
    assert server.commands("chat", chat=ann.chat, language="de") == ["kill"]
    await bot.delete_my_commands(scope=BotCommandScopeChat(ann.id), language_code="de")
    assert server.commands("chat", chat=ann.chat, language="de") == []


@pytest.mark.parametrize(
    ("command", "language", "reason"),
    [
        (("Status", "x"), "", "Bot_command_invalid"),
        (("status", ""), "", "Command description must be non-empty"),
        (("s" * 33, "x"), "", "Command length must not exceed 32"),
        (("status", "x"), "deu", "Invalid language code specified"),
    ],
)
async def test_malformed_commands_are_refused(
    command: tuple[str, str], language: str, reason: str, bot: Bot
) -> None:
    with pytest.raises(BadRequest, match=reason):
        await bot.set_my_commands([command], language_code=language or None)


async def test_the_rest_of_the_chat_methods_answer(
    server: TelegramServer, ann: User, bot: Bot
) -> None:
    sent = await bot.send_message(ann.id, "pin me")
    await bot.pin_chat_message(ann.id, sent.message_id)
    await bot.send_chat_action(ann.id, ChatAction.UPLOAD_PHOTO)
    await bot.set_chat_menu_button(ann.id, MenuButtonCommands())

    chat = await bot.get_chat(ann.id)
    assert chat.pinned_message is not None
    assert chat.pinned_message.text == "pin me"
    assert (await bot.get_chat_menu_button(ann.id)).type == "commands"
    assert (await bot.get_webhook_info()).url == ""
    assert server.world.chat_actions == [(ann.id, "upload_photo")]
    group = server.group("Desk", admins=[ann])
    assert (await bot.get_chat_member(group.id, ann.id)).status == "administrator"
    pinned = await bot.send_message(group.id, "pin me")
    with pytest.raises(BadRequest, match="Not enough rights to manage pinned messages"):
        await bot.pin_chat_message(group.id, pinned.message_id)


async def test_updates_stay_until_an_offset_confirms_them(
    server: TelegramServer, ann: User, bot: Bot
) -> None:
    ids = [ann.sends(ann.chat, text).update_id for text in ("one", "two", "three")]
    assert ids[0] is not None
    assert ids == list(range(ids[0], ids[0] + 3))

    first = await bot.get_updates(limit=2)
    again = await bot.get_updates()
    rest = await bot.get_updates(offset=again[1].update_id + 1)

    assert [u.update_id for u in first] == ids[:2]
    assert [u.update_id for u in again] == ids
    assert [u.update_id for u in rest] == ids[2:]
    assert [u.confirmed for u in server.updates] == [True, True, False]
    assert [u.update_id for u in await bot.get_updates(offset=-1)] == ids[2:]


async def test_a_waiting_poll_returns_with_the_update(ann: User, bot: Bot) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=10))
    await asyncio.sleep(0.05)
    ann.sends(ann.chat, "/status")

    (update,) = await asyncio.wait_for(poll, 2)

    assert update.message is not None
    assert update.message.entities[0].type == "bot_command"


async def test_a_second_poller_ends_the_first(server: TelegramServer, ann: User, bot: Bot) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=10))
    await server.until(lambda: server.calls("getUpdates"))
    await asyncio.sleep(0.05)
    async with client(server) as rival:
        second = asyncio.create_task(rival.get_updates(timeout=10))
        with pytest.raises(Conflict, match="make sure that only one bot instance is running"):
            await first
        ann.sends(ann.chat, "hello")

        assert len(await second) == 1
