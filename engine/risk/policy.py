"""Settings of sizing and limits: how much one trade may lose, and how much may be at work.

The defaults are for somebody who starts: half a percent of equity at risk per trade, a tenth of it
in one symbol, half of it at work, and a stop to the day after two percent.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from engine.domain.values import require

_METHODS = ("fixed_fraction", "kelly", "volatility_target")


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPolicy:
    """Sizing method, limits and drawdown rules; fractions are of equity unless named otherwise."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    sizing: Literal["fixed_fraction", "kelly", "volatility_target"] = field(
        default="fixed_fraction",
        metadata={"doc": "How the amount at risk is found: a fixed share, Kelly, or volatility."},
    )
    risk_fraction: float = field(
        default=0.005,
        metadata={"doc": "Share of equity lost if a trade by fixed fraction ends at its stop."},
    )
    max_risk_fraction: float = field(
        default=0.01,
        metadata={"doc": "Largest share of equity at risk in one trade, whatever the method."},
    )
    kelly_multiplier: float = field(
        default=0.25,
        metadata={"doc": "Share of the full Kelly bet that is taken."},
    )
    volatility_target_fraction: float = field(
        default=0.003,
        metadata={"doc": "Share of equity that one average true range moves, when targeted."},
    )
    max_symbol_fraction: float = field(
        default=0.10,
        metadata={"doc": "Largest share of equity in one symbol."},
    )
    max_exposure_fraction: float = field(
        default=0.50,
        metadata={"doc": "Largest share of equity in all positions together."},
    )
    max_open_positions: int = field(
        default=5,
        metadata={"doc": "Largest number of positions held or asked for at one time."},
    )
    max_cluster_fraction: float = field(
        default=0.30,
        metadata={"doc": "Largest share of equity in symbols that move together."},
    )
    max_bar_volume_fraction: float = field(
        default=0.01,
        metadata={"doc": "Largest share of the last bar's volume that one order may take."},
    )
    max_daily_loss_fraction: float = field(
        default=0.02,
        metadata={"doc": "Loss since 00:00 UTC beyond which no position is opened that day."},
    )
    max_drawdown_fraction: float = field(
        default=0.10,
        metadata={"doc": "Loss from the highest equity that stops entries until a person re-arms."},
    )

    def __post_init__(self) -> None:
        """Refuse fractions outside (0, 1], an unknown method and a desk that may hold nothing."""
        require(self.sizing in _METHODS, "sizing", " or ".join(_METHODS), self.sizing)
        for name in self.__slots__:
            if name.endswith(("_fraction", "_multiplier")):
                value = getattr(self, name)
                require(0.0 < value <= 1.0, name, "above 0, at most 1", value)
        require(self.max_open_positions >= 1, "max_open_positions", ">= 1", self.max_open_positions)
        require(
            self.risk_fraction <= self.max_risk_fraction,
            "risk_fraction",
            f"<= max_risk_fraction {self.max_risk_fraction}",
            self.risk_fraction,
        )
