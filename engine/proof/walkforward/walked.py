"""What a walk-forward leaves: windows, stitched days and trades, and the procedure that made them.

Values only; `walkforward` makes them, `prove`, reports and pictures read them.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from engine.domain.desk import Json
from engine.kernel import Floats
from engine.proof.daily import DAYS_PER_YEAR, Days
from engine.proof.search import SearchPolicy, SearchSpace, default_space
from engine.proof.variants import parameters_of
from engine.proof.walkforward.windows import Mode, Window, WindowPolicy
from engine.strategy.version import StrategyVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """How a strategy is walked forward; without `space` it is `default_space` of the strategy.

    With `calibrate` each test trades by the net edge that its past promised, as a calibrated desk
    does; without, every question is asked as if nothing were known.
    """

    mode: Mode = Mode.ANCHORED
    windows: WindowPolicy = field(default_factory=WindowPolicy)
    search: SearchPolicy = field(default_factory=SearchPolicy)
    space: SearchSpace | None = None
    calibrate: bool = True

    def axes(self, strategy: StrategyVersion) -> SearchSpace:
        """Return what is searched; nothing in fixed mode."""
        if self.mode is Mode.FIXED:
            return SearchSpace(axes={})
        return self.space or default_space(strategy)

    def to_plain(self, strategy: StrategyVersion) -> dict[str, Json]:
        """Return everything that decides what is found, as JSON; little in fixed mode."""
        if self.mode is Mode.FIXED:
            return {"mode": self.mode.value}
        axes = {name: list(values) for name, values in self.axes(strategy).axes.items()}
        plain: dict[str, Any] = {
            "mode": self.mode.value,
            "windows": asdict(self.windows),
            "search": asdict(self.search),
            "space": axes,
            "calibrate": self.calibrate,
        }
        return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenTrade:
    """A closed trade out of sample; units as in `backtest.result.Trade`.

    `return_fraction` is the profit after costs as a share of equity when it was decided.
    """

    window: int
    symbol: str
    opened_ms: int
    closed_ms: int
    score: float
    regime: str
    bars_held: int
    quantity: float
    entry_price: float
    exit_price: float
    fees_quote: float
    slippage_quote: float
    pnl_quote: float
    return_fraction: float
    exit_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowResult:
    """One window: what was trained, and what it earned unseen; fractions, Sharpe per year.

    `parameters` are by dotted name. `trained_score` is the neighbourhood's, on training data.
    """

    window: Window
    strategy_version: str
    parameters: dict[str, Json]
    choice: dict[str, Json]
    trained_score: float | None
    points: int
    return_fraction: float
    market_fraction: float
    sharpe: float | None
    drawdown_fraction: float
    trades: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkForward:
    """The stitched result; see `Days` for returns, exposure and market, [day] and [day, symbol]."""

    strategy: StrategyVersion
    procedure: Procedure
    data_digest: str
    owner_digest: str
    start_equity: float
    windows: tuple[WindowResult, ...]
    days: Days
    trades: tuple[UnseenTrade, ...]

    @property
    def parameters(self) -> dict[str, Json]:
        """What a trial is told apart by: the version's parameters and the procedure."""
        return {
            **parameters_of(self.strategy),
            "procedure": self.procedure.to_plain(self.strategy),
        }

    @property
    def sharpe(self) -> float | None:
        """Sharpe ratio per year of the daily returns."""
        return per_year(self.days.sharpe)

    @property
    def drift(self) -> dict[str, tuple[Json, ...]]:
        """What was searched, by name, with its value in each window."""
        names = sorted({name for one in self.windows for name in one.choice})
        return {name: tuple(one.choice.get(name) for one in self.windows) for name in names}


def per_year(sharpe: float | None) -> float | None:
    """Turn a Sharpe ratio per day into one per year."""
    return None if sharpe is None else sharpe * float(np.sqrt(DAYS_PER_YEAR))


def market_returns(days: Days) -> Floats:
    """Daily returns of buying every listed symbol alike, brought back to equal shares each day.

    Without costs, which favours it.
    """
    listed = np.isfinite(days.market)
    total = np.where(listed, days.market, 0.0).sum(axis=1)
    returns: Floats = total / np.maximum(listed.sum(axis=1), 1)
    return returns


def growth(returns: Floats) -> Floats:
    """Return the path of one unit of equity, its start included."""
    path: Floats = np.concatenate(([1.0], np.cumprod(1.0 + returns)))
    return path


def compounded(returns: Floats) -> float:
    """Return what returns come to together."""
    return float(np.prod(1.0 + returns)) - 1.0
