"""Settings of the cost model: what a round trip is expected to cost where the venue does not say.

The defaults are on the dear side of what large venues charge, so that a paper result does not
flatter.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from engine.domain.values import require


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPolicy:
    """Fees, spread and impact in basis points of notional, each way unless named otherwise."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    maker_fee_bps: float = field(
        default=10.0,
        metadata={"doc": "Fee of a resting order where the venue's market record gives none."},
    )
    taker_fee_bps: float = field(
        default=20.0,
        metadata={"doc": "Fee of a market order where the venue's market record gives none."},
    )
    half_spread_bps: float = field(
        default=5.0,
        metadata={"doc": "Half of the gap between bid and ask where the venue does not show it."},
    )
    impact_coefficient: float = field(
        default=1.0,
        metadata={"doc": "k of the square-root impact k * daily volatility * sqrt(size / ADV)."},
    )
    min_slippage_bps: float = field(
        default=1.0,
        metadata={"doc": "Slippage assumed each way however small the order."},
    )
    funding_bps: float = field(
        default=0.0,
        metadata={"doc": "Funding expected over one trade, for perpetuals; negative is received."},
    )
    transfer_bps: float = field(
        default=0.0,
        metadata={"doc": "Cost of moving the money, for routes that need a transfer."},
    )
    max_cost_bps: float = field(
        default=150.0,
        metadata={"doc": "Round-trip cost above which an entry is refused."},
    )

    def __post_init__(self) -> None:
        """Refuse negative costs (funding and a maker rebate may be negative) and odd sizes."""
        for name in self.__slots__:
            value = getattr(self, name)
            least = -1000.0 if name in {"funding_bps", "maker_fee_bps"} else 0.0
            require(least <= value <= 10_000.0, name, f"{least:g} to 10000", value)  # noqa: PLR2004 (100 %)
