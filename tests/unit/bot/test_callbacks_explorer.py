"""Places, lists and looks survive the way through a button, whatever a market is called."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.callbacks import Callback, decode, encode
from bot.messages.callbacks_explorer import (
    Look,
    OpenCard,
    OpenChart,
    OpenCosts,
    OpenList,
    OpenWhy,
    Overlay,
    Ref,
    market_code,
    read_wish,
    searchable,
    write_wish,
)
from engine.domain.explorer import Direction, Order, Place, Wish
from engine.domain.market import Symbol, Timeframe

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CODE = st.text("ABCXYZ0189$._-", min_size=1, max_size=32)

symbols = st.builds(Symbol, CODE, CODE)
minutes = st.integers(1, 36**6 - 1)
moments = minutes.map(lambda minute: EPOCH + timedelta(minutes=minute))
places = st.one_of(
    st.builds(Place, symbol=symbols),
    st.builds(Place, symbol=symbols, timeframe=st.sampled_from(Timeframe), at=moments),
)
wishes = st.builds(
    Wish,
    timeframe=st.none() | st.sampled_from(Timeframe),
    direction=st.sampled_from(Direction),
    proven_only=st.booleans(),
    search=st.text("ABC09$._/-", max_size=16),
    order=st.sampled_from(Order),
    page=st.integers(0, 36**2 - 1),
)
behinds = st.none() | wishes
looks = st.builds(
    Look, st.none() | st.sampled_from(Timeframe), st.integers(0, sum(Overlay)).map(Overlay)
)
refs = places.map(Ref.of)
presses = st.one_of(
    st.builds(OpenList, wishes),
    st.builds(OpenCard, refs, behinds),
    st.builds(OpenWhy, refs, behinds),
    st.builds(OpenChart, refs, looks, behinds),
    st.builds(OpenCosts, refs, st.integers(1, 999_999), behinds),
)


@given(presses)
def test_what_is_written_is_read_again_and_always_fits(callback: Callback) -> None:
    data = encode(callback)
    assert len(data.encode()) <= 64
    assert decode(data) == callback


@given(st.sampled_from(["xl", "xc", "xw", "xg", "xs"]), st.text(max_size=50))
def test_nobody_else_writes_such_a_button_by_chance(code: str, rest: str) -> None:
    data = f"1:{code}:{rest}"
    callback = decode(data)
    assert callback is None or encode(callback) == data


@given(places)
def test_a_place_is_found_again_among_the_markets(place: Place) -> None:
    others = (Symbol("AA", "BB"), place.symbol, Symbol("CC", "DD"))
    assert Ref.of(place).place(others) == place


def test_a_market_that_is_gone_is_no_place() -> None:
    ref = Ref.of(Place(symbol=Symbol("BTC", "USDT")))
    assert ref.place((Symbol("ETH", "USDT"),)) is None


def test_a_short_name_is_told_and_a_long_one_is_a_fingerprint() -> None:
    assert market_code(Symbol("BTC", "USDT")) == "BTC/USDT"
    # 22 characters are the longest that leave room for everything else.
    assert market_code(Symbol("A" * 17, "USDT")) == "A" * 17 + "/USDT"
    assert market_code(Symbol("A" * 18, "USDT")).startswith("#")


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Wish(), "-00."),
        # 1 is "proved only"; direction 1 of 3 times three orders, twice: 6.
        (Wish(timeframe=Timeframe.H4, direction=Direction.LONG, search="BTC"), "e60.BTC"),
        (Wish(proven_only=True, order=Order.NAME, page=36), "-510."),
    ],
)
def test_a_list_is_written_as_documented(wish: Wish, code: str) -> None:
    assert write_wish(wish) == code
    assert read_wish(code) == wish


@pytest.mark.parametrize("code", ["", "-", "-00", "g00.", "-z0.", "-000.", "-00.btc", "-00.A:B"])
def test_a_garbled_list_is_none(code: str) -> None:
    assert read_wish(code) is None


@pytest.mark.parametrize("code", ["", "d", "d5", "d80", "g00", "D5F", "d5F"])
def test_a_garbled_look_is_none(code: str) -> None:
    assert Look.read(code) is None


@given(looks, st.sampled_from(list(Overlay)))
def test_switching_an_overlay_twice_changes_nothing(look: Look, overlay: Overlay) -> None:
    assert look.toggled(overlay) != look
    assert look.toggled(overlay).toggled(overlay) == look
    assert Look.read(look.code) == look


@pytest.mark.parametrize(
    ("typed", "searched"),
    [("btc", "BTC"), (" eth/usdt ", "ETH/USDT"), ("<b>", "B"), ("🚀", ""), ("a" * 40, "A" * 16)],
)
def test_what_no_symbol_can_contain_is_not_searched_for(typed: str, searched: str) -> None:
    assert searchable(typed) == searched


def test_the_longest_button_has_the_longest_of_everything() -> None:
    wish = Wish(
        timeframe=Timeframe.H4,
        direction=Direction.SHORT,
        proven_only=True,
        search="A" * 16,
        page=36**2 - 1,
    )
    at = EPOCH + timedelta(minutes=36**6 - 1)
    ref = Ref.of(Place(symbol=Symbol("A" * 17, "USDT"), timeframe=Timeframe.D1, at=at))
    assert len(encode(OpenChart(ref, Look(None), wish))) == 61
    assert len(encode(OpenCosts(ref, 999_999, wish))) == 64
