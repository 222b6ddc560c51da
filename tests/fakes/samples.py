"""Valid domain values for tests: each function makes one, keywords change it."""

# ruff: noqa: ANN401 - the keywords are those of `replace`

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.domain.approvals import Approval, order_hash
from engine.domain.decisions import (
    CheckRecord,
    ClampRecord,
    CostEstimate,
    Decision,
    EdgeEstimate,
    ExitPlan,
    OrderPlan,
)
from engine.domain.desk import AuditEvent, InboxUpdate, OutboxMessage, Person, Role, ScoreRow
from engine.domain.ids import (
    DecisionId,
    FillId,
    IntentId,
    MessageId,
    TradeId,
    approval_id,
)
from engine.domain.lifecycles import OrderState
from engine.domain.market import Candle, CandleSeries, Symbol, Timeframe
from engine.domain.orders import Fill, Order, OrderIntent, OrderKind, OrderSide, Purpose
from engine.domain.portfolio import LedgerEntry, Position, Trade
from engine.domain.reasons import ActionCode, ReasonCode, RouteCode, VerdictCode
from engine.domain.signals import Contribution, Score, Signal

T0 = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BTC = Symbol("BTC", "USDT")
ETH = Symbol("ETH", "USDT")
VENUE = "paper"
TINY = Decimal("0.000000012345678901")
HUGE = Decimal("123456789012345678.123456789")
PLAN = ExitPlan(
    stop_price=Decimal("99.5"), take_profit_price=TINY, trail_distance=Decimal("1.50"), max_bars=48
)
# What a hostile chat can send: an attack on SQL, an emoji, right-to-left, NUL, half a surrogate
# pair, the private-use character that the database escapes with, a quote and a backslash.
HOSTILE = "'; DROP TABLE orders; -- 🚀 שלום \x00 \ud800 \ue0000041 \"\\ %s :x"


def candles(start: datetime, prices: list[float], timeframe: Timeframe) -> CandleSeries:
    """Bars in a row from ``start``, each flat at its price, with volume 1."""
    return CandleSeries.of(
        [
            Candle(
                opened_at=start + index * timeframe.delta,
                open=price,
                high=price,
                low=price,
                close=price,
                volume=1.0,
            )
            for index, price in enumerate(prices)
        ]
    )


def intent(name: str = "o1", **changes: Any) -> OrderIntent:
    """A limit entry with an exit plan."""
    made = OrderIntent(
        id=IntentId(name),
        venue=VENUE,
        symbol=BTC,
        side=OrderSide.BUY,
        kind=OrderKind.LIMIT,
        purpose=Purpose.ENTRY,
        quantity=HUGE,
        reference_price=TINY,
        created_at=T0,
        origin="strategy",
        decision_id=DecisionId("d1"),
        limit_price=Decimal("1.50"),
        exit_plan=PLAN,
    )
    return replace(made, **changes)


def order(name: str = "o1", state: OrderState = OrderState.INTENDED, **changes: Any) -> Order:
    """An order of ``intent(name)``; keywords change the intent."""
    return Order(intent=intent(name, **changes), state=state, updated_at=T0)


def fill(name: str = "f1", **changes: Any) -> Fill:
    """A fill of ``intent()``."""
    made = Fill(
        id=FillId(name),
        order_id=IntentId("o1"),
        symbol=BTC,
        side=OrderSide.BUY,
        quantity=TINY,
        price=HUGE,
        fee_quote=Decimal("-0.25"),
        slippage_quote=Decimal("0.0"),
        liquidity="maker",
        filled_at=T0,
        trigger="target",
    )
    return replace(made, **changes)


def approval(name: str = "o1", **changes: Any) -> Approval:
    """The first question about ``intent(name)``, open for five minutes."""
    made = Approval(
        id=approval_id(IntentId(name), 1),
        order_id=IntentId(name),
        decision_id=DecisionId("d1"),
        order_hash=order_hash(intent(name)),
        token=f"token-{name}",
        round_no=1,
        reference_price=TINY,
        max_drift_bps=50,
        created_at=T0,
        expires_at=T0 + 5 * MINUTE,
    )
    return replace(made, **changes)


def decision(name: str = "d1", **changes: Any) -> Decision:
    """A full decision to ask about an entry."""
    made = Decision(
        id=DecisionId(name),
        venue=VENUE,
        symbol=BTC,
        timeframe=Timeframe.H1,
        closed_at=T0,
        strategy_version="s1",
        action=ActionCode.ENTER,
        route=RouteCode.ASK,
        reason=ReasonCode.ASK_ABOVE_QUOTE,
        close_price=HUGE,
        equity_quote=Decimal("10000.00"),
        score=Score(
            signed=Decimal("60.50"),
            contributions=(
                Contribution(code="rsi", weight=Decimal("0.3"), points=Decimal("40.25")),
                Contribution(code="macd", weight=Decimal("0.2"), points=Decimal("20.25")),
            ),
            agreement_fraction=Decimal("0.75"),
            rank_fraction=Decimal("0.991"),
            rank_n=500,
            regime="trend",
            threshold_rank_fraction=Decimal("0.95"),
        ),
        signals=(
            Signal(
                code="rsi",
                side=1,
                strength=0.1 + 0.2,
                values=(("rsi", float("nan")), ("limit", float("inf"))),
                reason="RSI 28 < 30 – “oversold”",
            ),
        ),
        plan=OrderPlan(
            quantity=TINY,
            reference_price=HUGE,
            notional_quote=Decimal(100),
            risk_quote=Decimal("100.0"),
            exit_plan=PLAN,
        ),
        cost=CostEstimate(
            fee_bps=Decimal(25),
            spread_bps=Decimal(2),
            slippage_bps=Decimal("1.5"),
            funding_bps=Decimal(0),
            transfer_bps=Decimal(0),
            total_bps=Decimal("28.5"),
        ),
        edge=EdgeEstimate(
            edge_bps=Decimal(60),
            edge_low_bps=Decimal(31),
            edge_high_bps=Decimal(89),
            net_edge_bps=Decimal("31.5"),
            net_edge_low_bps=Decimal("2.5"),
            n=812,
        ),
        checks=(CheckRecord(name="cost", value=None, limit=TINY, verdict=VerdictCode.PASSED),),
        clamps=(ClampRecord(rule="cash", before=Decimal(2), after=Decimal(1)),),
    )
    return replace(made, **changes)


def position(symbol: Symbol = BTC, **changes: Any) -> Position:
    """An open position with a protection."""
    made = Position(
        venue=VENUE,
        symbol=symbol,
        quantity=TINY,
        entry_price=HUGE,
        entry_fees_quote=Decimal("0.10"),
        entry_slippage_quote=Decimal("-0.05"),
        opened_at=T0,
        entry_order_id=IntentId("o1"),
        decision_id=None,
        exit_plan=PLAN,
        stop_price=Decimal("99.5"),
        bars_held=3,
        protection_order_id=IntentId("o2"),
    )
    return replace(made, **changes)


def trade(name: str = "t1", **changes: Any) -> Trade:
    """A closed round trip."""
    made = Trade(
        id=TradeId(name),
        venue=VENUE,
        symbol=BTC,
        opened_at=T0,
        closed_at=T0 + MINUTE,
        entry_price=Decimal(100),
        exit_price=Decimal(101),
        quantity=TINY,
        fees_quote=Decimal("0.2"),
        slippage_quote=Decimal(0),
        pnl_quote=Decimal("-0.187654321099"),
        exit_reason="stop",
        entry_order_id=IntentId("o1"),
        exit_order_id=IntentId("o2"),
    )
    return replace(made, **changes)


def entry(amount: Decimal, currency: str = "USDT", venue: str = VENUE) -> LedgerEntry:
    """A ledger entry."""
    return LedgerEntry(
        venue=venue, currency=currency, amount=amount, kind="trade", reference="o1", at=T0
    )


def message(name: str = "m1", **changes: Any) -> OutboxMessage:
    """A waiting message."""
    made = OutboxMessage(
        id=MessageId(name),
        kind="opportunity",
        subject="d1",
        payload={"n": [1, 2.5, None, True, {"x": HOSTILE}]},
        created_at=T0,
    )
    return replace(made, **changes)


def update(number: int, source: str = "telegram") -> InboxUpdate:
    """A raw update with a big id, as Telegram's are."""
    return InboxUpdate(
        source=source, update_id=number, payload={"id": 2**53, "text": HOSTILE}, received_at=T0
    )


def audit_event(action: str = "approved", subject: str = "o1") -> AuditEvent:
    """An audit event with hostile detail."""
    return AuditEvent(
        at=T0, actor=HOSTILE, action=action, subject=subject, detail={"b": 1, "a": [HOSTILE]}
    )


def person(user_id: int, role: Role = Role.VIEWER) -> Person:
    """Somebody with a hostile name."""
    return Person(
        user_id=user_id, role=role, name=HOSTILE, chat_id=-user_id, language="de", paired_at=T0
    )


def score_row(symbol: Symbol = BTC, close_ms: int = 3_600_000, score: float = 10.0) -> ScoreRow:
    """One bar of signal history."""
    return ScoreRow(
        venue=VENUE,
        symbol=str(symbol),
        timeframe="1h",
        close_ms=close_ms,
        strategy_version="s1",
        signed_score=score,
        rank_fraction=0.1 + 0.2,
        sides="+0-",
        strengths=(0.1, 100.0, 1 / 3),
    )
