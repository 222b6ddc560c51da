"""``cryptotrader portfolio``: what the desk holds and what came of it."""

from engine.domain.views import PortfolioView
from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import money, print_json, print_table, say, to_json

app = new_app("Equity, cash, positions and results.")


@app.command(epilog="Example: cryptotrader portfolio --json")
def portfolio(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Equity, cash, positions and results, at the newest prices."""
    from main.compose import open_desk

    with open_desk(load_settings(config).settings) as desk:
        view = desk.assembled.desk.portfolio()
    if json:
        print_json(_document(view))
    else:
        _print(view)


def _document(view: PortfolioView) -> dict[str, object]:
    held = view.portfolio
    document: dict[str, object] = dict(to_json(view))
    document["portfolio"] = {**to_json(held), "equity_quote": str(held.equity_quote)}
    return document


def _print(view: PortfolioView) -> None:
    held, quote = view.portfolio, view.portfolio.quote
    kind = "simulated market" if view.simulated else held.venue
    say(
        f"{money(held.equity_quote, quote)} equity, {money(held.cash_quote, quote)} cash"
        f" ({view.mode}, {kind}, {held.at:%Y-%m-%d %H:%M} UTC)"
    )
    results = [
        f"{name} {money(amount, quote, sign=True)}" for name, amount in view.pnl_quote.items()
    ]
    say("; ".join(results) + f"; drawdown {view.drawdown_fraction:.2%}")
    say(
        f"{view.trades_closed} trades closed, {view.trades_won} won; "
        f"fees {money(view.fees_quote, quote)}"
    )
    rows = [
        (
            holding.position.symbol,
            holding.position.quantity,
            holding.position.entry_price,
            holding.price,
            holding.position.stop_price,
            money(holding.pnl_quote, quote, sign=True),
        )
        for holding in held.holdings
    ]
    if rows:
        print_table(
            "Positions",
            ("symbol", ">quantity", ">bought at", ">price", ">stop", ">open result"),
            rows,
        )
