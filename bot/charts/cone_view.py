"""From a desk's projection to the cone of a picture."""

from datetime import timedelta

import numpy as np

from bot.charts.views import Cone, Floats
from engine.domain.projection import ChartProjection, HitRate

INNER_LEVEL = 0.5


def cone_of(view: ChartProjection, *, label: str, note: str = "") -> Cone:
    """Return the cone of a projection; the words about its record come with it.

    Raises ``InvalidValueError`` where the projection lacks the quartiles or the edges of its band.
    """
    made = view.projection
    closes = np.array((made.made_ms, *made.close_ms), np.int64)
    low, high = (_row(edge) for edge in made.band(view.level))
    inner_low, inner_high = (_row(edge) for edge in made.band(INNER_LEVEL))
    return Cone(
        open_ms=closes[:-1],
        low=low,
        inner_low=inner_low,
        median=_row(made.quantile(0.5)),
        inner_high=inner_high,
        high=high,
        level=view.level,
        inner_level=INNER_LEVEL,
        label=label,
        note=note,
    )


def years(rate: HitRate) -> str:
    """Return the years in which the outcomes of a record lie: "2021–2023", "2025"."""
    first, last = rate.data_from.year, (rate.data_to - timedelta(microseconds=1)).year
    return str(first) if first == last else f"{first}–{last}"


def _row(prices: tuple[float, ...]) -> Floats:
    return np.array(prices, np.float64)
