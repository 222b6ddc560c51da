"""Sections about the desk itself: the program, its database, trading, strategy, jobs, health.

Each key has a default, a unit in its name and a sentence in ``metadata["doc"]``; ``keys`` reads
them for the messages, for ``config show`` and for ``docs/configuration.md``. The sections check
themselves, so that a value is refused where it is written and not where it is first used.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.desk.alerts.policy import AlertPolicy
from engine.domain.desk import Mode
from engine.domain.market import Symbol, Timeframe
from engine.domain.records import CurrencyChoice
from engine.domain.values import require, require_positive
from engine.strategy.policy import EntryPolicy

_CURRENCY = re.compile(r"[A-Z0-9]{2,16}")
_LARGEST_PORT = 65_535
_FEWEST_DAYS_KEPT = 7

Loud = Literal["loud", "silent", "digest", "off"]
NeverLater = Literal["loud", "silent", "off"]
NeverOff = Literal["loud", "silent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """The program."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    data_dir: Path = field(
        default=Path("var"),
        metadata={"doc": "Folder of everything that is written: database, pictures, backups."},
    )
    timezone: str = field(
        default="UTC",
        metadata={"doc": "IANA zone in which people are told times, for example Europe/Berlin."},
    )
    language: Literal["en", "de", "es"] = field(
        default="en",
        metadata={"doc": "Language of people who have not chosen one."},
    )
    theme: Literal["dark", "light"] = field(
        default="dark",
        metadata={"doc": "Background of the pictures."},
    )
    currency: str = field(
        default="",
        metadata={
            "doc": "Currency in which you count, for example EUR; empty is trading.quote alone."
        },
    )
    currency_pair: str = field(
        default="",
        metadata={
            "doc": "Market of the traded venue that tells what it is worth, for example EUR/USDT."
        },
    )
    log_level: Literal["debug", "info", "warning", "error"] = field(
        default="info",
        metadata={"doc": "Least severe event that is logged."},
    )
    log_format: Literal["text", "json"] = field(
        default="text",
        metadata={"doc": "Lines for people, or one JSON object a line; always on stderr."},
    )

    def __post_init__(self) -> None:
        """The zone exists; the currency has a code, and its pair speaks of it."""
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            require(False, "timezone", "an IANA zone such as Europe/Berlin", self.timezone)  # noqa: FBT003 - the guard's sentence
        if self.currency or self.currency_pair:
            is_code = bool(_CURRENCY.fullmatch(self.currency))
            require(is_code, "currency", "a code such as EUR", self.currency)
            self.own_currency  # noqa: B018 - reading it checks the pair

    @property
    def own_currency(self) -> CurrencyChoice | None:
        """The currency people count in, ``None`` where none is set."""
        if not self.currency:
            return None
        pair = Symbol.parse(self.currency_pair) if self.currency_pair else None
        return CurrencyChoice(currency=self.currency, pair=pair)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """Where everything is remembered."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    url: str = field(
        default="sqlite:///var/cryptotrader.db",
        repr=False,
        metadata={
            "doc": "SQLite file, or postgresql+psycopg://user@host/db. Left out, it is "
            "cryptotrader.db in app.data_dir.",
        },
    )
    keep_messages_days: int = field(
        default=90,
        metadata={
            "doc": "Days that delivered messages and handled updates of the chat are kept, at "
            "least 7; 0 keeps them for good. Trades, decisions and the audit trail always stay."
        },
    )

    def __post_init__(self) -> None:
        """Long enough that nothing which is delivered again is taken for new."""
        days, enough = self.keep_messages_days, _FEWEST_DAYS_KEPT
        require(days == 0 or days >= enough, "keep_messages_days", f"0 or >= {enough}", days)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingSettings:
    """What the desk may do, and with what it starts on paper."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    mode: Mode = field(
        default=Mode.PAPER,
        metadata={"doc": "Show only, trade on paper, or trade with money."},
    )
    venue: str = field(
        default="",
        metadata={"doc": "Name of the venue traded on; empty is the first one configured."},
    )
    quote: str = field(
        default="USDT",
        metadata={"doc": "Currency in which cash is held and everything is counted."},
    )
    start_equity_quote: Decimal = field(
        default=Decimal(10_000),
        metadata={"doc": "Cash of a fresh paper account."},
    )

    def __post_init__(self) -> None:
        """A currency code, and some cash."""
        require(bool(_CURRENCY.fullmatch(self.quote)), "quote", "a code such as USDT", self.quote)
        require_positive("start_equity_quote", self.start_equity_quote)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySettings:
    """Which strategy decides; what is left out is as the strategy has it."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str | None = field(
        default=None,
        metadata={
            "doc": "Name of a shipped strategy. Left out: trend, and on the simulated market "
            "score, whose cards come sooner. A file goes before it."
        },
    )
    file: Path | None = field(
        default=None,
        metadata={"doc": "Your own strategy file; off for a shipped strategy."},
    )
    timeframe: Timeframe | None = field(
        default=None,
        metadata={"doc": "Length of the candles on whose close the desk decides."},
    )
    min_rank_fraction: float | None = field(
        default=None,
        metadata={"doc": "Share of the timeframe's bars that must be weaker than a score."},
    )
    min_score: float | None = field(
        default=None,
        metadata={"doc": "Points, 0 to 100, that a score must reach besides."},
    )
    proof_venues: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "Venues, besides the one traded on, on whose candles a proof may be made."
        },
    )

    def __post_init__(self) -> None:
        """The thresholds are in range."""
        self.entry_over(EntryPolicy())

    def entry_over(self, entry: EntryPolicy) -> EntryPolicy:
        """Return a strategy's thresholds with those that are set here in their place."""
        set_here = {
            name: value
            for name in ("min_rank_fraction", "min_score")
            if (value := getattr(self, name)) is not None
        }
        return replace(entry, **set_here)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings(AlertPolicy):
    """What is told, and how loud, where nobody has chosen otherwise in the chat (/quiet)."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    failures: NeverOff = field(
        default="loud", metadata={"doc": "Something failed, or a brake came on."}
    )
    questions: NeverOff = field(default="loud", metadata={"doc": "A person has to decide."})
    reminders: NeverLater = field(
        default="loud", metadata={"doc": "A question is about to expire."}
    )
    fills: Loud = field(default="loud", metadata={"doc": "Something was bought."})
    closes: Loud = field(default="loud", metadata={"doc": "A position was closed."})
    opportunities: Loud = field(default="loud", metadata={"doc": "A card that asks nothing."})
    alerts: Loud = field(default="loud", metadata={"doc": "An alert that somebody has set."})
    research: Loud = field(
        default="silent", metadata={"doc": "News of a backtest or proof that was asked for."}
    )
    heartbeat: Loud = field(
        default="silent", metadata={"doc": "Signs of life: started, back again, a quiet day."}
    )
    digest: NeverLater = field(default="silent", metadata={"doc": "The daily message."})
    quiet_from: time | None = field(
        default=None,
        metadata={"doc": "Begin of the quiet hours in app.timezone, written HH:MM; off for none."},
    )
    quiet_to: time | None = field(
        default=None,
        metadata={"doc": "Their end; before their begin it is on the next day."},
    )
    nearest_misses: int = field(
        default=3,
        metadata={"doc": "How many near misses the daily sign of life names."},
    )

    def __post_init__(self) -> None:
        """A count, and two ends of the quiet hours."""
        AlertPolicy.__post_init__(self)  # with slots, super() knows another class
        require(self.nearest_misses >= 0, "nearest_misses", ">= 0", self.nearest_misses)
        both = (self.quiet_from is None) == (self.quiet_to is None)
        require(both, "quiet_to", "given together with quiet_from", self.quiet_to)
        differ = self.quiet_from is None or self.quiet_from != self.quiet_to
        require(differ, "quiet_to", "another time than quiet_from", self.quiet_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSettings:
    """The daily message, which is also the sign of life on a quiet day."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    enabled: bool = field(default=True, metadata={"doc": "Whether it is sent."})
    at: time = field(
        default=time(7, 0),
        metadata={"doc": "Time of day, in app.timezone, written HH:MM."},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """How often recurring work is due, in seconds on the wall."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    expiry_every_s: float = field(
        default=5.0,
        metadata={"doc": "Seconds between looks for questions that have expired."},
    )
    monitor_every_s: float = field(
        default=15.0,
        metadata={"doc": "Seconds between looks at open positions and orders."},
    )
    snapshot_every_s: float = field(
        default=3600.0,
        metadata={"doc": "Seconds between snapshots of equity."},
    )
    gap_check_every_s: float = field(
        default=3600.0,
        metadata={"doc": "Seconds between looks for absent candles."},
    )
    health_every_s: float = field(
        default=60.0,
        metadata={"doc": "Seconds between checks of the desk's own health."},
    )

    def __post_init__(self) -> None:
        """No job without a pause."""
        for name in self.__slots__:
            require(getattr(self, name) > 0, name, "> 0", getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSettings:
    """The address that answers whether the desk is well (/health/live, /health/ready, /metrics)."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    enabled: bool = field(default=True, metadata={"doc": "Whether it is served."})
    host: str = field(
        default="127.0.0.1",
        metadata={"doc": "Address to listen on; anything but this computer is your decision."},
    )
    port: int = field(
        default=9464,
        metadata={"doc": "TCP port; 0 takes a free one, a busy one is a warning."},
    )

    def __post_init__(self) -> None:
        """A port number."""
        require(0 <= self.port <= _LARGEST_PORT, "port", f"0 to {_LARGEST_PORT}", self.port)
