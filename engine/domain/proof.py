"""What research leaves behind: trials, verdicts, calibrations, and jobs that make them.

walk-forward → ``Trial`` (counted once) → gate → ``Proof`` with its ``Prediction``; trades →
``Calibration`` → expected edge on a card; a wish from chat → ``ResearchJob`` → a result

- A measured number that could not be computed is ``None``, never NaN: a comparison with NaN is
  false both ways and would let a criterion pass or fail by the way it is written.
- A ``Proof`` that passes although one of its criteria does not cannot be built.
- Returns are fractions (0.01 is 1 %), per UTC day, of equity at the day's start.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from math import isfinite, isnan

from engine.domain.desk import Json
from engine.domain.market import Timeframe
from engine.domain.values import require, require_utc

_MAX_POINTS = 100.0
# Intervals are computed in floats: an end may pass its estimate by this much (fraction or bps).
_ROUNDING = 1e-9


def _require_text(what: str, text: str) -> None:
    require(bool(text), what, "named", text)


def _require_finite(what: str, values: Iterable[float]) -> None:
    for value in values:
        _require_plain(what, value)
        require(isfinite(value), what, "finite", value)


def _require_plain(what: str, value: float) -> None:
    """Refuse NumPy's scalars (``tolist()`` makes plain ones): they have no stored form."""
    require(type(value) in (float, int), what, "a plain number", value)


def _require_json(what: str, value: object) -> None:
    """Refuse what JSON has no form for: other types, keys that are no text, NaN, infinities."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            require(isinstance(key, str), f"key in {what}", "text", key)
            _require_json(f"{what}[{key!r}]", item)
    elif isinstance(value, list):
        for item in value:
            _require_json(what, item)
    elif isinstance(value, float):
        require(isfinite(value), what, "finite or None", value)
    else:
        require(value is None or isinstance(value, int | str), what, "JSON", value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One question of the gate: measured ``value`` against ``limit``, both in ``unit``.

    ``passed`` is ``None`` where the question could not be asked (too few trades, a single trial
    …), which fails the gate as much as a "no" does; ``note`` says why or in which direction.
    """

    name: str
    passed: bool | None
    value: float | None
    limit: float | None
    unit: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        """Named, and no number is NaN."""
        _require_text("name of a criterion", self.name)
        is_answer = self.passed is None or type(self.passed) is bool
        require(is_answer, f"passed of {self.name}", "True, False or None", self.passed)
        for number in (self.value, self.limit):
            if number is not None:
                _require_plain(self.name, number)
                require(not isnan(number), self.name, "a number or None", number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A distinct (code, parameters, data) whose stitched out-of-sample result somebody saw.

    ``id`` is the digest of these three, so that seeing one again is no new trial. ``lineage``
    gathers all trials of one idea. ``daily_returns`` are fractions, one per day from ``first_day``
    (UTC), days without a position included as 0; ``excess_returns`` are those days beyond random
    entries of the same exposure, which is what verdicts compare. Either is empty where it is not
    kept. ``sharpe`` is per day, not annualised; ``None`` without dispersion.
    """

    id: str
    lineage: str
    strategy_version: str
    parameters: Mapping[str, Json]
    code_digest: str
    data_digest: str
    seen_at: datetime
    first_day: date
    daily_returns: tuple[float, ...]
    sharpe: float | None
    trades: int
    note: str = ""
    excess_returns: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Named, in UTC, and every number is finite."""
        _require_text("id of a trial", self.id)
        _require_text("lineage of a trial", self.lineage)
        require_utc("seen_at", self.seen_at)
        require(not isinstance(self.first_day, datetime), "first_day", "a date", self.first_day)
        _require_json("parameters of a trial", self.parameters)
        _require_finite("daily return", self.daily_returns)
        _require_finite("excess return", self.excess_returns)
        _require_finite("Sharpe ratio", () if self.sharpe is None else (self.sharpe,))
        require(self.trades >= 0, "trades", ">= 0", self.trades)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the daily returns on paper are held against.

    ``daily_mean`` and ``daily_deviation`` are mean and standard deviation of the ``days`` daily
    returns out of sample (fractions); ``daily_low`` to ``daily_high`` is the 95 % interval of the
    mean by stationary bootstrap.
    """

    daily_mean: float
    daily_deviation: float
    daily_low: float
    daily_high: float
    trades_per_day: float
    days: int

    def __post_init__(self) -> None:
        """Finite, and the interval holds the mean."""
        returns = (self.daily_mean, self.daily_deviation, self.daily_low, self.daily_high)
        _require_finite("predicted number", (*returns, self.trades_per_day))
        _require_interval("daily mean", self.daily_low, self.daily_mean, self.daily_high)
        require(self.daily_deviation >= 0, "daily_deviation", ">= 0", self.daily_deviation)
        require(self.trades_per_day >= 0, "trades_per_day", ">= 0", self.trades_per_day)
        require(self.days >= 1, "days", ">= 1", self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The gate's verdict about one version of a strategy on one set of data.

    ``fingerprint`` is the strategy's digest: a verdict speaks for that very code and parameters.
    ``trials`` counts what had been tried over these days, in any lineage, when it was made.
    ``data_from`` and ``data_to`` are the first open and last close that were used, on candles of
    ``venue`` ("" where that was not kept); ``market_days`` are the days between on which each of
    the ``symbols`` has candles (empty where that was not kept).
    """

    id: str
    strategy_version: str
    fingerprint: str
    lineage: str
    made_at: datetime
    timeframe: Timeframe
    symbols: tuple[str, ...]
    data_from: datetime
    data_to: datetime
    data_digest: str
    trials: int
    passed: bool
    criteria: tuple[Criterion, ...]
    metrics: Mapping[str, Json]
    predicted: Prediction | None
    venue: str = ""
    market_days: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Named, in UTC, about some data; passes only if every criterion does."""
        _require_text("id of a proof", self.id)
        _require_text("strategy_version", self.strategy_version)
        _require_text("fingerprint", self.fingerprint)
        require_utc("made_at", self.made_at)
        _require_span(self.data_from, self.data_to)
        require(bool(self.symbols), "symbols", "at least one", self.symbols)
        require(self.trials >= 0, "trials", ">= 0", self.trials)
        per_symbol = len(self.market_days) in (0, len(self.symbols))
        require(per_symbol, "market_days", f"{len(self.symbols)} long", self.market_days)
        require(min(self.market_days, default=0) >= 0, "market_days", ">= 0", self.market_days)
        _require_unique("name of a criterion", [one.name for one in self.criteria])
        _require_json("metrics of a proof", self.metrics)
        if self.passed:
            require(bool(self.criteria), "criteria of a passed proof", "at least one", ())
            failed = [one.name for one in self.failed]
            require(not failed, "criteria of a passed proof", "all passed", failed)

    @property
    def failed(self) -> tuple[Criterion, ...]:
        """Criteria that did not pass, the ones that could not be asked among them."""
        return tuple(one for one in self.criteria if one.passed is not True)

    def days_of(self, symbols: Iterable[str]) -> int:
        """Days with candles of these markets, summed: how much the verdict knows about them."""
        known = dict(zip(self.symbols, self.market_days, strict=False))
        return sum(known.get(symbol, 0) for symbol in symbols)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationCurve:
    """What scores of one side in one regime were worth, at rising ``score`` knots.

    All tuples are parallel. Scores are unsigned points (0–100), edges are basis points before
    cost with their 95 % interval, win probabilities are fractions with theirs, ``payoff`` is the
    mean win over the mean loss, ``n`` the signals behind a knot.
    """

    direction: int
    regime: str
    score: tuple[float, ...]
    edge_bps: tuple[float, ...]
    edge_low_bps: tuple[float, ...]
    edge_high_bps: tuple[float, ...]
    win_probability: tuple[float, ...]
    win_low: tuple[float, ...]
    win_high: tuple[float, ...]
    payoff: tuple[float, ...]
    n: tuple[int, ...]

    def __post_init__(self) -> None:
        """Parallel, finite, rising, in range; every interval holds its estimate."""
        require(self.direction in (-1, 1), "direction", "-1 or 1", self.direction)
        self._require_parallel()
        require(self.score == tuple(sorted(set(self.score))), "score knots", "rising", self.score)
        for points in self.score:
            require(0 <= points <= _MAX_POINTS, "score knot", "0 to 100", points)
        edges = (self.edge_low_bps, self.edge_bps, self.edge_high_bps)
        for low, edge, high in zip(*edges, strict=True):
            _require_interval("edge_bps", low, edge, high)
        wins = (self.win_low, self.win_probability, self.win_high)
        for low, win, high in zip(*wins, strict=True):
            _require_interval("win_probability", low, win, high)
            require(0 <= win <= 1, "win_probability", "0 to 1", win)
        require(min(self.payoff) >= 0, "payoff", ">= 0", min(self.payoff))
        require(min(self.n) >= 0, "n", ">= 0", min(self.n))

    def _require_parallel(self) -> None:
        require(bool(self.score), "score knots", "at least one", self.score)
        for name in _COLUMNS:
            column: Sequence[float] = getattr(self, name)
            require(len(column) == len(self.score), name, f"{len(self.score)} long", len(column))
            _require_finite(name, column)


_COLUMNS = (
    "score",
    "edge_bps",
    "edge_low_bps",
    "edge_high_bps",
    "win_probability",
    "win_low",
    "win_high",
    "payoff",
    "n",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A version of "what a score is worth" for one strategy; used once a person activates it.

    ``fingerprint`` is the strategy's digest when it was fitted: what its scores were worth says
    nothing about the scores of an edited one. ``method`` is ``bins`` or ``isotonic``; ``data_from``
    and ``data_to`` bound what was fitted.
    """

    version: str
    strategy_version: str
    fingerprint: str
    timeframe: Timeframe
    method: str
    made_at: datetime
    data_from: datetime
    data_to: datetime
    curves: tuple[CalibrationCurve, ...]
    note: str = ""
    active: bool = False

    def __post_init__(self) -> None:
        """Named, in UTC; one curve per side and regime, and at least one."""
        _require_text("calibration version", self.version)
        _require_text("strategy_version", self.strategy_version)
        _require_text("fingerprint", self.fingerprint)
        require(self.method in ("bins", "isotonic"), "method", "bins or isotonic", self.method)
        require_utc("made_at", self.made_at)
        _require_span(self.data_from, self.data_to)
        require(bool(self.curves), "curves", "at least one", self.curves)
        _require_unique("curve", [(one.direction, one.regime) for one in self.curves])

    def says_the_same_as(self, other: "Calibration") -> bool:
        """Whether the content is equal: all but when it was made, its note and whether it is used.

        A fit that is made again with the same outcome is the same calibration.
        """
        told = replace(other, made_at=self.made_at, note=self.note, active=self.active)
        return told == self


class ResearchState(StrEnum):
    """Life of a research job; the last three are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return self not in (ResearchState.QUEUED, ResearchState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResearchJob:
    """Long work somebody asked for: ``kind`` is ``backtest`` or ``prove``.

    ``done`` of ``total`` steps are behind it (``total`` is 0 until known). ``requested_by`` is a
    numeric chat user id (0 for the command line), ``chat_id`` where the answer goes, if anywhere.
    """

    id: str
    kind: str
    parameters: Mapping[str, Json]
    requested_by: int
    chat_id: int | None
    requested_at: datetime
    state: ResearchState = ResearchState.QUEUED
    done: int = 0
    total: int = 0
    result: Mapping[str, Json] | None = None
    error: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None

    def __post_init__(self) -> None:
        """Named, in UTC, its steps in range, and its times fit its state."""
        _require_text("id of a research job", self.id)
        _require_text("kind of a research job", self.kind)
        require(isinstance(self.state, ResearchState), "state", "a ResearchState", self.state)
        _require_json("parameters of a research job", self.parameters)
        _require_json("result of a research job", self.result)
        for name in ("requested_at", "started_at", "finished_at"):
            moment: datetime | None = getattr(self, name)
            if moment is not None:
                require_utc(name, moment)
        require(self.done >= 0, "done", ">= 0", self.done)
        require(self.total >= 0, "total", ">= 0", self.total)
        require(self.total == 0 or self.done <= self.total, "done", f"<= {self.total}", self.done)
        ended = self.finished_at is not None
        require(ended == self.state.is_final, "finished_at", f"right for {self.state}", ended)
        is_running = self.state is ResearchState.RUNNING
        require(not is_running or self.started_at is not None, "started_at", "set", None)


def _require_interval(what: str, low: float, value: float, high: float) -> None:
    inside = low - _ROUNDING <= value <= high + _ROUNDING
    require(inside, what, f"between {low} and {high}", value)


def _require_span(start: datetime, end: datetime) -> None:
    require_utc("data_from", start)
    require_utc("data_to", end)
    require(end > start, "data_to", f"after {start}", end)


def _require_unique(what: str, names: Sequence[object]) -> None:
    doubled = [name for name, times in Counter(names).items() if times > 1]
    require(not doubled, what, "given once", doubled)
