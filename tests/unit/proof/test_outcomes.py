"""The trade that follows a bar: worked by hand, and beside the replay's own single trades."""

from dataclasses import replace

import numpy as np
import pytest

from engine.domain.market import Timeframe
from engine.domain.reasons import ReasonCode
from engine.indicators.bars import Bars, Floats
from engine.kernel import Bools
from engine.proof.calibration.outcomes import Outcomes, follow
from engine.strategy.columns import ScoreColumns
from engine.strategy.packing import pack_exits
from engine.strategy.policy import ExitPolicy
from tests.unit.step.builders import HOUR_MS, START_MS, markets, play, policy, symbol_feed

Prices = tuple[float, float, float, float]
FLAT: Prices = (100.0, 100.0, 100.0, 100.0)
PLAIN = ExitPolicy(
    stop_atr_multiple=3.0, trailing_atr_multiple=None, time_stop_bars=None, exit_score=None
)
"""Only the stop, three below."""


def bars_of(prices: list[Prices], *, absent: frozenset[int] = frozenset()) -> Bars:
    table = np.array([row for t, row in enumerate(prices) if t not in absent])
    times = [START_MS + HOUR_MS * t for t in range(len(prices)) if t not in absent]
    return Bars(
        timeframe=Timeframe.H1,
        open_ms=np.array(times, np.int64),
        open=table[:, 0].copy(),
        high=table[:, 1].copy(),
        low=table[:, 2].copy(),
        close=table[:, 3].copy(),
        volume=np.full(len(table), 1_000.0),
    )


def scored(bars: Bars, score: Floats | None = None, atr: Floats | None = None) -> ScoreColumns:
    """Columns of which the outcome reads score, ATR and regime only; the ATR is 1."""
    count = len(bars)
    none = np.zeros(count)
    return ScoreColumns(
        timeframe=Timeframe.H1,
        close_ms=bars.close_ms,
        codes=("X",),
        side=np.zeros((1, count), np.int8),
        strength=np.zeros((1, count)),
        net=none,
        score=none if score is None else score,
        rank=none,
        agreement=none,
        atr=np.ones(count) if atr is None else atr,
        regime=np.zeros(count, np.int8),
        sigma_day=np.full(count, 0.02),
        adv_quote=np.full(count, 1e9),
        weights=np.ones((4, 1)),
        scale=1.0,
        rank_n=1,
        warmup_bars=0,
        values={},
    )


def outcomes(
    prices: list[Prices],
    exits: ExitPolicy = PLAIN,
    *,
    score: list[float] | None = None,
    exit_flag: Bools | None = None,
    direction: int = 1,
    absent: frozenset[int] = frozenset(),
    max_drift_bps: float = 50.0,
) -> Outcomes:
    bars = bars_of(prices, absent=absent)
    return follow(
        bars,
        scored(bars, None if score is None else np.array(score)),
        markets(1)[0],
        pack_exits(exits),
        direction=direction,
        exit_flag=exit_flag,
        max_drift_bps=max_drift_bps,
    )


def test_a_touched_stop_loses_exactly_the_risk() -> None:
    found = outcomes([FLAT, FLAT, (100.0, 100.0, 97.0, 99.0)])
    assert found.bps[0] == pytest.approx(-300.0)
    assert found.risk_multiple[0] == pytest.approx(-1.0)
    assert (found.left[0], found.reason[0]) == (2, ReasonCode.STOP_HIT)


def test_a_stop_inside_the_entry_bar_counts() -> None:
    found = outcomes([FLAT, (100.0, 101.0, 96.0, 98.0)])
    assert found.bps[0] == pytest.approx(-300.0)
    assert found.left[0] == 1


def test_a_gap_below_the_stop_leaves_at_the_open() -> None:
    found = outcomes([FLAT, FLAT, (95.0, 96.0, 94.0, 95.0)])
    assert found.bps[0] == pytest.approx(-500.0)
    assert found.risk_multiple[0] == pytest.approx(-5 / 3)


def test_a_target_that_is_traded_through_is_earned() -> None:
    exits = replace(PLAIN, target_atr_multiple=2.0)
    found = outcomes([FLAT, FLAT, (100.0, 102.5, 100.0, 102.0)], exits)
    assert found.bps[0] == pytest.approx(200.0)
    assert found.reason[0] == ReasonCode.TARGET_HIT


def test_a_trail_of_two_follows_the_high_to_103() -> None:
    exits = replace(PLAIN, trailing_atr_multiple=2.0)
    found = outcomes([FLAT, (100.0, 105.0, 100.0, 105.0), (105.0, 105.0, 102.0, 102.0)], exits)
    assert found.bps[0] == pytest.approx(300.0)


def test_time_and_score_and_the_own_rule_leave_at_the_next_open() -> None:
    up: list[Prices] = [FLAT, FLAT, (100.0, 101.0, 100.0, 101.0), (101.5, 102.0, 101.0, 102.0)]
    by_time = outcomes(up, replace(PLAIN, time_stop_bars=2))
    by_score = outcomes(up, replace(PLAIN, exit_score=-30.0), score=[0.0, 0.0, -30.0, 0.0])
    by_rule = outcomes(up, exit_flag=np.array([False, False, True, False]))
    for found, reason in (
        (by_time, ReasonCode.EXIT_TIME),
        (by_score, ReasonCode.EXIT_SCORE),
        (by_rule, ReasonCode.EXIT_CUSTOM),
    ):
        assert found.bps[0] == pytest.approx(150.0)
        assert (found.left[0], found.reason[0]) == (3, reason)


def test_a_trade_that_has_not_ended_has_no_outcome() -> None:
    found = outcomes([FLAT] * 5)
    assert np.isnan(found.bps).all()
    assert set(found.left) == {-1}
    decided_on_the_last_bar = outcomes([FLAT] * 3, replace(PLAIN, time_stop_bars=2))
    assert np.isnan(decided_on_the_last_bar.bps).all()


def test_no_trade_follows_a_bar_whose_next_one_is_absent() -> None:
    prices: list[Prices] = [FLAT, FLAT, FLAT, (100.0, 100.0, 96.0, 97.0)]
    found = outcomes(prices, absent=frozenset({1}))
    assert np.isnan(found.bps[0])
    assert found.bps[1] == pytest.approx(-300.0)


def test_an_open_beyond_the_stop_is_not_bought_and_a_drifted_one_takes_its_stop_along() -> None:
    prices: list[Prices] = [FLAT, (96.0, 96.0, 93.0, 94.0), (94.0, 94.0, 90.0, 91.0)]
    assert np.isnan(outcomes(prices, max_drift_bps=500.0).bps[0])
    assert outcomes(prices).bps[0] == pytest.approx(-300 / 0.96)


def test_a_short_earns_what_a_long_earns_on_the_mirrored_prices() -> None:
    chance = np.random.default_rng(5)
    steps = np.round(np.cumsum(chance.normal(0.0, 0.4, (60, 4)).ravel()), 2).reshape(60, 4)
    walk = [(100 + row[0], 100 + max(row), 100 + min(row), 100 + row[3]) for row in steps]
    mirrored = [(200 - o, 200 - low, 200 - high, 200 - c) for o, high, low, c in walk]
    exits = replace(PLAIN, stop_atr_multiple=1.0, trailing_atr_multiple=1.0)
    short, long = outcomes(walk, exits, direction=-1), outcomes(mirrored, exits)
    gained = short.bps * np.roll([row[0] for row in walk], -1)
    expected = long.bps * np.roll([row[0] for row in mirrored], -1)
    assert np.isfinite(gained[:50]).all()
    assert gained[:50] == pytest.approx(expected[:50], abs=1e-6)


def test_the_future_beyond_its_end_changes_no_outcome() -> None:
    prices = _random_prices(200, seed=3)
    whole = outcomes(prices, replace(PLAIN, trailing_atr_multiple=2.0, time_stop_bars=20))
    cut = outcomes(prices[:120], replace(PLAIN, trailing_atr_multiple=2.0, time_stop_bars=20))
    ended = whole.left[:120] < 120
    assert np.array_equal(whole.bps[:120][ended], cut.bps[ended])
    assert np.isnan(cut.bps[~ended]).all()


def test_single_trades_end_as_the_replay_ends_them() -> None:
    """Every fifth bar alone is bought in a replay without costs; both must agree to the tick."""
    prices, count = _random_prices(160, seed=11), 160
    chance = np.random.default_rng(2)
    score = np.where(chance.random(count) < 0.1, -50.0, 10.0)
    leave = chance.random(count) < 0.05
    exits = ExitPolicy(
        stop_atr_multiple=2.0,
        target_atr_multiple=1.5,
        trailing_atr_multiple=1.5,
        time_stop_bars=7,
        exit_score=-40.0,
    )
    found = outcomes(prices, exits, score=score.tolist(), exit_flag=leave)
    terms = markets(1, taker_fee_bps=0.0, maker_fee_bps=0.0, half_spread_bps=0.0)
    rules = policy(exits={name: getattr(exits, name) for name in ExitPolicy.__slots__})
    compared = 0
    for t in range(0, 140, 5):
        feed = symbol_feed(prices)
        bought = score.copy()
        bought[t] = 80.0
        rank = np.zeros(count)
        rank[t] = 1.0
        alone = replace(feed, score=bought, rank=rank, exit_flag=leave)
        state = play({"A/USDT": alone}, terms, with_policy=rules)
        trade = state.trades[0]
        assert trade.closed_ms > 0
        price = trade.exit_notional_quote / trade.entry_notional_quote
        assert found.bps[t] == pytest.approx((price - 1.0) * 1e4, abs=1e-6)
        reason = trade.reason
        if reason == ReasonCode.TRAILING_STOP_HIT:
            reason = ReasonCode.STOP_HIT
        assert found.reason[t] == reason
        compared += 1
    assert compared == 28
    assert len(set(found.reason[found.left >= 0])) == 5


def _random_prices(count: int, *, seed: int) -> list[Prices]:
    """Whole ticks, each bar opening near the close before."""
    chance = np.random.default_rng(seed)
    close = np.round(100.0 + np.cumsum(chance.normal(0.0, 0.5, count)), 2)
    opened = np.round(np.concatenate(([100.0], close[:-1])) + chance.normal(0.0, 0.05, count), 2)
    high = np.round(np.maximum(opened, close) + np.abs(chance.normal(0.0, 0.3, count)), 2)
    low = np.round(np.minimum(opened, close) - np.abs(chance.normal(0.0, 0.3, count)), 2)
    rows = zip(opened.tolist(), high.tolist(), low.tolist(), close.tolist(), strict=True)
    return [(o, h, lo, c) for o, h, lo, c in rows]
