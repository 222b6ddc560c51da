"""``bench desk``: closes of many markets, pictures, candles in and out, each in its own process."""

from dataclasses import dataclass
from pathlib import Path

from engine.market.progress import Progress, Step
from main.bench.candles import YEAR_BARS
from main.bench.process import run_measured
from main.bench.values import Target

_MILLION = 1_000_000
_STREAMS = 300
_PICTURES_S = 3 * 0.4
_WHAT = {
    "close": "{count:,} markets, candles to decisions",
    "three pictures": "card, chart and portfolio",
    "import": "{count:,} candles, parquet to SQLite",
    "load": "{count:,} candles from SQLite",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCost:
    """One figure: seconds of the median run and of the slowest."""

    name: str
    count: int
    median_s: float
    most_s: float
    peak_rss_mb: float

    @property
    def what(self) -> str:
        """What was done, with its count."""
        return _WHAT[self.name].format(count=self.count)


def bench_desk(
    folder: Path, *, streams: int, candles: int, progress: Progress
) -> tuple[tuple[DeskCost, ...], tuple[Target, ...]]:
    """Measure everything; ``candles`` is how many are imported."""
    plan = (("streams", streams), ("import", candles), ("load", min(candles, YEAR_BARS)))
    costs: list[DeskCost] = []
    for done, (kind, count) in enumerate(plan, start=1):
        found = run_measured(["-m", "main.bench.desk_worker", kind, str(count)], caches=folder)
        for name, seconds in found.answer.items():
            ordered = sorted(seconds)
            costs.append(
                DeskCost(
                    name=name,
                    count=count,
                    median_s=ordered[len(ordered) // 2],
                    most_s=ordered[-1],
                    peak_rss_mb=found.peak_rss_mb,
                )
            )
        progress(Step(label="desk", done=done, total=len(plan), eta_s=None))
    return tuple(costs), tuple(_targets(costs))


def _targets(costs: list[DeskCost]) -> list[Target]:
    """The desk's targets, brought to the count that was measured where they are linear in it."""
    per_unit = {
        "close": 1.0 / _STREAMS,
        "import": 10.0 / _MILLION,
        "load": 0.5 / YEAR_BARS,
    }
    return [
        Target(
            name=f"{one.name}: {one.what}",
            value=one.median_s,
            limit=per_unit[one.name] * one.count if one.name in per_unit else _PICTURES_S,
            at_least=False,
            unit="s",
        )
        for one in costs
    ]
