"""Days of a replay, worked out by hand."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import ArrayLike

from engine.costs.policy import CostPolicy
from engine.domain.errors import InvalidValueError
from engine.domain.market import Symbol, Timeframe
from engine.domain.values import to_ms
from engine.indicators.bars import Bars
from engine.kernel import Bools
from engine.proof.daily import Days, calendar, days_of, joined, sharpe_of_days
from engine.proof.ground import ground_of
from engine.strategy.custom import custom
from engine.strategy.policy import EntryPolicy, ExitPolicy, TradingPolicy
from tests.unit.proof.made_up import START, WARMUP_BARS, plan, series

DAY_MS = Timeframe.D1.ms
ENTRY = WARMUP_BARS + 2  # decided on the third day's close, bought at the fourth day's open
FREE = CostPolicy(
    maker_fee_bps=0.0, taker_fee_bps=0.0, half_spread_bps=0.0, impact_coefficient=0.0,
    min_slippage_bps=0.0,
)  # fmt: skip


def buys_once(bars: Bars) -> tuple[ArrayLike, ArrayLike]:
    side = np.zeros(len(bars), int)
    side[ENTRY : ENTRY + 1] = 1
    return side, np.full(len(bars), 90.0)


def leaves_after_two_days(bars: Bars) -> Bools:
    flags: Bools = np.arange(len(bars)) == ENTRY + 2
    return flags


ONCE = custom(
    name="once",
    timeframe="1d",
    signals={"ONCE": buys_once},
    entry=EntryPolicy(min_rank_fraction=0.0, min_score=50.0),
    exits=ExitPolicy(
        stop_atr_multiple=50.0, trailing_atr_multiple=None, time_stop_bars=None, exit_score=None
    ),
    leave=leaves_after_two_days,
)


def once(days: int = 8) -> Days:
    """Flat at 100, then 101, 102 … a day; bought at 103, sold at 105, two days held."""
    made = plan(ONCE, days=days, symbols=("AAA/USDT",), policies=TradingPolicy(costs=FREE))
    close = np.concatenate((np.full(WARMUP_BARS, 100.0), 101.0 + np.arange(days)))
    first = START - timedelta(days=WARMUP_BARS)
    candles = series(close, start=first, timeframe=Timeframe.D1)
    deep = replace(made.fills, level_step_bps=0.0, level_volume_fraction=1.0)
    whole = ground_of(replace(made, histories={Symbol.parse("AAA/USDT"): candles}, fills=deep))
    played = whole.play(ONCE, start_ms=whole.start_ms, end_ms=whole.end_ms)
    return days_of(whole, played, start_ms=whole.start_ms, end_ms=whole.end_ms)


def test_only_held_days_earn_and_what_they_earn_is_their_exposure_times_the_market() -> None:
    days = once()
    assert np.flatnonzero(np.abs(days.returns) > 1e-7).tolist() == [3, 4]
    assert np.flatnonzero(days.exposure[:, 0]).tolist() == [3, 4]
    earned = days.exposure[:, 0] * days.market[:, 0]
    assert days.returns == pytest.approx(earned, rel=1e-3, abs=1e-7)
    assert 0.0 < days.exposure[3, 0] <= 0.1


def test_the_markets_return_is_from_close_to_close() -> None:
    days = once()
    assert days.market[:3, 0] == pytest.approx([1 / 100, 1 / 101, 1 / 102])
    assert days.first_day == date(2020, 1, 1)


def test_a_stretch_touches_the_days_it_begins_and_ends_in() -> None:
    start_ms = to_ms(START)
    assert calendar(start_ms, start_ms + DAY_MS) == (start_ms // DAY_MS, 1)
    assert calendar(start_ms + 1, start_ms + DAY_MS + 1) == (start_ms // DAY_MS, 2)


def test_parts_are_joined_only_if_they_follow_one_another() -> None:
    days = once()
    later = replace(days, first_day=date(2020, 1, 9))
    assert len(joined([days, later]).returns) == 16
    with pytest.raises(InvalidValueError, match="next part"):
        joined([days, days])


def test_no_dispersion_has_no_sharpe_ratio() -> None:
    assert sharpe_of_days(np.zeros(50)) is None
    assert sharpe_of_days(np.array([0.01, 0.03])) == pytest.approx(0.02 / np.sqrt(2e-4))
