import math

import pytest

from engine.domain.reasons import ReasonCode, RecheckCode, RuleCode
from engine.kernel import Records
from engine.strategy.book import Book, Terms, new_decided
from engine.strategy.packing import StepPolicy
from engine.strategy.step_recheck import Recheck, recheck
from tests.unit.step.builders import book, hold, markets, pend, policy


def waiting() -> Book:
    """Ten units are asked at 100 with a stop at 98."""
    of = book()
    pend(of)
    return of


def again(
    price: float = 100.0,
    of: Book | None = None,
    terms: Records[Terms] | None = None,
    with_policy: StepPolicy | None = None,
) -> Recheck:
    found = waiting() if of is None else of
    at = markets(len(found.slots)) if terms is None else terms
    return recheck(0, price, at, found, with_policy or policy(), new_decided(len(at)))


def test_an_unchanged_market_lets_it_stand() -> None:
    found = again()
    assert (found.status, found.reason, found.lots) == (RecheckCode.OK, ReasonCode.NONE, 10_000)


@pytest.mark.parametrize("price", [98.0, 102.0])
def test_a_move_of_exactly_the_limit_stands(price: float) -> None:
    of = waiting()
    of.slots[0].pending_stop_ticks = 9_000
    assert again(price, of).status == RecheckCode.OK


def test_a_larger_move_asks_afresh_and_keeps_the_distance_to_the_stop() -> None:
    of = waiting()
    of.slots[0].pending_target_ticks = 10_500
    found = again(103.0, of)
    assert (found.status, found.reason) == (RecheckCode.CHANGED, ReasonCode.PRICE_DRIFTED)
    assert (found.price, found.stop_ticks, found.target_ticks) == (103.0, 10_100, 10_800)


def test_without_a_fresh_price_it_is_refused() -> None:
    assert again(math.nan).reason == ReasonCode.NO_FRESH_PRICE


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("killed", ReasonCode.KILLED),
        ("paused", ReasonCode.DESK_PAUSED),
        ("daily_paused", ReasonCode.DAILY_LOSS_REACHED),
        ("drawdown_latched", ReasonCode.DRAWDOWN_LATCHED),
    ],
)
def test_a_brake_pulled_meanwhile_refuses(flag: str, reason: ReasonCode) -> None:
    of = waiting()
    setattr(of.desk[0], flag, True)
    found = again(of=of)
    assert (found.status, found.reason) == (RecheckCode.REFUSED, reason)


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ("max_daily_loss_fraction", ReasonCode.DAILY_LOSS_REACHED),
        ("max_drawdown_fraction", ReasonCode.DRAWDOWN_LATCHED),
    ],
)
def test_a_loss_since_the_last_close_refuses_before_the_next_one(
    limit: str, reason: ReasonCode
) -> None:
    of = waiting()
    of.desk[0].cash_quote = 9_000.0  # of 10,000 at the last close
    assert again(of=of, with_policy=policy(risk={limit: 0.1})).status == RecheckCode.OK
    assert again(of=of, with_policy=policy(risk={limit: 0.0999})).reason == reason


def test_a_position_opened_meanwhile_refuses() -> None:
    of = waiting()
    hold(of)
    assert again(of=of).reason == ReasonCode.DUPLICATE


def test_a_symbol_denied_meanwhile_refuses() -> None:
    assert again(terms=markets(rule=RuleCode.DENY)).reason == ReasonCode.SYMBOL_DENIED


def test_a_price_at_the_stop_refuses() -> None:
    assert again(98.0).reason == ReasonCode.STOP_PASSED


def test_cash_spent_meanwhile_shrinks_it() -> None:
    of = waiting()
    of.desk[0].cash_quote = 501.0
    found = again(of=of)
    # 501 at 100 with 10 bps of spread and 10 of fee: 4.9999... units, of an equity of 501.
    assert (found.status, found.reason) == (RecheckCode.CHANGED, ReasonCode.SIZE_SHRUNK)
    assert found.lots == 4_999


def test_its_own_reservation_does_not_count_against_it() -> None:
    of = book()
    pend(of, lots=97_000)
    assert again(of=of).status == RecheckCode.OK


def test_the_reservations_of_others_do() -> None:
    of = book(2)
    pend(of, lots=50_000)
    pend(of, 1, lots=60_000)
    found = again(of=of)
    assert (found.status, found.reason) == (RecheckCode.CHANGED, ReasonCode.SIZE_SHRUNK)
    assert found.lots < 40_000


def test_an_uptick_within_the_drift_does_not_shrink_a_size_at_its_limit() -> None:
    of = book()
    tight = policy(risk={"max_symbol_fraction": 0.2})
    pend(of, lots=19_607)  # what `step` grants under this limit
    assert again(101.9, of, with_policy=tight).status == RecheckCode.OK


def test_what_is_left_below_the_minimum_is_refused_by_the_limit_that_took_it() -> None:
    of = waiting()
    of.slots[0].last_volume = 0.01
    assert again(of=of).reason == ReasonCode.NO_LIQUIDITY
