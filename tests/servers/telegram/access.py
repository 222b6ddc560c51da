"""Who may be written to, where, and how fast: the checks before any content reaches a chat."""

import time

from tests.servers.telegram.errors import ApiError, bad_request, forbidden, too_many_requests
from tests.servers.telegram.model import ChatState
from tests.servers.telegram.params import Params
from tests.servers.telegram.world import World

_MAX_ID = 2**31


def writable_chat(world: World, params: Params) -> ChatState:
    """Return the chat of the call; raise the 400 or 403 of one the bot cannot write to."""
    chat = world.find_chat(params.text("chat_id"))
    if chat.is_group:
        _check_group(world, chat)
    else:
        _check_private(world, chat)
    return chat


def _check_private(world: World, chat: ChatState) -> None:
    if chat.blocked:
        raise forbidden("bot was blocked by the user")
    if chat.started:
        return
    met_elsewhere = any(c.is_group and chat.id in c.members for c in world.chats.values())
    if met_elsewhere:
        raise forbidden("bot can't initiate conversation with a user")
    raise bad_request("chat not found")


def _check_group(world: World, chat: ChatState) -> None:
    if chat.migrated_to is not None:
        raise ApiError(
            400,
            "Bad Request: group chat was upgraded to a supergroup chat",
            {"migrate_to_chat_id": chat.migrated_to},
        )
    place = f"the {chat.kind} chat"
    status = chat.members.get(world.bot.id, "left")
    if status == "kicked":
        raise forbidden(f"bot was kicked from {place}")
    if status == "left":
        raise forbidden(f"bot is not a member of {place}")


def is_admin(chat: ChatState, account_id: int) -> bool:
    """Tell whether the account may moderate the group."""
    return chat.members.get(account_id) in {"creator", "administrator"}


def thread_of(chat: ChatState, params: Params) -> int | None:
    """Return the checked topic of a forum. The general topic has no id that may be sent."""
    thread_id = params.integer("message_thread_id", 0, 0, _MAX_ID)
    if not thread_id:
        return None
    if not chat.forum or thread_id not in chat.topics:
        raise bad_request("message thread not found")
    return thread_id


def reply_target(world: World, chat: ChatState, params: Params) -> int | None:
    """Return the id of the message replied to, None without one."""
    given = params.json("reply_parameters", "reply parameters")
    options = given if isinstance(given, dict) else {}
    message_id = int(options.get("message_id", 0)) or params.integer(
        "reply_to_message_id", 0, 0, _MAX_ID
    )
    if not message_id:
        return None
    target = world.messages.get((chat.id, message_id))
    if target is not None and not target.deleted:
        return message_id
    lenient = options.get("allow_sending_without_reply") or params.flag(
        "allow_sending_without_reply"
    )
    if lenient:
        return None
    raise bad_request("message to be replied not found")


def spend(world: World, chat: ChatState, *, count: int = 1) -> None:
    """Count messages against the flood limits; raise the 429."""
    wait_s = world.flood.retry_after_s(
        chat.id, is_group=chat.is_group, count=count, now_s=time.monotonic()
    )
    if wait_s:
        raise too_many_requests(wait_s)
