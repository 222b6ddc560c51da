"""What the market gave anyway: buy-and-hold, and the same time in the market without any skill.

feed, market terms, exposure of the run → equity paths of three benchmarks and their figures.

- **Buy and hold**: equal shares of the start for every symbol, bought at the open of its first bar
  with half-spread and taker fee paid once; a symbol that is not listed yet waits in cash. Valued at
  each close without the cost of selling, as the open positions of a run are.
- **Same exposure**: that basket held all the time with the run's mean share of equity, before
  costs. It has the run's market risk and no timing.
- **Random entries**: what entries at random moments with the same exposure have to expect: the mean
  exposure times the market's return of each bar, less what the run paid, spread evenly. It is an
  expectation and smoother than any one draw: its return is comparable, its volatility and drawdown
  are too small. `engine.proof` draws real ones and gives the distribution.

The basket drifts towards its winners. Setting the shares back to equal at every bar would credit
the benchmark with gains that only the bounce between bid and ask makes.
"""

from dataclasses import dataclass

import numpy as np

from engine.backtest.feed import Feed
from engine.backtest.metrics import (
    YEAR_MS,
    Spent,
    at_day_ends,
    cagr,
    drawdown,
    returns,
    sharpe,
    volatility,
    with_start,
)
from engine.kernel import Floats, Ints, Records
from engine.strategy.book import Terms

_BPS = 10_000.0
_FEWEST_DAYS = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Benchmark:
    """One path to compare with: equity in quote at each close, and its figures as in `Metrics`."""

    equity_quote: Floats
    return_fraction: float
    cagr_fraction: float | None
    volatility_fraction: float | None
    sharpe: float | None
    max_drawdown_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Benchmarks:
    """The run beside the market.

    `excess_fraction` is the run's return less that of random entries; `excess_sharpe` the Sharpe
    ratio of its daily returns in excess of theirs; `beta` and `correlation` are of daily returns to
    buy-and-hold. `None` where there is no figure.
    """

    mean_exposure_fraction: float
    buy_and_hold: Benchmark
    same_exposure: Benchmark
    random_entries: Benchmark
    excess_fraction: float
    excess_sharpe: float | None
    beta: float | None
    correlation: float | None


def benchmarks(
    feed: Feed,
    markets: Records[Terms],
    *,
    start_equity: float,
    close_ms: Ints,
    equity: Floats,
    exposure: Floats,
    spent: Spent,
) -> Benchmarks:
    """Compare a run with the market it traded in; amounts in quote, at the close of every bar."""
    held = buy_and_hold(feed, markets, start_equity)
    market = np.diff(held, prepend=start_equity) / np.concatenate(([start_equity], held[:-1]))
    share = float(np.mean(exposure / np.where(equity > 0, equity, np.inf)))
    cost = spent.costs_quote / float(np.mean(equity)) / len(equity)
    same = start_equity * np.cumprod(1.0 + share * market)
    chance = start_equity * np.cumprod(1.0 + share * market - cost)
    daily = [_daily(start_equity, path, close_ms) for path in (equity, held, chance)]
    beta, correlation = _beside(daily[0], daily[1])
    years = _years(close_ms)
    return Benchmarks(
        mean_exposure_fraction=share,
        buy_and_hold=_figures(held, start_equity, years),
        same_exposure=_figures(same, start_equity, years),
        random_entries=_figures(chance, start_equity, years),
        excess_fraction=float(equity[-1] - chance[-1]) / start_equity,
        excess_sharpe=_excess_sharpe(daily[0], daily[2], years),
        beta=beta,
        correlation=correlation,
    )


def buy_and_hold(feed: Feed, markets: Records[Terms], start_equity: float) -> Floats:
    """Return the equity of the basket at each close."""
    symbols = feed.present.shape[1]
    total = np.zeros(len(feed.open_ms))
    for i in range(symbols):
        terms, share = markets[i], start_equity / symbols
        present = np.flatnonzero(feed.present[:, i])
        total[: present[0]] += share
        price = feed.open[present[0], i] * (1.0 + terms.half_spread_bps / _BPS)
        quantity = share / (price * (1.0 + terms.taker_fee_bps / _BPS))
        total[present[0] :] += quantity * _last_closes(feed, i)[present[0] :]
    return total


def _last_closes(feed: Feed, i: int) -> Floats:
    """Return the last close known at every time; 0 before the first."""
    index = np.where(feed.present[:, i], np.arange(len(feed.open_ms)), 0)
    closes: Floats = feed.close[np.maximum.accumulate(index), i]
    return closes


def _figures(equity: Floats, start_equity: float, years: float) -> Benchmark:
    path = np.concatenate(([start_equity], equity))
    return Benchmark(
        equity_quote=equity,
        return_fraction=float(equity[-1]) / start_equity - 1.0,
        cagr_fraction=cagr(path, years),
        volatility_fraction=volatility(path, years),
        sharpe=sharpe(path, years),
        max_drawdown_fraction=drawdown(path)[0],
    )


def _years(close_ms: Ints) -> float:
    _, times_ms = with_start(1.0, np.ones(len(close_ms)), close_ms)
    return float(times_ms[-1] - times_ms[0]) / YEAR_MS


def _daily(start_equity: float, equity: Floats, close_ms: Ints) -> Floats:
    return returns(at_day_ends(*with_start(start_equity, equity, close_ms)))


def _beside(own: Floats, market: Floats) -> tuple[float | None, float | None]:
    """Return beta and correlation of returns, where both move."""
    if len(own) != len(market) or len(own) < _FEWEST_DAYS:
        return None, None
    together = np.cov(own, market)
    if min(together[0, 0], together[1, 1]) <= 0.0:
        return None, None
    beta = float(together[0, 1] / together[1, 1])
    return beta, float(together[0, 1] / np.sqrt(together[0, 0] * together[1, 1]))


def _excess_sharpe(own: Floats, chance: Floats, years: float) -> float | None:
    if len(own) != len(chance):
        return None
    return sharpe(np.cumprod(np.concatenate(([1.0], 1.0 + own - chance))), years)
