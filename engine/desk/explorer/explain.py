"""Why, and why not: a close of a market with its gates, what it lacked, and what came behind them.

Where no entry was proposed, the gates behind the threshold were never reached. They are asked all
the same, with nothing held and no brake on but the switches that were on at that close: "and if the
score had been high enough?" has an answer.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from engine.desk.charts import bars_until
from engine.desk.context import DeskContext
from engine.desk.explorer.gates import gates_of, needed_score
from engine.desk.explorer.places import Found, found_at, judged, seen_until, version_on
from engine.desk.queries import entry_id, narration_key
from engine.desk.seen import PASSED_OVER
from engine.domain.changes import ChangeKind
from engine.domain.decisions import CheckRecord, Decision
from engine.domain.desk import Mode
from engine.domain.explorer import Beyond, Place, WhyView
from engine.domain.lifecycles import ApprovalState
from engine.domain.market import Symbol
from engine.domain.reasons import ActionCode, VerdictCode
from engine.ports import UnitOfWork
from engine.strategy.crossing_back import edge_estimate

_RECENT_CHANGES = 100

type Narrate = Callable[[Decision, str], str]
"""Words in a language for a decision that has none yet: the template."""


def why(
    context: DeskContext, unit: UnitOfWork, place: Place, language: str, narrate: Narrate
) -> WhyView | None:
    """Explain a close; ``None`` where neither a decision nor candles are stored."""
    found = found_at(context, unit, place)
    if found is None:
        return None
    decision = found.decision
    made = version_on(context, decision.timeframe)
    told = unit.desk.note(narration_key(decision.id))
    words = told if isinstance(told, dict) else {}
    # A model has spoken one language; who reads another gets the template in theirs.
    is_theirs = words.get("language") in (None, "", language)
    is_from_model = bool(words.get("is_from_model")) and is_theirs
    return WhyView(
        decision=decision,
        gates=gates_of(context, decision),
        needed_score=needed_score(made) if made.version == decision.strategy_version else None,
        beyond=_beyond(context, unit, found),
        is_recomputed=found.is_recomputed,
        decided_on=context.timeframe,
        lot_size=_lot_size(context, decision.symbol),
        text=str(words["text"]) if is_from_model else narrate(decision, language),
        is_from_model=is_from_model,
        simulated=context.simulated,
        alert_only=_alert_only(context, unit, found),
        earlier=_earlier(context, unit, decision),
        later=_later(context, decision),
    )


def _alert_only(context: DeskContext, unit: UnitOfWork, found: Found) -> bool | None:
    """Whether the desk only alerted when it decided; ``None`` where no record tells.

    An order is proof that it traded. Without one the mode of now is that of then only for the
    newest close, and only if nobody has changed it since.
    """
    decision = found.decision
    if not found.is_recomputed and unit.orders.get(entry_id(decision.id, 0)) is not None:
        return False
    if _later(context, decision) is not None:
        return None
    changed = (
        one.decided_at
        for one in unit.changes.recent(_RECENT_CHANGES)
        if one.kind is ChangeKind.MODE and one.state is ApprovalState.APPROVED and one.decided_at
    )
    newest = max(changed, default=None)
    # A simulated market has a clock of its own: what can be compared is how long ago it was.
    since_close = context.clock.now() - decision.closed_at
    if newest is not None and context.wall.now() - newest < since_close:
        return None
    return context.mode is Mode.ALERT


def _lot_size(context: DeskContext, symbol: Symbol) -> Decimal | None:
    rules = (one for one in context.strategy.rules if one.symbol == symbol)
    return next((one.lot_size for one in rules), None)


def _beyond(context: DeskContext, unit: UnitOfWork, found: Found) -> Beyond | None:
    decision = found.decision
    is_own = decision.timeframe is context.timeframe and decision.symbol in context.symbols
    if not is_own or decision.action is not ActionCode.NONE or decision.reason not in PASSED_OVER:
        return None
    if decision.score is None or decision.score.signed <= 0:
        return None
    seen = found.seen
    if seen is None:
        at = decision.closed_at
        looked = seen_until(context, unit, context.strategy.made, decision.symbol, at)
        if looked is None or looked[0].score is None:
            return None
        seen = looked[0]
    verdict = judged(
        context, unit, decision.symbol, decision.closed_at, seen, passes_thresholds=True
    )
    return Beyond(
        gates=_under_switches(decision, verdict.checks),
        cost=verdict.cost,
        edge=edge_estimate(verdict, seen.edge),
        notional_quote=verdict.plan.notional_quote if verdict.plan else None,
    )


def _under_switches(
    decision: Decision, supposed: tuple[CheckRecord, ...]
) -> tuple[CheckRecord, ...]:
    """Supposed gates, with those in place that the record of the decision knows."""
    known = {c.name: c for c in decision.checks if c.verdict is not VerdictCode.NOT_REACHED}
    return tuple(known.get(gate.name, gate) for gate in supposed)


def _earlier(context: DeskContext, unit: UnitOfWork, decision: Decision) -> datetime | None:
    at = decision.closed_at - decision.timeframe.delta
    bars = bars_until(context, unit, decision.symbol, decision.timeframe, at, 1)
    return at if len(bars) else None


def _later(context: DeskContext, decision: Decision) -> datetime | None:
    at = decision.closed_at + decision.timeframe.delta
    return at if at <= context.clock.now() else None
