"""What calibration learns from: every scored bar with the outcome of the trade that followed.

bars → columns → ``follow`` in the direction of the score → costs at the owner's size →
``Observations``

- The last bars before the end are left out as long as nearly all trades need to end (the 99 %
  quantile of their duration). Of the trades begun there only the short ones have ended, and those
  are mostly losers: to keep them would bend every estimate.
- A bar whose cost cannot be priced is left out: the desk refuses it too.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from engine.costs.model import pack_costs
from engine.domain.market import CandleSeries, MarketRules, Symbol
from engine.indicators.bars import Bars
from engine.kernel import Bools, Floats, Ints
from engine.proof.calibration.outcomes import Outcomes, expected_costs, follow
from engine.risk.sizing import pack_risk
from engine.strategy.book import Terms
from engine.strategy.columns import ScoreColumns
from engine.strategy.crossing import pack_markets
from engine.strategy.packing import pack_exits
from engine.strategy.policy import TradingPolicy
from engine.strategy.version import StrategyVersion, columns_of, exit_flags

_LONGEST = 0.99


class Observations(NamedTuple):
    """One element per scored bar whose trade has ended; symbols one after another, oldest first.

    ``symbol`` numbers the series. ``score`` is signed; the outcome is that of a trade in its
    direction. ``decided_ms`` is the bar's close, ``left_ms`` the close of the bar in which the
    trade ended. ``bps`` is before costs, ``net_r`` after ``cost_bps`` and in units of the initial
    risk.
    """

    symbol: Ints
    decided_ms: Ints
    left_ms: Ints
    score: Floats
    regime: Ints
    bps: Floats
    net_r: Floats
    cost_bps: Floats

    def where(self, mask: Bools | Ints) -> "Observations":
        """Return the chosen elements."""
        return Observations._make(column[mask] for column in self)


def observe(
    strategy: StrategyVersion,
    bars: Bars,
    rules: MarketRules,
    policies: TradingPolicy,
    *,
    equity_quote: float,
    symbol: int = 0,
) -> Observations:
    """Return what one series shows; ``equity_quote`` is what costs are sized for."""
    scored = columns_of(strategy, bars)
    terms = pack_markets([rules], policies.costs)[0]
    flags = exit_flags(strategy, bars)
    sides = [
        _side(bars, scored, terms, strategy, policies, direction, flags, equity_quote)
        for direction in (1, -1)
    ]
    found = join(sides)
    order = np.argsort(found.decided_ms, kind="stable")
    return found.where(order)._replace(symbol=np.full(order.size, symbol, np.int64))


def observe_all(
    strategy: StrategyVersion,
    histories: Mapping[Symbol, CandleSeries],
    rules: Mapping[Symbol, MarketRules],
    policies: TradingPolicy,
    *,
    equity_quote: float,
) -> Observations:
    """Return what all series show, sorted by symbol; a series too short to score shows nothing."""
    parts = [
        observe(
            strategy,
            Bars.of(histories[symbol], strategy.timeframe),
            rules[symbol],
            policies,
            equity_quote=equity_quote,
            symbol=number,
        )
        for number, symbol in enumerate(sorted(histories, key=str))
    ]
    return join(parts)


def join(parts: Sequence[Observations]) -> Observations:
    """Return the elements of all parts, one part after another."""
    return Observations._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


def _side(
    bars: Bars,
    scored: ScoreColumns,
    terms: Terms,
    strategy: StrategyVersion,
    policies: TradingPolicy,
    direction: int,
    flags: Bools | None,
    equity_quote: float,
) -> Observations:
    """The bars whose score has one sign, with the outcomes of that direction."""
    found = follow(
        bars,
        scored,
        terms,
        pack_exits(strategy.exits),
        direction=direction,
        exit_flag=flags,
        max_drift_bps=policies.approval.max_drift_bps,
    )
    cost_bps = expected_costs(
        found,
        scored,
        terms,
        pack_costs(policies.costs),
        pack_risk(policies.risk),
        equity_quote=equity_quote,
    )
    known = direction * scored.score > 0.0
    known &= ~np.isnan(found.bps) & ~np.isnan(cost_bps)
    known &= np.arange(len(bars)) < len(bars) - _longest(found)
    close_ms = bars.close_ms
    return Observations(
        symbol=np.zeros(int(known.sum()), np.int64),
        decided_ms=close_ms[known],
        left_ms=close_ms[found.left[known]],
        score=scored.score[known],
        regime=scored.regime[known].astype(np.int64),
        bps=found.bps[known],
        net_r=((found.bps - cost_bps) / found.risk_bps)[known],
        cost_bps=cost_bps[known],
    )


def _longest(found: Outcomes) -> int:
    """How many bars nearly every trade has ended in."""
    ended = np.flatnonzero(found.left >= 0)
    if ended.size == 0:
        return 0
    return int(np.quantile(found.left[ended] - ended, _LONGEST))
