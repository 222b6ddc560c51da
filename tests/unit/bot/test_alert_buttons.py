"""The buttons of alerts: what is written is read again, and nothing else is."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.callback_kinds import AreaCallback
from bot.messages.callbacks import decode, encode
from bot.messages.callbacks_alerts import (
    ChangeAlert,
    ListAlerts,
    OfferLevels,
    SetBand,
    SetLevel,
    Shown,
    Verb,
    WatchMarket,
    find_market,
    market_code,
    set_level,
)
from engine.domain.alert_measures import Measured, Relation
from engine.domain.market import Symbol, Timeframe

ALERT = "n" + "0123456789abcdef0123"
LONGEST = Symbol("A" * 32, "B" * 32)
BTC = Symbol("BTC", "USDT")

EVERY: list[AreaCallback] = [
    *(ChangeAlert(verb, ALERT, 999_999, shown, 123_456) for verb in Verb for shown in Shown),
    ChangeAlert(Verb.UP, ALERT, 0, Shown.SINGLE),
    ListAlerts(7_000_000_000, 3),
    OfferLevels(Timeframe.M15, "BTC/USDT"),
    SetLevel(Relation.ABOVE, Decimal(70_000), "BTC/USDT"),
    SetLevel(Relation.BELOW, Decimal("0.000000012345"), market_code(LONGEST)),
    SetLevel(Relation.BELOW, Decimal("123456789012345.12345678901"), "#0123456789ab"),
    SetBand(Measured.BB_UPPER, Timeframe.M15, "#0123456789ab"),
    SetBand(Measured.BB_LOWER, Timeframe.D1, "BTC/USDT"),
    WatchMarket(on=True, market="BTC/USDT"),
    WatchMarket(on=False, market=market_code(LONGEST)),
]


@pytest.mark.parametrize("callback", EVERY, ids=str)
def test_what_is_written_is_read_again(callback: AreaCallback) -> None:
    data = encode(callback)
    assert len(data.encode()) <= 64
    assert decode(data) == callback


def test_every_button_is_told_apart() -> None:
    assert len({encode(callback) for callback in EVERY}) == len(EVERY)


@pytest.mark.parametrize(
    "data",
    [
        "1:al",
        f"1:al:x:{ALERT}:0:s0",
        f"1:al:u:{ALERT}:00:s0",
        f"1:al:u:{ALERT}:-1:s0",
        f"1:al:u:{ALERT}:0:q0",
        f"1:al:u:{ALERT}:0:l01",
        f"1:al:u:{ALERT}:0:s",
        f"1:al:u:{ALERT}:0:l-1",
        f"1:al:u:{ALERT}:0:s0:more",
        "1:al:u:n0123:0:s0",
        "1:aq:1",
        "1:aq:-1:0",
        "1:aq:01:0",
        "1:ao:7h:BTC/USDT",
        "1:ao:1h:btc/usdt",
        "1:av:>:0:BTC/USDT",
        "1:av:>:-5:BTC/USDT",
        "1:av:>:1.50:BTC/USDT",
        "1:av:>:1e5:BTC/USDT",
        "1:av:>:٣:BTC/USDT",
        "1:av:=:5:BTC/USDT",
        "1:ab:m:1h:BTC/USDT",
        "1:ab:u:1h",
        "1:wm:2:BTC/USDT",
        "1:wm:1",
    ],
)
def test_garbled_and_forged_buttons_mean_nothing(data: str) -> None:
    assert decode(data) is None


@given(st.decimals(min_value=0, max_value=10**15, places=11), st.sampled_from(Relation))
def test_any_line_is_a_button_or_none(line: Decimal, relation: Relation) -> None:
    button = set_level(BTC, relation, line)
    if button is not None:
        assert button.line == line
        assert decode(encode(button)) == button


def test_a_market_is_found_by_what_the_button_holds() -> None:
    for symbol in (BTC, LONGEST):
        assert find_market(market_code(symbol), (LONGEST, BTC)) == symbol
    assert find_market("ETH/USDT", (LONGEST, BTC)) is None
