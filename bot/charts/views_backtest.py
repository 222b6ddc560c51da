"""What the pictures of backtests show, as frozen values; see `bot.charts.views` for the rules.

Curves share one row of times, oldest first, the start of the account included. A curve of many
bars is thinned before it comes here: a picture has about a thousand columns.
"""

from dataclasses import dataclass

import numpy as np

from bot.charts.views import (
    PHONE_WIDTH_PX,
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
class BacktestLabels:
    """The fixed words of these pictures beside those of `Words`, in one language.

    Those from `played_on` on are sentences with their values in braces.
    """

    monthly: str
    log_scale: str
    buy_and_hold: str
    difference: str
    growth: str
    sharpe: str
    deepest: str
    trades: str
    won: str
    profit_factor: str
    expectancy: str
    exposure: str
    costs: str
    sortino: str
    volatility: str
    mean_exposure: str
    fees: str
    start: str
    played_on: str
    markets: str
    candles_from: str
    in_common: str
    correlation: str


ENGLISH_LABELS = BacktestLabels(
    monthly="Return per month, %",
    log_scale="log scale",
    buy_and_hold="buy and hold",
    difference="Difference",
    growth="Return a year",
    sharpe="Sharpe, daily",
    deepest="Deepest drawdown",
    trades="Trades",
    won="Won",
    profit_factor="Profit factor",
    expectancy="A trade earned",
    exposure="Time in market",
    costs="Costs",
    sortino="Sortino",
    volatility="Volatility",
    mean_exposure="Mean exposure",
    fees="Fees",
    start="start = 100",
    played_on="{markets}, {timeframe} candles",
    markets="{count} markets",
    candles_from="from {timeframes} candles",
    in_common="{common} trades in common, {mine} and {theirs} of their own",
    correlation="daily returns correlate {value}",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """An account over time, and its loss from the highest equity so far (0 to 1) at each point."""

    name: str
    equity_quote: Floats
    drawdown_fraction: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curves:
    """One to three accounts on the same times; the first is the one the picture is about."""

    time_ms: Times
    lines: tuple[Curve, ...]

    def __post_init__(self) -> None:
        require_times("time_ms", self.time_ms)
        if not 1 <= len(self.lines) <= 3:  # noqa: PLR2004 - the docstring
            raise ValueError(f"lines must be 1 to 3 curves, was {len(self.lines)}")
        for line in self.lines:
            require_series(line.name, line.equity_quote, len(self.time_ms))
            require_series(line.name, line.drawdown_fraction, len(self.time_ms))


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthReturn:
    """What a calendar month gave, as a fraction; `start_ms` is its first instant, UTC."""

    start_ms: int
    fraction: float

    def __post_init__(self) -> None:
        require_finite("fraction", self.fraction)
        require_times("start_ms", np.array([self.start_ms], np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A named figure, ready to be read ("Sharpe", "1.20")."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BacktestPicture:
    """A backtest on a phone: result, key figures, equity, drawdown, months.

    `title` names the strategy version, `subtitle` what it was played on; `notes` are short
    sentences under the headline (the market's own return). Up to nine `figures` are shown.
    """

    title: str
    subtitle: str
    currency: str
    return_fraction: float
    curves: Curves
    months: tuple[MonthReturn, ...] = ()
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()
    badges: tuple[str, ...] = ()
    zone_name: str = "UTC"
    theme: Theme = "dark"
    width_px: int = PHONE_WIDTH_PX
    words: Words = ENGLISH
    labels: BacktestLabels = ENGLISH_LABELS

    def __post_init__(self) -> None:
        require_finite("return_fraction", self.return_fraction)
        require_zone(self.zone_name)
        require_width(self.width_px)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A figure of two runs side by side, and their difference where it has a meaning."""

    name: str
    one: str
    other: str
    difference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComparisonPicture:
    """Two backtests beside each other; `curves.lines` are the two, in that order."""

    title: str
    subtitle: str
    currency: str
    curves: Curves
    rows: tuple[Compared, ...]
    notes: tuple[str, ...] = ()
    zone_name: str = "UTC"
    theme: Theme = "dark"
    width_px: int = PHONE_WIDTH_PX
    words: Words = ENGLISH
    labels: BacktestLabels = ENGLISH_LABELS

    def __post_init__(self) -> None:
        if len(self.curves.lines) != 2:  # noqa: PLR2004 - two runs
            raise ValueError(f"curves must be of two runs, was {len(self.curves.lines)}")
        require_zone(self.zone_name)
        require_width(self.width_px)
