"""Values → the JSON objects of the Bot API."""

from tests.servers.telegram.entities import Entity
from tests.servers.telegram.errors import Json
from tests.servers.telegram.media import StoredFile, thumbnails
from tests.servers.telegram.model import ChatState, Message
from tests.servers.telegram.world import World

_ADMIN_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
)


def bot_json(world: World) -> Json:
    """Return the answer to getMe."""
    return {
        **world.bot.as_json(),
        "can_join_groups": True,
        "can_read_all_group_messages": world.reads_all_group_messages,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "allows_users_to_create_topics": False,
    }


def entity_json(world: World, entity: Entity) -> Json:
    """Return a MessageEntity; a mention of an unknown account has only its id."""
    body = entity.as_json()
    if entity.user_id is not None:
        account = world.accounts.get(entity.user_id)
        body["user"] = (
            account.as_json()
            if account
            else {"id": entity.user_id, "is_bot": False, "first_name": ""}
        )
    return body


def message_json(world: World, message: Message, *, with_reply: bool = True) -> Json:
    """Return a Message."""
    chat = world.chats[message.chat_id]
    body: Json = {
        "message_id": message.message_id,
        "from": message.sender.as_json(),
        "chat": chat.as_json(),
        "date": int(message.sent_at.timestamp()),
        **_content_json(world, message),
    }
    edited = [v for v in message.versions[1:] if v.method != "editMessageReplyMarkup"]
    if edited:
        body["edit_date"] = int(edited[-1].at.timestamp())
    if message.thread_id is not None:
        body["message_thread_id"] = message.thread_id
        body["is_topic_message"] = True
    if message.media_group_id:
        body["media_group_id"] = message.media_group_id
    if message.protected:
        body["has_protected_content"] = True
    if message.now.markup and "inline_keyboard" in message.now.markup:
        body["reply_markup"] = dict(message.now.markup)
    replied = world.messages.get((chat.id, message.reply_to or 0))
    if replied and with_reply:
        body["reply_to_message"] = message_json(world, replied, with_reply=False)
    return body


def _content_json(world: World, message: Message) -> Json:
    version = message.now
    entities = [entity_json(world, entity) for entity in version.entities]
    if version.file is None:
        return {"text": version.text, **({"entities": entities} if entities else {})}
    body: Json = {}
    if version.file.kind == "photo":
        body["photo"] = thumbnails(version.file)
    else:
        body["document"] = document_json(version.file)
    if version.text:
        body["caption"] = version.text
    if entities:
        body["caption_entities"] = entities
    return body


def document_json(file: StoredFile) -> Json:
    """Return a Document."""
    return {
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_size": len(file.data),
        "file_name": file.name,
        "mime_type": file.mime,
    }


def file_json(file: StoredFile) -> Json:
    """Return a File with its download path."""
    return {
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_size": len(file.data),
        "file_path": file.path,
    }


def full_chat_json(world: World, chat: ChatState) -> Json:
    """Return the answer to getChat."""
    body: Json = {
        **chat.as_json(),
        "accent_color_id": chat.id % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(
            (
                "unlimited_gifts",
                "limited_gifts",
                "unique_gifts",
                "premium_subscription",
                "gifts_from_channels",
            ),
            False,
        ),
    }
    pinned = world.messages.get((chat.id, chat.pinned[-1])) if chat.pinned else None
    if pinned:
        body["pinned_message"] = message_json(world, pinned, with_reply=False)
    if chat.is_group:
        body["permissions"] = {"can_send_messages": True}
    return body


def member_json(world: World, chat: ChatState, user_id: int) -> Json:
    """Return a ChatMember; an account that is no member has left."""
    status = chat.members.get(user_id, "left")
    body: Json = {"user": world.accounts[user_id].as_json(), "status": status}
    if status == "creator":
        body["is_anonymous"] = False
    elif status == "administrator":
        body.update({"can_be_edited": False, "is_anonymous": False})
        body.update(dict.fromkeys(_ADMIN_RIGHTS, True))
    elif status == "kicked":
        body["until_date"] = 0
    return body
