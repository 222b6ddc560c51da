import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from engine.costs.policy import CostPolicy
from engine.domain.decisions import ExitPlan
from engine.domain.desk import Controls
from engine.domain.errors import InvalidValueError
from engine.domain.ids import IntentId
from engine.domain.market import Candle, MarketRules, Symbol, Timeframe
from engine.domain.orders import OrderIntent, OrderKind, OrderSide, Purpose
from engine.domain.portfolio import Position, RiskState
from engine.domain.reasons import (
    ActionCode,
    CheckCode,
    ReasonCode,
    RecheckCode,
    RouteCode,
    RuleCode,
    VerdictCode,
)
from engine.domain.values import to_ms
from engine.strategy.book import new_rows
from engine.strategy.columns import ScoreColumns
from engine.strategy.crossing import (
    BookView,
    Edge,
    LastBar,
    mark,
    market_numbers,
    pack_book,
    pack_markets,
    put_absent,
    put_row,
    symbol_key,
)
from engine.strategy.crossing_back import SymbolVerdict, decide, recheck_entry
from tests.unit.step.builders import policy

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
BTC, ETH = Symbol.parse("BTC/USDT"), Symbol.parse("ETH/USDT")
PLAN = ExitPlan(
    stop_price=Decimal("97.50"), take_profit_price=Decimal(110), trail_distance=Decimal("2.505")
)


def rules(symbol: Symbol = BTC, **changes: Any) -> MarketRules:  # noqa: ANN401 - values of the fields
    base = MarketRules(
        symbol=symbol,
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.001"),
        min_quantity=Decimal("0.0015"),
        min_notional_quote=Decimal(5),
        taker_fee_bps=Decimal(10),
    )
    return replace(base, **changes)


def position(**changes: Any) -> Position:  # noqa: ANN401 - values of the fields
    base = Position(
        venue="paper",
        symbol=BTC,
        quantity=Decimal("2.5"),
        entry_price=Decimal("100.40"),
        entry_fees_quote=Decimal("0.251"),
        entry_slippage_quote=Decimal("0.1"),
        opened_at=NOON,
        entry_order_id=IntentId("o1"),
        decision_id=None,
        exit_plan=PLAN,
        stop_price=Decimal("98.25"),
        bars_held=4,
    )
    return replace(base, **changes)


def entry(**changes: Any) -> OrderIntent:  # noqa: ANN401 - values of the fields
    base = OrderIntent(
        id=IntentId("o2"),
        venue="paper",
        symbol=BTC,
        side=OrderSide.BUY,
        kind=OrderKind.MARKET,
        purpose=Purpose.ENTRY,
        quantity=Decimal("1.2345"),
        reference_price=Decimal(100),
        created_at=NOON,
        origin="strategy",
        exit_plan=PLAN,
    )
    return replace(base, **changes)


def scored(score: float = 80.0, regime: int = 1) -> ScoreColumns:
    one = np.ones(1)
    return ScoreColumns(
        timeframe=Timeframe.H1,
        close_ms=np.array([to_ms(NOON)]),
        codes=(),
        side=np.zeros((0, 1), np.int8),
        strength=np.zeros((0, 1)),
        net=one,
        score=one * score,
        rank=one * 0.99,
        agreement=one,
        atr=one,
        regime=np.array([regime], np.int8),
        sigma_day=one * 0.02,
        adv_quote=one * 1e9,
        weights=np.zeros((4, 0)),
        scale=1.0,
        rank_n=100,
        warmup_bars=0,
        values={},
    )


BAR = Candle(
    opened_at=NOON - timedelta(hours=1), open=99.0, high=101.0, low=98.0, close=100.0, volume=5e3
)


def verdict(view: BookView | None = None, **changes: Any) -> SymbolVerdict:  # noqa: ANN401 - values of the fields
    """What is decided for BTC on a plain bar."""
    known = rules()
    rows = new_rows(1)
    put_row(rows[0], bar=BAR, scored=changes.pop("scored", scored()), index=0, **changes)
    book = pack_book(
        view
        or BookView(cash_quote=Decimal(10_000), last_bars={BTC: LastBar(close=100.0, volume=5e3)}),
        [known],
    )
    markets, numbers = pack_markets([known], CostPolicy()), policy()
    mark(book, markets, numbers, NOON)
    return decide(rows, markets, book, numbers, rules=[known], now=NOON)[0]


def test_settings_stand_in_for_what_the_venue_does_not_say() -> None:
    market = market_numbers(rules(), CostPolicy(maker_fee_bps=7.0, half_spread_bps=3.0))
    assert (market.taker_fee_bps, market.maker_fee_bps, market.half_spread_bps) == (10.0, 7.0, 3.0)
    assert market.symbol_key == symbol_key("BTC/USDT")


def test_a_minimum_between_two_lots_is_the_larger() -> None:
    terms = pack_markets([rules()], CostPolicy())[0]
    assert (terms.min_lots, terms.min_notional_quote) == (2, 5.0)


def test_symbols_must_be_sorted() -> None:
    with pytest.raises(InvalidValueError, match="sorted"):
        pack_markets([rules(ETH), rules(BTC)], CostPolicy())


def test_a_persons_rule_and_clusters_cross() -> None:
    markets = pack_markets(
        [rules(BTC), rules(ETH)],
        CostPolicy(),
        standing={ETH: RuleCode.DENY},
        clusters={BTC: 1, ETH: 1},
    )
    assert [(markets[i].rule, markets[i].cluster) for i in range(2)] == [(0, 1), (2, 1)]


def test_a_position_crosses_in_whole_lots_and_ticks() -> None:
    slot = pack_book(BookView(cash_quote=Decimal(0), positions={BTC: position()}), [rules()]).slots[
        0
    ]
    assert (slot.lots, slot.stop_ticks, slot.initial_stop_ticks) == (2_500, 9_825, 9_750)
    assert (slot.target_ticks, slot.trail_ticks, slot.bars_held) == (11_000, 251, 4)
    assert slot.entry_notional_quote == pytest.approx(251.0)
    assert slot.opened_ms == to_ms(NOON)


def test_a_waiting_entry_crosses_rounded_down_to_lots() -> None:
    slot = pack_book(BookView(cash_quote=Decimal(0), pending={BTC: entry()}), [rules()]).slots[0]
    assert (slot.pending_lots, slot.pending_price, slot.pending_stop_ticks) == (1_234, 100.0, 9_750)


def test_exits_begun_and_rests_cross() -> None:
    view = BookView(
        cash_quote=Decimal(0),
        positions={BTC: position()},
        leaving={BTC: ReasonCode.EXIT_TIME},
        in_flight=frozenset({BTC}),
        cooldown_until={BTC: NOON},
    )
    slot = pack_book(view, [rules()]).slots[0]
    assert (slot.exiting, bool(slot.exit_in_flight)) == (ReasonCode.EXIT_TIME, True)
    assert slot.cooldown_until_ms == to_ms(NOON)


def test_what_the_limits_remember_comes_back_as_it_went() -> None:
    state = RiskState(
        day=date(2024, 3, 1),
        day_start_equity_quote=Decimal("9000.5"),
        peak_equity_quote=Decimal("12000.25"),
        entries_today=3,
        drawdown_latched=True,
    )
    view = BookView(cash_quote=Decimal(9000), risk=state)
    book = pack_book(view, [rules()])
    assert mark(book, pack_markets([rules()], CostPolicy()), policy(), NOON) == state


def test_the_first_mark_begins_a_day_at_the_equity() -> None:
    view = BookView(
        cash_quote=Decimal(100),
        positions={BTC: position()},
        last_bars={BTC: LastBar(close=110.0, volume=1.0)},
    )
    book = pack_book(view, [rules()])
    state = mark(book, pack_markets([rules()], CostPolicy()), policy(), NOON)
    assert state.day == date(2024, 3, 1)
    assert state.day_start_equity_quote == Decimal(375)  # 100 and 2.5 at 110


def test_an_entry_comes_back_as_a_plan_in_exact_numbers() -> None:
    found = verdict()
    assert (found.action, found.route, found.rank) == (ActionCode.ENTER, RouteCode.ASK, 0)
    assert found.plan is not None
    assert found.plan.quantity == Decimal("50.000")
    assert found.plan.notional_quote == Decimal(5000)
    assert found.plan.exit_plan == ExitPlan(stop_price=Decimal("98.00"))
    assert found.cost is not None
    assert found.cost.total_bps == sum(
        (found.cost.fee_bps, found.cost.spread_bps, found.cost.slippage_bps), Decimal(0)
    )
    assert found.net_edge_bps is None
    assert found.equity_quote == Decimal(10_000)


def test_checks_come_back_by_name_in_their_order() -> None:
    checks = verdict().checks
    assert [check.name for check in checks] == [code.label for code in CheckCode]
    assert checks[CheckCode.NET_EDGE].verdict is VerdictCode.UNKNOWN
    assert checks[CheckCode.RISK_SIZE].value == Decimal(100)


def test_a_measured_edge_comes_back_after_costs() -> None:
    edge = Edge(
        edge_bps=120.0,
        edge_low_bps=90.0,
        edge_high_bps=150.0,
        win_probability=0.6,
        payoff=1.5,
        n=40,
    )
    found = verdict(edge=edge)
    assert found.cost is not None
    assert found.net_edge_bps == pytest.approx(
        Decimal(120) - found.cost.total_bps, abs=Decimal("0.01")
    )


def test_a_refusal_has_no_order_but_keeps_its_reason() -> None:
    view = BookView(
        cash_quote=Decimal(10_000),
        last_bars={BTC: LastBar(close=100.0, volume=5e3)},
        controls=Controls(killed=True),
    )
    found = verdict(view)
    assert (found.route, found.reason, found.plan) == (RouteCode.REFUSE, ReasonCode.KILLED, None)


def test_a_stop_that_follows_comes_back_as_a_price() -> None:
    view = BookView(
        cash_quote=Decimal(0),
        positions={BTC: position()},
        last_bars={BTC: LastBar(close=100.0, volume=5e3)},
    )
    found = verdict(view)
    # The high of 101 less 2.51: 98.49, above the 98.25 in force.
    assert (found.action, found.new_stop_price) == (ActionCode.AMEND_STOP, Decimal("98.49"))
    assert found.quantity == Decimal("2.500")


def test_a_bar_that_warms_up_or_has_not_come_is_said_so() -> None:
    assert verdict(scored=scored(regime=-1)).reason is ReasonCode.WARMING_UP
    rows = new_rows(1)
    put_absent(rows[0], blocked=True)
    assert (bool(rows[0].present), bool(rows[0].blocked)) == (False, True)
    put_row(rows[0], bar=BAR, scored=scored(), index=0)
    assert math.isnan(rows[0].edge_bps)


def test_looking_again_gives_the_plan_to_ask_about() -> None:
    known = rules()
    book = pack_book(
        BookView(
            cash_quote=Decimal(10_000),
            pending={BTC: entry()},
            last_bars={BTC: LastBar(close=100.0, volume=5e3)},
        ),
        [known],
    )
    found = recheck_entry(
        0,
        Decimal("103.004"),
        pack_markets([known], CostPolicy()),
        book,
        policy(),
        rules=known,
        exit_plan=PLAN,
    )
    assert (found.status, found.reason) == (RecheckCode.CHANGED, ReasonCode.PRICE_DRIFTED)
    assert found.quantity == Decimal("1.234")
    assert found.price == Decimal("103.004")
    # Three points up, as the price.
    assert found.exit_plan == replace(
        PLAN, stop_price=Decimal("100.50"), take_profit_price=Decimal("113.00")
    )


def test_without_a_price_the_recheck_refuses() -> None:
    known = rules()
    book = pack_book(BookView(cash_quote=Decimal(1), pending={BTC: entry()}), [known])
    found = recheck_entry(
        0, None, pack_markets([known], CostPolicy()), book, policy(), rules=known, exit_plan=PLAN
    )
    assert (found.status, found.reason, found.price) == (
        RecheckCode.REFUSED,
        ReasonCode.NO_FRESH_PRICE,
        None,
    )
