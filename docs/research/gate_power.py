"""Measure what the gate lets through: luck, a rising market, and a real edge.

    python docs/research/gate_power.py DATA [SEEDS]

``DATA`` holds ``1h/*.parquet`` with columns ``ts_ms, open, high, low, close, volume``; they are
resampled to days. ``SEEDS`` (default 100) repeats what is simulated. Costs are 12.5 bps per side
where nothing else is said; a symbol gets an eighth of equity.

1. Random long/flat strategies on the real candles, holding 1, 5 and 20 days, symbols moving apart
   or together: 1,000 with nineteen random others as their lineage; the best of each such twenty;
   1,000 of each kind with nineteen slightly worse copies, as somebody would buy a verdict.
   Copies fill no seat of PBO; whom the deflated Sharpe ratio alone would let through is told too.
2. Riding the market: always long, plain, leveraged or scaled to volatility.
3. The best of 1,000 random strategies on two driftless years, without costs: with the others as
   its lineage; and as a copy under a new name, which hides them from its lineage, beside sixteen
   variants that are idle, near copies, or hopeless but active. Once the returns of the 1,000 are in
   the store, once only their number is.
4. A planted edge of known Sharpe ratio over five years, found by a search of twenty: thirteen
   variants that see it more or less clearly and seven that see only noise. Once on a market: the
   ratio is net of costs, and about twice as high beyond random entries, which bear the market's
   risk too. Once bare: daily returns that owe nothing to a market, the hardest reading.
"""  # noqa: INP001 - a script to run, not to import

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq

from engine.domain.market import Timeframe
from engine.domain.proof import Criterion
from engine.indicators.bars import Bars, Floats, Ints
from engine.proof.gate import (
    DAYS_PER_YEAR,
    Evidence,
    GatePolicy,
    TrialReturns,
    hurdle,
    judge,
    passed,
)
from engine.proof.statistics.overfitting import sharpe_of
from engine.proof.statistics.random_entries import expected_returns
from engine.strategy.columns_market import REGIMES, regime

COST = 12.5e-4
LINEAGE = 20
SYMBOLS = 8
_DAY_MS = 86_400_000
_START = date(2018, 1, 1)


class Market(NamedTuple):
    """Daily returns [day, symbol], NaN before a symbol can be traded, and regimes alike."""

    returns: Floats
    regime: Ints


class Kind(NamedTuple):
    """How a random strategy holds: for so many days, all symbols together or each for itself."""

    holding: int
    together: bool


class Run(NamedTuple):
    """One strategy's days and trades; fractions of equity."""

    net: Floats
    expected: Floats
    pnl: Floats
    regimes: tuple[str, ...]

    @property
    def sharpe(self) -> float:
        """Sharpe ratio beyond random entries, per year."""
        return yearly(self.net - self.expected)


KINDS = [Kind(holding, together) for holding in (1, 5, 20) for together in (False, True)]


def yearly(returns: Floats) -> float:
    """Return the Sharpe ratio of daily returns per year."""
    found = sharpe_of(returns)
    return 0.0 if found is None else found.ratio * float(np.sqrt(DAYS_PER_YEAR))


def daily(path: Path) -> Bars:
    """Read hourly candles and join them to days; a day that lacks hours is taken as it is."""
    table = pq.read_table(path)
    column: dict[str, Any] = {name: table[name].to_numpy() for name in table.column_names}
    bucket = column["ts_ms"].astype(np.int64) // _DAY_MS
    first = np.flatnonzero(np.diff(bucket, prepend=-1))
    return Bars(
        timeframe=Timeframe.D1,
        open_ms=bucket[first] * _DAY_MS,
        open=np.ascontiguousarray(column["open"][first]),
        high=np.maximum.reduceat(column["high"], first),
        low=np.minimum.reduceat(column["low"], first),
        close=np.ascontiguousarray(column["close"][np.append(first[1:], len(bucket)) - 1]),
        volume=np.add.reduceat(column["volume"], first),
    )


def market_of(series: Sequence[Bars]) -> Market:
    """Align symbols by day; what is traded on a day is decided by the regime of the day before."""
    days = np.unique(np.concatenate([bars.open_ms for bars in series]))
    returns = np.full((len(days), len(series)), np.nan)
    regimes = np.full(returns.shape, -1, dtype=np.int64)
    for column, bars in enumerate(series):
        place = np.searchsorted(days, bars.open_ms)
        known = regime(bars)[:-1].astype(np.int64)
        change = bars.close[1:] / bars.close[:-1] - 1.0
        returns[place[1:], column] = np.where(known >= 0, change, np.nan)
        regimes[place[1:], column] = known
    tradable = np.isfinite(returns).any(axis=1)
    return Market(returns[tradable], regimes[tradable])


def simulated(returns: Floats, rng: np.random.Generator) -> Market:
    """Return a market that becomes tradable, warmed up, on the first of these days."""
    warmup = 201  # a true range needs the close before
    before = rng.normal(0.0, float(returns.std()), (warmup, returns.shape[1]))
    series = []
    for column in np.vstack([before, returns]).T:
        close = 100.0 * np.cumprod(1.0 + column)
        opened = np.concatenate(([100.0], close[:-1]))
        wick = 1.0 + np.abs(rng.normal(0.0, 0.01, len(close)))
        top, bottom = np.maximum(opened, close) * wick, np.minimum(opened, close) / wick
        ms = np.arange(len(close), dtype=np.int64) * _DAY_MS
        flat = np.ones(len(close))
        bars = Bars(
            timeframe=Timeframe.D1,
            open_ms=ms, open=opened, high=top, low=bottom, close=close, volume=flat,
        )  # fmt: skip
        series.append(bars)
    return market_of(series)


def trade(market: Market, held: Floats, entry: Floats, cost: float) -> Run:
    """Follow exposures [day, symbol]; `entry` marks days on which a stay begins.

    Every stay pays `cost` of its size on its first and last day, also where the next one adjoins.
    """
    inside, begins, out = held != 0.0, entry > 0, np.zeros((1, held.shape[1]), bool)
    last = inside & (np.vstack([begins[1:], out]) | ~np.vstack([inside[1:], out]))
    first = inside & begins
    returns = np.nan_to_num(market.returns)
    net = (held * returns - cost * np.abs(held) * (first.astype(float) + last)).sum(axis=1)
    growth = np.vstack([0.0 * out, np.cumsum(np.log1p(returns), axis=0)])
    start_symbol, start = np.nonzero(first.T)
    _, end = np.nonzero(last.T)
    gain = np.expm1(growth[end + 1, start_symbol] - growth[start, start_symbol])
    size = held[start, start_symbol]
    return Run(
        net=net,
        expected=expected_returns(held, market.returns),
        pnl=size * gain - 2.0 * cost * np.abs(size),
        regimes=tuple(REGIMES[k] for k in market.regime[start, start_symbol]),
    )


def random_strategy(market: Market, rng: np.random.Generator, kind: Kind, cost: float) -> Run:
    """Enter by chance; in the market between a fifth and four fifths of the time."""
    holding, together = kind
    days, symbols = market.returns.shape
    share = rng.uniform(0.2, 0.8)
    chance = share / (holding * (1.0 - share) + share)
    held, entry = np.zeros((days, symbols)), np.zeros((days, symbols))
    gaps = rng.geometric(chance, (days // holding + 1, symbols)) - 1
    if together:
        gaps = np.repeat(gaps[:, :1], symbols, axis=1)
    starts = np.cumsum(gaps + holding, axis=0) - holding
    for column in range(symbols):
        begin = starts[starts[:, column] < days, column]
        entry[begin, column] = 1.0
        cells = (begin[:, None] + np.arange(holding)).ravel()
        held[cells[cells < days], column] = 1.0 / symbols
    held[~np.isfinite(market.returns)] = 0.0
    # A stay that runs into the listing of its symbol begins there.
    entry[1:] = np.maximum(entry[1:], (held[1:] != 0) & (held[:-1] == 0))
    return trade(market, held, entry, cost)


def evidence_of(run: Run, lineage: Sequence[Floats]) -> Evidence:
    """Hand one run and its lineage's excess returns to the gate."""
    return Evidence(
        first_day=_START,
        daily_returns=run.net,
        random_returns=run.expected,
        trade_pnl=run.pnl,
        trade_regimes=run.regimes,
        trials=tuple(TrialReturns(first_day=_START, excess_returns=one) for one in lineage),
        trial_count=len(lineage),
    )


PADDING = ("idle", "near copies", "hopeless")


def renamed(seed: int, run: Run, tried: Sequence[Floats], padding: str) -> Evidence:
    """Hand a copy of the best, under a new name and beside sixteen variants, to the gate."""
    own, rng = run.net - run.expected, np.random.default_rng(seed)
    noise = rng.normal(0.0, 0.01, (GatePolicy().min_trials, len(own)))
    beside = {
        "idle": np.zeros_like(noise),
        "near copies": own + 0.01 * noise,
        "hopeless": noise - 0.001,
    }[padding]
    known = evidence_of(run, [own, *tried, *beside])
    return replace(known, ranked=(known.trials[0], *known.trials[1 + len(tried) :]))


def copies(run: Run) -> list[Floats]:
    """Return a lineage of the run and nineteen copies that each earn a little less."""
    excess = run.net - run.expected
    return [excess - k * 1e-6 for k in range(LINEAGE)]


def driftless_best(seed: int, strategies: int = 1000, days: int = 730) -> tuple[Run, list[Floats]]:
    """Return the best of many random strategies on a driftless market, and the whole lineage."""
    rng = np.random.default_rng(seed)
    market = simulated(correlated(rng, days), rng)
    runs = [random_strategy(market, rng, KINDS[k % len(KINDS)], 0.0) for k in range(strategies)]
    return max(runs, key=attrgetter("sharpe")), [run.net - run.expected for run in runs]


def correlated(rng: np.random.Generator, days: int) -> Floats:
    """Return fat-tailed daily returns of 4 %, correlated by 0.6 between symbols, without drift."""
    common, own = rng.standard_t(4, (days, 1)), rng.standard_t(4, (days, SYMBOLS))
    mixed: Floats = (np.sqrt(0.6) * common + np.sqrt(0.4) * own) / np.sqrt(2.0)
    return np.asarray(np.clip(0.04 * mixed, -0.5, 0.5))


def signals(rng: np.random.Generator, days: int) -> Floats:
    """Return a signal per day and symbol that keeps its sign for a week on average."""
    kept = 0.9
    steps = rng.normal(0.0, np.sqrt(1.0 - kept**2), (days, SYMBOLS))
    out = np.empty_like(steps)
    out[0] = rng.normal(0.0, 1.0, SYMBOLS)
    for day in range(1, days):
        out[day] = kept * out[day - 1] + steps[day]
    return out


def follow(market: Market, signal: Floats) -> Run:
    """Be long in a symbol on the days after a positive signal."""
    held = np.where(signal > 0.0, 1.0 / SYMBOLS, 0.0)
    entry = (held > 0) & np.vstack([np.ones((1, SYMBOLS), bool), held[:-1] == 0])
    return trade(market, held, entry.astype(float), COST)


def planted(seed: int, edge: float, days: int) -> tuple[Market, Floats, np.random.Generator]:
    """Return a driftless market in which the sign of a signal moves returns by `edge` a day."""
    rng = np.random.default_rng(seed)
    signal = signals(rng, days)
    return simulated(correlated(rng, days) + edge * np.sign(signal), rng), signal, rng


def edge_for(sharpe: float) -> float:
    """Find the edge at which following the signal nets `sharpe` a year, over 200 years."""
    low, high = 0.0, 0.02
    for _ in range(14):
        edge = (low + high) / 2.0
        market, signal, _ = planted(0, edge, 73_000)
        low, high = (edge, high) if yearly(follow(market, signal).net) < sharpe else (low, edge)
    return high


def planted_search(seed: int, edge: float, days: int = 1826) -> tuple[Run, list[Floats]]:
    """Return the best of a search around the planted signal, and its whole lineage."""
    market, signal, rng = planted(seed, edge, days)
    runs = [
        follow(market, seen * signal + np.sqrt(1.0 - seen**2) * signals(rng, days))
        for seen in clarity()
    ]
    return max(runs, key=attrgetter("sharpe")), [run.net - run.expected for run in runs]


def bare_search(seed: int, sharpe: float, days: int = 1826) -> tuple[Run, list[Floats]]:
    """Return the best of a search for `sharpe` a year without any market, in weekly trades."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0.0, 0.01, (days, LINEAGE + 1))
    noise[:, 0] += sharpe * 0.01 / np.sqrt(DAYS_PER_YEAR)
    seen = clarity()
    tried = seen * noise[:, :1] + np.sqrt(1.0 - seen**2) * noise[:, 1:]
    best = tried[:, int(np.argmax([yearly(one) for one in tried.T]))]
    pnl = np.add.reduceat(best, np.arange(0, days, 5))
    regimes = tuple(REGIMES[k] for k in rng.integers(0, len(REGIMES), len(pnl)))
    return Run(best, np.zeros(days), pnl, regimes), list(tried.T)


def clarity() -> Floats:
    """Return how clearly each trial of a search sees the planted edge, 0 to 1."""
    return np.concatenate([np.linspace(0.2, 1.0, 13), np.zeros(LINEAGE - 13)])


def random_cases(market: Market, count: int, seed: int = 7) -> Iterator[tuple[str, Evidence]]:
    """Yield random strategies, each with random others as its lineage, and the best of each."""
    rng = np.random.default_rng(seed)
    for kind in KINDS:
        runs = [random_strategy(market, rng, kind, COST) for _ in range(-(-count // len(KINDS)))]
        for k, run in enumerate(runs):
            others = rng.choice(np.delete(np.arange(len(runs)), k), LINEAGE - 1, replace=False)
            tried = [run, *(runs[j] for j in others)]
            lineage = [one.net - one.expected for one in tried]
            yield "random", evidence_of(run, lineage)
            yield "best of 20", evidence_of(max(tried, key=attrgetter("sharpe")), lineage)


def riders(market: Market) -> Iterator[tuple[str, Run]]:
    """Yield ways to hold the market without choosing when."""
    listed = np.isfinite(market.returns)
    even = np.where(listed, 1.0 / market.returns.shape[1], 0.0)
    days = np.arange(len(even))[:, None]
    for turn in (1, 5, 20):
        entry = np.where(days % turn == 0, 1.0, 0.0) * listed
        entry[1:] = np.maximum(entry[1:], listed[1:] & ~listed[:-1])
        for leverage in (1.0, 2.0, 3.0):
            for cost in (0.0, COST):
                label = f"always long × {leverage:.0f}, renewed every {turn} days, cost {cost:.4f}"
                yield label, trade(market, leverage * even, entry, cost)
        size = np.abs(np.nan_to_num(market.returns))
        recent = np.array([size[max(0, d - 20) : d + 1].mean(axis=0) for d in range(len(size))])
        scaled = even * np.minimum(0.03 / np.maximum(np.roll(recent, 1, axis=0), 0.01), 2.0)
        yield f"scaled to volatility, renewed every {turn} days", trade(market, scaled, entry, COST)


def _say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - the product of this script


def skilled(criteria: Sequence[Criterion]) -> bool:
    """Tell whether the deflated Sharpe ratio alone would let it through."""
    return next(one for one in criteria if one.name == "deflated_sharpe").passed is True


def _report_random(market: Market, policy: GatePolicy) -> None:
    count, through, reasons = (Counter[str]() for _ in range(3))
    for label, evidence in random_cases(market, 1000):
        criteria = judge(evidence, policy)
        count[label] += 1
        through[label] += passed(criteria)
        reasons.update(f"{label}: {one.name}" for one in criteria if one.passed is not True)
    _say("passed", dict(through), "of", dict(count))
    _say("   failed by", dict(reasons))


def _report_copies(market: Market, policy: GatePolicy) -> None:
    rng = np.random.default_rng(8)
    bounded = replace(policy, pbo_blocks=4)  # copies are not ranked: PBO cannot be told
    free = replace(bounded, min_trial_variance=0.0)
    for kind in KINDS:
        runs = [random_strategy(market, rng, kind, COST) for _ in range(1000)]
        bought = [evidence_of(run, copies(run)) for run in runs]
        found = [[judge(one, limits) for one in bought] for limits in (bounded, free)]
        hits = [sum(skilled(one) for one in of) for of in found]
        _say(f"copies, {kind}: passed {sum(map(passed, found[0]))} of 1,000")
        _say(f"   deflated Sharpe alone {hits[0]}, without least variance {hits[1]}")


def _report_riders(market: Market, policy: GatePolicy) -> None:
    for label, run in riders(market):
        criteria = judge(evidence_of(run, copies(run)), policy)
        failed = [one.name for one in criteria if one.passed is not True]
        _say(
            f"{label}: passed {passed(criteria)}, net Sharpe {yearly(run.net):.2f}, failed", failed
        )


def _report_driftless(seeds: int, policy: GatePolicy) -> None:
    ratios, probability, pbo, through = [], [], [], 0
    for seed in range(seeds):
        best, lineage = driftless_best(seed)
        criteria = judge(evidence_of(best, lineage), policy)
        through += passed(criteria)
        ratios.append(best.sharpe)
        figures = {one.name: one.value for one in criteria}
        probability.append(figures["deflated_sharpe"] or 0.0)
        pbo.append(figures["pbo"] or 0.0)
    _say(f"best of 1,000 on two driftless years: passed {through} of {seeds}")
    _say(f"   Sharpe mean {np.mean(ratios):.2f}, max {np.max(ratios):.2f}")
    _say(f"   deflated mean {np.mean(probability):.3f}, max {np.max(probability):.3f}")
    _say(f"   PBO mean {np.mean(pbo):.3f}, min {np.min(pbo):.3f}")


def _report_renamed(seeds: int, policy: GatePolicy) -> None:
    through, by_skill, by_pbo = (Counter[str]() for _ in range(3))
    for seed in range(seeds):
        best, tried = driftless_best(seed)
        for padding in PADDING:
            known = renamed(seed, best, tried, padding)
            hidden = replace(known, trials=known.ranked)
            for label, evidence in ((f"{padding}, known", known), (f"{padding}, counted", hidden)):
                criteria = judge(evidence, policy)
                through[label] += passed(criteria)
                by_skill[label] += skilled(criteria)
                by_pbo[label] += next(one for one in criteria if one.name == "pbo").passed is True
    for padding in PADDING:
        for label in (f"{padding}, known", f"{padding}, counted"):
            _say(
                f"best of 1,000 under a new name, {label}: passed {through[label]} of {seeds}, "
                f"deflated Sharpe alone {by_skill[label]}, PBO alone {by_pbo[label]}"
            )


def _report_planted(label: str, found: Iterable[tuple[Run, list[Floats]]]) -> None:
    published = GatePolicy(min_trial_variance=0.0, max_trial_variance=1e9)
    through, as_published, reasons = 0, 0, Counter[str]()
    rows = []
    for best, lineage in found:
        evidence = evidence_of(best, lineage)
        criteria = judge(evidence, GatePolicy())
        through += passed(criteria)
        as_published += passed(judge(evidence, published))
        rows.append((yearly(best.net), best.sharpe, hurdle(evidence, published).scatter))
        reasons.update(one.name for one in criteria if one.passed is not True)
    net, beyond, scatter = np.mean(rows, axis=0)
    _say(f"{label}: passed {through} of {len(rows)}, with the published variance {as_published}")
    _say(f"   Sharpe net {net:.2f}, beyond random {beyond:.2f}, scatter {scatter:.1f}")
    _say("   failed by", dict(reasons))


def main(folder: Path, seeds: int) -> None:
    """Print all measurements."""
    market = market_of([daily(path) for path in sorted((folder / "1h").glob("*.parquet"))])
    _report_random(market, GatePolicy())
    _report_copies(market, GatePolicy())
    _report_riders(market, GatePolicy())
    for sharpe in (3.0, 2.0, 1.5, 1.0):
        edge, tries = edge_for(sharpe), range(1, seeds + 1)
        on_market = (planted_search(seed, edge) for seed in tries)
        _report_planted(f"planted {sharpe} on a market ({edge * 1e4:.0f} bps a day)", on_market)
        _report_planted(f"planted {sharpe} bare", (bare_search(seed, sharpe) for seed in tries))
    _report_driftless(seeds, GatePolicy())
    _report_renamed(seeds, GatePolicy())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100)  # noqa: PLR2004 (optional)
