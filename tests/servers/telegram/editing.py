"""The methods that change or remove a message.

An edit without `reply_markup` takes the keyboard away, and an edit that changes nothing is refused:
both as in the service. A chat that blocked the bot refuses edits like sends.
"""

from dataclasses import replace

from tests.servers.telegram.access import is_admin, spend, writable_chat
from tests.servers.telegram.content import caption, message_text, version
from tests.servers.telegram.errors import NOT_MODIFIED, Json, bad_request
from tests.servers.telegram.markup import parse_markup
from tests.servers.telegram.model import ChatState, Message, Version, now_utc
from tests.servers.telegram.params import Params
from tests.servers.telegram.render import message_json
from tests.servers.telegram.sending import media_content
from tests.servers.telegram.world import World

_MAX_ID = 2**31
_MAX_DELETE = 100


def edit_message_text(world: World, params: Params) -> Json:
    """EditMessageText."""
    formatted = message_text(params, editing=True)
    markup = _markup(params)
    chat, message = _editable(world, params)
    if message.now.file is not None:
        raise bad_request("there is no text in the message to edit")
    return _edit(world, chat, message, version("editMessageText", formatted, None, markup))


def edit_message_caption(world: World, params: Params) -> Json:
    """EditMessageCaption."""
    markup = _markup(params)
    formatted = caption(params, editing=True)
    chat, message = _editable(world, params)
    if message.now.file is None:
        raise bad_request("there is no caption in the message to edit")
    state = version("editMessageCaption", formatted, message.now.file, markup)
    return _edit(world, chat, message, state)


def edit_message_media(world: World, params: Params) -> Json:
    """EditMessageMedia; the caption is that of the new media."""
    markup = _markup(params)
    item = params.json("media", "input media")
    formatted, file = media_content(world, params, item, editing=True)
    chat, message = _editable(world, params)
    return _edit(world, chat, message, version("editMessageMedia", formatted, file, markup))


def edit_message_reply_markup(world: World, params: Params) -> Json:
    """EditMessageReplyMarkup."""
    markup = _markup(params)
    chat, message = _editable(world, params)
    state = replace(message.now, at=now_utc(), method="editMessageReplyMarkup", markup=markup)
    return _edit(world, chat, message, state)


def delete_message(world: World, params: Params) -> bool:
    """DeleteMessage."""
    chat = writable_chat(world, params)
    message_id = params.integer("message_id", 0, 0, _MAX_ID)
    message = world.find_message(chat, message_id, "message to delete")
    _check_deletable(world, chat, message)
    world.put_message(replace(message, deleted=True))
    return True


def delete_messages(world: World, params: Params) -> bool:
    """DeleteMessages; ids that cannot be found are passed over."""
    chat = writable_chat(world, params)
    ids = params.items("message_ids", "message identifiers") or []
    if not ids:
        raise bad_request("message identifiers are not specified")
    if len(ids) > _MAX_DELETE:
        raise bad_request("too many message identifiers specified")
    found = [world.messages.get((chat.id, int(str(i)))) for i in ids]
    for message in found:
        if message is not None and not message.deleted:
            _check_deletable(world, chat, message)
            world.put_message(replace(message, deleted=True))
    return True


def pin_chat_message(world: World, params: Params) -> bool:
    """PinChatMessage."""
    chat, message = _pin_target(world, params, "message to pin")
    if message.message_id not in chat.pinned:
        chat.pinned.append(message.message_id)
        world.notify()
    return True


def unpin_chat_message(world: World, params: Params) -> bool:
    """UnpinChatMessage; without an id the newest."""
    if not params.text("message_id"):
        chat = writable_chat(world, params)
        if not chat.pinned:
            raise bad_request("message to unpin not found")
        chat.pinned.pop()
    else:
        chat, message = _pin_target(world, params, "message to unpin")
        chat.pinned = [i for i in chat.pinned if i != message.message_id]
    world.notify()
    return True


def _pin_target(world: World, params: Params, what: str) -> tuple[ChatState, Message]:
    chat = writable_chat(world, params)
    message_id = params.integer("message_id", 0, 0, _MAX_ID)
    message = world.find_message(chat, message_id, what)
    if chat.is_group and not is_admin(chat, world.bot.id):
        raise bad_request("not enough rights to manage pinned messages in the chat")
    return chat, message


def _check_deletable(world: World, chat: ChatState, message: Message) -> None:
    own = message.sender.id == world.bot.id
    if not own and chat.is_group and not is_admin(chat, world.bot.id):
        raise bad_request("message can't be deleted")


def _markup(params: Params) -> Json | None:
    return parse_markup(params.text("reply_markup"), inline_only=True)


def _editable(world: World, params: Params) -> tuple[ChatState, Message]:
    message_id = params.integer("message_id", 0, 0, _MAX_ID)
    if not params.text("chat_id") and not message_id:
        raise bad_request("message identifier is not specified")
    chat = writable_chat(world, params)
    message = world.find_message(chat, message_id, "message to edit")
    if message.sender.id != world.bot.id:
        raise bad_request("message can't be edited")
    return chat, message


def _edit(world: World, chat: ChatState, message: Message, new: Version) -> Json:
    old = message.now
    same = (old.text, old.entities, old.file, old.markup) == (
        new.text,
        new.entities,
        new.file,
        new.markup,
    )
    if same:
        raise bad_request(NOT_MODIFIED)
    if world.flood.rates and world.flood.rates.count_edits:
        spend(world, chat)
    return message_json(world, world.edit(message, new))
