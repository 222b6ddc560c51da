"""What a benchmark found, as plain values: rows of engines, targets met or missed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineResult:
    """One engine on one task, the best of several runs.

    ``run_s`` is a repeated run inside a warm process, ``cold_s`` a whole fresh process from start
    to answer with compiled code and bytecode on disk, ``peak_rss_mb`` the most memory that process
    held. ``difference`` says how its trades differ from the rule played by a plain loop, and why.
    """

    name: str
    version: str
    task: str
    ours: bool
    bars: int
    trades: int
    pnl_quote: float
    difference: str
    run_s: float
    cold_s: float
    peak_rss_mb: float

    @property
    def bars_per_s(self) -> float:
        """Speed of a warm run."""
        return self.bars / self.run_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A limit and what was measured against it; ``passed`` is ``None`` where it could not be."""

    name: str
    value: float | None
    limit: float
    at_least: bool
    unit: str

    @property
    def passed(self) -> bool | None:
        """Whether the measured value is inside the limit."""
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    @property
    def verdict(self) -> str:
        """``PASS``, ``FAIL`` or ``not measured``."""
        return {True: "PASS", False: "FAIL", None: "not measured"}[self.passed]

    @property
    def wanted(self) -> str:
        """The limit as a person writes it."""
        return f"{'≥' if self.at_least else '≤'} {figure(self.limit)} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestBench:
    """Everything of one ``bench backtest``; ``missing`` says which engines were left out, and why.

    ``expected_trades`` and ``expected_pnl_quote`` are those of the plain loop. ``load`` is how many
    processes wanted a core at the end.
    """

    bars: int
    expected_trades: int
    expected_pnl_quote: float
    machine: str
    load: float
    engines: tuple[EngineResult, ...]
    targets: tuple[Target, ...]
    missing: tuple[str, ...]


def figure(value: float) -> str:
    """A number with as many digits as say something: 28,400,000 or 3.14 or 0.021."""
    if value == int(value) or abs(value) >= 1_000:  # noqa: PLR2004 - digits
        return f"{value:,.0f}"
    return f"{value:.3g}"
