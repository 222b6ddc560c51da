"""Keyboards: the `reply_markup` parameter checked and brought to the form Telegram returns.

Two limits are the service's own and appear in no source: 8 buttons in a row and 100 in all
(python-telegram-bot lists them in `telegram.constants`). Both end in "reply markup is too long".
Buttons without a text vanish silently, as in td.
"""

import json
import re

from tests.servers.telegram.errors import Json, bad_request

MAX_CALLBACK_BYTES = 64
MAX_BUTTONS = 100
MAX_BUTTONS_IN_ROW = 8
MAX_MARKUP_BYTES = 10_000
_URL = re.compile(r"(?:https?|tg|ton)://\S+|[^\s/]+\.[^\s/]+(?:/\S*)?", re.IGNORECASE)
_OTHER_ACTIONS = (
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)
_OTHER_MARKUPS = ("keyboard", "remove_keyboard", "force_reply")


def parse_markup(raw: str, *, inline_only: bool) -> Json | None:
    """Return `{"inline_keyboard": …}`, another checked markup, or None for no markup."""
    if not raw:
        return None
    try:
        value = json.loads(raw)
    except ValueError as err:
        raise bad_request("can't parse reply keyboard markup JSON object") from err
    if not isinstance(value, dict):
        raise bad_request("object expected as reply markup")
    if value.get("inline_keyboard"):
        rows = _inline_rows(value["inline_keyboard"])
        return {"inline_keyboard": rows} if rows else None
    if not any(value.get(name) for name in _OTHER_MARKUPS):
        return None
    if inline_only:
        raise bad_request("inline keyboard expected")
    return value


def _inline_rows(rows: object) -> list[list[Json]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request(
            'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'
        )
    checked = [[b for b in map(_button, row) if b is not None] for row in rows]
    kept = [row for row in checked if row]
    count = sum(len(row) for row in kept)
    widest = max((len(row) for row in kept), default=0)
    size = len(json.dumps(kept, ensure_ascii=False).encode())
    if count > MAX_BUTTONS or widest > MAX_BUTTONS_IN_ROW or size > MAX_MARKUP_BYTES:
        raise bad_request("reply markup is too long")
    return kept


def _button(button: object) -> Json | None:
    """Return the button with one action; None for a button without a text."""
    if not isinstance(button, dict):
        raise _unparsable("InlineKeyboardButton must be an Object")
    if "text" not in button:
        raise _unparsable('Can\'t find field "text"')
    text = button["text"]
    if not isinstance(text, str):
        raise _unparsable('Field "text" must be of type String')
    action = _action(button)
    if not text.strip():
        return None
    style = {key: button[key] for key in ("style", "icon_custom_emoji_id") if key in button}
    return {"text": text, **action, **style}


def _action(button: Json) -> Json:
    url = button.get("url")
    if url:
        if not isinstance(url, str) or not _URL.fullmatch(url):
            raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
        return {"url": url}
    data = button.get("callback_data")
    if data:
        if not isinstance(data, str):
            raise _unparsable('Field "callback_data" must be of type String')
        if len(data.encode()) > MAX_CALLBACK_BYTES:
            raise bad_request("BUTTON_DATA_INVALID")
        return {"callback_data": data}
    for name in _OTHER_ACTIONS:
        if name in button:
            return {name: button[name]}
    raise _unparsable("Text buttons are unallowed in the inline keyboard")


def _unparsable(reason: str) -> Exception:
    return bad_request(f"can't parse inline keyboard button: {reason}")
