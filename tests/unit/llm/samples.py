"""Decisions, sheets and answers that the tests of this room share."""

import json
from datetime import UTC, datetime
from decimal import Decimal

from engine.domain.decisions import (
    CheckRecord,
    ClampRecord,
    CostEstimate,
    Decision,
    EdgeEstimate,
    ExitPlan,
    OrderPlan,
)
from engine.domain.ids import decision_id
from engine.domain.market import Symbol, Timeframe
from engine.domain.reasons import ActionCode, ReasonCode, RouteCode, VerdictCode
from engine.domain.signals import Contribution, Score, Signal
from llm.facts import FactSheet, Language
from llm.sheet import fact_sheet

CLOSED_AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
SYMBOL = Symbol("SOL", "USDT")


class StillClock:
    """A clock that stands."""

    def __init__(self, now: datetime = CLOSED_AT) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


def d(text: str) -> Decimal:
    return Decimal(text)


SCORE = Score(
    signed=d("60.00"),
    contributions=(
        Contribution(code="RSI", weight=d("0.19"), points=d("24.00")),
        Contribution(code="MACD", weight=d("0.23"), points=d("36.00")),
        Contribution(code="BB", weight=d("0.13"), points=d("12.00")),
        Contribution(code="MA", weight=d("0.13"), points=d("-12.00")),
    ),
    agreement_fraction=d("0.8"),
    rank_fraction=d("0.973"),
    rank_n=2_000,
    regime="trend_calm",
    threshold_rank_fraction=d("0.97"),
)
SIGNALS = (
    Signal(code="RSI", side=1, strength=40.0, values=(("rsi", 27.4),), reason="RSI(14) is 27.4."),
    Signal(code="MACD", side=1, strength=60.0, values=(("macd", 0.12),), reason="MACD turned."),
    Signal(code="MA", side=-1, strength=20.0, values=(("fast", 101.5),), reason="MA falls."),
)
# Entry 100, stop 95 (5 %), target 110 (10 %): reward to risk 2. 24 units of 10,000 equity.
PLAN = OrderPlan(
    quantity=d("24"),
    reference_price=d("100"),
    notional_quote=d("2400"),
    risk_quote=d("120"),
    exit_plan=ExitPlan(stop_price=d("95"), take_profit_price=d("110")),
)
COST = CostEstimate(
    fee_bps=d("20"),
    spread_bps=d("4"),
    slippage_bps=d("7"),
    funding_bps=d("0"),
    transfer_bps=d("0"),
    total_bps=d("31"),
)
EDGE = EdgeEstimate(
    edge_bps=d("69"),
    edge_low_bps=d("43"),
    edge_high_bps=d("95"),
    net_edge_bps=d("38"),
    net_edge_low_bps=d("12"),
    n=412,
)


def asked(**changes: object) -> Decision:
    """An entry of 2,400 USDT that asks because of its size."""
    parts: dict[str, object] = {
        "id": decision_id("sim", SYMBOL, Timeframe.H1, CLOSED_AT, "v1"),
        "venue": "sim",
        "symbol": SYMBOL,
        "timeframe": Timeframe.H1,
        "closed_at": CLOSED_AT,
        "strategy_version": "v1",
        "action": ActionCode.ENTER,
        "route": RouteCode.ASK,
        "reason": ReasonCode.ASK_ABOVE_QUOTE,
        "close_price": d("100"),
        "equity_quote": d("10000"),
        "score": SCORE,
        "signals": SIGNALS,
        "plan": PLAN,
        "cost": COST,
        "edge": EDGE,
        "clamps": (ClampRecord(rule="liquidity", before=d("30"), after=d("24")),),
    }
    return Decision(**(parts | changes))  # type: ignore[arg-type]  # the names are checked by Decision


def refused() -> Decision:
    """The same, refused: the lower bound of the net edge is −3.2 where 5 is needed."""
    return asked(
        route=RouteCode.REFUSE,
        reason=ReasonCode.EDGE_TOO_SMALL,
        checks=(
            CheckRecord(name="cost", value=d("31"), limit=d("80"), verdict=VerdictCode.PASSED),
            CheckRecord(name="net_edge", value=d("-3.2"), limit=d("5"), verdict=VerdictCode.FAILED),
        ),
    )


def below_threshold() -> Decision:
    """Nothing proposed: stronger than 91 % of bars where 97 % are needed."""
    score = Score(
        signed=d("22.50"),
        contributions=(Contribution(code="RSI", weight=d("0.19"), points=d("22.50")),),
        agreement_fraction=d("1"),
        rank_fraction=d("0.91"),
        rank_n=2_000,
        regime="range_calm",
        threshold_rank_fraction=d("0.97"),
    )
    return asked(
        action=ActionCode.NONE,
        route=RouteCode.NONE,
        reason=ReasonCode.BELOW_THRESHOLD,
        score=score,
        plan=None,
        cost=None,
        edge=None,
        clamps=(),
    )


def sheet(decision: Decision | None = None, language: Language = "en") -> FactSheet:
    """The sheet of a decision, by default of the entry that asks."""
    return fact_sheet(decision or asked(), language)


GOOD = "MACD gives {{macd_points}} and RSI {{rsi_points}}, so the score is {{score}}."
GOOD_FILLED = "MACD gives +36.00 and RSI +24.00, so the score is +60.0."
INVENTED = "The score is {{score}} with a win rate of 73 percent."


def answer(*sentences: str) -> str:
    """What a model that holds to the schema sends."""
    return json.dumps({"sentences": list(sentences)})
