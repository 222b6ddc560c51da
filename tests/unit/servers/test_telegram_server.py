"""The Telegram server refuses and accepts what the real one does, seen through the real client."""

import pytest
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
)
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
)

from tests.servers.telegram import TelegramServer, User
from tests.unit.servers.telegram_bot import client, keyboard, picture

EMOJI = "\N{CHART WITH UPWARDS TREND}"  # two UTF-16 units


async def test_get_me_names_the_bot(server: TelegramServer, bot: Bot) -> None:
    me = await bot.get_me()

    assert (me.id, me.username, me.is_bot) == (server.bot.id, "desk_test_bot", True)


async def test_a_wrong_token_is_unauthorized(server: TelegramServer) -> None:
    with pytest.raises(InvalidToken, match="rejected by the server"):
        async with client(server, token="7:wrong"):
            pass

    assert server.log[0].response == {
        "ok": False,
        "error_code": 401,
        "description": "Unauthorized",
    }


async def test_an_unknown_method_is_not_found(server: TelegramServer, bot: Bot) -> None:
    with pytest.raises(EndPointNotFound):
        await bot.do_api_request("sendPigeon")

    assert server.log[-1].response == {
        "ok": False,
        "error_code": 404,
        "description": "Not Found: method not found",
    }


async def test_text_is_measured_in_utf16_units_after_parsing(ann: User, bot: Bot) -> None:
    fits = "<b>" + EMOJI * 2048 + "</b>"

    message = await bot.send_message(ann.id, fits, parse_mode=ParseMode.HTML)

    assert message.text == EMOJI * 2048
    with pytest.raises(BadRequest, match="Message is too long"):
        await bot.send_message(ann.id, "x" + EMOJI * 2048)
    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.edit_message_text("x" * 4097, ann.id, message.message_id)


async def test_a_caption_holds_1024_units(ann: User, bot: Bot) -> None:
    await bot.send_photo(ann.id, picture(), caption="x" * 1024)

    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_photo(ann.id, picture(), caption=EMOJI * 512 + "x")


async def test_empty_text_is_refused(ann: User, bot: Bot) -> None:
    with pytest.raises(BadRequest, match="Message text is empty"):
        await bot.send_message(ann.id, "")
    with pytest.raises(BadRequest, match="Text must be non-empty"):
        await bot.send_message(ann.id, " <b> </b>\n", parse_mode=ParseMode.HTML)


async def test_a_tag_that_does_not_parse_sends_nothing(
    server: TelegramServer, ann: User, bot: Bot
) -> None:
    with pytest.raises(BadRequest) as refused:
        await bot.send_message(ann.id, "ÖL <br>up", parse_mode=ParseMode.HTML)

    # Ö takes two bytes, so the tag starts at byte 4.
    assert (
        refused.value.message
        == 'Can\'t parse entities: unsupported start tag "br" at byte offset 4'
    )
    assert server.messages(ann.chat) == []


async def test_entities_come_back_with_the_message(ann: User, bot: Bot) -> None:
    message = await bot.send_message(
        ann.id, f"{EMOJI} <b>BTC</b> &lt; <code>70k</code>", parse_mode=ParseMode.HTML
    )

    assert message.text == f"{EMOJI} BTC < 70k"
    assert message.parse_entities() == {
        message.entities[0]: "BTC",
        message.entities[1]: "70k",
    }
    assert [e.type for e in message.entities] == ["bold", "code"]


async def test_an_unknown_chat_is_not_found(bot: Bot) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(123456, "hello")


async def test_the_bot_does_not_write_first(server: TelegramServer, bot: Bot) -> None:
    stranger = server.user("Eve", started=False)
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(stranger.id, "hello")

    server.group("Desk", stranger)
    with pytest.raises(Forbidden, match="bot can't initiate conversation with a user"):
        await bot.send_message(stranger.id, "hello")

    stranger.sends(stranger.chat, "/start")
    await bot.send_message(stranger.id, "hello")


async def test_a_person_who_blocks_the_bot_gets_nothing(ann: User, bot: Bot) -> None:
    ann.blocks_bot()

    with pytest.raises(Forbidden, match="Forbidden: bot was blocked by the user"):
        await bot.send_message(ann.id, "hello")
    (update,) = await bot.get_updates()
    assert update.my_chat_member is not None
    assert update.my_chat_member.new_chat_member.status == "kicked"


async def test_callback_data_holds_64_bytes(ann: User, bot: Bot) -> None:
    def one(data: str) -> InlineKeyboardMarkup:
        return InlineKeyboardMarkup([[InlineKeyboardButton("Go", callback_data=data)]])

    await bot.send_message(ann.id, "fits", reply_markup=one("é" * 32))

    with pytest.raises(BadRequest, match="Button_data_invalid"):
        await bot.send_message(ann.id, "no", reply_markup=one("é" * 32 + "x"))
    with pytest.raises(BadRequest, match="text buttons are unallowed in the inline keyboard"):
        await bot.send_message(ann.id, "no", reply_markup=one(""))


@pytest.mark.parametrize("rows", [[9], [8] * 12 + [5]])
async def test_a_keyboard_has_8_buttons_a_row_and_100_in_all(
    rows: list[int], ann: User, bot: Bot
) -> None:
    markup = keyboard(*(tuple("B" for _ in range(n)) for n in rows))

    with pytest.raises(BadRequest, match="Reply markup is too long"):
        await bot.send_message(ann.id, "choose", reply_markup=markup)


async def test_an_edit_that_changes_nothing_is_refused(ann: User, bot: Bot) -> None:
    sent = await bot.send_message(ann.id, "same", reply_markup=keyboard(("Go",)))

    with pytest.raises(BadRequest) as refused:
        await bot.edit_message_text("same", ann.id, sent.message_id, reply_markup=keyboard(("Go",)))

    assert refused.value.message == (
        "Message is not modified: specified new message content and reply markup are exactly "
        "the same as a current content and reply markup of the message"
    )


async def test_an_edit_without_a_keyboard_takes_it_away(
    server: TelegramServer, ann: User, bot: Bot
) -> None:
    sent = await bot.send_message(ann.id, "before", reply_markup=keyboard(("Go",)))

    await bot.edit_message_text("after", ann.id, sent.message_id)

    (message,) = server.messages(ann.chat)
    assert (message.text, message.labels, message.edits) == ("after", (), 1)
    assert [(v.text, len(v.buttons)) for v in message.versions] == [("before", 1), ("after", 0)]


async def test_what_is_gone_or_not_its_own_cannot_be_edited(ann: User, bot: Bot) -> None:
    sent = await bot.send_message(ann.id, "short life")
    await bot.delete_message(ann.id, sent.message_id)
    hers = ann.sends(ann.chat, "mine").message

    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("new", ann.id, sent.message_id)
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("new", ann.id, hers.message_id)
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(ann.id, sent.message_id)


async def test_text_and_captions_are_edited_by_their_own_methods(ann: User, bot: Bot) -> None:
    text = await bot.send_message(ann.id, "text")
    photo = await bot.send_photo(ann.id, picture(), caption="caption")

    with pytest.raises(BadRequest, match="There is no caption in the message to edit"):
        await bot.edit_message_caption(ann.id, text.message_id, caption="new")
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await bot.edit_message_text("new", ann.id, photo.message_id)


async def test_a_photo_keeps_its_bytes_through_edits_and_download(
    server: TelegramServer, ann: User, bot: Bot
) -> None:
    first, second = picture(1600, 900), picture(800, 800, "JPEG")
    sent = await bot.send_photo(ann.id, first, caption="<b>BTC</b>", parse_mode="HTML")
    await bot.edit_message_caption(ann.id, sent.message_id, caption="filled")
    await bot.edit_message_media(
        InputMediaPhoto(second, caption="swapped"), ann.id, sent.message_id
    )

    (message,) = server.messages(ann.chat)
    seen = [(v.text, v.file.data if v.file else None) for v in message.versions]
    assert seen == [("BTC", first), ("filled", first), ("swapped", second)]
    assert (sent.photo[-1].width, sent.photo[-1].height) == (1280, 720)
    file = await bot.get_file(sent.photo[-1].file_id)
    assert bytes(await file.download_as_bytearray()) == first


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"not a picture", "Image_process_failed"),
        (picture()[:200], "Image_process_failed"),
        (picture(6000, 4001), "Photo_invalid_dimensions"),
        (picture(2100, 100), "Photo_invalid_dimensions"),
        (b"x" * (10 * 1024 * 1024 + 1), "File of size 10485761 bytes is too big for a photo"),
    ],
    ids=["text", "cut short", "too large", "too long", "too heavy"],
)
async def test_only_real_pictures_are_photos(data: bytes, reason: str, ann: User, bot: Bot) -> None:
    with pytest.raises(BadRequest, match=reason):
        await bot.send_photo(ann.id, data)


async def test_albums_hold_up_to_ten_of_one_kind(
    server: TelegramServer, ann: User, bot: Bot
) -> None:
    sent = await bot.send_media_group(
        ann.id, [InputMediaPhoto(picture(n, n), caption=str(n)) for n in (90, 91)]
    )

    assert len({m.media_group_id for m in sent}) == 1
    assert [m.text for m in server.messages(ann.chat)] == ["90", "91"]
    with pytest.raises(BadRequest, match="Document can't be mixed with other media types"):
        await bot.send_media_group(ann.id, [InputMediaPhoto(picture()), InputMediaDocument(b"a,b")])
    with pytest.raises(BadRequest, match="Too many messages to send as an album"):
        await bot.send_media_group(ann.id, [InputMediaDocument(b"x")] * 11)


async def test_a_document_keeps_its_name(server: TelegramServer, ann: User, bot: Bot) -> None:
    await bot.send_document(ann.id, b"a,b\n1,2\n", filename="trades.csv", caption="export")

    document = server.messages(ann.chat)[0].document
    assert document is not None
    assert (document.name, document.data) == ("trades.csv", b"a,b\n1,2\n")


async def test_a_press_arrives_and_its_answer_is_seen(
    server: TelegramServer, ann: User, bot: Bot
) -> None:
    await bot.send_message(ann.id, "Buy?", reply_markup=keyboard(("Approve", "Reject")))
    press = ann.presses(server.messages(ann.chat)[0], "Approve")

    (update,) = await bot.get_updates(timeout=2)
    query = update.callback_query
    assert query is not None
    assert (query.data, query.from_user.id) == ("do:approve", ann.id)
    await query.answer("Bought", show_alert=True)

    answer = press.wait_answer()
    assert (answer.text, answer.show_alert) == ("Bought", True)
    assert answer.after_s < 2


async def test_a_press_is_answered_once_and_in_time(
    server: TelegramServer, ann: User, bot: Bot
) -> None:
    await bot.send_message(ann.id, "Buy?", reply_markup=keyboard(("Approve",)))
    message = server.messages(ann.chat)[0]
    too_old = "Query is too old and response timeout expired or query id is invalid"
    twice, late = ann.presses(message, "Approve"), ann.presses(message, "Approve")

    await bot.answer_callback_query(twice.query.id)
    with pytest.raises(BadRequest, match=too_old):
        await bot.answer_callback_query(twice.query.id)
    server.expire_queries()
    with pytest.raises(BadRequest, match=too_old):
        await bot.answer_callback_query(late.query.id)
    with pytest.raises(BadRequest, match=too_old):
        await bot.answer_callback_query("no such query")


async def test_an_old_screen_can_still_be_pressed(
    server: TelegramServer, ann: User, bot: Bot
) -> None:
    sent = await bot.send_message(ann.id, "Buy?", reply_markup=keyboard(("Approve",)))
    seen = server.messages(ann.chat)[0]
    await bot.edit_message_text("Bought", ann.id, sent.message_id)

    ann.presses(seen, "Approve")

    (update,) = await bot.get_updates()
    assert update.callback_query is not None
    assert update.callback_query.data == "do:approve"
    with pytest.raises(LookupError, match="buttons: none"):
        ann.presses(server.current(seen), "Approve")
