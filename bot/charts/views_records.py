"""What the pictures of a trade and of the veto ledger show, as frozen values; see ``views``."""

from dataclasses import dataclass

import numpy as np

from bot.charts.views import (
    PHONE_WIDTH_PX,
    ChartPicture,
    Floats,
    Theme,
    Times,
    require_finite,
    require_series,
    require_times,
    require_width,
    require_zone,
)
from bot.charts.words import ENGLISH, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A deal on the chart: when (UTC milliseconds), at which price, and its word ("bought")."""

    time_ms: int
    price: float
    name: str

    def __post_init__(self) -> None:
        if not (np.isfinite(self.price) and self.price > 0):
            raise ValueError(f"price must be > 0, was {self.price}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradePicture:
    """A closed trade on its market; `result` and `note` are written in the corner."""

    chart: ChartPicture
    entry: Mark
    exit: Mark
    result: str
    note: str = ""
    is_won: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VetoPicture:
    """What saying no saved or cost: one result per veto, in the order of their ends.

    `saved_quote` is what each veto saved (negative: cost), `time_ms` when its trade would have
    ended, strictly increasing, n ≥ 1. `title` is the total, `subtitle` its interval and number.
    """

    time_ms: Times
    saved_quote: Floats
    currency: str
    heading: str
    title: str
    subtitle: str
    sum_name: str
    each_name: str
    zone_name: str = "UTC"
    badges: tuple[str, ...] = ()
    theme: Theme = "dark"
    width_px: int = PHONE_WIDTH_PX
    words: Words = ENGLISH

    def __post_init__(self) -> None:
        require_times("time_ms", self.time_ms)
        require_series("saved_quote", self.saved_quote, len(self.time_ms))
        for value in self.saved_quote:
            require_finite("saved_quote", float(value))
        require_zone(self.zone_name)
        require_width(self.width_px)
