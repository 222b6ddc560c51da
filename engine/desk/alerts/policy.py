"""What an owner may set about alerts. ``config`` nests it by import."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from engine.domain.alert_measures import Unit
from engine.domain.values import require

_LEAST_SHARE = Decimal("0.001")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPolicy:
    """How often is looked, how far a value must go back, how often it may be told."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    poll_every_s: float = field(
        default=10.0,
        metadata={"doc": "Seconds between looks at prices; closed bars are looked at as often."},
    )
    stale_after_s: float = field(
        default=60.0,
        metadata={"doc": "Seconds after which a price is too old for an alert."},
    )
    prices_per_look: int = field(
        default=25,
        metadata={"doc": "Markets whose price is asked for in one look; more take turns."},
    )
    cooldown_s: float = field(
        default=900.0,
        metadata={"doc": "Seconds an alert is silent about a market after it has told of it."},
    )
    rearm_price_fraction: float = field(
        default=0.002,
        metadata={"doc": "How far a price must go back behind its line before it is told again."},
    )
    rearm_points: float = field(
        default=2.0,
        metadata={"doc": "The same for RSI, stochastic and score, in points."},
    )
    rearm_line_fraction: float = field(
        default=0.1,
        metadata={
            "doc": "The same for volume, change, drawdown and distance to the stop, as a share of "
            "the line; for MACD and ATR as a share of the average true range."
        },
    )
    most_per_person: int = field(
        default=100,
        metadata={"doc": "Alerts a person may have at a time."},
    )

    def __post_init__(self) -> None:
        """A pause between looks, and a band that is one."""
        for name in ("poll_every_s", "stale_after_s", "rearm_price_fraction", "rearm_points"):
            require(getattr(self, name) > 0, name, "> 0", getattr(self, name))
        for name in ("prices_per_look", "most_per_person"):
            require(getattr(self, name) >= 1, name, ">= 1", getattr(self, name))
        require(self.cooldown_s >= 0, "cooldown_s", ">= 0", self.cooldown_s)
        share = self.rearm_line_fraction
        require(0 < share < 1, "rearm_line_fraction", "above 0 and below 1", share)
        price = self.rearm_price_fraction
        require(price < 1, "rearm_price_fraction", "below 1", price)

    def band(self, unit: Unit, line: Decimal, range_quote: Decimal) -> Decimal:
        """How far a value must go back; ``range_quote`` is the average true range, if any.

        A share counts at least a tenth of a percentage point, so that a line at 0 % has a band.
        """
        share = Decimal(repr(self.rearm_line_fraction))
        if unit is Unit.PRICE:
            return abs(line) * Decimal(repr(self.rearm_price_fraction))
        if unit is Unit.POINTS:
            return Decimal(repr(self.rearm_points))
        if unit is Unit.QUOTE:
            return range_quote * share
        least = _LEAST_SHARE if unit is Unit.SHARE else Decimal(0)
        return max(abs(line) * share, least)
