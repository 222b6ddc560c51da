"""Markets whose edge is known, to try calibration on: a driftless walk, and a planted edge.

seed → prices without drift → bars; planted: the strategy's own high scores → a drift in the bars
that follow → bars again, until the scores of the finished bars are those the drift followed

Choices:
- Driftless means that the price, not its logarithm, is a martingale: no rule then has an edge
  before costs, whenever it leaves.
- Highs and lows are those of a continuous path (the extremes of Brownian bridges between a few
  points of the bar), so that a stop inside a bar really was touched at its price. With the extremes
  of the points alone every stop would fill above where the path went, an edge that is not there.
- The drift does not add up where high scores follow one another: it is on or off. It lasts
  ``hold_bars`` after a high score, each bar an equal share of ``edge_bps``. A trade that lasts
  longer earns no more of it, one that is stopped before earns less.
- Planting moves the prices and with them the scores. Later bars change no earlier ones, so the
  scores settle from the left; what has not after ``_ROUNDS`` is a few bars at the threshold.
"""

import numpy as np

from engine.costs.model import pack_costs
from engine.domain.market import MarketRules, Timeframe
from engine.domain.proof import Calibration
from engine.indicators.bars import Bars
from engine.kernel import Bools, Floats, Ints
from engine.proof.calibration.outcomes import expected_costs, follow
from engine.risk.sizing import pack_risk
from engine.strategy.crossing import pack_markets
from engine.strategy.edge import edge_columns
from engine.strategy.packing import pack_exits
from engine.strategy.policy import TradingPolicy
from engine.strategy.version import StrategyVersion, columns_of

_START_MS = 1_514_764_800_000  # 2018-01-01
_POINTS = 6
_ROUNDS = 8
_FIRST_PRICE = 100.0


def driftless(
    seed: int,
    count: int,
    *,
    timeframe: Timeframe = Timeframe.H1,
    sigma: float = 0.006,
    volume: float = 1_000_000.0,
    drift: Floats | None = None,
) -> Bars:
    """Return ``count`` bars of a walk whose log returns deviate by ``sigma`` per bar.

    ``drift`` is added per bar, as a log return. ``volume`` is the mean of a bar in quote currency.
    """
    chance = np.random.default_rng(seed)
    step = sigma / np.sqrt(_POINTS)
    moves = chance.normal(-(step**2) / 2.0, step, (count, _POINTS))
    depth = chance.random((2, count, _POINTS))
    shares = chance.lognormal(-0.125, 0.5, count)
    if drift is not None:
        moves += drift[:, None] / _POINTS
    path = np.cumsum(moves).reshape(count, _POINTS)
    before = np.concatenate(([0.0], path.ravel()[:-1])).reshape(count, _POINTS)
    reach = np.sqrt((path - before) ** 2 - 2.0 * step**2 * np.log(1.0 - depth))
    high = np.max((before + path + reach[0]) / 2.0, axis=1)
    low = np.min((before + path - reach[1]) / 2.0, axis=1)
    close = _FIRST_PRICE * np.exp(path[:, -1])
    return Bars(
        timeframe=timeframe,
        open_ms=_START_MS + timeframe.ms * np.arange(count, dtype=np.int64),
        open=_FIRST_PRICE * np.exp(before[:, 0]),
        high=_FIRST_PRICE * np.exp(high),
        low=_FIRST_PRICE * np.exp(low),
        close=close,
        volume=volume * shares / close,
    )


def planted(
    seed: int,
    count: int,
    strategy: StrategyVersion,
    *,
    edge_bps: float,
    from_score: float,
    hold_bars: int,
    sigma: float = 0.006,
    volume: float = 1_000_000.0,
) -> Bars:
    """Return a walk that drifts up by ``edge_bps`` in all in the ``hold_bars`` after a high score.

    High is a signed score of at least ``from_score``.
    """
    drift: Floats = np.zeros(count)
    for _ in range(_ROUNDS):
        bars = driftless(
            seed, count, timeframe=strategy.timeframe, sigma=sigma, volume=volume, drift=drift
        )
        scored = columns_of(strategy, bars)
        after = _following((scored.score >= from_score) & (scored.regime >= 0), hold_bars)
        wanted = np.where(after, edge_bps / 1e4 / hold_bars, 0.0)
        if np.array_equal(wanted, drift):
            break
        drift = wanted
    return bars


def passing(
    calibration: Calibration,
    strategy: StrategyVersion,
    bars: Bars,
    rules: MarketRules,
    policies: TradingPolicy,
    *,
    equity_quote: float,
) -> tuple[Bools, Bools]:
    """Tell per bar whether it passes the check of the net edge, and whether it is scored at all.

    A bar passes as in the desk's check: the lower bound after costs at its size reaches the owner's
    minimum. Nothing else is asked of it, not even the entry's threshold.
    """
    scored = columns_of(strategy, bars)
    terms = pack_markets([rules], policies.costs)[0]
    exits = pack_exits(strategy.exits)
    found = follow(bars, scored, terms, exits, max_drift_bps=policies.approval.max_drift_bps)
    cost_bps = expected_costs(
        found,
        scored,
        terms,
        pack_costs(policies.costs),
        pack_risk(policies.risk),
        equity_quote=equity_quote,
    )
    net = edge_columns(scored, calibration).edge_low_bps - cost_bps
    return net >= policies.automation.min_net_edge_bps, scored.regime >= 0


def _following(marked: Bools, count: int) -> Bools:
    """Mark the ``count`` bars after each marked one."""
    so_far: Ints = np.concatenate((np.zeros(count + 1, np.int64), np.cumsum(marked)))
    return np.asarray(so_far[count:-1] > so_far[: len(marked)])
