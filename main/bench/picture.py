"""The picture of ``bench backtest``: speed, cold process and memory of every engine."""

from bot.charts import draw_bench
from bot.charts.views_bench import Bar, BarGroup, BenchPicture
from main.bench.values import BacktestBench, EngineResult


def picture_of(found: BacktestBench) -> bytes:
    """Draw it as PNG, for a phone."""
    slowest = min(one.bars_per_s for one in found.engines)
    return draw_bench(
        BenchPicture(
            title=f"One rule, {found.bars:,} bars",
            subtitle="Ratios of one run on one machine; log scale for speed",
            groups=(
                BarGroup(
                    title="Speed, × the slowest, more is better",
                    bars=tuple(_speed(one, slowest) for one in found.engines),
                    logarithmic=True,
                ),
                BarGroup(
                    title="Whole cold process, s, less is better",
                    bars=tuple(_bar(one, one.cold_s, f"{one.cold_s:.1f}") for one in found.engines),
                ),
                BarGroup(
                    title="Peak memory, MB, less is better",
                    bars=tuple(
                        _bar(one, one.peak_rss_mb, f"{one.peak_rss_mb:.0f}")
                        for one in found.engines
                    ),
                ),
            ),
        )
    )


def _speed(one: EngineResult, slowest: float) -> Bar:
    ratio = one.bars_per_s / slowest
    return _bar(one, ratio, f"{ratio:,.0f}")


def _bar(one: EngineResult, value: float, text: str) -> Bar:
    name = f"{one.name} {one.version}".strip()
    return Bar(name=f"{name}: {one.task}", value=value, text=text, ours=one.ours)
