"""Sections about what lies outside: venues, rankings, Telegram, language models.

Secrets are ``SecretStr``: printing, logging and ``repr`` show stars. An empty secret is none.
The sections of Telegram and of the models mirror the options of ``bot`` and ``llm``, which config
does not import; a test holds them together.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr

from engine.domain.errors import InvalidValueError
from engine.domain.market import Symbol, Timeframe
from engine.domain.values import require, require_not_negative
from engine.market.policy import SimulationPolicy

_FORBID = {"extra": "forbid"}
_LONGEST_POLL_S = 50
_GROUP = re.compile(r"-?[0-9]{1,20}(:[1-9][0-9]{0,9})?")

ProviderName = Literal["openai", "ollama", "anthropic"]


def _group_text(value: object) -> object:
    """A group as ``id`` or ``id:topic``, whichever way it was written."""
    if isinstance(value, Mapping) and set(value) == {"id", "topic"}:
        return f"{value['id']}:{value['topic']}"
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value


GroupText = Annotated[str, BeforeValidator(_group_text)]


def _no_secret() -> SecretStr:
    return SecretStr("")


@dataclass(frozen=True, slots=True, kw_only=True)
class UniverseSettings:
    """Symbols chosen by volume in place of a list."""

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID

    top: int = field(default=30, metadata={"doc": "How many markets, largest volume first."})
    quote: str = field(default="USDT", metadata={"doc": "Quote currency of the markets."})
    min_daily_volume_quote: Decimal = field(
        default=Decimal(1_000_000),
        metadata={"doc": "Least volume of a day, in quote currency."},
    )

    def __post_init__(self) -> None:
        """At least one market."""
        require(self.top >= 1, "top", ">= 1", self.top)
        require_not_negative("min_daily_volume_quote", self.min_daily_volume_quote)


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSettings:
    """One trading venue; the section's name is what people and the database call it."""

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID

    kind: Literal["ccxt", "simulated"] = field(
        default="ccxt",
        metadata={"doc": "A real venue through ccxt, or the embedded simulation (default of sim)."},
    )
    exchange: str = field(
        default="",
        metadata={"doc": "ccxt's id of the venue; empty is the section's name."},
    )
    symbols: tuple[str, ...] = field(
        default=(),
        metadata={"doc": "Markets watched, as BASE/QUOTE; empty is all that a simulation has."},
    )
    universe: UniverseSettings | None = field(
        default=None,
        metadata={"doc": "Markets chosen by volume in place of symbols."},
    )
    timeframes: tuple[Timeframe, ...] = field(
        default=(Timeframe.H1, Timeframe.H4),
        metadata={
            "doc": "Lengths of the candles that are collected from a real venue, for charts and "
            "lists; those that the strategy decides on are collected in any case."
        },
    )
    base_url: str | None = field(
        default=None,
        metadata={"doc": "Replaces scheme://host:port of every REST address of the venue."},
    )
    ws_base_url: str | None = field(
        default=None,
        metadata={"doc": "Replaces scheme://host:port of every websocket address."},
    )
    api_key: SecretStr = field(
        default_factory=_no_secret,
        metadata={"doc": "Key of an account; market data need none."},
    )
    api_secret: SecretStr = field(
        default_factory=_no_secret,
        metadata={"doc": "Secret that belongs to the key."},
    )
    api_password: SecretStr = field(
        default_factory=_no_secret,
        metadata={"doc": "Passphrase, where the venue wants one (KuCoin)."},
    )
    timeout_s: float = field(
        default=10.0,
        metadata={"doc": "Seconds that one read from the venue may take."},
    )
    deadline_s: float = field(
        default=30.0,
        metadata={"doc": "Seconds that one question to the venue may take, retries included."},
    )
    patience_s: float = field(
        default=2.0,
        metadata={
            "doc": "Seconds that a command or a press waits for a price; then it goes on without."
        },
    )
    connections: int = field(
        default=8,
        metadata={"doc": "Questions to the venue that may be under way at once."},
    )
    options: dict[str, Any] = field(
        default_factory=dict,
        repr=False,  # free, so an account's secrets may stand in it
        metadata={"doc": "Handed to ccxt as they are."},
    )
    simulation: SimulationPolicy = field(default_factory=SimulationPolicy)

    def __post_init__(self) -> None:
        """Something to watch, written as symbols; addresses with a host; times above zero."""
        for text in self.symbols:
            require(_is_symbol(text), "symbols", "BASE/QUOTE each, for example BTC/USDT", text)
        something = self.kind == "simulated" or bool(self.symbols) or self.universe is not None
        require(
            something, "symbols", 'at least one, for example ["BTC/USDT"], or a universe', "empty"
        )
        require(bool(self.timeframes), "timeframes", 'at least one, for example ["1h"]', "empty")
        for name in ("base_url", "ws_base_url"):
            url = getattr(self, name)
            require(url is None or _is_address(url), name, "scheme://host[:port]", url)
        for name in ("timeout_s", "deadline_s", "patience_s"):
            require(getattr(self, name) > 0, name, "> 0", getattr(self, name))
        require(self.connections >= 1, "connections", ">= 1", self.connections)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingsSettings:
    """Market-cap rankings from CoinGecko. They are not built yet: nothing reads this section."""

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID

    base_url: str = field(
        default="https://api.coingecko.com/api/v3",
        metadata={"doc": "Address of the API."},
    )
    api_key: SecretStr = field(
        default_factory=_no_secret,
        metadata={"doc": "Key of an account; the public API needs none."},
    )
    refresh_s: float = field(
        default=3600.0,
        metadata={"doc": "Seconds after which the rankings are read again."},
    )

    def __post_init__(self) -> None:
        """An address and a pause."""
        require(_is_address(self.base_url), "base_url", "scheme://host[:port]", self.base_url)
        require(self.refresh_s > 0, "refresh_s", "> 0", self.refresh_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramSettings:
    """The bot. People are numeric Telegram ids, never names; without a token the terminal talks."""

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID

    token: SecretStr = field(
        default_factory=_no_secret,
        metadata={"doc": "The bot's token, as BotFather gave it."},
    )
    base_url: str = field(
        default="https://api.telegram.org",
        metadata={"doc": "Address of the Bot API, for a self-hosted server."},
    )
    owners: tuple[int, ...] = field(
        default=(),
        metadata={"doc": "Ids of people who may do everything."},
    )
    approvers: tuple[int, ...] = field(
        default=(),
        metadata={"doc": "Ids of people who may answer questions and close positions."},
    )
    viewers: tuple[int, ...] = field(
        default=(),
        metadata={"doc": "Ids of people who may look."},
    )
    chats: tuple[GroupText, ...] = field(
        default=(),
        metadata={
            "doc": "Ids of groups that are told everything, each a number; with a topic of a forum "
            '"-1001234567890:5" or {id = -1001234567890, topic = 5}.',
        },
    )
    poll_timeout_s: int = field(
        default=25,
        metadata={"doc": "Seconds that a question for news stays open."},
    )
    request_timeout_s: float = field(
        default=10.0,
        metadata={"doc": "Seconds that any other request may take."},
    )

    def __post_init__(self) -> None:
        """An address, nobody in two roles, times that Telegram accepts."""
        require(_is_address(self.base_url), "base_url", "scheme://host[:port]", self.base_url)
        ids = (*self.owners, *self.approvers, *self.viewers)
        require(len(set(ids)) == len(ids), "owners", "of one role each", sorted(ids))
        poll_s = self.poll_timeout_s
        require(0 <= poll_s <= _LONGEST_POLL_S, "poll_timeout_s", f"0 to {_LONGEST_POLL_S}", poll_s)
        require(self.request_timeout_s > 0, "request_timeout_s", "> 0", self.request_timeout_s)
        for text in self.chats:
            is_group = _GROUP.fullmatch(text) is not None
            require(is_group, "chats", 'ids such as -100123 or "-100123:5" each', text)
        require(len(self.groups) == len(self.chats), "chats", "each group once", self.chats)

    @property
    def groups(self) -> Mapping[int, int | None]:
        """The groups by id, each with its topic."""
        parts = [text.partition(":") for text in self.chats]
        return {int(chat): int(topic) if topic else None for chat, _, topic in parts}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAiSettings:
    """OpenAI, or any server that speaks its chat completions."""

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID

    model: str = field(default="gpt-5.4-nano", metadata={"doc": "Name of the model."})
    base_url: str = field(
        default="https://api.openai.com/v1",
        metadata={"doc": "Address of the API."},
    )
    api_key: SecretStr = field(
        default_factory=_no_secret,
        metadata={"doc": "Key of an account."},
    )
    input_usd_per_mtok: Decimal | None = field(
        default=None,
        metadata={"doc": "US dollars for a million tokens read; off for the built-in price."},
    )
    output_usd_per_mtok: Decimal | None = field(
        default=None,
        metadata={"doc": "US dollars for a million tokens written; off for the built-in price."},
    )

    def __post_init__(self) -> None:
        """An address; prices in pairs, not negative."""
        require(_is_address(self.base_url), "base_url", "scheme://host[:port]", self.base_url)
        prices = (self.input_usd_per_mtok, self.output_usd_per_mtok)
        paired = prices.count(None) != 1
        require(paired, "input_usd_per_mtok", "given together with output_usd_per_mtok", prices)
        for name in ("input_usd_per_mtok", "output_usd_per_mtok"):
            price = getattr(self, name)
            require(price is None or price >= 0, name, ">= 0", price)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnthropicSettings(OpenAiSettings):
    """Anthropic's messages."""

    model: str = field(default="claude-haiku-5-5", metadata={"doc": "Name of the model."})
    base_url: str = field(
        default="https://api.anthropic.com",
        metadata={"doc": "Address of the API."},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaSettings(OpenAiSettings):
    """A local Ollama; its tokens are free unless a price is set."""

    model: str = field(default="llama3.2", metadata={"doc": "Name of the model."})
    base_url: str = field(
        default="http://127.0.0.1:11434",
        metadata={"doc": "Address of the server."},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmSettings:
    """Language models, which put decisions into words; without one, a template does."""

    __pydantic_config__: ClassVar[dict[str, str]] = _FORBID

    providers: tuple[ProviderName, ...] = field(
        default=(),
        metadata={"doc": "Providers in the order in which they are tried; empty is the template."},
    )
    daily_budget_usd: Decimal = field(
        default=Decimal("1.00"),
        metadata={"doc": "US dollars of a UTC day; 0 allows free models only."},
    )
    purpose_budget_usd: dict[str, Decimal] = field(
        default_factory=dict,
        metadata={"doc": "Caps of single purposes inside it, for example {explain = 0.5}."},
    )
    warn_at_fraction: Decimal = field(
        default=Decimal("0.8"),
        metadata={"doc": "Share of the budget at which a warning is logged."},
    )
    alert_deadline_s: float = field(
        default=20.0,
        metadata={"doc": "Seconds that a card may wait for words, everything included."},
    )
    chat_deadline_s: float = field(
        default=45.0,
        metadata={"doc": "Seconds that an answer in the chat may take, everything included."},
    )
    max_output_tokens: int = field(
        default=2_000,
        metadata={"doc": "Longest answer, in tokens."},
    )
    breaker_failures: int = field(
        default=3,
        metadata={"doc": "Failures in a row after which a provider rests."},
    )
    breaker_cooldown_s: float = field(
        default=60.0,
        metadata={"doc": "Seconds that it rests."},
    )
    openai: OpenAiSettings = field(default_factory=OpenAiSettings)
    anthropic: AnthropicSettings = field(default_factory=AnthropicSettings)
    ollama: OllamaSettings = field(default_factory=OllamaSettings)

    def __post_init__(self) -> None:
        """Budgets are not negative, times and counts positive, no provider twice."""
        require_not_negative("daily_budget_usd", self.daily_budget_usd)
        for purpose, cap in self.purpose_budget_usd.items():
            require(cap >= 0, "purpose_budget_usd", f">= 0 for {purpose}", cap)
        require(0 < self.warn_at_fraction <= 1, "warn_at_fraction", "0 to 1", self.warn_at_fraction)
        for name in ("alert_deadline_s", "chat_deadline_s", "breaker_cooldown_s"):
            require(getattr(self, name) > 0, name, "> 0", getattr(self, name))
        for name in ("max_output_tokens", "breaker_failures"):
            require(getattr(self, name) >= 1, name, ">= 1", getattr(self, name))
        unique = len(set(self.providers)) == len(self.providers)
        require(unique, "providers", "each named once", self.providers)


def _is_symbol(text: str) -> bool:
    try:
        Symbol.parse(text)
    except InvalidValueError:
        return False
    return True


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc)
