"""Before anybody confirms a purchase it is known whether it would go, and what would."""

from decimal import Decimal

import pytest

from engine.domain.market import Symbol
from tests.fakes.desk_builder import BTC, OWNER, Bench, build
from tests.fakes.units import FakeUnits

D = Decimal


@pytest.fixture
def bench(fake_units: FakeUnits) -> Bench:
    return build(fake_units)


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ("4.99", "below_minimum"),
        ("5", ""),
        ("1000", ""),
        # A position may be a tenth of the equity of 10,000.
        ("2500", "size_shrunk"),
        ("10000.01", "insufficient_funds"),
    ],
)
def test_an_amount_is_looked_at_with_the_smallest_and_the_largest_that_would_go(
    amount: str, reason: str, bench: Bench
) -> None:
    seen = bench.assembled.desk.preview_buy(BTC, D(amount))
    assert seen.reason == reason
    assert (seen.cash_quote, seen.minimum_quote, seen.most_quote) == (D(10_000), D(5), D(1000))


def test_looking_stores_and_sends_nothing(bench: Bench) -> None:
    before = bench.actions()
    bench.assembled.desk.preview_buy(BTC, D(100))
    assert bench.unfinished() == ()
    assert bench.fills() == ()
    assert bench.actions() == before


@pytest.mark.parametrize("amount", ["100", "99999"])
def test_under_the_kill_switch_the_switch_is_the_reason_whatever_the_amount(
    amount: str, bench: Bench
) -> None:
    bench.assembled.desk.controls.kill(OWNER)
    assert bench.assembled.desk.preview_buy(BTC, D(amount)).reason == "killed"


def test_a_market_that_is_not_traded_is_not_looked_at(bench: Bench) -> None:
    seen = bench.assembled.desk.preview_buy(Symbol("DOGE", "USDT"), D(100))
    assert seen.reason == "unknown_symbol"


def test_what_fits_is_bought_at_the_press(bench: Bench) -> None:
    most = bench.assembled.desk.preview_buy(BTC, D(99_999)).most_quote
    assert most is not None
    done = bench.assembled.desk.buy(BTC, f"{most:f}", OWNER.user_id, request_id="u1")
    assert done.done
