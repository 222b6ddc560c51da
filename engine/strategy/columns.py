"""Bars → everything the decision reads about them, as columns: the one scoring path.

rules → side and strength → weights → net, score, agreement, rank; beside them ATR, regime, daily
volatility and volume. The live desk scores its window, the backtest its whole series, by this
same function. Sentences, domain values and exact contributions are made for single bars on demand.

- Causal: bar ``i`` depends on bars ``0..i`` only.
- A bar is scored once every rule and market column has its value; before, all is 0 and the regime
  −1 (``warmup_bars`` of them).
- ``WINDOW_BARS`` is how many bars a live window needs so that its last bar equals that of the whole
  series to 1e-9. The longest memory is MACD's: 33 bars until it exists, 270 and 93 until its
  averages have forgotten their seeds to 1e-9, 5 for a fresh cross, 401 in all. A seed taken in a
  crash may be a thousand times today's value, so 1e-12 is wanted: 33 + 360 + 124 + 5 = 522, and
  600 with room.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from engine.domain.market import Timeframe
from engine.domain.signals import Contribution, Score, Signal
from engine.domain.values import require
from engine.indicators.bars import Bars, Floats, Ints
from engine.strategy.columns_market import LOOKBACK_BARS, REGIMES, market_columns
from engine.strategy.reference import ScoreReference
from engine.strategy.rules import shipped_rules
from engine.strategy.score import Scored, contributions, largest_remainder, score_bars
from engine.strategy.signals import Judged, Rule, Sides, Values
from engine.strategy.weights import WeightSet

WINDOW_BARS = 600
_PLACES = Decimal("0.000001")


class ScoreColumns(NamedTuple):
    """Columns of one symbol and timeframe; ``k`` signals, ``n`` bars.

    ``codes`` [k] names the rows of ``side`` and ``strength`` [k, n] and of ``weights`` [4, k] (by
    regime). ``net``, ``score`` (signed, −100 to 100), ``agreement``, ``rank`` (fractions) are 0
    while warming up. ``atr`` and ``adv_quote`` are in quote currency, ``sigma_day`` is a fraction,
    ``regime`` an index into ``REGIMES`` or −1. ``rank_n`` is how many bars the rank compares with,
    ``scale`` is s. ``values`` holds the rules' columns if they were asked for.
    """

    timeframe: Timeframe
    close_ms: Ints
    codes: tuple[str, ...]
    side: Sides
    strength: Floats
    net: Floats
    score: Floats
    rank: Floats
    agreement: Floats
    atr: Floats
    regime: Sides
    sigma_day: Floats
    adv_quote: Floats
    weights: Floats
    scale: float
    rank_n: int
    warmup_bars: int
    values: Mapping[str, Values]


def columns(
    bars: Bars,
    weights: WeightSet,
    reference: ScoreReference,
    *,
    rules: Sequence[Rule] | None = None,
    higher: Sequence[ScoreColumns] = (),
    keep_values: bool = False,
) -> ScoreColumns:
    """Score every bar.

    ``higher`` are the columns of longer timeframes of the same symbol; each becomes one more
    signal, named after its timeframe. ``keep_values`` keeps what ``signals_at`` needs for its
    sentences.
    """
    used = shipped_rules() if rules is None else rules
    codes = (*(rule.code for rule in used), *(str(h.timeframe) for h in higher))
    table, frame = weights.table(codes), reference.of(bars.timeframe)
    market = market_columns(bars)
    side, strength, values = _signals(bars, used, higher, keep_values=keep_values)
    warmup = min(max(LOOKBACK_BARS, *(rule.warmup_bars for rule in used)), len(bars))
    market.regime[:warmup] = -1
    grid = (np.array(frame.net), np.array(frame.fractions))
    scored = Scored(*score_bars(side, strength, market.regime, table, frame.scale, *grid))
    return ScoreColumns(
        timeframe=bars.timeframe,
        close_ms=bars.close_ms,
        codes=codes,
        side=side,
        strength=strength,
        **scored._asdict(),
        **market._asdict(),
        weights=table,
        scale=frame.scale,
        rank_n=frame.n,
        warmup_bars=warmup,
        values=values,
    )


def _signals(
    bars: Bars, rules: Sequence[Rule], higher: Sequence[ScoreColumns], *, keep_values: bool
) -> tuple[Sides, Floats, dict[str, Values]]:
    shape = (len(rules) + len(higher), len(bars))
    side, strength = np.empty(shape, np.int8), np.empty(shape)
    kept: dict[str, Values] = {}
    for row, rule in enumerate(rules):
        values = rule.values(bars)
        side[row], strength[row] = rule.judge(bars, values)
        if keep_values:
            kept[rule.code] = values
    for row, longer in enumerate(higher, start=len(rules)):
        side[row], strength[row] = join_higher(bars.close_ms, longer)
    return side, strength, kept


def join_higher(close_ms: Ints, higher: ScoreColumns) -> Judged:
    """A longer timeframe as one signal of a shorter one: the sign and size of its score.

    Each bar sees the last longer bar that had closed when it closed itself (same instant included);
    neutral before the first.
    """
    index = np.searchsorted(higher.close_ms, close_ms, side="right") - 1
    seen = np.where(index >= 0, higher.score[index], 0.0) if higher.score.size else index * 0.0
    return Judged(np.sign(seen).astype(np.int8), np.abs(seen))


def signals_at(
    scored: ScoreColumns, index: int, rules: Sequence[Rule] | None = None
) -> tuple[Signal, ...]:
    """Return the signals of one bar with values and sentence; needs ``keep_values``."""
    used = shipped_rules() if rules is None else rules
    own = [_signal(scored, index, row, rule) for row, rule in enumerate(used)]
    joined = [_joined(scored, index, row) for row in range(len(used), len(scored.codes))]
    return (*own, *joined)


def _signal(scored: ScoreColumns, index: int, row: int, rule: Rule) -> Signal:
    require(rule.code in scored.values, "columns", "computed with keep_values", rule.code)
    bar = {name: float(column[index]) for name, column in scored.values[rule.code].items()}
    known = {name: value for name, value in bar.items() if value == value}  # noqa: PLR0124 - not NaN
    side = int(scored.side[row, index])
    warm = len(known) == len(bar)
    return Signal(
        code=rule.code,
        side=side,
        strength=float(scored.strength[row, index]),
        values=tuple(known.items()),
        reason=rule.reason(side, bar) if warm else f"{rule.code} has too few bars yet.",
    )


def _joined(scored: ScoreColumns, index: int, row: int) -> Signal:
    side, strength = int(scored.side[row, index]), float(scored.strength[row, index])
    points = side * strength
    reason = f"The score of the last closed {scored.codes[row]} bar is {points:+.1f}."
    return Signal(
        code=scored.codes[row],
        side=side,
        strength=strength,
        values=(("score", points),),
        reason=reason,
    )


def contributions_exact(scored: ScoreColumns, index: int) -> tuple[Decimal, ...]:
    """Points of every signal on one bar, in hundredths, summing exactly to ``signed_score``."""
    if scored.regime[index] < 0:
        return (Decimal("0.00"),) * len(scored.codes)
    weights = scored.weights[scored.regime[index]]
    row = (scored.side[:, index], scored.strength[:, index])
    points = contributions(*row, weights, scored.scale)
    return largest_remainder(points.tolist(), float(scored.score[index]))


def score_at(scored: ScoreColumns, index: int, *, threshold_rank_fraction: Decimal) -> Score:
    """Return the score of one bar as the domain keeps it; not for bars that warm up."""
    require(scored.regime[index] >= 0, "bar", "past the warm-up", index)
    regime = int(scored.regime[index])
    points = contributions_exact(scored, index)
    parts = tuple(
        Contribution(code=code, weight=_exact(weight), points=part)
        for code, weight, part in zip(scored.codes, scored.weights[regime], points, strict=True)
    )
    return Score(
        signed=sum(points, Decimal("0.00")),
        contributions=parts,
        agreement_fraction=_exact(scored.agreement[index]),
        rank_fraction=_exact(scored.rank[index]),
        rank_n=scored.rank_n,
        regime=REGIMES[regime],
        threshold_rank_fraction=threshold_rank_fraction,
    )


def _exact(value: float) -> Decimal:
    return Decimal(float(value)).quantize(_PLACES)
