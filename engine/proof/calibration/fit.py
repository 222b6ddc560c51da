"""Calibration: what the scores of a strategy were worth, by whichever method promises better.

observations → folds in the order of time → both methods promise what they have not seen → the
better one is fitted to everything → ``Calibration``, and the table of promises and outcomes

Choices:
- Nothing is shuffled. A fold learns from trades that had ended long enough before its test began
  (purged and embargoed, see ``folds``), as a desk would have.
- Better means the smaller squared error of the mean outcome, over all test bars. Bins on a tie.
- The final curves use every observation; the reliability table only promises made in advance. The
  scores themselves must not have been trained on these bars, or all of it is flattery: calibrate on
  what came after a strategy was chosen.
- The version's name carries a digest of its content: the same fit has the same name.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np

from engine.domain.errors import DataError
from engine.domain.market import CandleSeries, MarketRules, Symbol
from engine.domain.proof import Calibration
from engine.domain.reliability import Reliability, ReliabilityRow
from engine.domain.values import from_ms, to_ms
from engine.kernel import Floats
from engine.proof.calibration.cells import Cells, block_ms, measure, wilson
from engine.proof.calibration.curves import METHODS, curves_of, folds
from engine.proof.calibration.observations import Observations, join, observe_all
from engine.strategy.edge import EdgeColumns, look_up
from engine.strategy.policy import TradingPolicy
from engine.strategy.version import StrategyVersion, digest_of

_FOLDS = 5
_LONG, _SHORT = 1, -1
_ROW_POINTS = 10.0
_ROWS = 10
_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A calibration that nobody uses yet, and how its method kept its promises."""

    calibration: Calibration
    reliability: Reliability


def calibrate(
    strategy: StrategyVersion,
    histories: Mapping[Symbol, CandleSeries],
    rules: Mapping[Symbol, MarketRules],
    policies: TradingPolicy,
    *,
    equity_quote: float,
    made_at: datetime,
    since: datetime | None = None,
) -> Fitted:
    """Observe stored candles and fit them; ``DataError`` where too little has happened in them.

    What closed before ``since`` only warms the indicators.
    """
    seen = observe_all(strategy, histories, rules, policies, equity_quote=equity_quote)
    if since is not None:
        seen = seen.where(seen.decided_ms > to_ms(since))
    return fit(seen, strategy, made_at=made_at)


def fit(seen: Observations, strategy: StrategyVersion, *, made_at: datetime) -> Fitted:
    """Choose the method, fit it to everything, and tell how its promises were kept.

    ``DataError`` where there is no outcome, or all of them lie within a few blocks of time.
    """
    strategy_version, timeframe = strategy.version, strategy.timeframe
    promised = {method: _promises(seen, method) for method in METHODS}
    skill = {method: _skill(*promise) for method, promise in promised.items()}
    method = max(METHODS, key=lambda name: (skill[name], name == METHODS[0]))
    curves = tuple(c for side in (_LONG, _SHORT) for c in curves_of(seen, side, method))
    if not curves:
        raise DataError(
            f"{strategy_version} on {timeframe}: {len(seen.bps)} outcomes are too few to calibrate "
            "with; import more candles: cryptotrader data import FOLDER"
        )
    begin, end = from_ms(int(seen.decided_ms.min())), from_ms(int(seen.left_ms.max()))
    content = {
        "curves": [asdict(curve) for curve in curves],
        "from": begin,
        "to": end,
        "fingerprint": strategy.fingerprint,
    }
    name = f"{strategy_version}/{timeframe}/{digest_of(content)[:_DIGITS]}"
    told = ", ".join(f"{known} {skill[known]:+.4%}" for known in METHODS)
    return Fitted(
        calibration=Calibration(
            version=name,
            strategy_version=strategy_version,
            fingerprint=strategy.fingerprint,
            timeframe=timeframe,
            method=method,
            made_at=made_at,
            data_from=begin,
            data_to=end,
            curves=curves,
            note=f"{len(np.unique(seen.symbol))} symbols; out of sample better than none: {told}",
        ),
        reliability=Reliability(
            strategy_version=strategy_version,
            timeframe=timeframe,
            method=method,
            data_from=begin,
            data_to=end,
            cost_bps=float(np.mean(seen.cost_bps)),
            skill=tuple(skill.items()),
            rows=_rows(*promised[method]),
        ),
    )


def _promises(seen: Observations, method: str) -> tuple[Observations, EdgeColumns]:
    """Return the long test bars of all folds and what was promised of each before it came."""
    long = seen.where(seen.score > 0.0)
    tested, promises = [long.where(np.zeros(len(long.bps), np.bool_))], [_none(0)]
    for known, unseen in folds(long, _FOLDS):
        curves = curves_of(known, _LONG, method)
        tested.append(unseen)
        regime = unseen.regime.astype(np.int8)
        promises.append(look_up(unseen.score, regime, curves, method))
    return join(tested), EdgeColumns(*(np.concatenate(c) for c in zip(*promises, strict=True)))


def _none(count: int) -> EdgeColumns:
    return EdgeColumns(*(np.full(count, np.nan) for _ in EdgeColumns._fields))


def _skill(tested: Observations, promised: EdgeColumns) -> float:
    """1 − squared error ÷ squared error of promising nothing; a missing promise promises 0."""
    nothing = float(np.sum(tested.bps**2))
    if nothing == 0.0:
        return 0.0
    error = float(np.sum((tested.bps - np.nan_to_num(promised.edge_bps)) ** 2))
    return 1.0 - error / nothing


def _rows(tested: Observations, promised: EdgeColumns) -> tuple[ReliabilityRow, ...]:
    """The table of promises and outcomes per ten points of score."""
    known = ~np.isnan(promised.edge_bps)
    tested = tested.where(known)
    promised = EdgeColumns(*(column[known] for column in promised))
    if len(tested.bps) == 0:
        return ()
    bucket = np.minimum((tested.score / _ROW_POINTS).astype(np.int64), _ROWS - 1)
    order = np.lexsort((tested.decided_ms, tested.symbol))
    cells = measure(tested.where(order), bucket[order], _ROWS, length_ms=block_ms(tested))
    size = np.bincount(bucket, minlength=_ROWS)
    edge = np.bincount(bucket, promised.edge_bps, _ROWS) / np.maximum(size, 1)
    win = np.bincount(bucket, promised.win_probability, _ROWS) / np.maximum(size, 1)
    return tuple(
        _row(k, cells, float(edge[k]), float(win[k]), int(size[k]))
        for k in range(_ROWS)
        if cells.n[k] >= 1.0
    )


def _row(k: int, cells: Cells, edge_bps: float, win: float, bars: int) -> ReliabilityRow:
    mean, won = float(cells.mean[k]), float(cells.won[k])
    half = float(cells.margin[k] * np.sqrt(cells.variance[k]))
    one: list[Floats] = [np.array([v]) for v in (won, cells.n[k], cells.margin[k])]
    low, high = wilson(*one)
    return ReliabilityRow(
        score_from=k * _ROW_POINTS,
        score_to=(k + 1) * _ROW_POINTS,
        promised_bps=edge_bps,
        realised_bps=mean,
        low_bps=mean - half,
        high_bps=mean + half,
        promised_win=win,
        won=won,
        won_low=min(won, float(low[0])),
        won_high=max(won, float(high[0])),
        bars=bars,
        n=int(cells.n[k]),
    )
