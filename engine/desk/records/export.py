"""Tables to take along: trades, fills, ledger and decisions as CSV.

wish → rows of one period → UTF-8 bytes with a header, comma, CRLF (RFC 4180).

Choices:
- Amounts are exact decimals with a point and no grouping, times ISO 8601 in UTC, on every machine
  and in every language: the file is for programs and spreadsheets, not for reading aloud.
- A spreadsheet runs what begins with ``=``, ``+``, ``-``, ``@``, tab or carriage return. Texts that
  do are written with a leading apostrophe; numbers are numbers and stay as they are.
- Every column is documented in ``docs/user-guide.md``; a test compares.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum

from engine.desk.context import DeskContext
from engine.domain.decisions import Decision
from engine.domain.orders import Fill
from engine.domain.portfolio import LedgerEntry, Trade
from engine.domain.records import Export, ExportWhat, ExportWish
from engine.domain.values import from_ms
from engine.ports import UnitOfWork

type Cell = str | int | Decimal | datetime | Enum | None
type Row = Sequence[Cell]

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
_FIRST = from_ms(0)
_LAST = datetime(9999, 12, 31, tzinfo=UTC)

COLUMNS: dict[ExportWhat, tuple[str, ...]] = {
    ExportWhat.TRADES: (
        "id",
        "venue",
        "symbol",
        "side",
        "opened_at",
        "closed_at",
        "quantity",
        "entry_price",
        "exit_price",
        "fees_quote",
        "slippage_quote",
        "pnl_quote",
        "exit_reason",
        "entry_order_id",
        "exit_order_id",
        "decision_id",
    ),
    ExportWhat.FILLS: (
        "id",
        "order_id",
        "symbol",
        "side",
        "filled_at",
        "quantity",
        "price",
        "notional_quote",
        "fee_quote",
        "slippage_quote",
        "liquidity",
        "trigger",
    ),
    ExportWhat.LEDGER: ("venue", "at", "currency", "amount", "kind", "reference"),
    ExportWhat.DECISIONS: (
        "id",
        "venue",
        "symbol",
        "timeframe",
        "closed_at",
        "strategy_version",
        "action",
        "route",
        "reason",
        "close_price",
        "score",
        "quantity",
        "notional_quote",
        "stop_price",
        "cost_bps",
        "net_edge_bps",
    ),
}


def export(context: DeskContext, wish: ExportWish) -> Export:
    """The table of a wish."""
    with context.units(read_only=True) as unit:
        return export_of(unit, context.venue, wish)


def export_of(unit: UnitOfWork, venue: str, wish: ExportWish) -> Export:
    """The table of a wish about one venue, oldest row first."""
    rows = list(_rows(unit, venue, wish))
    return Export(
        wish=wish,
        name=f"{_name(venue, wish)}.csv",
        content=to_csv(COLUMNS[wish.what], rows),
        rows=len(rows),
    )


def to_csv(columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    """A table as bytes; texts that a spreadsheet would run are disarmed."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8", "replace")


def _cell(value: Cell) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Enum():
            return str(getattr(value, "label", value.value))
        case int():
            return str(value)
    return f"'{value}" if value.startswith(_RISKY) else value


def _rows(unit: UnitOfWork, venue: str, wish: ExportWish) -> Iterable[Row]:
    match wish.what:
        case ExportWhat.TRADES:
            found = unit.records.trades(venue, wish.start, wish.end)
            return (_trade(trade) for trade in reversed(found))
        case ExportWhat.FILLS:
            return (_fill(fill) for fill in unit.records.fills(venue, wish.start, wish.end))
        case ExportWhat.LEDGER:
            return (_entry(one) for one in unit.records.ledger(venue, wish.start, wish.end))
        case ExportWhat.DECISIONS:
            period = (wish.start or _FIRST, wish.end or _LAST)
            decided = unit.decisions.between(*period)
            return (_decision(one) for one in decided if one.venue == venue)


def _trade(trade: Trade) -> Row:
    return (
        trade.id,
        trade.venue,
        str(trade.symbol),
        trade.side,
        trade.opened_at,
        trade.closed_at,
        trade.quantity,
        trade.entry_price,
        trade.exit_price,
        trade.fees_quote,
        trade.slippage_quote,
        trade.pnl_quote,
        trade.exit_reason,
        trade.entry_order_id,
        trade.exit_order_id,
        trade.decision_id,
    )


def _fill(fill: Fill) -> Row:
    return (
        fill.id,
        fill.order_id,
        str(fill.symbol),
        fill.side,
        fill.filled_at,
        fill.quantity,
        fill.price,
        fill.notional_quote,
        fill.fee_quote,
        fill.slippage_quote,
        fill.liquidity,
        fill.trigger,
    )


def _entry(entry: LedgerEntry) -> Row:
    return (entry.venue, entry.at, entry.currency, entry.amount, entry.kind, entry.reference)


def _decision(decision: Decision) -> Row:
    plan, cost, edge = decision.plan, decision.cost, decision.edge
    return (
        decision.id,
        decision.venue,
        str(decision.symbol),
        decision.timeframe,
        decision.closed_at,
        decision.strategy_version,
        decision.action,
        decision.route,
        decision.reason,
        decision.close_price,
        decision.score.signed if decision.score else None,
        plan.quantity if plan else None,
        plan.notional_quote if plan else None,
        plan.exit_plan.stop_price if plan else None,
        cost.total_bps if cost else None,
        edge.net_edge_bps if edge else None,
    )


def _name(venue: str, wish: ExportWish) -> str:
    begin = f"-{wish.start:%Y%m%d}" if wish.start else ""
    end = f"-{wish.end:%Y%m%d}" if wish.end else ""
    return f"{wish.what}-{venue}{begin}{end}"
