"""What the tests of the Telegram server share: pictures, keyboards and a real client."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from PIL import Image
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.request import HTTPXRequest

from tests.servers.telegram import TelegramServer


@asynccontextmanager
async def client(server: TelegramServer, *, token: str | None = None) -> AsyncIterator[Bot]:
    """Yield an unmodified python-telegram-bot client of the server."""
    bot = Bot(
        token or server.token,
        base_url=server.base_url,
        base_file_url=server.base_file_url,
        request=HTTPXRequest(read_timeout=5.0, connection_pool_size=8),
        get_updates_request=HTTPXRequest(read_timeout=5.0, connection_pool_size=4),
    )
    async with bot:
        yield bot


def picture(width: int = 640, height: int = 480, fmt: str = "PNG") -> bytes:
    """Return a real picture of this size."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(buffer, fmt)
    return buffer.getvalue()


def keyboard(*rows: tuple[str, ...]) -> InlineKeyboardMarkup:
    """Return buttons whose data is `do:` and the text in lower case."""
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(t, callback_data=f"do:{t.lower()}") for t in row] for row in rows]
    )
