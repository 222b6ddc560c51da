"""Updates of the Bot API as plain JSON, read as what a person did.

Anything that does not look as documented says nothing to the desk: a strange update is nobody's
exception.
"""

from collections.abc import Mapping

from bot.channel import Incoming
from engine.domain.desk import Json

type Fields = Mapping[str, Json]


def read_update(update_id: int, payload: Fields, username: str) -> Incoming | None:
    """A message or a press; ``None`` for anything else, and for what is meant for another bot."""
    press = payload.get("callback_query")
    if isinstance(press, dict):
        return _read_press(update_id, press)
    message = payload.get("message")
    if isinstance(message, dict):
        return _read_message(update_id, message, username)
    return None


def _read_message(update_id: int, message: Fields, username: str) -> Incoming | None:
    sender, chat = _fields(message, "from"), _fields(message, "chat")
    user_id, chat_id = number_of(sender, "id"), number_of(chat, "id")
    text = message.get("text")
    if user_id is None or chat_id is None or not isinstance(text, str):
        return None
    own = _own_text(text, username)
    if own is None:
        return None
    return Incoming(
        update_id=update_id,
        user_id=user_id,
        user_name=_name(sender),
        chat_id=chat_id,
        language=str(sender.get("language_code") or ""),
        is_private=chat.get("type") == "private",
        text=own,
        own_message_id=number_of(message, "message_id"),
        topic=_topic(message),
    )


def _read_press(update_id: int, press: Fields) -> Incoming | None:
    sender, message = _fields(press, "from"), _fields(press, "message")
    user_id, chat_id = number_of(sender, "id"), number_of(_fields(message, "chat"), "id")
    data, callback_id = press.get("data"), press.get("id")
    if user_id is None or chat_id is None or not isinstance(callback_id, str):
        return None
    return Incoming(
        update_id=update_id,
        user_id=user_id,
        user_name=_name(sender),
        chat_id=chat_id,
        language=str(sender.get("language_code") or ""),
        is_private=_fields(message, "chat").get("type") == "private",
        data=data if isinstance(data, str) else "",
        callback_id=callback_id,
        message_id=number_of(message, "message_id"),
        has_photo=bool(message.get("photo")),
        topic=_topic(message),
    )


def _topic(message: Fields) -> int | None:
    """The topic of a group's message; a thread of replies is none."""
    if _fields(message, "chat").get("type") == "private":
        return None
    is_topic = message.get("is_topic_message") is True
    return (number_of(message, "message_thread_id") or 0) if is_topic else 0


def _own_text(text: str, username: str) -> str | None:
    """The text without our name behind a command or before words; ``None`` if for another bot."""
    first, _, rest = text.partition(" ")
    command, at, name = first.partition("@")
    if first.startswith("/") and at and username:
        return f"{command} {rest}".strip() if name.lower() == username.lower() else None
    if username and first.lower() == f"@{username.lower()}":
        return rest.strip()
    return text


def _fields(source: Fields, key: str) -> Fields:
    value = source.get(key)
    return value if isinstance(value, dict) else {}


def number_of(source: Fields, key: str) -> int | None:
    """A whole number among the fields, ``None`` if there is none."""
    value = source.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _name(sender: Fields) -> str:
    parts = [str(sender[key]) for key in ("first_name", "last_name") if sender.get(key)]
    return " ".join(parts) or "?"
