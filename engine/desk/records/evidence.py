"""Evidence for one trade, with hashes: candle, decision, question, order, fill, ledger, trade.

id → the entry it belongs to → every record about it → each sealed again and compared with the seal
in the audit trail, the ledger worked out again from the fills, the trades' profit from the fills'
money → findings; beside them the verdict about the whole chain. Reads only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from engine.desk.records.chain import LookAtChain, whole_chain
from engine.desk.records.evidence_case import Case, collect, resolve, seals_of
from engine.domain.approvals import Approval, order_hash
from engine.domain.decisions import Decision
from engine.domain.desk import AuditLine, Json
from engine.domain.evidence import (
    AuditRef,
    Evidence,
    EvidenceStep,
    Finding,
    FindingKind,
    StepKind,
    Verdict,
)
from engine.domain.lifecycles import ApprovalState, OrderState
from engine.domain.market import CandleSeries
from engine.domain.orders import Fill, Order, OrderSide
from engine.domain.portfolio import Trade
from engine.domain.seals import candles_seal, hole_opens, seal, without
from engine.domain.values import from_ms
from engine.execution.booking import QUOTE_STEP, entries_of, round_quote
from engine.ports import UnitOfWork

_SHORT = 20


def evidence(
    unit: UnitOfWork, venue: str, subject: str, look_at_chain: LookAtChain = whole_chain
) -> Evidence | None:
    """Everything about the trade of this id; ``None`` for an id that nothing is known of."""
    subject = subject.strip().lower()
    entry, decision = resolve(unit, venue, subject)
    if entry is None and decision is None:
        return None
    case = collect(unit, entry, decision)
    chain = look_at_chain(unit, case.lines)
    looked = _Look(unit=unit, case=case)
    looked.all()
    return Evidence(
        subject=subject,
        steps=tuple(looked.steps),
        findings=(*looked.findings, *_profit(unit, venue, case)),
        lines=tuple(_ref(line) for _, line in sorted(case.lines.items())),
        chain_lines=chain.lines,
        chain_left=chain.left,
        chain_error=chain.error,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """Goes through a case, and notes steps and findings on the way."""

    unit: UnitOfWork
    case: Case
    steps: list[EvidenceStep] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def all(self) -> None:
        """Every record, in the order of the trade."""
        case = self.case
        self.decision()
        for question in case.questions:
            self.question(question)
        for order in case.orders:
            self.order(order)
            for fill in case.fills[order.id]:
                self.fill(order, fill)
        for trade in case.trades:
            self.trade(trade)

    def decision(self) -> None:
        """The candles, what was decided on them, and the checks."""
        unit, case, decision = self.unit, self.case, self.case.decision
        if decision is None:
            return
        scan = next((line for line in case.lines.values() if decision.id in seals_of(line)), None)
        known = seals_of(scan).get(decision.id) if scan else None
        sealed = known if isinstance(known, dict) else {}
        lines = (scan.number,) if scan else ()
        series, added = _bars(unit, decision, sealed)
        candles, own = candles_seal(series), seal(decision)
        name = f"{decision.symbol} {decision.timeframe} {decision.closed_at.isoformat()}"
        about_bars = _compared(FindingKind.CANDLES, name, sealed.get("candles"), candles)
        if added and about_bars.verdict is Verdict.HOLDS:
            about_bars = replace(
                about_bars, verdict=Verdict.ADDED, detail=f"{added} stored since", added=added
            )
        self.findings.append(about_bars)
        self.findings.append(
            _compared(FindingKind.DECISION, decision.id, sealed.get("decision"), own)
        )
        self.steps.append(
            EvidenceStep(
                kind=StepKind.CANDLES,
                id=name,
                at=decision.closed_at,
                hash=candles,
                facts={"bars": len(series)},
                lines=lines,
            )
        )
        self.steps.append(
            EvidenceStep(
                kind=StepKind.DECISION,
                id=decision.id,
                at=decision.closed_at,
                hash=own,
                facts={
                    "strategy_version": decision.strategy_version,
                    "fingerprint": scan.event.detail.get("fingerprint", "") if scan else "",
                    "action": decision.action.label,
                    "route": decision.route.label,
                    "reason": decision.reason.label,
                    "score": str(decision.score.signed) if decision.score else "",
                },
                lines=lines,
            )
        )
        if decision.checks:
            self.steps.append(
                EvidenceStep(
                    kind=StepKind.CHECKS,
                    id=decision.id,
                    at=decision.closed_at,
                    hash=seal(decision.checks),
                    facts={check.name: check.verdict.label for check in decision.checks},
                )
            )

    def question(self, question: Approval) -> None:
        """What was asked, and the answer."""
        case = self.case
        lines = tuple(line.number for line in case.about(question.id))
        self.steps.append(
            EvidenceStep(
                kind=StepKind.QUESTION,
                id=question.id,
                at=question.created_at,
                hash=question.order_hash,
                facts={
                    "order": question.order_id,
                    "reference_price": str(question.reference_price),
                    "expires_at": question.expires_at.isoformat(),
                    "needed": question.needed,
                },
                lines=lines,
            )
        )
        if question.state is ApprovalState.PENDING:
            return
        self.steps.append(
            EvidenceStep(
                kind=StepKind.ANSWER,
                id=question.id,
                at=question.decided_at,
                hash=question.order_hash,
                facts={
                    "state": question.state.value,
                    "by": question.decided_by,
                    "approvers": list(question.approvers),
                    "note": question.note,
                },
                lines=lines,
            )
        )

    def order(self, order: Order) -> None:
        """What was wanted, beside its seals and what was approved; and when it was sent."""
        case = self.case
        about, own = case.about(order.id), seal(order.intent)
        sealed = [line.event.detail["seal"] for line in about if "seal" in line.event.detail]
        differing = next((one for one in sealed if one != own), sealed[0] if sealed else None)
        self.findings.append(_compared(FindingKind.ORDER, order.id, differing, own))
        asked = [question for question in case.questions if question.order_id == order.id]
        approved = order_hash(order.intent)
        self.findings.extend(
            _compared(FindingKind.ORDER, order.id, question.order_hash, approved)
            for question in asked
        )
        intent = order.intent
        self.steps.append(
            EvidenceStep(
                kind=StepKind.ORDER,
                id=order.id,
                at=intent.created_at,
                hash=own,
                facts={
                    "order_hash": approved,
                    "purpose": intent.purpose.value,
                    "side": intent.side.value,
                    "kind": intent.kind.value,
                    "quantity": f"{intent.quantity:f}",
                    "reference_price": f"{intent.reference_price:f}",
                    "state": order.state.value,
                    "venue_order_id": order.venue_order_id or "",
                },
                lines=tuple(line.number for line in about),
            )
        )
        self.steps.extend(
            EvidenceStep(
                kind=StepKind.SUBMITTED,
                id=order.id,
                at=line.event.at,
                hash=line.hash,
                lines=(line.number,),
            )
            for line in about
            if line.event.action == f"order_{OrderState.SUBMITTING}"
        )

    def fill(self, order: Order, fill: Fill) -> None:
        """What was dealt, and the ledger lines it must have left."""
        unit, case = self.unit, self.case
        own, sealed, number = seal(fill), None, 0
        for line in case.about(order.id):
            ids, seals = line.event.detail.get("fills"), line.event.detail.get("fill_seals")
            if isinstance(ids, list) and isinstance(seals, list) and fill.id in ids:
                sealed, number = seals[ids.index(fill.id)], line.number
        self.findings.append(_compared(FindingKind.FILL, fill.id, sealed, own))
        lines = (number,) if number else ()
        self.steps.append(
            EvidenceStep(
                kind=StepKind.FILL,
                id=fill.id,
                at=fill.filled_at,
                hash=own,
                facts={
                    "order": order.id,
                    "side": fill.side.value,
                    "quantity": f"{fill.quantity:f}",
                    "price": f"{fill.price:f}",
                    "fee_quote": f"{fill.fee_quote:f}",
                    "slippage_quote": f"{fill.slippage_quote:f}",
                    "liquidity": fill.liquidity,
                },
                lines=lines,
            )
        )
        stored = tuple(unit.records.ledger_of(fill.id))
        expected = entries_of(order.intent.venue, fill)
        self.findings.append(_compared(FindingKind.LEDGER, fill.id, seal(expected), seal(stored)))
        self.steps.append(
            EvidenceStep(
                kind=StepKind.LEDGER,
                id=fill.id,
                at=fill.filled_at,
                hash=seal(stored),
                facts={f"{one.kind} {one.currency}": f"{one.amount:f}" for one in stored},
            )
        )

    def trade(self, trade: Trade) -> None:
        """The round trip as it was booked."""
        case = self.case
        own, sealed, number = seal(trade), None, 0
        for line in case.about(trade.exit_order_id):
            seals = line.event.detail.get("trade_seals")
            if isinstance(seals, dict) and trade.id in seals:
                sealed, number = seals[trade.id], line.number
        self.findings.append(_compared(FindingKind.TRADE, trade.id, sealed, own))
        self.steps.append(
            EvidenceStep(
                kind=StepKind.TRADE,
                id=trade.id,
                at=trade.closed_at,
                hash=own,
                facts={
                    "pnl_quote": f"{trade.pnl_quote:f}",
                    "fees_quote": f"{trade.fees_quote:f}",
                    "exit_reason": trade.exit_reason,
                },
                lines=(number,) if number else (),
            )
        )


def _bars(
    unit: UnitOfWork, decision: Decision, sealed: Mapping[str, Json]
) -> tuple[CandleSeries, int]:
    """The bars that were sealed, as they are stored now, and how many have come in between.

    Only what the seal itself names as absent is left out. An older seal does not name the first
    bar: there the newest bars are taken, and a gap that was filled since looks like a change.
    """
    first, bars, frame = sealed.get("first"), sealed.get("bars"), decision.timeframe
    if not isinstance(first, int):
        limit = bars if isinstance(bars, int) else 1
        until = decision.closed_at
        found = unit.candles.window(
            decision.venue, decision.symbol, frame, until=until, limit=limit
        )
        return found, 0
    begin, end = from_ms(first), frame.floor(decision.closed_at)
    stored = unit.candles.between(decision.venue, decision.symbol, frame, begin, end)
    kept = without(stored, hole_opens(sealed.get("holes"), frame))
    return kept, len(stored) - len(kept)


def _profit(unit: UnitOfWork, venue: str, case: Case) -> list[Finding]:
    """What the trades say was earned, beside what the fills' money says, once all is sold."""
    held = {position.entry_order_id for position in unit.book.positions(venue)}
    entries = {order.id for order in case.orders if not order.intent.is_reducing}
    if not case.trades or held & entries:
        return []
    fills = [fill for found in case.fills.values() for fill in found]
    money = sum((_money(fill) for fill in fills), Decimal(0))
    told = sum((trade.pnl_quote for trade in case.trades), Decimal(0))
    is_same = abs(money - told) <= QUOTE_STEP * len(fills)
    verdict = Verdict.HOLDS if is_same else Verdict.BROKEN
    detail = "" if is_same else f"trades say {told:f}, fills say {money:f}"
    return [Finding(kind=FindingKind.TRADE, id="pnl", verdict=verdict, detail=detail)]


def _money(fill: Fill) -> Decimal:
    sign = 1 if fill.side is OrderSide.SELL else -1
    return sign * round_quote(fill.notional_quote) - fill.fee_quote


def _compared(kind: FindingKind, subject: str, sealed: Json, own: str) -> Finding:
    if not isinstance(sealed, str):
        return Finding(kind=kind, id=subject, verdict=Verdict.UNSEALED)
    if sealed == own:
        return Finding(kind=kind, id=subject, verdict=Verdict.HOLDS)
    detail = f"sealed {sealed[:_SHORT]}, found {own[:_SHORT]}"
    return Finding(kind=kind, id=subject, verdict=Verdict.BROKEN, detail=detail)


def _ref(line: AuditLine) -> AuditRef:
    return AuditRef(
        number=line.number,
        at=line.event.at,
        actor=line.event.actor,
        action=line.event.action,
        subject=line.event.subject,
        hash=line.hash,
    )
