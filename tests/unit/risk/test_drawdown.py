import pytest

from engine.risk.drawdown import DAY_MS, lost_fraction, mark_equity, roll_day
from engine.risk.policy import RiskPolicy
from engine.risk.sizing import pack_risk
from engine.strategy.book import Desk, new_book

RISK = pack_risk(RiskPolicy(max_daily_loss_fraction=0.02, max_drawdown_fraction=0.10))


def desk_with(equity: float) -> Desk:
    desk = new_book(1, equity).desk[0]
    mark_equity(desk, equity, 5 * DAY_MS, RISK)
    return desk


def paused(desk: Desk) -> bool:
    return bool(desk.daily_paused)


def latched(desk: Desk) -> bool:
    return bool(desk.drawdown_latched)


def test_losing_exactly_the_daily_limit_is_inside_it() -> None:
    desk = desk_with(10_000.0)
    mark_equity(desk, 9_800.0, 5 * DAY_MS + 1, RISK)
    assert not paused(desk)


def test_a_cent_more_pauses_until_the_next_utc_day() -> None:
    desk = desk_with(10_000.0)
    mark_equity(desk, 9_799.99, 5 * DAY_MS + 1, RISK)
    assert paused(desk)
    mark_equity(desk, 10_000.0, 6 * DAY_MS - 1, RISK)
    assert paused(desk)
    mark_equity(desk, 9_900.0, 6 * DAY_MS, RISK)
    assert not paused(desk)
    assert desk.day_start_equity_quote == 9_900.0


def test_a_new_day_starts_at_the_equity_last_marked_and_forgets_the_count() -> None:
    desk = desk_with(10_000.0)
    desk.entries_today = 3
    mark_equity(desk, 9_950.0, 5 * DAY_MS + 1, RISK)
    roll_day(desk, 6 * DAY_MS)
    assert (desk.entries_today, desk.day_start_equity_quote) == (0, 9_950.0)


def test_a_drawdown_latches_and_a_recovery_does_not_release_it() -> None:
    desk = desk_with(10_000.0)
    mark_equity(desk, 12_000.0, 6 * DAY_MS, RISK)
    mark_equity(desk, 10_800.0, 7 * DAY_MS, RISK)
    assert not latched(desk)  # 1,200 of 12,000 is exactly a tenth
    mark_equity(desk, 10_799.0, 8 * DAY_MS, RISK)
    assert latched(desk)
    mark_equity(desk, 13_000.0, 9 * DAY_MS, RISK)
    assert latched(desk)


@pytest.mark.parametrize(("start", "now", "lost"), [(100, 95, 0.05), (100, 120, 0.0), (0, 5, 0.0)])
def test_a_loss_is_a_share_of_where_it_began(start: float, now: float, lost: float) -> None:
    assert lost_fraction(start, now) == pytest.approx(lost)
