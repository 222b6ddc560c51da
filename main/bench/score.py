"""The shipped score strategy as the benchmark plays it: candles in, decisions and trades out.

columns of eight indicators → score, rank, agreement → each signal's points of every bar → replay
under the default limits, costs, sizing and order book. The strategy is taken on one-minute candles,
which it is not made for: the work per bar is the same on every timeframe.
"""

from decimal import Decimal

import numpy as np

from engine.backtest.feed import SymbolFeed, merge
from engine.backtest.replay import replay
from engine.backtest.state import State
from engine.domain.market import MarketRules, Symbol, Timeframe
from engine.fills.book import pack_fills
from engine.fills.policy import FillPolicy
from engine.indicators.bars import Bars
from engine.kernel import Floats, compiled
from engine.strategy.columns import ScoreColumns
from engine.strategy.crossing import pack_markets
from engine.strategy.packing import pack_policy
from engine.strategy.policy import TradingPolicy
from engine.strategy.shipped import score_strategy
from engine.strategy.signals import Sides
from engine.strategy.version import StrategyVersion, columns_of

_QUOTE = "USDT"
_START_QUOTE = 10_000.0
_LOT = Decimal("0.0001")


def play_score(bars: Bars, symbols: int = 1) -> State:
    """Play the strategy; more ``symbols`` are as many markets with the same candles, each scored.

    The points of every signal and bar are made, as a card would show them, and let go.
    """
    strategy = score_strategy().altered(timeframe=Timeframe.M1)
    names, feed = merge({_name(number): _feed(bars, strategy) for number in range(symbols)})
    policies = strategy.govern(TradingPolicy())
    return replay(
        feed,
        pack_markets([_rules(Symbol.parse(name)) for name in names], policies.costs),
        bar_ms=bars.timeframe.ms,
        policy=pack_policy(policies, timeframe_ms=bars.timeframe.ms, venue_is_live=False),
        fills=pack_fills(FillPolicy()),
        cash_quote=_START_QUOTE,
    )


def contributions_of(scored: ScoreColumns) -> Floats:
    """Signed points [signal, bar], which sum to the score; 0 while warming up."""
    return _points(
        scored.side, scored.strength, scored.regime, scored.weights, scored.net, scored.scale
    )


@compiled
def _points(
    side: Sides, strength: Floats, regime: Sides, weights: Floats, net: Floats, scale: float
) -> Floats:
    signals, bars = side.shape
    points = np.zeros((signals, bars))
    for j in range(signals):
        for i in range(bars):
            if side[j, i] != 0 and regime[i] >= 0:
                share = 100.0 / max(scale, abs(net[i]))
                points[j, i] = weights[regime[i], j] * side[j, i] * strength[j, i] * share
    return points


def _feed(bars: Bars, strategy: StrategyVersion) -> SymbolFeed:
    scored = columns_of(strategy, bars)
    contributions_of(scored)
    return SymbolFeed(
        open_ms=bars.open_ms,
        open=bars.open,
        high=bars.high,
        low=bars.low,
        close=bars.close,
        volume=bars.volume,
        score=scored.score,
        rank=scored.rank,
        atr=scored.atr,
        regime=scored.regime,
        sigma_day=scored.sigma_day,
        adv_quote=scored.adv_quote,
    )


def _name(number: int) -> str:
    return f"B{number:03}/{_QUOTE}"


def _rules(symbol: Symbol) -> MarketRules:
    return MarketRules(
        symbol=symbol,
        tick_size=Decimal("0.0001"),
        lot_size=_LOT,
        min_quantity=_LOT,
        min_notional_quote=Decimal(5),
    )
