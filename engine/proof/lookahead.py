"""Does a strategy look into the future? Change the future, and see whether the past changes.

made-up bars → columns → the same bars cut short, or with another future → columns again → the first
column and bar that differ. Run for every strategy file before it is accepted, and for the shipped
strategies in the tests.

- Two ways, because each finds what the other cannot: a centred average reads bars that truncation
  takes away; a column normalised by the whole series' maximum differs only when the future does.
- Columns may differ by 1e-9 of their size, which is what summing in another order costs; a strategy
  that looked ahead differs by as much as prices move.
- The third look is at the live desk: the last bar of a window must say what it says in the whole
  series, or the desk would trade something that was never tested.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.domain.errors import InvalidValueError
from engine.indicators.bars import Bars
from engine.kernel import Floats
from engine.strategy.version import StrategyVersion, columns_of, exit_flags

_BARS = 1_600
_CUTS = 12
_TOLERANCE = 1e-9
_COLUMNS = ("score", "rank", "agreement", "atr", "regime", "sigma_day", "adv_quote")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Where a strategy changed its mind about the past: column, bar, both values, and the test."""

    column: str
    bar: int
    before: float
    after: float
    test: str

    def __str__(self) -> str:
        """One sentence."""
        return (
            f"{self.column} of bar {self.bar} is {self.before:g}, but {self.after:g} "
            f"when {self.test}"
        )


def find_leak(strategy: StrategyVersion, bars: Bars, *, seed: int = 7) -> Leak | None:
    """Return the first leak, or ``None``; bars must be longer than the strategy's warm-up."""
    whole = _columns(strategy, bars)
    rng = np.random.default_rng(seed)
    first = max(rule.warmup_bars for rule in strategy.rules) + 1
    for cut in sorted(rng.integers(first, len(bars) - 1, _CUTS).tolist()):
        shorter = _columns(strategy, bars.between(0, cut))
        leak = _difference(whole, shorter, cut, f"the bars from {cut} on are taken away")
        if leak is not None:
            return leak
        other = _columns(strategy, _another_future(bars, cut, rng))
        leak = _difference(whole, other, cut, f"the bars from {cut} on are others")
        if leak is not None:
            return leak
    return _window_leak(strategy, bars, whole)


def require_causal(strategy: StrategyVersion, *, seed: int = 7) -> None:
    """``InvalidValueError`` if the strategy looks ahead or needs more than its window, on noise."""
    bars = made_up_bars(strategy, seed=seed)
    leak = find_leak(strategy, bars, seed=seed)
    if leak is not None:
        raise InvalidValueError(
            f"strategy {strategy.version}", "without knowledge of the future", str(leak)
        )


def made_up_bars(strategy: StrategyVersion, *, seed: int) -> Bars:
    """A random walk with wild and calm stretches, long enough for the strategy's window."""
    count = max(_BARS, 2 * strategy.window_bars + 200)
    rng = np.random.default_rng(seed)
    size = 0.01 * np.exp(np.cumsum(rng.normal(0.0, 0.05, count)).clip(-1.5, 1.5))
    close = 100.0 * np.exp(np.cumsum(rng.standard_normal(count) * size))
    return _bars_around(strategy, close, size, rng)


def _bars_around(
    strategy: StrategyVersion, close: Floats, size: Floats, rng: np.random.Generator
) -> Bars:
    open_ = np.concatenate(([close[0]], close[:-1]))
    reach = np.abs(rng.standard_normal((2, len(close)))) * size * 0.5
    step = strategy.timeframe.ms
    return Bars(
        timeframe=strategy.timeframe,
        open_ms=np.arange(len(close), dtype=np.int64) * step,
        open=open_,
        high=np.maximum(open_, close) * (1.0 + reach[0]),
        low=np.minimum(open_, close) * (1.0 - reach[1]),
        close=close,
        volume=rng.lognormal(5.0, 1.0, len(close)),
    )


def _another_future(bars: Bars, cut: int, rng: np.random.Generator) -> Bars:
    """The same bars up to ``cut``; after it prices and volumes are several times as large."""
    columns = {}
    for name in ("open", "high", "low", "close", "volume"):
        column = getattr(bars, name).copy()
        column[cut:] *= rng.uniform(3.0, 9.0)
        columns[name] = column
    return Bars(timeframe=bars.timeframe, open_ms=bars.open_ms, **columns)


def _columns(strategy: StrategyVersion, bars: Bars) -> dict[str, Floats]:
    scored = columns_of(strategy, bars)
    found = {name: np.asarray(getattr(scored, name), np.float64) for name in _COLUMNS}
    for code, side, strength in zip(scored.codes, scored.side, scored.strength, strict=True):
        found[code] = side * strength
    flags = exit_flags(strategy, bars)
    if flags is not None:
        found["exit"] = flags.astype(np.float64)
    return found


def _difference(
    whole: dict[str, Floats], part: dict[str, Floats], end: int, test: str
) -> Leak | None:
    for name, before in whole.items():
        for bar in _unlike(before[:end], part[name][:end]):
            return Leak(
                column=name,
                bar=bar,
                before=float(before[bar]),
                after=float(part[name][bar]),
                test=test,
            )
    return None


def _window_leak(strategy: StrategyVersion, bars: Bars, whole: dict[str, Floats]) -> Leak | None:
    window = strategy.window_bars
    for end in np.linspace(window, len(bars), 8).astype(int):
        seen = _columns(strategy, bars.between(end - window, end))
        last = {name: column[-1:] for name, column in seen.items()}
        known = {name: column[end - 1 : end] for name, column in whole.items()}
        leak = _difference(known, last, 1, f"only the last {window} bars are known")
        if leak is not None:
            return Leak(
                column=leak.column,
                bar=int(end) - 1,
                before=leak.before,
                after=leak.after,
                test=leak.test,
            )
    return None


def _unlike(a: Floats, b: Floats) -> Iterator[int]:
    """Bars on which two columns differ by more than rounding, or only one has a value."""
    size = np.maximum(1.0, np.maximum(np.abs(np.nan_to_num(a)), np.abs(np.nan_to_num(b))))
    far = np.abs(a - b) > _TOLERANCE * size
    yield from np.flatnonzero(far | (np.isnan(a) != np.isnan(b))).tolist()
