"""Pictures of the desk: frozen view data in, PNG bytes out.

A handler fills a view (`bot.charts.views`), a worker turns it into bytes, the outbox sends them.
The functions are pure and pickle by name, so a process pool, a thread and a test call them
alike; they read no clock, no database and no settings.

matplotlib costs a second to import and is only needed once somebody looks, so it is imported by
the first call and not by this module. A worker that wants its first picture to be quick calls
`warm_up` when it starts.
"""

from bot.charts.views import CardPicture, ChartPicture, PortfolioPicture
from bot.charts.views_backtest import BacktestPicture, ComparisonPicture
from bot.charts.views_bench import BenchPicture
from bot.charts.views_explorer import BoardPicture, FramesPicture, WhyPicture
from bot.charts.views_proof import ProofPicture
from bot.charts.views_records import TradePicture, VetoPicture
from bot.charts.views_reliability import ReliabilityPicture

__all__ = [
    "draw_backtest",
    "draw_bench",
    "draw_board",
    "draw_card",
    "draw_chart",
    "draw_comparison",
    "draw_frames",
    "draw_portfolio",
    "draw_proof",
    "draw_reliability",
    "draw_trade",
    "draw_veto",
    "draw_why",
    "warm_up",
]


def draw_card(view: CardPicture) -> bytes:
    """Return the picture of an opportunity as PNG, `view.width_px` wide."""
    from bot.charts import card  # noqa: PLC0415 - matplotlib is imported on first use, see above

    return card.compose(view).png()


def draw_chart(view: ChartPicture) -> bytes:
    """Return the picture of a market on one timeframe as PNG, `view.width_px` wide."""
    from bot.charts import chart  # noqa: PLC0415 - matplotlib is imported on first use, see above

    return chart.compose(view).png()


def draw_portfolio(view: PortfolioPicture) -> bytes:
    """Return equity, drawdown, allocation and open profit as PNG, `view.width_px` wide."""
    from bot.charts import portfolio  # noqa: PLC0415 - matplotlib is imported on first use

    return portfolio.compose(view).png()


def draw_backtest(view: BacktestPicture) -> bytes:
    """Return the result of a backtest as PNG, `view.width_px` wide."""
    from bot.charts import backtest  # noqa: PLC0415 - matplotlib is imported on first use

    return backtest.compose(view).png()


def draw_comparison(view: ComparisonPicture) -> bytes:
    """Return two backtests beside each other as PNG, `view.width_px` wide."""
    from bot.charts import comparison  # noqa: PLC0415 - matplotlib is imported on first use

    return comparison.compose(view).png()


def draw_proof(view: ProofPicture) -> bytes:
    """Return the verdict about a strategy as PNG, `view.width_px` wide."""
    from bot.charts import proof  # noqa: PLC0415 - matplotlib is imported on first use

    return proof.compose(view).png()


def draw_trade(view: TradePicture) -> bytes:
    """Return a closed trade on its market as PNG, `view.chart.width_px` wide."""
    from bot.charts import trade  # noqa: PLC0415 - matplotlib is imported on first use

    return trade.compose(view).png()


def draw_veto(view: VetoPicture) -> bytes:
    """Return what saying no was worth as PNG, `view.width_px` wide."""
    from bot.charts import veto  # noqa: PLC0415 - matplotlib is imported on first use

    return veto.compose(view).png()


def draw_reliability(view: ReliabilityPicture) -> bytes:
    """Return what a calibration promised and what came of it as PNG, `view.width_px` wide."""
    from bot.charts import reliability  # noqa: PLC0415 - matplotlib is imported on first use

    return reliability.compose(view).png()


def draw_bench(view: BenchPicture) -> bytes:
    """Return a benchmark's bars as PNG, `view.width_px` wide."""
    from bot.charts import bench  # noqa: PLC0415 - matplotlib is imported on first use

    return bench.compose(view).png()


def draw_board(view: BoardPicture) -> bytes:
    """Return a page of the ranked list as PNG, `view.width_px` wide."""
    from bot.charts import board  # noqa: PLC0415 - matplotlib is imported on first use

    return board.compose(view).png()


def draw_why(view: WhyPicture) -> bytes:
    """Return a decision, its contributions and gates as PNG, `view.width_px` wide."""
    from bot.charts import why  # noqa: PLC0415 - matplotlib is imported on first use

    return why.compose(view).png()


def draw_frames(view: FramesPicture) -> bytes:
    """Return a market on several timeframes as PNG, as wide as the first chart says."""
    from bot.charts import timeframes  # noqa: PLC0415 - matplotlib is imported on first use

    return timeframes.compose(view).png()


def warm_up() -> None:
    """Import the drawing library and load its fonts (about a second), so that no card waits."""
    from bot.charts.sheet import Sheet  # noqa: PLC0415 - that import is the point

    sheet = Sheet(height=100, theme="dark", width_px=108)
    sheet.text(10, 50, "0")
    sheet.png()
