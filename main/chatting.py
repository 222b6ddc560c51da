"""Chooses how the desk talks: Telegram where there is a token, else this terminal."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor

from bot.channel import Channel
from bot.console import ConsoleChannel
from bot.front import ChatDesk
from bot.messages.words import Words
from bot.outbox import Audience
from bot.policy import ChatOptions, Rates, TelegramOptions
from bot.telegram_channel import TelegramChannel
from config import Settings
from engine.domain.secret_text import SecretText
from main.compose import OpenDesk

type Write = Callable[[str], None]

# A terminal is not a chat service: nothing limits how fast it may be written to.
_TERMINAL_RATES = Rates(global_per_s=1000, chat_per_s=1000, group_per_min=60_000)


def has_bot(settings: Settings) -> bool:
    """Whether a Telegram bot is configured."""
    return bool(settings.telegram.token.get_secret_value())


def terminal_words(settings: Settings) -> Words:
    """The words of the terminal: its person's language until they choose another."""
    return Words.of(settings.app.language, settings.app.timezone)


def open_chat(
    desk: OpenDesk,
    *,
    worker: Executor,
    lines: Iterable[str],
    write: Write,
    in_terminal: bool | None = None,
) -> ChatDesk:
    """The desk's chat. ``in_terminal`` overrides the choice (``cryptotrader chat``)."""
    settings = desk.settings
    is_terminal = not has_bot(settings) if in_terminal is None else in_terminal
    channel: Channel = (
        ConsoleChannel(
            lines=lines,
            write=write,
            pictures_dir=settings.app.data_dir / "pictures",
            clock=desk.market.wall,
            words=terminal_words(settings),
        )
        if is_terminal
        else TelegramChannel(_telegram_options(settings))
    )
    return ChatDesk(
        channel,
        desk=desk.assembled.desk,
        units=desk.units,
        clock=desk.market.wall,
        desk_thread=worker,
        options=ChatOptions(
            language=settings.app.language,
            zone_name=settings.app.timezone,
            theme=settings.app.theme,
        ),
        audience=Audience(
            groups=() if is_terminal else tuple(settings.telegram.groups),
            leads=not (is_terminal and has_bot(settings)),
        ),
        rates=_TERMINAL_RATES if is_terminal else None,
    )


def _telegram_options(settings: Settings) -> TelegramOptions:
    telegram = settings.telegram
    base = telegram.base_url.rstrip("/")
    return TelegramOptions(
        token=SecretText(telegram.token.get_secret_value()),
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        owners=telegram.owners,
        approvers=telegram.approvers,
        viewers=telegram.viewers,
        chats=tuple(telegram.groups),
        topics={chat: topic for chat, topic in telegram.groups.items() if topic},
        poll_timeout_s=telegram.poll_timeout_s,
        request_timeout_s=telegram.request_timeout_s,
    )
