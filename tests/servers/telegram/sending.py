"""The methods that put a new message into a chat."""

import json
from collections.abc import Mapping

from tests.servers.telegram.access import reply_target, spend, thread_of, writable_chat
from tests.servers.telegram.content import caption, input_file, message_text, version
from tests.servers.telegram.entities import Formatted
from tests.servers.telegram.errors import Json, bad_request
from tests.servers.telegram.markup import parse_markup
from tests.servers.telegram.media import StoredFile
from tests.servers.telegram.model import ChatState, Message, Version
from tests.servers.telegram.params import Params
from tests.servers.telegram.render import message_json
from tests.servers.telegram.world import World

MAX_ALBUM = 10


def send_message(world: World, params: Params) -> Json:
    """SendMessage."""
    formatted = message_text(params, editing=False)
    return _send_one(world, params, "sendMessage", formatted, None)


def send_photo(world: World, params: Params) -> Json:
    """SendPhoto."""
    return _send_file(world, params, "sendPhoto", "photo")


def send_document(world: World, params: Params) -> Json:
    """SendDocument."""
    return _send_file(world, params, "sendDocument", "document")


def send_media_group(world: World, params: Params) -> list[Json]:
    """SendMediaGroup: up to ten photos or documents, not mixed.

    The documentation asks for two at least; the service takes one, and so does this server.
    """
    items = params.items("media", "InputMedia") or []
    if not items:
        raise bad_request("there are no messages to send")
    if len(items) > MAX_ALBUM:
        raise bad_request("too many messages to send as an album")
    contents = [media_content(world, params, item, editing=False) for item in items]
    if len({file.kind for _, file in contents}) > 1:
        raise bad_request("document can't be mixed with other media types")
    chat = writable_chat(world, params)
    thread_id, reply_to = thread_of(chat, params), reply_target(world, chat, params)
    spend(world, chat, count=len(contents))
    album_id = world.new_album_id() if len(contents) > 1 else None
    sent = [
        _add(
            world,
            chat,
            params,
            version("sendMediaGroup", formatted, file, None),
            thread_id=thread_id,
            reply_to=reply_to,
            album_id=album_id,
        )
        for formatted, file in contents
    ]
    return [message_json(world, message) for message in sent]


def media_content(
    world: World, params: Params, item: object, *, editing: bool
) -> tuple[Formatted, StoredFile]:
    """Return caption and file of one InputMedia object."""
    if not isinstance(item, dict):
        raise bad_request("can't parse InputMedia: Expected an Object")
    kind = str(item.get("type", ""))
    if kind not in {"photo", "document"}:
        raise bad_request(f"type {kind or '<empty>'} of InputMedia is not supported here")
    file = input_file(world, params, kind, str(item.get("media", "")))
    inner = Params(values=_as_texts(item))
    return caption(inner, editing=editing), file


def _as_texts(item: Mapping[str, object]) -> dict[str, str]:
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in item.items()}


def _send_file(world: World, params: Params, method: str, kind: str) -> Json:
    file = input_file(world, params, kind, params.text(kind))
    return _send_one(world, params, method, caption(params, editing=False), file)


def _send_one(
    world: World, params: Params, method: str, formatted: Formatted, file: StoredFile | None
) -> Json:
    markup = parse_markup(params.text("reply_markup"), inline_only=False)
    chat = writable_chat(world, params)
    thread_id, reply_to = thread_of(chat, params), reply_target(world, chat, params)
    spend(world, chat)
    state = version(method, formatted, file, markup)
    message = _add(world, chat, params, state, thread_id=thread_id, reply_to=reply_to)
    return message_json(world, message)


def _add(
    world: World,
    chat: ChatState,
    params: Params,
    state: Version,
    *,
    thread_id: int | None,
    reply_to: int | None,
    album_id: str | None = None,
) -> Message:
    return world.add_message(
        chat,
        world.bot,
        state,
        thread_id=thread_id,
        reply_to=reply_to,
        media_group_id=album_id,
        silent=params.flag("disable_notification"),
        protected=params.flag("protect_content"),
    )
