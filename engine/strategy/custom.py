"""A person's own strategy: functions from bars to columns, and an exit plan that is data.

    def above_average(bars):                      # candles in …
        side = np.where(bars.close > mean(bars.close, 50), 1, -1)
        return side, np.full(len(bars), 100.0)    # … side −1, 0, +1 and strength 0–100 out

    STRATEGY = custom(name="average", timeframe="1d", signals={"AVG": above_average}, …)

The file takes part in the desk like the shipped strategies: scored, sized, checked, asked about,
backtested and proved by the same functions. What a function returns is checked at every call.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.domain.errors import InvalidValueError
from engine.domain.market import Timeframe
from engine.indicators.bars import Bars
from engine.strategy.columns import WINDOW_BARS
from engine.strategy.policy import EntryPolicy, ExitPolicy
from engine.strategy.reference import FrameReference, ScoreReference
from engine.strategy.signals import Judged, Rule, Values
from engine.strategy.version import ExitRule, StrategyVersion
from engine.strategy.weights import WeightSet

type SignalFunction = Callable[[Bars], tuple[ArrayLike, ArrayLike]]
"""Bars → side and strength of every bar; causal: bar ``i`` may use bars ``0..i`` only."""

_FULL = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRule:
    """One signal function as a rule; neutral for the first ``warmup_bars`` bars."""

    code: str
    function: SignalFunction = field(repr=False)
    warmup_bars: int = 0
    memory_bars: int = 0

    def values(self, bars: Bars) -> Values:
        """``points``: side times strength, NaN while warming up."""
        side, strength = (np.asarray(column) for column in self.function(bars))
        self._check(side, strength, len(bars))
        points = side.astype(np.float64) * strength.astype(np.float64)
        points[: self.warmup_bars] = np.nan
        return {"points": points}

    def judge(self, bars: Bars, values: Values) -> Judged:  # noqa: ARG002 - as every rule
        """Side and strength."""
        points = np.nan_to_num(values["points"])
        return Judged(np.sign(points).astype(np.int8), np.abs(points))

    def reason(self, side: int, bar: Mapping[str, float]) -> str:
        """Tell what the function said."""
        word = {1: "buy", -1: "sell"}.get(side, "nothing")
        return f"{self.code} says {word}, strength {abs(bar['points']):.0f}."

    def _check(self, side: NDArray[Any], strength: NDArray[Any], length: int) -> None:
        for what, column in (("side", side), ("strength", strength)):
            if column.shape != (length,):
                raise InvalidValueError(f"{what} of {self.code}", f"{length} bars", column.shape)
        if not np.isin(side, (-1, 0, 1)).all():
            raise InvalidValueError(f"side of {self.code}", "-1, 0 or 1", side[:5])
        if not ((strength >= 0) & (strength <= _FULL)).all():
            worst = strength[~((strength >= 0) & (strength <= _FULL))][:1]
            raise InvalidValueError(f"strength of {self.code}", "0 to 100", worst)


def custom(
    *,
    name: str,
    timeframe: str,
    signals: Mapping[str, SignalFunction | Rule],
    exits: ExitPolicy,
    entry: EntryPolicy | None = None,
    weights: Mapping[str, float] | None = None,
    leave: ExitRule | None = None,
    warmup_bars: int = 0,
    window_bars: int = WINDOW_BARS,
) -> StrategyVersion:
    """Put a strategy together; ``InvalidValueError`` says what does not fit.

    ``signals`` maps codes to functions (or shipped rules); without ``weights`` they count equally.
    The score is the weighted mean of side times strength, −100 to 100. ``leave`` marks bars after
    whose close a position is sold. ``warmup_bars`` are neutral; ``window_bars`` is how many bars a
    live desk hands over, so nothing may depend on more.
    """
    rules = tuple(
        signal
        if isinstance(signal, Rule)
        else FunctionRule(code=code, function=signal, warmup_bars=warmup_bars)
        for code, signal in sorted(signals.items())
    )
    shares = weights or dict.fromkeys((rule.code for rule in rules), 1.0)
    return StrategyVersion(
        name=name,
        version=name,
        timeframe=Timeframe(timeframe),
        rules=rules,
        weights=WeightSet(version=name, weights=shares),
        reference=plain_reference(name),
        entry=entry or EntryPolicy(min_rank_fraction=0.0, min_score=1.0),
        exits=exits,
        exit_rule=leave,
        window_bars=window_bars,
    )


def plain_reference(version: str) -> ScoreReference:
    """Return the reference of a strategy that was never measured: score and rank are |net|."""
    frame = FrameReference(
        timeframe=Timeframe.H1, n=0, scale=_FULL, fractions=(0.0, 1.0), net=(0.0, _FULL)
    )
    return ScoreReference(version=version, frames={Timeframe.H1: frame})
