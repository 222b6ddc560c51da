"""How long a symbol rests: after a position in it was closed, and after a person said no.

The lengths come from the compiled rules that the backtest uses; the moments from stored trades and
from a remembered note per symbol.
"""

from datetime import datetime

from engine.checks.routing import cooldown_after_exit, cooldown_after_refusal
from engine.desk.context import DeskContext
from engine.domain.market import Symbol
from engine.domain.portfolio import Trade
from engine.domain.values import from_ms, to_ms
from engine.ports import UnitOfWork


def rest_after_refusal(context: DeskContext, unit: UnitOfWork, symbol: Symbol) -> None:
    """Remember that a person rejected an entry in ``symbol``, or let it expire, just now."""
    until_ms = cooldown_after_refusal(to_ms(context.clock.now()), context.strategy.numbers.routing)
    unit.desk.put_note(_key(context, symbol), int(until_ms))


def rests_until(
    context: DeskContext, unit: UnitOfWork, symbol: Symbol, last_trade: Trade | None
) -> datetime | None:
    """Until when ``symbol`` rests, or ``None`` if it never had to."""
    noted = unit.desk.note(_key(context, symbol))
    until_ms = noted if isinstance(noted, int) else 0
    if last_trade is not None:
        closed_ms, pnl = to_ms(last_trade.closed_at), float(last_trade.pnl_quote)
        routing = context.strategy.numbers.routing
        until_ms = max(until_ms, int(cooldown_after_exit(closed_ms, pnl, routing)))
    return from_ms(until_ms) if until_ms else None


def _key(context: DeskContext, symbol: Symbol) -> str:
    return f"rests:{context.venue}:{symbol}"
