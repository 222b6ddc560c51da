"""Pictures of the desk: frozen view data in, PNG bytes out.

A handler fills a view (`bot.charts.views`), a worker turns it into bytes, the outbox sends them.
The three functions are pure and pickle by name, so a process pool, a thread and a test call them
alike; they read no clock, no database and no settings.

matplotlib costs a second to import and is only needed once somebody looks, so it is imported by
the first call and not by this module. A worker that wants its first picture to be quick calls
`warm_up` when it starts.
"""

from bot.charts.views import CardPicture, ChartPicture, PortfolioPicture

__all__ = ["draw_card", "draw_chart", "draw_portfolio", "warm_up"]


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


def warm_up() -> None:
    """Import the drawing library and load its fonts (about a second), so that no card waits."""
    from bot.charts.sheet import Sheet  # noqa: PLC0415 - that import is the point

    sheet = Sheet(height=100, theme="dark", width_px=108)
    sheet.text(10, 50, "0")
    sheet.png()
