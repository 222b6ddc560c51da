import pytest

from engine.domain.reasons import ReasonCode
from engine.fills.book import BUY, SELL
from engine.fills.triggers import limit_price, protection

STOP, TARGET, NOTHING = ReasonCode.STOP_HIT, ReasonCode.TARGET_HIT, ReasonCode.NONE


@pytest.mark.parametrize(
    ("open_", "high", "low", "kind", "price"),
    [
        (100.0, 101.0, 98.01, NOTHING, 0.0),
        (100.0, 101.0, 98.00, STOP, 98.0),  # a touch of the stop counts
        (97.0, 101.0, 96.00, STOP, 97.0),  # a gap fills at the open
        (98.0, 101.0, 97.00, STOP, 98.0),
        (100.0, 105.0, 99.00, NOTHING, 0.0),  # a touch of the target does not count
        (100.0, 105.01, 99.00, TARGET, 105.0),  # through it does
        (106.0, 107.0, 104.0, TARGET, 106.0),  # opened beyond it: the better price
        (100.0, 110.0, 90.00, STOP, 98.0),  # both in one bar: the worse
        (106.0, 107.0, 97.00, TARGET, 106.0),  # decided at the open, before the fall
    ],
)
def test_stop_98_and_target_105(
    open_: float, high: float, low: float, kind: ReasonCode, price: float
) -> None:
    found = protection(9_800, 10_500, open_, high, low, 0.01)
    assert found.kind == kind
    assert found.price == pytest.approx(price)


def test_without_a_target_only_the_stop_counts() -> None:
    assert protection(9_800, 0, 100.0, 500.0, 99.0, 0.01).kind == NOTHING


def test_a_stop_is_met_on_a_coin_with_eight_decimals() -> None:
    assert protection(1_000, 0, 0.00001001, 0.00001002, 0.00001, 1e-8).kind == STOP
    assert protection(1_000, 0, 0.00001002, 0.00001002, 0.00001001, 1e-8).kind == NOTHING


@pytest.mark.parametrize(
    ("side", "open_", "high", "low", "price"),
    [
        (BUY, 101.0, 102.0, 100.0, 0.0),  # touched, not through
        (BUY, 101.0, 102.0, 99.99, 100.0),
        (BUY, 99.0, 102.0, 98.0, 99.0),  # marketable: the better price
        (SELL, 99.0, 100.0, 98.0, 0.0),
        (SELL, 99.0, 100.01, 98.0, 100.0),
        (SELL, 101.0, 102.0, 98.0, 101.0),
    ],
)
def test_a_limit_at_100(side: int, open_: float, high: float, low: float, price: float) -> None:
    assert limit_price(side, 10_000, open_, high, low, 0.01) == pytest.approx(price)
