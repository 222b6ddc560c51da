"""``cryptotrader scan``: what the desk would decide now, without deciding it.

The newest closed bars of every symbol are fetched and stored; the decision is a preview that is
neither stored nor told, whatever the mode. Every row has a cost: at the planned size where one was
planned, else that of the smallest order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from config import Settings
from engine.domain.decisions import CostEstimate, Decision
from engine.domain.market import Symbol
from engine.market.collect import Collected
from main.command_line import (
    ConfigOption,
    JsonOption,
    SymbolsOption,
    load_settings,
    new_app,
    parse_symbols,
    parse_timeframe,
)
from main.output import print_json, print_table, say, to_json

if TYPE_CHECKING:
    from engine.desk.context import DeskContext

_BPS = Decimal("0.01")

app = new_app("Score the newest closed bars, ranked.")


@app.command(epilog="Example: cryptotrader scan --symbol BTC/USDT --timeframe 4h --json")
def scan(
    symbol: SymbolsOption = None,
    timeframe: Annotated[
        str | None, typer.Option(metavar="TF", help="In place of the strategy's.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Score the newest closed bars: contributions, edge, costs, verdict; strongest first."""
    from main.compose import open_desk, settle_delay

    settings = _narrowed(load_settings(config).settings, symbol, timeframe)
    with open_desk(settings, needs_venue=True) as desk:
        context = desk.assembled.context
        closed_at = context.timeframe.floor(context.clock.now() - settle_delay(desk))
        collected = desk.collector.collect(context.symbols, context.timeframe, closed_at)
        decisions = desk.assembled.scanner.preview(closed_at)
        costs = {one.symbol: one.cost or _least_cost(context, one.symbol) for one in decisions}
    ranked = sorted(decisions, key=_strongest)
    if json:
        print_json(
            {
                "venue": context.venue,
                "simulated": context.simulated,
                "timeframe": context.timeframe,
                "closed_at": closed_at,
                "strategy_version": context.strategy.version,
                "data": collected,
                "opportunities": [_document(one, costs[one.symbol]) for one in ranked],
            }
        )
        return
    kind = " (simulated market)" if context.simulated else ""
    _print(
        f"{context.venue}{kind}, {context.timeframe} closed {closed_at:%Y-%m-%d %H:%M} UTC",
        ranked,
        costs,
    )
    _print_late(collected)


def _narrowed(settings: Settings, symbols: list[str] | None, timeframe: str | None) -> Settings:
    """The settings with other symbols or another timeframe for this one question."""
    changes: dict[str, object] = {}
    if symbols:
        name = settings.venue_name
        wanted = tuple(str(one) for one in parse_symbols(symbols))
        venue = replace(settings.venue(name), symbols=wanted)
        changes["venues"] = {**settings.venues, name: venue}
    if timeframe:
        frame = parse_timeframe(timeframe)
        changes["strategy"] = replace(settings.strategy, timeframe=frame)
    return settings.model_copy(update=changes)


def _strongest(decision: Decision) -> tuple[bool, object, str]:
    score = decision.score
    return score is None, -score.points if score else 0, str(decision.symbol)


def _least_cost(context: "DeskContext", symbol: Symbol) -> CostEstimate:
    """The round trip of the smallest order: what every size costs at least."""
    from engine.costs.model import round_trip

    strategy = context.strategy
    terms, costs = strategy.markets[strategy.place(symbol)], strategy.numbers.costs
    least = round_trip(terms.taker_fee_bps, terms.half_spread_bps, costs.min_slippage_bps, costs)
    return CostEstimate(
        **{name: Decimal(str(part)).quantize(_BPS) for name, part in least._asdict().items()}
    )


def _document(decision: Decision, cost: CostEstimate) -> dict[str, object]:
    document: dict[str, object] = dict(to_json(decision))
    document["cost"] = to_json(cost)
    document["cost_basis"] = "planned_size" if decision.cost else "smallest_size"
    document["calibrated"] = decision.is_calibrated
    return document


def _edge(decision: Decision) -> str | None:
    """The lower bound of the edge after costs, or before them where none were reckoned."""
    edge = decision.edge
    if edge is None:
        return "uncalibrated" if decision.lacks_edge else None
    if edge.net_edge_low_bps is None:
        return f"{edge.edge_low_bps:+.1f} gross"
    return f"{edge.net_edge_low_bps:+.1f}"


def _print(title: str, decisions: Sequence[Decision], costs: Mapping[Symbol, CostEstimate]) -> None:
    rows = []
    for one in decisions:
        score = one.score
        drivers = sorted(score.contributions, key=lambda c: -abs(c.points))[:3] if score else ()
        rows.append(
            (
                one.symbol,
                f"{score.signed:+.2f}" if score else None,
                f"{score.rank_fraction:.1%}" if score else None,
                "  ".join(f"{c.code} {c.points:+.2f}" for c in drivers),
                f"{'' if one.cost else '≥ '}{costs[one.symbol].total_bps:.1f}",
                _edge(one),
                f"{one.action.label} {one.route.label}".replace("none none", "–"),
                one.reason.label,
            )
        )
    columns = (
        "symbol",
        ">score",
        ">rank",
        "drivers",
        ">cost bps",
        ">net edge low bps",
        "verdict",
        "reason",
    )
    print_table(title, columns, rows)


def _print_late(collected: Sequence[Collected]) -> None:
    for one in collected:
        if not one.is_fresh:
            say(f"{one.symbol}: {one.freshness}: {one.detail}")
