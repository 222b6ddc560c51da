"""Whether paper results still look like the proof: daily returns against a prediction. Pure.

equity points → equity at the end of each UTC day → daily returns → their mean against the interval
that a mean of so many days should lie in → ``Drift``

The prediction is a mean m with a 95 % interval [l, u] by stationary bootstrap, and a deviation σ of
single days, both from N days. A mean of n further days differs from m for two reasons: m itself is
uncertain, and n days scatter. The interval adds both (squares of half-widths, each side by itself,
as in Zou & Donner 2008, Statistics in Medicine 27, so that a lopsided bootstrap stays lopsided):

    low  = m − √((m − l)² + (1.96 · k · σ / √n)²)
    high = m + √((u − m)² + (1.96 · k · σ / √n)²)

Days of a strategy that holds for weeks hang together, so that σ / √n alone would be too small.
k ≥ 1 is by how much the bootstrap's interval is wider than N independent days would have made it.

The comparison is made every day, so in the long run it will be outside now and then although
nothing is wrong: once in twenty looks, and neighbouring looks agree. It says "look", not "stop".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from math import fsum, hypot, sqrt

from engine.domain.portfolio import EquityPoint
from engine.domain.proof import Prediction
from engine.domain.research import Drift, DriftState

FEWEST_DAYS = 20
_Z95 = 1.959963984540054
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperDays:
    """Daily returns (fractions) of consecutive whole UTC days that end with ``until``."""

    returns: tuple[float, ...] = ()
    until: date | None = None


def paper_days(points: Sequence[EquityPoint], since: datetime, now: datetime) -> PaperDays:
    """Returns of the whole days after ``since`` that have ended by ``now``.

    ``points`` are oldest first. A day without a point ends with the equity of the day before: what
    happened while nobody looked counts on the day on which it was seen. The day of ``since`` itself
    is not whole, nor is that of the first point; midnight belongs to the day that it ends.
    """
    if not points:
        return PaperDays()
    first = max(_day_ending(since), _day_ending(points[0].at))
    last = now.astimezone(UTC).date() - _DAY
    ends = _day_ends(points, first, last)
    returns = tuple(after / before - 1.0 for before, after in pairwise(ends) if before > 0.0)
    return PaperDays(returns=returns, until=last if returns else None)


def compare(days: PaperDays, prediction: Prediction, since: datetime) -> Drift:
    """Where the mean of these days stands in the interval that the prediction gives it."""
    count = len(days.returns)
    if count == 0:
        return Drift(
            state=DriftState.TOO_EARLY,
            since=since,
            until=None,
            days=0,
            needed_days=FEWEST_DAYS,
            daily_mean=None,
            predicted_mean=prediction.daily_mean,
            daily_low=None,
            daily_high=None,
        )
    mean = fsum(days.returns) / count
    low, high = interval(prediction, count)
    return Drift(
        state=_state(mean, low, high, count),
        since=since,
        until=days.until,
        days=count,
        needed_days=FEWEST_DAYS,
        daily_mean=mean,
        predicted_mean=prediction.daily_mean,
        daily_low=low,
        daily_high=high,
    )


def interval(prediction: Prediction, days: int) -> tuple[float, float]:
    """In which a mean of ``days`` daily returns lies 95 times of 100 if the proof is right."""
    mean = prediction.daily_mean
    scatter = _Z95 * dependence(prediction) * prediction.daily_deviation / sqrt(days)
    low = mean - hypot(mean - prediction.daily_low, scatter)
    high = mean + hypot(prediction.daily_high - mean, scatter)
    return low, high


def dependence(prediction: Prediction) -> float:
    """How much wider the bootstrap's interval is than independent days would make it, >= 1."""
    independent = 2.0 * _Z95 * prediction.daily_deviation / sqrt(prediction.days)
    if independent <= 0.0:
        return 1.0
    return max(1.0, (prediction.daily_high - prediction.daily_low) / independent)


def _state(mean: float, low: float, high: float, days: int) -> DriftState:
    if days < FEWEST_DAYS:
        return DriftState.TOO_EARLY
    if mean < low:
        return DriftState.BELOW
    return DriftState.ABOVE if mean > high else DriftState.INSIDE


def _day_ending(moment: datetime) -> date:
    return (moment.astimezone(UTC) - timedelta(microseconds=1)).date()


def _day_ends(points: Sequence[EquityPoint], first: date, last: date) -> list[float]:
    """Equity at the end of every day from ``first`` to ``last``."""
    ends: list[float] = []
    place, day = 0, first
    while day <= last:
        midnight = datetime.combine(day + _DAY, time(0), UTC)
        while place < len(points) and points[place].at <= midnight:
            place += 1
        if place > 0:
            ends.append(float(points[place - 1].equity_quote))
        day += _DAY
    return ends
