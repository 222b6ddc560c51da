"""Settings of routing: what the desk may do by itself, and what it asks a person first.

By default an entry above one percent of equity is asked, and an edge that has not been measured is
always asked on paper and refused with real money.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Literal

from engine.domain.reasons import ReasonCode
from engine.domain.values import require

_LIVE = ("refuse", "ask")
_PAPER = ("ask", "auto")
_ON_EXPIRY = ("skip", "smaller", "limit")
_REASONS = tuple(code.label for code in ReasonCode if code.label.startswith("ask_"))
_MOST_DRIFT_BPS = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomationPolicy:
    """What an entry must pass before anybody is asked; cooldowns are counted in decision bars."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    max_entries_per_day: int = field(
        default=10,
        metadata={"doc": "Entries allowed between two 00:00 UTC, open questions included."},
    )
    cooldown_after_exit_bars: int = field(
        default=1,
        metadata={"doc": "Bars without an entry in a symbol after a position in it was closed."},
    )
    cooldown_after_loss_bars: int = field(
        default=6,
        metadata={"doc": "Bars without an entry in a symbol after a losing position in it."},
    )
    cooldown_after_refusal_bars: int = field(
        default=4,
        metadata={
            "doc": "Bars without an entry in a symbol after a person rejected it or let it expire."
        },
    )
    min_net_edge_bps: float = field(
        default=5.0,
        metadata={"doc": "The lower bound of the edge after costs must reach this."},
    )
    uncalibrated_paper: Literal["ask", "auto"] = field(
        default="ask",
        metadata={"doc": "On paper, an entry whose edge is not measured is asked, or automatic."},
    )
    uncalibrated_live: Literal["refuse", "ask"] = field(
        default="refuse",
        metadata={"doc": "With money, an entry whose edge is not measured is refused, or asked."},
    )

    def __post_init__(self) -> None:
        """Refuse counts below their meaning and words outside the lists."""
        require(
            self.max_entries_per_day >= 1, "max_entries_per_day", ">= 1", self.max_entries_per_day
        )
        for name in self.__slots__:
            if name.startswith("cooldown_"):
                require(getattr(self, name) >= 0, name, ">= 0", getattr(self, name))
        require(self.min_net_edge_bps >= 0.0, "min_net_edge_bps", ">= 0", self.min_net_edge_bps)
        _require_word("uncalibrated_paper", self.uncalibrated_paper, _PAPER)
        _require_word("uncalibrated_live", self.uncalibrated_live, _LIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPolicy:
    """When a person is asked, how many must agree, and how long a question stands."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    ask_above_quote: Decimal = field(
        default=Decimal(100),
        metadata={"doc": "Entries above this notional, in quote currency, are asked."},
    )
    ask_above_equity_fraction: float = field(
        default=0.01,
        metadata={"doc": "Entries above this share of equity are asked."},
    )
    quorum_above_quote: Decimal | None = field(
        default=None,
        metadata={"doc": "Entries above this notional need more than one person; off if absent."},
    )
    quorum: int = field(
        default=2,
        metadata={"doc": "How many people must agree where a quorum is needed."},
    )
    totp_above_quote: Decimal | None = field(
        default=None,
        metadata={"doc": "Entries above this notional need a one-time code; off if absent."},
    )
    expires_after_s: int = field(
        default=900,
        metadata={"doc": "Seconds after which an unanswered question has expired."},
    )
    max_drift_bps: float = field(
        default=50.0,
        metadata={"doc": "Price move since the question beyond which it is asked afresh."},
    )
    on_expiry: Literal["skip", "smaller", "limit"] = field(
        default="skip",
        metadata={
            "doc": "What becomes of an expired entry: nothing; at most half of it, no more than "
            "goes without asking; or a limit order at the price asked about, for one bar. What "
            "needs several people or a code is never bought by the clock."
        },
    )
    on_expiry_rules: dict[str, Literal["skip", "smaller", "limit"]] = field(
        default_factory=dict,
        hash=False,
        metadata={
            "doc": "The same for one market or one reason to ask; a market goes before a reason. "
            'For example {"BTC/USDT" = "limit", ask_above_equity = "smaller"}.'
        },
    )
    remind_before_s: int = field(
        default=180,
        metadata={"doc": "Seconds before its expiry at which a question is told again; 0 never."},
    )

    def __post_init__(self) -> None:
        """Refuse negative thresholds, a quorum of nobody and a question that cannot be answered."""
        for name in ("ask_above_quote", "quorum_above_quote", "totp_above_quote"):
            amount = getattr(self, name)
            require(amount is None or (amount.is_finite() and amount >= 0), name, ">= 0", amount)
        share = self.ask_above_equity_fraction
        require(0.0 <= share <= 1.0, "ask_above_equity_fraction", "0 to 1", share)
        require(self.quorum >= 1, "quorum", ">= 1", self.quorum)
        require(self.expires_after_s >= 1, "expires_after_s", ">= 1", self.expires_after_s)
        drift = self.max_drift_bps
        require(0.0 <= drift <= _MOST_DRIFT_BPS, "max_drift_bps", "0 to 1000", drift)
        require(self.remind_before_s >= 0, "remind_before_s", ">= 0", self.remind_before_s)
        _require_word("on_expiry", self.on_expiry, _ON_EXPIRY)
        for rule, word in self.on_expiry_rules.items():
            is_known = "/" in rule or rule in _REASONS
            require(is_known, "on_expiry_rules", f"markets or {', '.join(_REASONS)}", rule)
            _require_word("on_expiry_rules", word, _ON_EXPIRY)

    def expiry_of(self, symbol: str, reason: str) -> str:
        """What becomes of an expired entry in a market that was asked for a reason."""
        for rule in (symbol, reason):
            if rule in self.on_expiry_rules:
                return self.on_expiry_rules[rule]
        return self.on_expiry


def _require_word(name: str, value: str, words: tuple[str, ...]) -> None:
    require(value in words, name, " or ".join(words), value)
