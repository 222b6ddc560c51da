"""Does a strategy look into the future? Change the future, and see whether the past changes.

bars → columns → the same bars cut short, or with another future → columns again → the first column
and bar that differ. A strategy file is tried on made-up markets before it is accepted, and on the
very candles it is played over before they are; the shipped strategies are tried in the tests.

- Two ways, because each finds what the other cannot: a centred average reads bars that truncation
  takes away; a column normalised by the whole series' maximum differs only when the future does.
- Random cuts miss a signal that peeks on rare bars. So bars are also cut right behind those on
  which a signal or an exit speaks or changes; the future behind them is taken away, raised, and
  lowered, because a peek may wait for good news or for the absence of bad.
- These cuts start at the same bar with every future. So the arithmetic of a causal column is the
  same to the last bit, and real candles that stand still cannot make it look guilty by rounding.
- Columns may differ by 1e-9 of their size, which is what summing in another order costs; a strategy
  that looked ahead differs by as much as prices move.
- The last look is at the live desk: the last bar of a window must say what it says in the whole
  series, or the desk would trade something that was never tested.

It is evidence, not a proof: a peek that changes no column on any bar that was tried is not found.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.domain.errors import InvalidValueError
from engine.domain.market import CandleSeries, Symbol
from engine.indicators.bars import Bars
from engine.kernel import Floats, Ints
from engine.proof.admission.made_up import WALKS, made_up_bars
from engine.strategy.version import StrategyVersion, columns_of, exit_flags

_CUTS = 6
_WINDOWS = 4
_EVENTS = 24
_EVENTS_ON_CANDLES = 96
_FEWEST_EVENTS = 6
_AHEAD = 200
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
        other = _columns(strategy, _another_future(bars, cut, rng.uniform(3.0, 9.0)))
        leak = _difference(whole, other, cut, f"the bars from {cut} on are others")
        if leak is not None:
            return leak
    return _event_leak(strategy, bars, whole, _EVENTS) or _window_leak(strategy, bars, whole)


def require_causal(strategy: StrategyVersion, *, seed: int = 7) -> None:
    """``InvalidValueError`` if the strategy looks ahead or needs more than its window.

    Tried on every kind of made-up market.
    """
    for walk in WALKS:
        _refuse(
            strategy,
            find_leak(strategy, made_up_bars(strategy, seed=seed, walk=walk), seed=seed),
            "",
        )


def require_causal_on(strategy: StrategyVersion, histories: Mapping[Symbol, CandleSeries]) -> None:
    """``InvalidValueError`` if the strategy looks ahead on these very candles.

    Tried on bars, spread over each series, on which the strategy speaks.
    """
    events = max(_FEWEST_EVENTS, _EVENTS_ON_CANDLES // max(1, len(histories)))
    for symbol, series in histories.items():
        if len(series) > 1:
            bars = Bars.of(series, strategy.timeframe)
            leak = _event_leak(strategy, bars, _columns(strategy, bars), events)
            _refuse(strategy, leak, f" on {symbol}")


def _refuse(strategy: StrategyVersion, leak: Leak | None, where: str) -> None:
    if leak is not None:
        raise InvalidValueError(
            f"strategy {strategy.version}{where}", "without knowledge of the future", str(leak)
        )


def _event_leak(
    strategy: StrategyVersion, bars: Bars, whole: dict[str, Floats], count: int
) -> Leak | None:
    """Exchange the future of ``count`` bars on which something is said; see the module."""
    for bar in _events(strategy, whole, count):
        start = max(0, bar + 1 - strategy.window_bars)
        near = bars.between(start, min(len(bars), bar + 1 + _AHEAD))
        cut = bar + 1 - start
        known = _last(_columns(strategy, near), cut)
        futures = {
            f"the bars from {bar + 1} on are taken away": near.between(0, cut),
            f"the bars from {bar + 1} on are higher": _another_future(near, cut, 5.0),
            f"the bars from {bar + 1} on are lower": _another_future(near, cut, 0.2),
        }
        for test, other in futures.items():
            leak = _difference(known, _last(_columns(strategy, other), cut), 1, test)
            if leak is not None:
                return replace(leak, bar=bar)
    return None


def _events(strategy: StrategyVersion, whole: dict[str, Floats], count: int) -> list[int]:
    """Bars with a side or an exit, and those where it changes: ``count``, spread over the series.

    Every column has its share, so that a loud signal does not hide a rare one.
    """
    columns = [name for name in whole if name not in _COLUMNS]
    share = max(2, count // (2 * len(columns)))
    chosen: set[int] = set()
    for name in columns:
        said = np.sign(np.nan_to_num(whole[name]))
        chosen.update(_spread(np.flatnonzero(said), share))
        chosen.update(_spread(np.flatnonzero(np.diff(said)) + 1, share))
    first = max(rule.warmup_bars for rule in strategy.rules)
    return sorted(bar for bar in chosen if bar >= first)


def _spread(bars: Ints, count: int) -> list[int]:
    if len(bars) == 0:
        return []
    places = np.linspace(0, len(bars) - 1, min(count, len(bars))).astype(int)
    return [int(bar) for bar in bars[places]]


def _last(columns: dict[str, Floats], end: int) -> dict[str, Floats]:
    return {name: column[end - 1 : end] for name, column in columns.items()}


def _another_future(bars: Bars, cut: int, factor: float) -> Bars:
    """The same bars up to ``cut``; after it prices and volumes are ``factor`` times as large."""
    columns = {}
    for name in ("open", "high", "low", "close", "volume"):
        column = getattr(bars, name).copy()
        column[cut:] *= factor
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
    for end in np.linspace(window, len(bars), _WINDOWS).astype(int).tolist():
        seen = _last(_columns(strategy, bars.between(end - window, end)), window)
        leak = _difference(_last(whole, end), seen, 1, f"only the last {window} bars are known")
        if leak is not None:
            return replace(leak, bar=end - 1)
    return None


def _unlike(a: Floats, b: Floats) -> Iterator[int]:
    """Bars on which two columns differ by more than rounding, or only one has a value."""
    size = np.maximum(1.0, np.maximum(np.abs(np.nan_to_num(a)), np.abs(np.nan_to_num(b))))
    far = np.abs(a - b) > _TOLERANCE * size
    yield from np.flatnonzero(far | (np.isnan(a) != np.isnan(b))).tolist()
