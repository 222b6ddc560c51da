"""The rehearsal and the backtest tell one past alike: decisions, trades, equity at every close.

The markets are made up (``history``) and hostile: bars are absent, prices jump between a decision
and its fill, some bars cannot fill an order, one market is listed late. Where the real candles lie
beside the checkout, the same on them.
"""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from db.unit_of_work import SqlUnits
from engine.checks.policy import ApprovalPolicy, AutomationPolicy
from engine.clock import SystemClock
from engine.domain.ids import DecisionId
from engine.domain.market import Symbol
from engine.fills.policy import FillPolicy
from engine.market.derived_rules import derive_rules
from engine.market.files import CandleImporter
from engine.market.policy import MarketPolicy
from engine.risk.policy import RiskPolicy
from engine.strategy.columns import WINDOW_BARS
from engine.strategy.policy import EntryPolicy, ExitPolicy, TradingPolicy
from tests.fakes.units import FakeUnits
from tests.scenario.history import HOUR, START, Market, candles
from tests.scenario.twins import H1, VENUE, Past, Twins, differences, play

DATA = Path(__file__).parents[3] / "shared" / "data"
MARKETS = (
    Market(symbol=Symbol("AAA", "USDT")),
    Market(symbol=Symbol("BBB", "USDT"), price=20, absent=0.06, volatility=0.012, volume=2_000),
    Market(symbol=Symbol("CCC", "USDT"), price=3_000, absent=0.02, volatility=0.006, volume=10),
    Market(
        symbol=Symbol("DDD", "USDT"),
        price=5,
        volatility=0.02,
        volume=20_000,
        listed_bars_before=-30,
    ),
)
EXITS = {
    "exit_score",
    "exit_time",
    "stop_hit",
    "target_hit",
    "trailing_stop_hit",
}


def past(
    seed: int,
    bars: int,
    policies: TradingPolicy,
    *,
    depth: float = 0.005,
    rearm_after_days: float | None = 7.0,
) -> Past:
    """A made-up past; ``depth`` is the share of a bar's volume on one level of the book."""
    histories = {
        market.symbol: candles(market, seed=seed, bars=bars)
        for market in MARKETS
        if bars > -market.listed_bars_before
    }
    return Past(
        histories=histories,
        rules={symbol: derive_rules(symbol, series) for symbol, series in histories.items()},
        start=START,
        end=START + bars * HOUR,
        policies=policies,
        fills=FillPolicy(level_volume_fraction=depth),
        rearm_after_days=rearm_after_days,
    )


def busy(
    *,
    rank: float = 0.5,
    trail: float | None = 2.0,
    bars_held: int = 10,
    symbol_share: float = 0.3,
    exposure: float = 0.6,
    positions: int = 3,
    volume_share: float = 0.25,
    daily_loss: float = 0.03,
    drawdown: float = 0.25,
    a_day: int = 8,
    ask_above: int = 1_500,
    drift_bps: float = 50.0,
    quorum_above: int | None = None,
) -> TradingPolicy:
    """Policies under which much happens."""
    return TradingPolicy(
        entry=EntryPolicy(min_rank_fraction=rank),
        exits=ExitPolicy(
            stop_atr_multiple=1.5,
            target_atr_multiple=2.5,
            trailing_atr_multiple=trail,
            time_stop_bars=bars_held,
            exit_score=-20.0,
        ),
        risk=RiskPolicy(
            risk_fraction=0.01,
            max_risk_fraction=0.02,
            max_symbol_fraction=symbol_share,
            max_exposure_fraction=exposure,
            max_open_positions=positions,
            max_bar_volume_fraction=volume_share,
            max_daily_loss_fraction=daily_loss,
            max_drawdown_fraction=drawdown,
        ),
        automation=AutomationPolicy(
            uncalibrated_paper="auto", cooldown_after_loss_bars=3, max_entries_per_day=a_day
        ),
        approval=ApprovalPolicy(
            ask_above_quote=Decimal(ask_above),
            ask_above_equity_fraction=1.0,
            max_drift_bps=drift_bps,
            quorum_above_quote=None if quorum_above is None else Decimal(quorum_above),
        ),
    )


def eventful(seed: int, bars: int) -> Past:
    """A past in which everything happens that can."""
    return past(seed, bars, busy(), depth=0.003)


def assert_eventful(twins: Twins) -> None:
    """Not a quiet market: nothing would have been compared."""
    result = twins.backtest.result
    assert set(twins.exits) >= EXITS
    assert {trade.route for trade in result.trades} == {"ask", "auto"}
    assert twins.reasons["exit_unfinished"] > 0
    assert result.outcomes["price_drifted"] > 0
    assert twins.reasons["data_late"] > 0
    assert any(part_of_an_entry(twins))
    assert len(result.trades) > 30


def part_of_an_entry(twins: Twins) -> list[DecisionId]:
    """Trades that closed less than was ordered: the book gave only a part of the entry."""
    planned = {d.id: d.plan.quantity for d in twins.decisions if d.plan is not None}
    bought: dict[DecisionId, Decimal] = {}
    for trade in twins.rehearsal.trades:
        assert trade.decision_id is not None
        bought[trade.decision_id] = bought.get(trade.decision_id, Decimal(0)) + trade.quantity
    return [decision for decision, quantity in bought.items() if quantity < planned[decision]]


def test_an_eventful_past_is_told_alike(fake_units: FakeUnits) -> None:
    twins = play(fake_units, eventful(3, 320))
    assert differences(twins) == []
    assert_eventful(twins)


def test_a_real_database_changes_nothing(sqlite_units: SqlUnits) -> None:
    twins = play(sqlite_units, eventful(5, 40))
    assert differences(twins) == []
    assert len(twins.backtest.result.trades) > 5


def test_a_question_at_a_close_without_a_price_ends_alike(fake_units: FakeUnits) -> None:
    twins = play(fake_units, past(3, 320, busy(ask_above=1), depth=0.003))
    assert differences(twins) == []
    assert twins.rehearsal.later["no_fresh_price"] > 0


SEED_AND_POLICIES = {
    "the first bar of the period is absent": (9, busy(exposure=0.3, positions=2, daily_loss=0.01)),
    "an exit that waited for a price fills in part, then meets its stop": (
        28,
        busy(
            rank=0.3,
            trail=None,
            bars_held=5,
            symbol_share=0.6,
            exposure=1.0,
            positions=2,
            volume_share=0.05,
            daily_loss=0.01,
            ask_above=800,
            drift_bps=10.0,
        ),
    ),
    "a fresh question is answered before the next question": (
        6,
        busy(
            rank=0.3,
            symbol_share=0.1,
            exposure=0.3,
            positions=2,
            daily_loss=0.01,
            ask_above=800,
            drift_bps=10.0,
        ),
    ),
    "brakes, few entries a day, one position": (
        41,
        busy(rank=0.3, positions=1, daily_loss=0.005, drawdown=0.03, a_day=2),
    ),
    "everything is asked of two people": (43, busy(ask_above=0, quorum_above=0)),
    "all limits are tight and every price has drifted": (
        47,
        busy(rank=0.3, exposure=0.3, positions=4, drift_bps=0.0, ask_above=800),
    ),
}


@pytest.mark.parametrize("case", SEED_AND_POLICIES)
@pytest.mark.parametrize("depth", [0.0005, 0.05])
def test_other_pasts_are_told_alike(case: str, depth: float, fake_units: FakeUnits) -> None:
    seed, policies = SEED_AND_POLICIES[case]
    twins = play(fake_units, past(seed, 120, policies, depth=depth))
    assert differences(twins) == []
    assert twins.backtest.result.trades


@pytest.mark.parametrize("days", [0.0, 0.3, 1.0])
def test_a_person_who_re_arms_is_told_alike(days: float, fake_units: FakeUnits) -> None:
    """At once, in the middle of a bar, and at a close."""
    quick = busy(rank=0.3, daily_loss=0.5, drawdown=0.008)
    twins = play(fake_units, past(63, 120, quick, rearm_after_days=days))
    assert differences(twins) == []
    assert twins.rehearsal.rearms > 1
    assert twins.reasons["drawdown_latched"] > 0


def test_nobody_re_arms_where_nobody_would(fake_units: FakeUnits) -> None:
    quick = busy(rank=0.3, daily_loss=0.5, drawdown=0.008)
    twins = play(fake_units, past(63, 120, quick, rearm_after_days=None))
    assert differences(twins) == []
    assert twins.rehearsal.rearms == 0
    assert twins.reasons["drawdown_latched"] > 100


@pytest.mark.real
@pytest.mark.skipif(not DATA.exists(), reason="no real candles beside the checkout")
def test_real_candles_are_told_alike(sqlite_units: SqlUnits, fake_units: FakeUnits) -> None:
    start, end = datetime(2020, 11, 16, tzinfo=UTC), datetime(2020, 12, 5, tzinfo=UTC)
    symbols = [Symbol(base, "USDT") for base in ("BTC", "XRP")]
    CandleImporter(
        units=sqlite_units, venue=VENUE, clock=SystemClock(), policy=MarketPolicy()
    ).import_paths([DATA / "1h" / f"{symbol.base}_USDT-1h.parquet" for symbol in symbols])
    with sqlite_units(read_only=True) as unit:
        histories = {
            symbol: unit.candles.between(VENUE, symbol, H1, start - 2 * WINDOW_BARS * HOUR, end)
            for symbol in symbols
        }
    twins = play(
        fake_units,
        Past(
            histories=histories,
            rules={symbol: derive_rules(symbol, series) for symbol, series in histories.items()},
            start=start,
            end=end,
        ),
    )
    assert differences(twins) == []
    assert twins.rehearsal.asked > 5
    assert len(twins.rehearsal.trades) > 3
