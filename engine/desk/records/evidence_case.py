"""What belongs to one entry: found by any of its ids, collected from the stores.

id → entry order and decision → ``Case``: questions, orders of every purpose, fills, trades, and the
lines of the audit trail that speak of them. Ids are made from what they belong to, so nothing is
searched that can be computed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.desk.queries import entry_id
from engine.domain.approvals import Approval
from engine.domain.decisions import Decision
from engine.domain.desk import AuditLine, Json
from engine.domain.ids import ApprovalId, DecisionId, IntentId, TradeId, digest, intent_id
from engine.domain.orders import Fill, Order
from engine.domain.portfolio import Trade
from engine.domain.purchases import Purchase, purchase_note
from engine.ports import UnitOfWork

_SHORT = 20
_MANY = 1_000


@dataclass(slots=True)
class Case:
    """Everything stored about one entry, as it was found."""

    decision: Decision | None = None
    orders: list[Order] = field(default_factory=list)
    questions: list[Approval] = field(default_factory=list)
    fills: dict[IntentId, tuple[Fill, ...]] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    lines: dict[int, AuditLine] = field(default_factory=dict)

    def about(self, subject: str) -> list[AuditLine]:
        """Lines about one subject, oldest first."""
        return [line for _, line in sorted(self.lines.items()) if line.event.subject == subject]


def resolve(unit: UnitOfWork, venue: str, subject: str) -> tuple[Order | None, Decision | None]:
    """The entry order and the decision that an id belongs to."""
    match subject[:1]:
        case "t":
            trade = unit.records.trade(TradeId(subject))
            order = unit.orders.get(trade.entry_order_id) if trade else None
        case "d":
            decision = unit.decisions.get(DecisionId(subject))
            return None, decision
        case "o":
            order = _entry_of(unit, venue, unit.orders.get(IntentId(subject)))
        case "a":
            question = unit.approvals.get(ApprovalId(subject))
            order = unit.orders.get(question.order_id) if question else None
        case _:
            return None, None
    source = order.intent.decision_id if order else None
    return order, unit.decisions.get(source) if source else None


def _entry_of(unit: UnitOfWork, venue: str, order: Order | None) -> Order | None:
    """The entry behind an exit or a protection; an order that opened nothing is itself."""
    if order is None or not order.intent.is_reducing:
        return order
    closed = unit.records.trades(venue, limit=_MANY)
    found = next((trade for trade in closed if trade.exit_order_id == order.id), None)
    held = next((p for p in unit.book.positions(venue) if p.protection_order_id == order.id), None)
    source = found or held
    return unit.orders.get(source.entry_order_id) if source else order


def collect(unit: UnitOfWork, entry: Order | None, decision: Decision | None) -> Case:
    """Everything stored about one entry: its questions, orders, fills, trades, audit lines."""
    case = Case(decision=decision)
    if decision is not None:
        case.orders += _numbered(unit, decision.id, "entry")
    if entry is not None and all(order.id != entry.id for order in case.orders):
        case.orders += _purchase(unit, entry)
    for order in tuple(case.orders):
        case.questions += unit.approvals.of_order(order.id)
        for purpose in ("protection", "exit"):
            case.orders += _numbered(unit, order.id, purpose)
    for order in case.orders:
        case.fills[order.id] = tuple(unit.orders.fills(order.id))
    case.trades = _trades(unit, case)
    _gather_lines(unit, case)
    return case


def _purchase(unit: UnitOfWork, entry: Order) -> list[Order]:
    """Every order of the purchase that an order belongs to, from the one that was asked for on.

    Another size or new numbers make another order of it, named after the one whose place it takes.
    """
    noted = Purchase.of_note(unit.desk.note(purchase_note(entry.id)))
    root = unit.orders.get(noted.root) if noted else None
    found = [root or entry]
    for order in found:  # grows by what came of each
        attempt = 1
        while (after := unit.orders.get(entry_id(order.id, attempt))) is not None:
            found.append(after)
            attempt += 1
    return found if any(order.id == entry.id for order in found) else [*found, entry]


def _numbered(unit: UnitOfWork, source: str, purpose: str) -> list[Order]:
    """The orders of one purpose; their ids are made from what wanted them, and a number."""
    found: list[Order] = []
    while True:
        number = len(found)
        own = entry_id(IntentId(source), number) if purpose == "entry" else None
        order = unit.orders.get(own or intent_id(source, purpose, number))
        if order is None:
            return found
        found.append(order)


def _trades(unit: UnitOfWork, case: Case) -> list[Trade]:
    """Trades are numbered by their entry and the fill that ended them."""
    entries = [order.id for order in case.orders if not order.intent.is_reducing]
    ends = [fill.id for order in case.orders for fill in case.fills[order.id]]
    wanted = (TradeId(f"t{digest(entry, end)[:_SHORT]}") for entry in entries for end in ends)
    found = (unit.records.trade(one) for one in wanted)
    return sorted((trade for trade in found if trade), key=lambda trade: trade.closed_at)


def _gather_lines(unit: UnitOfWork, case: Case) -> None:
    subjects = [
        *(order.id for order in case.orders),
        *(question.id for question in case.questions),
        *((case.decision.id,) if case.decision else ()),
    ]
    for subject in subjects:
        _keep(case, unit.audit.about(subject))
    entries = {order.id for order in case.orders if not order.intent.is_reducing}
    for symbol in {order.intent.symbol for order in case.orders}:
        moves = unit.audit.about(str(symbol))
        _keep(case, (line for line in moves if line.event.detail.get("entry_order") in entries))
    decision = case.decision
    if decision is not None:
        scans = unit.audit.about(f"{decision.timeframe}@{decision.closed_at.isoformat()}")
        _keep(case, (line for line in scans if decision.id in seals_of(line)))


def _keep(case: Case, lines: Iterable[AuditLine]) -> None:
    case.lines.update((line.number, line) for line in lines)


def seals_of(line: AuditLine) -> dict[str, Json]:
    """The seals of decisions in a line about a scan, by decision."""
    seals = line.event.detail.get("seals")
    return seals if isinstance(seals, dict) else {}
