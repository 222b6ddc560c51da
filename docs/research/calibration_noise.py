"""Does calibration find what is there, and nothing where nothing is? Markets with a known edge.

    python docs/research/calibration_noise.py

Each run makes 1h walks, calibrates the score strategy on the first two thirds and counts which bars
of the last third pass the check of the net edge (lower 95 % bound after costs at least 5 bps, the
default). The share is of **all later bars that are scored**, those that speak for a sale included.

- Noise: the price is a martingale. At most 0.1 % may pass.
- Planted: for 16 bars, the length of a trade, after every score of 50 and more, which a tenth of
  all bars have, the price drifts up. A new high score prolongs the drift, so the drift is chosen
  such that the trades after high scores earn about 60 bps. At least 5 % must pass.

What 60 bps are depends on costs. Before default costs (20 bps of fee and 5 of half spread each
way, 54 with slippage) they leave about as much as the check demands, so that hardly any number of
trades can prove them: that run is printed, and nothing is expected of it. Expected is that 60 bps
beyond default costs pass, and 60 bps before the costs of a large venue (fee 10, half spread 1; 26
in all).
"""  # noqa: INP001 - a script to run, not to import

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from engine.domain.market import MarketRules, Symbol
from engine.indicators.bars import Bars
from engine.proof.calibration.fit import fit
from engine.proof.calibration.known_edge import driftless, passing, planted
from engine.proof.calibration.observations import join, observe
from engine.strategy.policy import TradingPolicy
from engine.strategy.shipped import score_strategy

_SCORE = score_strategy()
_POLICIES = TradingPolicy()
_EQUITY = 10_000.0
_FROM_SCORE, _HOLD = 50.0, 16
_EARNS_60, _EARNS_114 = 52.0, 83.0
_MADE_AT = datetime(2024, 1, 1, tzinfo=UTC)


def rules(number: int, fee_bps: str | None, half_spread_bps: str | None) -> MarketRules:
    """A market with its own fee and spread, or with those of the settings."""
    return MarketRules(
        symbol=Symbol(f"S{number:02}", "USDT"),
        tick_size=Decimal("0.001"),
        lot_size=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        min_notional_quote=Decimal(5),
        maker_fee_bps=Decimal(fee_bps) if fee_bps else None,
        taker_fee_bps=Decimal(fee_bps) if fee_bps else None,
        half_spread_bps=Decimal(half_spread_bps) if half_spread_bps else None,
    )


def run(
    name: str, markets: Iterable[Bars], fee_bps: str | None = None, spread: str | None = None
) -> float:
    """Calibrate on the first two thirds, print and return the share of the last that passes."""
    bars = list(markets)
    split = 2 * len(bars[0]) // 3
    terms = [rules(number, fee_bps, spread) for number in range(len(bars))]
    seen = join(
        [
            observe(_SCORE, one.between(0, split), term, _POLICIES, equity_quote=_EQUITY, symbol=k)
            for k, (one, term) in enumerate(zip(bars, terms, strict=True))
        ]
    )
    made = fit(seen, _SCORE, made_at=_MADE_AT).calibration
    judged = [
        passing(made, _SCORE, one, term, _POLICIES, equity_quote=_EQUITY)
        for one, term in zip(bars, terms, strict=True)
    ]
    passed = sum(int(ok[split:].sum()) for ok, _ in judged)
    later = sum(int(scored[split:].sum()) for _, scored in judged)
    high = seen.score >= _FROM_SCORE
    print(  # noqa: T201 - the product of this script
        f"{name:44} {len(bars):3} x {len(bars[0]):6,}  cost {seen.cost_bps.mean():5.1f}  "
        f"edge of high scores {seen.bps[high].mean():+6.1f}  {made.method:9} "
        f"passed {passed:7,} of {later:8,} = {passed / later:8.4%}"
    )
    return passed / later


def walks(first: int, symbols: int, count: int) -> list[Bars]:
    """Driftless markets."""
    return [driftless(first + number, count) for number in range(symbols)]


def drifting(first: int, symbols: int, count: int, drift_bps: float) -> list[Bars]:
    """Markets that drift up by so much in the bars after a high score."""
    return [
        planted(
            first + number,
            count,
            _SCORE,
            edge_bps=drift_bps,
            from_score=_FROM_SCORE,
            hold_bars=_HOLD,
        )
        for number in range(symbols)
    ]


def main() -> None:
    """Run everything and say whether it is as it must be."""
    noise = [run(f"noise, seed {k}", walks(100 * k, 8, 35_000)) for k in range(1, 6)]
    noise += [run(f"noise, one symbol, seed {k}", walks(100 * k, 1, 12_000)) for k in range(6, 16)]
    noise += [
        run(f"noise, fee 10, seed {k}", walks(100 * k, 8, 35_000), "10", "1") for k in range(16, 19)
    ]
    edge = [
        run("60 beyond default costs", drifting(5_000, 8, 35_000, _EARNS_114)),
        run("60 before the costs of fee 10", drifting(6_000, 8, 35_000, _EARNS_60), "10", "1"),
    ]
    run("60 before default costs", drifting(7_000, 16, 35_000, _EARNS_60))
    run("60 beyond default costs, one symbol", drifting(8_000, 1, 35_000, _EARNS_114))
    run(
        "60 before the costs of fee 10, one symbol",
        drifting(9_000, 1, 35_000, _EARNS_60),
        "10",
        "1",
    )
    print(f"noise: mean {np.mean(noise):.4%}, worst {max(noise):.4%}; at most 0.1 %")  # noqa: T201
    print(f"planted: {edge[0]:.2%} and {edge[1]:.2%}; at least 5 %")  # noqa: T201


if __name__ == "__main__":
    main()
