"""What a picture shows, as frozen values: the only input of the drawing functions.

Whoever reads the database or the indicators fills these; nothing here computes a signal. Arrays
are one-dimensional, float64 (times int64), one entry per bar, oldest first. NaN means "not known"
(the warm-up of an indicator, an interval without trades) and leaves a hole in the drawing.

Views compare by identity: arrays have no single truth value.
"""

from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from bot.charts.words import ENGLISH, Words

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]
type Times = NDArray[np.int64]
type Theme = Literal["dark", "light"]
type Side = Literal["long", "short", "close"]

PHONE_WIDTH_PX = 1080
LATEST_MS = 4_102_444_800_000
"""2100-01-01 UTC: later times are a mistake in the unit, and calendars end somewhere."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bars:
    """Closed candles of one symbol: six arrays of the same length n ≥ 1.

    `open_ms` holds the open times (UTC milliseconds, strictly increasing; gaps are allowed),
    prices are in the quote currency, `volume` in the base currency. A bar with a price that is
    not finite is not drawn.
    """

    open_ms: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __post_init__(self) -> None:
        require_times("open_ms", self.open_ms)
        for name in ("open", "high", "low", "close", "volume"):
            require_series(name, getattr(self, name), len(self.open_ms))

    def __len__(self) -> int:
        return len(self.open_ms)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bands:
    """Bollinger bands over the bars, in price; `label` names the parameters ("BB 20, 2σ")."""

    label: str
    lower: Floats
    middle: Floats
    upper: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """One line over the bars, in price, such as a moving average ("MA 50")."""

    label: str
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rsi:
    """The RSI panel, 0 to 100, with the bounds the rule uses."""

    label: str
    values: Floats
    lower_bound: float = 30.0
    upper_bound: float = 70.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Macd:
    """The MACD panel, in price units: line, signal line and their difference."""

    label: str
    line: Floats
    signal: Floats
    histogram: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stoch:
    """The panel of the stochastic, 0 to 100: %K, %D and the bounds the rule uses."""

    label: str
    k: Floats
    d: Floats
    lower_bound: float = 20.0
    upper_bound: float = 80.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Prices of an order or a position, in the quote currency; None is not drawn.

    Distances in per cent are shown from `entry`.
    """

    entry: float | None = None
    stop: float | None = None
    target: float | None = None

    def __post_init__(self) -> None:
        for name, price in (("entry", self.entry), ("stop", self.stop), ("target", self.target)):
            if price is not None and not (np.isfinite(price) and price > 0):
                raise ValueError(f"{name} must be a price > 0, was {price}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cone:
    """Where the closes of the next bars may lie: two bands around the median, in price.

    `open_ms` are the open times of those bars, n ≥ 1; all prices are positive and in order. The
    cone opens at the last close. `label` names the outer band and how often it held ("80 % band ·
    hit 81 % of 412 (2021–2023)"), `note` adds to it ("here 26 of 31").
    """

    open_ms: Times
    low: Floats
    inner_low: Floats
    median: Floats
    inner_high: Floats
    high: Floats
    level: float
    inner_level: float
    label: str
    note: str = ""

    def __post_init__(self) -> None:
        require_times("open_ms", self.open_ms)
        rows = (self.low, self.inner_low, self.median, self.inner_high, self.high)
        for name, row in zip(
            ("low", "inner_low", "median", "inner_high", "high"), rows, strict=True
        ):
            require_series(name, row, len(self.open_ms))
        quantiles = np.stack(rows)
        if (
            not (np.isfinite(quantiles) & (quantiles > 0)).all()
            or (np.diff(quantiles, axis=0) < 0).any()
        ):
            raise ValueError(f"quantiles must be prices > 0 in order, were {quantiles[:, -1]}")
        if not 0 < self.inner_level < self.level < 1:
            levels = (self.inner_level, self.level)
            raise ValueError(f"levels must rise between 0 and 1, were {levels}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one indicator added to the signed score, in points (−100 to 100)."""

    code: str
    points: float

    def __post_init__(self) -> None:
        require_finite("points", self.points)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChartPicture:
    """A market on one timeframe.

    `price_unit` and `volume_unit` label the axes ("USDT", "BTC"); times are shown in the IANA
    zone `zone_name`. `badges` are short states a person must not miss ("simulated market"). A
    `cone` begins after the last bar.
    Panels without their data are left out, and so is the volume where it is not wanted.
    """

    symbol: str
    timeframe: str
    bars: Bars
    zone_name: str = "UTC"
    price_unit: str = ""
    volume_unit: str = ""
    bands: Bands | None = None
    averages: tuple[Line, ...] = ()
    rsi: Rsi | None = None
    macd: Macd | None = None
    stoch: Stoch | None = None
    has_volume: bool = True
    levels: Levels = field(default_factory=Levels)
    cone: Cone | None = None
    badges: tuple[str, ...] = ()
    theme: Theme = "dark"
    width_px: int = PHONE_WIDTH_PX
    words: Words = ENGLISH

    def __post_init__(self) -> None:
        require_zone(self.zone_name)
        require_width(self.width_px)
        if self.cone is not None and self.cone.open_ms[0] <= self.bars.open_ms[-1]:
            raise ValueError(f"cone must begin after the last bar, began {self.cone.open_ms[0]}")
        for name, values in self._series():
            require_series(name, values, len(self.bars))

    def _series(self) -> list[tuple[str, Floats]]:
        series = [(f"average {line.label}", line.values) for line in self.averages]
        if self.bands is not None:
            series += [
                ("lower band", self.bands.lower),
                ("middle band", self.bands.middle),
                ("upper band", self.bands.upper),
            ]
        if self.rsi is not None:
            series.append(("rsi", self.rsi.values))
        if self.macd is not None:
            series += [
                ("macd line", self.macd.line),
                ("macd signal", self.macd.signal),
                ("macd histogram", self.macd.histogram),
            ]
        if self.stoch is not None:
            series += [("stochastic %K", self.stoch.k), ("stochastic %D", self.stoch.d)]
        return series


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CardPicture(ChartPicture):
    """An opportunity: a market, and the score that speaks for a side.

    `score` and `threshold` run from 0 to 100; `threshold` is the score from which the owner is
    alerted, None where there is none yet.
    """

    side: Side
    score: float
    threshold: float | None = None
    contributions: tuple[Contribution, ...] = ()

    def __post_init__(self) -> None:
        # Named, because a slotted dataclass is a new class and super() still means the old one.
        ChartPicture.__post_init__(self)
        for name, points in (("score", self.score), ("threshold", self.threshold)):
            if points is not None and not 0 <= points <= 100:  # noqa: PLR2004 - the scale itself
                raise ValueError(f"{name} must be from 0 to 100, was {points}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Equity:
    """Equity over time: times in UTC milliseconds, strictly increasing, n ≥ 1.

    `drawdown_fraction` is the loss from the highest equity so far (0 to 1); None computes it from
    `equity_quote`, which is right as long as nothing was deposited or withdrawn.
    """

    time_ms: Times
    equity_quote: Floats
    drawdown_fraction: Floats | None = None

    def __post_init__(self) -> None:
        require_times("time_ms", self.time_ms)
        require_series("equity_quote", self.equity_quote, len(self.time_ms))
        if self.drawdown_fraction is not None:
            require_series("drawdown_fraction", self.drawdown_fraction, len(self.time_ms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A share of the equity, valued in the quote currency; cash is one of them."""

    name: str
    value_quote: float
    is_cash: bool = False

    def __post_init__(self) -> None:
        require_finite("value_quote", self.value_quote)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profit:
    """A profit or loss with its name: an open position ("SOL/USDT") or a period ("today").

    `fraction` is relative to what was put in, None where that has no meaning.
    """

    name: str
    amount_quote: float
    fraction: float | None = None

    def __post_init__(self) -> None:
        require_finite("amount_quote", self.amount_quote)
        if self.fraction is not None:
            require_finite("fraction", self.fraction)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PortfolioPicture:
    """The money: what there is, how it got there, where it lies, what is open.

    `periods` stand under the headline (at most four are shown), `positions` and `holdings` are
    drawn as bars, the largest first; what does not fit is summed up in one bar. `note` stands under
    the equity (the owner's currency). `hold_quote` is buy-and-hold over the same times, called
    `hold_name`; `stretch` names the time shown ("1 week").
    """

    currency: str
    equity_quote: float
    equity: Equity
    note: str = ""
    hold_quote: Floats | None = None
    hold_name: str = ""
    stretch: str = ""
    periods: tuple[Profit, ...] = ()
    holdings: tuple[Holding, ...] = ()
    positions: tuple[Profit, ...] = ()
    zone_name: str = "UTC"
    badges: tuple[str, ...] = ()
    theme: Theme = "dark"
    width_px: int = PHONE_WIDTH_PX
    words: Words = ENGLISH

    def __post_init__(self) -> None:
        require_finite("equity_quote", self.equity_quote)
        if self.hold_quote is not None:
            require_series("hold_quote", self.hold_quote, len(self.equity.time_ms))
        require_zone(self.zone_name)
        require_width(self.width_px)


def require_times(name: str, times: Times) -> None:
    """Raise ValueError unless `times` are n ≥ 1 strictly increasing int64 milliseconds."""
    if times.ndim != 1 or times.dtype != np.int64 or len(times) == 0:
        raise ValueError(f"{name} must be int64 of shape (n,), n ≥ 1, was {_shape(times)}")
    if times[0] < 0 or times[-1] > LATEST_MS:
        raise ValueError(f"{name} must be milliseconds since 1970, was {times[0]} to {times[-1]}")
    if np.any(np.diff(times) <= 0):
        raise ValueError(f"{name} must be strictly increasing")


def require_series(name: str, values: Floats, count: int) -> None:
    """Raise ValueError unless `values` are `count` float64."""
    if values.shape != (count,) or values.dtype != np.float64:
        raise ValueError(f"{name} must be float64 of shape ({count},), was {_shape(values)}")


def require_finite(name: str, value: float) -> None:
    """Raise ValueError where `value` is NaN or infinite."""
    if not np.isfinite(value):
        raise ValueError(f"{name} must be finite, was {value}")


def require_zone(zone_name: str) -> None:
    """Raise ValueError unless `zone_name` is a zone of the IANA database."""
    try:
        ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as err:
        raise ValueError(f"zone_name must be an IANA zone, was {zone_name!r}") from err


def require_width(width_px: int) -> None:
    """Raise ValueError unless a phone and Telegram (width + height ≤ 10,000) can show it."""
    if not 100 <= width_px <= 4000:  # noqa: PLR2004 - the bounds are the rule
        raise ValueError(f"width_px must be from 100 to 4000, was {width_px}")


def _shape(values: NDArray[np.generic]) -> str:
    return f"{values.dtype} of shape {values.shape}"
