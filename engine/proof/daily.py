"""A replay by UTC day: what it earned, what it held, and what the market did meanwhile.

equity and trades of a `Played` → `Days`: returns, exposure [day, symbol], market returns

- A day's return is from its start's equity to its end's, so days compound to the whole result. Days
  without a bar return 0.
- Exposure is the mean over the day of what was held as a share of equity: bars that a position was
  held over, at their open, whatever happened to it inside the bar.
- A symbol's return is from close to close by day, NaN before its first bar and after its last one,
  0 on days without a bar between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np

from engine.domain.market import Timeframe
from engine.domain.values import require
from engine.kernel import Floats, Ints
from engine.proof.ground import Ground, Played

DAY_MS = Timeframe.D1.ms
DAYS_PER_YEAR = 365.25
_EPOCH = date(1970, 1, 1).toordinal()
_SMALLEST_DEVIATION = 1e-12


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Days:
    """Consecutive UTC days from `first_day`; returns (fractions) and exposure per day.

    `exposure` and `market` are [day, symbol]; see the module for what a day is.
    """

    first_day: date
    symbols: tuple[str, ...]
    returns: Floats
    exposure: Floats
    market: Floats

    @property
    def sharpe(self) -> float | None:
        """Sharpe ratio per day of the returns; `None` without dispersion."""
        return sharpe_of_days(self.returns)


def sharpe_of_days(returns: Floats) -> float | None:
    """Mean over sample deviation, per day; `None` without dispersion."""
    if len(returns) < 2:  # noqa: PLR2004 (a deviation needs two)
        return None
    deviation = float(np.std(returns, ddof=1))
    return float(np.mean(returns)) / deviation if deviation > _SMALLEST_DEVIATION else None


def days_of(ground: Ground, played: Played, *, start_ms: int, end_ms: int) -> Days:
    """Cut a replay of `[start_ms, end_ms)` into days, the partial ones at both ends included."""
    first, count = calendar(start_ms, end_ms)
    return Days(
        first_day=day_of(first),
        symbols=ground.symbols,
        returns=daily_returns(ground, played, first, count),
        exposure=_exposure(ground, played, first, count),
        market=_market(ground, played, first, count),
    )


def calendar(start_ms: int, end_ms: int) -> tuple[int, int]:
    """First day number of `[start_ms, end_ms)`, and how many days it touches."""
    first = start_ms // DAY_MS
    return first, (end_ms - 1) // DAY_MS - first + 1


def joined(parts: Sequence[Days]) -> Days:
    """Return parts that follow one another as one; `InvalidValueError` if they do not."""
    for one, following in pairwise(parts):
        due = one.first_day + timedelta(days=len(one.returns))
        require(following.first_day == due, "next part", f"from {due}", following.first_day)
    return Days(
        first_day=parts[0].first_day,
        symbols=parts[0].symbols,
        returns=np.concatenate([part.returns for part in parts]),
        exposure=np.concatenate([part.exposure for part in parts]),
        market=np.concatenate([part.market for part in parts]),
    )


def daily_returns(ground: Ground, played: Played, first: int, count: int) -> Floats:
    """Return the fraction earned on each of `count` days from day number `first`."""
    if played.first == played.last:
        return np.zeros(count)
    ends = _day_ends(ground.feed.open_ms[played.first : played.last] // DAY_MS, first, count)
    path = np.concatenate(([played.start_equity], played.equity_quote))
    equity = path[np.concatenate(([0], ends))]
    returns: Floats = equity[1:] / equity[:-1] - 1.0
    return returns


def trade_returns(played: Played) -> Floats:
    """Return each closed trade's profit after costs as a fraction of equity when it was decided."""
    trades = played.trades
    equity = played.equity_quote[trades["decided_bar"]]
    returns: Floats = trades["pnl_quote"] / equity
    return returns


def days_with_bars(ground: Ground, days: Days) -> tuple[int, ...]:
    """Count for each symbol the days, of these, on which it has a bar at all."""
    first = days.first_day.toordinal() - _EPOCH
    own = [np.unique(bars.open_ms // DAY_MS) for bars in ground.bars]
    last = first + len(days.returns)
    return tuple(int(np.count_nonzero((one >= first) & (one < last))) for one in own)


def day_of(number: int) -> date:
    """Return the date of a day number (days since 1970)."""
    return datetime.fromtimestamp(number * DAY_MS / 1000, UTC).date()


def _day_ends(days: Ints, first: int, count: int) -> Ints:
    """For each day, how many bars have closed by its end."""
    ends: Ints = np.searchsorted(days, first + np.arange(count), side="right")
    return ends


def _exposure(ground: Ground, played: Played, first: int, count: int) -> Floats:
    shape = (played.last - played.first, len(ground.symbols))
    held = np.zeros(shape)
    open_ms = ground.feed.open_ms[played.first : played.last]
    for symbol, opened_ms, closed_ms, quantity in _stays(ground, played):
        a, b = np.searchsorted(open_ms, [opened_ms, closed_ms])
        held[a:b, symbol] += quantity
    before = np.concatenate(([played.start_equity], played.equity_quote[:-1]))
    prices = ground.feed.open[played.first : played.last]
    share = held * prices / before[:, None]
    daily = np.zeros((count, len(ground.symbols)))
    np.add.at(daily, open_ms // DAY_MS - first, share * (ground.timeframe.ms / DAY_MS))
    return daily


def _stays(ground: Ground, played: Played) -> list[tuple[int, int, int, float]]:
    """Symbol, opening and closing time and quantity of every trade and open position."""
    lot = [float(ground.markets[s].lot_size) for s in range(len(ground.symbols))]
    trades = played.trades
    names = ("symbol", "opened_ms", "closed_ms", "lots")
    closed = zip(*(trades[name].tolist() for name in names), strict=True)
    found = [(s, opened, ended, lots * lot[s]) for s, opened, ended, lots in closed]
    for s in range(len(ground.symbols)):
        slot = played.state.book.slots[s]
        if slot.lots > 0:
            found.append((s, int(slot.opened_ms), ground.end_ms, float(slot.lots) * lot[s]))
    return found


def _market(ground: Ground, played: Played, first: int, count: int) -> Floats:
    market = np.full((count, len(ground.symbols)), np.nan)
    for s, (rows, bars) in enumerate(zip(ground.rows, ground.bars, strict=True)):
        a, b = np.searchsorted(rows, [played.first, played.last])
        if a == b:
            continue
        days = bars.open_ms[a:b] // DAY_MS
        base = bars.close[a - 1] if a else bars.open[a]
        ends = np.searchsorted(days, first + np.arange(count), side="right")
        path = np.concatenate(([base], bars.close[a:b]))[np.concatenate(([0], ends))]
        begin, stop = int(days[0]) - first, int(days[-1]) - first + 1
        market[begin:stop, s] = (path[1:] / path[:-1] - 1.0)[begin:stop]
    return market
