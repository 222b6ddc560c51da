"""``cryptotrader portfolio``: what the desk holds and what came of it."""

from engine.domain.views import PortfolioView
from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import cell_text, money, print_json, print_table, say, to_json

app = new_app("Equity, cash, positions and results.")


@app.command(epilog="Example: cryptotrader portfolio --json")
def portfolio(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Equity, cash, positions and results, at the newest prices.

    The figures are those of the chat's /portfolio, to the cent: both show one view.
    """
    from main.compose import open_desk

    with open_desk(load_settings(config).settings) as desk:
        view = desk.assembled.desk.portfolio()
    if json:
        print_json(document(view))
    else:
        _print(view)


def document(view: PortfolioView) -> dict[str, object]:
    """The view as one JSON object, with what it is worth in the owner's currency."""
    held = view.portfolio
    made: dict[str, object] = dict(to_json(view))
    made["portfolio"] = {**to_json(held), "equity_quote": str(held.equity_quote)}
    if view.own is not None:
        made["own"] = {**to_json(view.own), "equity": to_json(view.own.of(view.equity_quote))}
    return made


def _print(view: PortfolioView) -> None:
    held, quote = view.portfolio, view.portfolio.quote
    kind = "simulated market" if view.simulated else held.venue
    say(
        f"{money(held.equity_quote, quote)} equity, {money(held.cash_quote, quote)} cash"
        f" ({view.mode}, {kind}, {held.at:%Y-%m-%d %H:%M} UTC)"
    )
    _print_own(view)
    results = [
        f"{name} {money(amount, quote, sign=True)}" for name, amount in view.pnl_quote.items()
    ]
    say("; ".join(results))
    say(
        f"drawdown {view.drawdown_fraction:.2%}, worst {view.worst_drawdown_fraction:.2%}; "
        f"at risk now {money(view.at_risk_quote, quote)} ({view.at_risk_fraction:.2%})"
    )
    won = "" if view.win_fraction is None else f" ({view.win_fraction:.0%})"
    say(
        f"{view.trades_closed} trades closed, {view.trades_won} won{won}; "
        f"fees {money(view.fees_quote, quote)}, slippage {money(view.slippage_quote, quote)}"
    )
    if view.positions:
        _print_positions(view)
    if len(view.venues) > 1:
        print_table(
            "Venues",
            ("venue", ">equity", ">cash", ">positions"),
            [
                (
                    one.venue,
                    money(one.equity_quote, quote),
                    money(one.cash_quote, quote),
                    one.positions,
                )
                for one in view.venues
            ],
        )


def _print_own(view: PortfolioView) -> None:
    own = view.own
    if own is None:
        return
    worth = own.of(view.equity_quote)
    if worth is None or own.price is None or own.priced_at is None:
        say(f"no amounts in {own.currency}: {own.missing.replace('_', ' ')} ({own.pair})")
    else:
        say(
            f"{money(worth, own.currency)} at {own.pair} {cell_text(own.price)} "
            f"of {own.priced_at:%Y-%m-%d %H:%M} UTC"
        )


def _print_positions(view: PortfolioView) -> None:
    quote = view.portfolio.quote
    print_table(
        "Positions",
        ("symbol", ">quantity", ">bought at", ">price", ">stop", ">away", ">open result", ">R"),
        [
            (
                one.symbol,
                one.quantity,
                one.entry_price,
                one.price,
                one.stop_price,
                f"{one.stop_fraction:.2%}",
                money(one.pnl_quote, quote, sign=True),
                None if one.r_multiple is None else f"{one.r_multiple:+.2f}",
            )
            for one in view.positions
        ],
    )
