"""A strict loopback Telegram Bot API for tests, for an unmodified python-telegram-bot.

The flow of a call: `http` reads it and consults `faults` → `methods` finds the function →
`content`, `markup`, `access`, `limits` check it as the service would → `world` changes → `render`
answers. The test drives the other side through `TelegramServer`, `User` and `Chat`.

Strict where bots break: text is parsed, lengths are UTF-16 after parsing, keyboards are checked,
photos are decoded, offsets confirm, presses expire and are answered once, privacy mode holds group
messages back. Not here: MarkdownV2, inline mode, webhooks, payments, stickers; methods outside the
table answer 404.
"""

from tests.servers.telegram.errors import ApiError
from tests.servers.telegram.faults import (
    ANY_METHOD,
    EDITS,
    SENDS,
    Fault,
    FaultRule,
    drop_after_effect,
    drop_before_effect,
    hang,
    malformed,
    refusal,
    server_error,
    slow_body,
    too_many,
)
from tests.servers.telegram.limits import Rates
from tests.servers.telegram.model import Button, Call, CallbackAnswer, Message, Version
from tests.servers.telegram.people import Chat, Press, Sent, User
from tests.servers.telegram.server import TelegramServer

__all__ = [
    "ANY_METHOD",
    "EDITS",
    "SENDS",
    "ApiError",
    "Button",
    "Call",
    "CallbackAnswer",
    "Chat",
    "Fault",
    "FaultRule",
    "Message",
    "Press",
    "Rates",
    "Sent",
    "TelegramServer",
    "User",
    "Version",
    "drop_after_effect",
    "drop_before_effect",
    "hang",
    "malformed",
    "refusal",
    "server_error",
    "slow_body",
    "too_many",
]
