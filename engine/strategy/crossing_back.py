"""The way back from the kernel: outcomes of `step` and `recheck` as domain values.

Flow: `decide` runs `step` and returns one `SymbolVerdict` per symbol, best proposal first in
`rank`; the desk adds signals, score and ids and stores it as a `Decision`. Lots and ticks become
exact quantities and prices; basis points are shown to a hundredth.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from engine.domain.decisions import (
    CheckRecord,
    ClampRecord,
    CostEstimate,
    EdgeEstimate,
    ExitPlan,
    OrderPlan,
)
from engine.domain.market import MarketRules, Symbol
from engine.domain.reasons import (
    ActionCode,
    CheckCode,
    ClampCode,
    ReasonCode,
    RecheckCode,
    RouteCode,
    VerdictCode,
)
from engine.domain.values import to_ms
from engine.kernel import Records
from engine.strategy.book import Book, Decided, Outcome, Row, Terms, new_decided
from engine.strategy.crossing import Edge
from engine.strategy.packing import StepPolicy
from engine.strategy.step import step
from engine.strategy.step_recheck import recheck

_BPS = Decimal("0.01")
_MONEY = Decimal("1e-8")
_PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolVerdict:
    """What `step` made of one symbol, in domain values.

    `rank` is its place among the proposals of this close, 0 first, or `None`. `plan` is present
    where a size was found, refused or not. `net_edge_*` are `None` while not measured. For an exit
    `quantity` is the whole position; `new_stop_price` belongs to `AMEND_STOP`.
    """

    symbol: Symbol
    action: ActionCode
    route: RouteCode
    reason: ReasonCode
    equity_quote: Decimal
    rank: int | None = None
    quantity: Decimal | None = None
    plan: OrderPlan | None = None
    cost: CostEstimate | None = None
    net_edge_bps: Decimal | None = None
    net_edge_low_bps: Decimal | None = None
    checks: tuple[CheckRecord, ...] = ()
    clamps: tuple[ClampRecord, ...] = ()
    new_stop_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRecheck:
    """What became of a pending entry; for `CHANGED` the plan to ask about afresh."""

    status: RecheckCode
    reason: ReasonCode
    quantity: Decimal
    price: Decimal | None
    exit_plan: ExitPlan


def decide(
    rows: Records[Row],
    markets: Records[Terms],
    book: Book,
    policy: StepPolicy,
    *,
    rules: Sequence[MarketRules],
    now: datetime,
) -> tuple[SymbolVerdict, ...]:
    """Run `step` at the close `now` and return a verdict per symbol, in the order of `rules`."""
    decided = new_decided(len(rules))
    proposals = step(rows, markets, book, policy, to_ms(now), decided)
    ranks = {int(decided.order[k]): k for k in range(proposals)}
    equity = _money(book.desk[0].equity_quote)
    return tuple(
        _verdict(i, decided, rule, policy, ranks.get(i), equity) for i, rule in enumerate(rules)
    )


def edge_estimate(verdict: SymbolVerdict, edge: Edge | None) -> EdgeEstimate | None:
    """Return the measured edge as the record of the decision keeps it; net where a cost is known.

    The net figures are those the check saw. Where another check refused first they are reckoned.
    """
    if edge is None:
        return None
    mean, low, high = (
        _decimal(value).quantize(_BPS)
        for value in (edge.edge_bps, edge.edge_low_bps, edge.edge_high_bps)
    )
    net, net_low = verdict.net_edge_bps, verdict.net_edge_low_bps
    if net is None and verdict.cost is not None:
        net, net_low = mean - verdict.cost.total_bps, low - verdict.cost.total_bps
    return EdgeEstimate(
        edge_bps=mean,
        edge_low_bps=low,
        edge_high_bps=high,
        net_edge_bps=net,
        net_edge_low_bps=net_low,
        n=edge.n,
    )


def recheck_entry(
    place: int,
    price: Decimal | None,
    markets: Records[Terms],
    book: Book,
    policy: StepPolicy,
    *,
    rules: MarketRules,
    exit_plan: ExitPlan,
) -> EntryRecheck:
    """Look again at the pending entry in `place` at `price`, `None` where there is no fresh one.

    `exit_plan` is the plan of the pending order; its trail and time limit stay as they are.
    """
    at = math.nan if price is None else float(price)
    found = recheck(place, at, markets, book, policy, new_decided(len(markets)))
    target = int(found.target_ticks)
    return EntryRecheck(
        status=RecheckCode(found.status),
        reason=ReasonCode(found.reason),
        quantity=rules.quantity(int(found.lots)),
        price=_reference(found.price),
        exit_plan=ExitPlan(
            stop_price=rules.price(int(found.stop_ticks)),
            take_profit_price=rules.price(target) if target else None,
            trail_distance=exit_plan.trail_distance,
            max_bars=exit_plan.max_bars,
        ),
    )


def _verdict(
    i: int,
    decided: Decided,
    rules: MarketRules,
    policy: StepPolicy,
    rank: int | None,
    equity_quote: Decimal,
) -> SymbolVerdict:
    outcome = decided.outcomes[i]
    proposed, moves_stop = bool(outcome.proposed), outcome.action == ActionCode.AMEND_STOP
    return SymbolVerdict(
        symbol=rules.symbol,
        action=ActionCode(outcome.action),
        route=RouteCode(outcome.route),
        reason=ReasonCode(outcome.reason),
        equity_quote=equity_quote,
        rank=rank,
        quantity=rules.quantity(int(outcome.lots)) if outcome.lots else None,
        plan=_plan(outcome, rules, policy) if proposed else None,
        cost=_cost(outcome) if proposed else None,
        net_edge_bps=_bps(outcome.net_edge_bps) if proposed else None,
        net_edge_low_bps=_bps(outcome.net_edge_low_bps) if proposed else None,
        checks=_checks(i, decided) if proposed else (),
        clamps=_clamps(i, decided, rules) if proposed else (),
        new_stop_price=rules.price(int(outcome.stop_ticks)) if moves_stop else None,
    )


def _plan(outcome: Outcome, rules: MarketRules, policy: StepPolicy) -> OrderPlan | None:
    if not outcome.lots:
        return None
    quantity, price = rules.quantity(int(outcome.lots)), _decimal(outcome.price)
    return OrderPlan(
        quantity=quantity,
        reference_price=price,
        notional_quote=quantity * price,
        risk_quote=_money(outcome.risk_quote),
        exit_plan=ExitPlan(
            stop_price=rules.price(int(outcome.stop_ticks)),
            take_profit_price=rules.price(int(outcome.target_ticks)) or None,
            trail_distance=rules.price(int(outcome.trail_ticks)) or None,
            max_bars=policy.exits.time_stop_bars or None,
        ),
    )


def _cost(outcome: Outcome) -> CostEstimate | None:
    if math.isnan(outcome.cost_bps):
        return None
    return CostEstimate(
        fee_bps=_decimal(outcome.fee_bps).quantize(_BPS),
        spread_bps=_decimal(outcome.spread_bps).quantize(_BPS),
        slippage_bps=_decimal(outcome.slippage_bps).quantize(_BPS),
        funding_bps=_decimal(outcome.funding_bps).quantize(_BPS),
        transfer_bps=_decimal(outcome.transfer_bps).quantize(_BPS),
        total_bps=_decimal(outcome.cost_bps).quantize(_BPS),
    )


def _checks(i: int, decided: Decided) -> tuple[CheckRecord, ...]:
    return tuple(
        CheckRecord(
            name=check.label,
            value=_figure(decided.check_value[i, check]),
            limit=_figure(decided.check_limit[i, check]),
            verdict=VerdictCode(decided.check_verdict[i, check]),
        )
        for check in CheckCode
    )


def _clamps(i: int, decided: Decided, rules: MarketRules) -> tuple[ClampRecord, ...]:
    """Return the clamps that shrank the size, in their order."""
    return tuple(
        ClampRecord(
            rule=clamp.label,
            before=rules.quantity(int(decided.clamp_before[i, clamp])),
            after=rules.quantity(int(decided.clamp_after[i, clamp])),
        )
        for clamp in ClampCode
        if decided.clamp_after[i, clamp] < decided.clamp_before[i, clamp]
    )


def _decimal(value: float) -> Decimal:
    return Decimal(repr(float(value)))


def _money(value: float) -> Decimal:
    return _decimal(value).quantize(_MONEY)


def _bps(value: float) -> Decimal | None:
    return None if math.isnan(value) else _decimal(value).quantize(_BPS)


def _figure(value: float) -> Decimal | None:
    return None if math.isnan(value) else _decimal(value).quantize(_PLACES).normalize()


def _reference(price: float) -> Decimal | None:
    return None if math.isnan(price) else _decimal(price)
