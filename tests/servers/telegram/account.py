"""The methods about the bot itself, its commands, its chats and its files."""

import re
import time

from tests.servers.telegram.access import thread_of, writable_chat
from tests.servers.telegram.entities import utf16_length
from tests.servers.telegram.errors import QUERY_TOO_OLD, Json, bad_request
from tests.servers.telegram.media import MAX_DOWNLOAD_BYTES
from tests.servers.telegram.model import CallbackAnswer, now_utc
from tests.servers.telegram.params import Params
from tests.servers.telegram.render import bot_json, file_json, full_chat_json, member_json
from tests.servers.telegram.world import World

MAX_COMMANDS = 100
MAX_COMMAND_LENGTH = 32
MAX_DESCRIPTION_LENGTH = 256
MAX_ANSWER_UTF16 = 200
_COMMAND = re.compile(r"[a-z0-9_]+")
_LANGUAGE = re.compile(r"(?:[a-z]{2})?")
_ACTIONS = frozenset(
    {
        "cancel",
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "record_audio",
        "upload_audio",
        "upload_document",
        "choose_sticker",
        "find_location",
        "pick_up_location",
        "record_video_note",
        "upload_video_note",
    }
)
_PLAIN_SCOPES = frozenset(
    {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
)
_CHAT_SCOPES = frozenset({"chat", "chat_administrators", "chat_member"})

CommandKey = tuple[str, str, str, str]


def get_me(world: World, params: Params) -> Json:
    """GetMe."""
    return bot_json(world)


def get_webhook_info(world: World, params: Params) -> Json:
    """GetWebhookInfo; this server never has a webhook."""
    return {
        "url": "",
        "has_custom_certificate": False,
        "pending_update_count": len(world.pending),
    }


def delete_webhook(world: World, params: Params) -> bool:
    """DeleteWebhook, and with `drop_pending_updates` every waiting update."""
    if params.flag("drop_pending_updates"):
        for update in world.pending:
            update.confirmed = True
        world.pending = []
        world.notify()
    return True


def answer_callback_query(world: World, params: Params) -> bool:
    """AnswerCallbackQuery: once, and in time."""
    query = world.queries.get(params.text("callback_query_id"))
    text = params.text("text")
    if utf16_length(text) > MAX_ANSWER_UTF16:
        raise bad_request("MESSAGE_TOO_LONG")
    now_s = time.monotonic()
    if query is None or query.answer or now_s - query.pressed_s > world.query_ttl_s:
        raise bad_request(QUERY_TOO_OLD)
    query.answer = CallbackAnswer(
        text=text,
        show_alert=params.flag("show_alert"),
        url=params.text("url"),
        cache_time_s=params.integer("cache_time", 0, 0, 2**31),
        at=now_utc(),
        after_s=now_s - query.pressed_s,
    )
    world.notify()
    return True


def set_my_commands(world: World, params: Params) -> bool:
    """SetMyCommands for one scope and language."""
    given = params.items("commands", "bot commands") or []
    key = _command_key(world, params)
    if len(given) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    world.commands[key] = [_command(item) for item in given]
    world.notify()
    return True


def get_my_commands(world: World, params: Params) -> list[Json]:
    """GetMyCommands of exactly this scope and language."""
    return world.commands.get(_command_key(world, params), [])


def delete_my_commands(world: World, params: Params) -> bool:
    """DeleteMyCommands."""
    world.commands.pop(_command_key(world, params), None)
    world.notify()
    return True


def _command(item: object) -> Json:
    if not isinstance(item, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    command = str(item.get("command", "")).strip().removeprefix("/")
    description = str(item.get("description", "")).strip()
    if not command:
        raise bad_request("command must be non-empty")
    if len(command) > MAX_COMMAND_LENGTH:
        raise bad_request(f"command length must not exceed {MAX_COMMAND_LENGTH}")
    if not description:
        raise bad_request("command description must be non-empty")
    if len(description) > MAX_DESCRIPTION_LENGTH:
        raise bad_request(f"command description length must not exceed {MAX_DESCRIPTION_LENGTH}")
    if not _COMMAND.fullmatch(command):
        raise bad_request("BOT_COMMAND_INVALID")
    return {"command": command, "description": description}


def _command_key(world: World, params: Params) -> CommandKey:
    """Return (scope, chat, user, language)."""
    language = params.text("language_code")
    if not _LANGUAGE.fullmatch(language):
        raise bad_request("invalid language code specified")
    given = params.json("scope", "BotCommandScope")
    scope = given if isinstance(given, dict) else {"type": "default"}
    kind = str(scope.get("type", ""))
    if kind in _PLAIN_SCOPES:
        return kind, "", "", language
    if kind not in _CHAT_SCOPES:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    chat = world.find_chat(str(scope.get("chat_id", "")))
    user_id = str(scope["user_id"]) if kind == "chat_member" else ""
    return kind, str(chat.id), user_id, language


def set_chat_menu_button(world: World, params: Params) -> bool:
    """SetChatMenuButton of one private chat, or the default."""
    button = params.json("menu_button", "menu button")
    body = button if isinstance(button, dict) else {"type": "default"}
    if body.get("type") not in {"default", "commands", "web_app"}:
        raise bad_request("MenuButton has unsupported type")
    chat_id = params.text("chat_id")
    if chat_id:
        world.find_chat(chat_id)
    world.menu_buttons[chat_id] = body
    world.notify()
    return True


def get_chat_menu_button(world: World, params: Params) -> Json:
    """GetChatMenuButton."""
    default = world.menu_buttons.get("", {"type": "default"})
    return world.menu_buttons.get(params.text("chat_id"), default)


def send_chat_action(world: World, params: Params) -> bool:
    """SendChatAction."""
    action = params.text("action").lower()
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat = writable_chat(world, params)
    thread_of(chat, params)
    world.chat_actions.append((chat.id, action))
    world.notify()
    return True


def get_file(world: World, params: Params) -> Json:
    """GetFile; files above 20 MB cannot be fetched by a bot."""
    file_id = params.text("file_id")
    if not file_id:
        raise bad_request("file_id not specified")
    file = world.files.get(file_id)
    if file is None:
        raise bad_request("invalid file_id")
    if len(file.data) > MAX_DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    return file_json(file)


def get_chat(world: World, params: Params) -> Json:
    """GetChat."""
    return full_chat_json(world, world.find_chat(params.text("chat_id")))


def get_chat_member(world: World, params: Params) -> Json:
    """GetChatMember."""
    chat = world.find_chat(params.text("chat_id"))
    raw = params.text("user_id")
    if not raw.isdigit() or int(raw) <= 0:
        raise bad_request("invalid user_id specified")
    if int(raw) not in world.accounts:
        supergroup = chat.kind == "supergroup"
        raise bad_request("PARTICIPANT_ID_INVALID" if supergroup else "member not found")
    return member_json(world, chat, int(raw))
