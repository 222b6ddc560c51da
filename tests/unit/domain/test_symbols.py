"""A market's name is read as it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.errors import InvalidValueError
from engine.domain.market import Symbol

CODES = st.text("ABCXYZ019$._-", min_size=1, max_size=32)


@given(CODES, CODES)
def test_what_is_written_is_read_again(base: str, quote: str) -> None:
    symbol = Symbol(base, quote)
    assert Symbol.parse(str(symbol)) == symbol


@pytest.mark.parametrize("text", ["btc/usdt", "BTC-USDT", "BTC_USDT", " btc-usdt "])
def test_people_write_it_in_several_ways(text: str) -> None:
    assert Symbol.parse(text) == Symbol("BTC", "USDT")


@pytest.mark.parametrize(
    "text", ["", "BTC", "BTC/USDT/ETH", "1000-PEPE-USDT", "BTC USDT", "/", "-"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        Symbol.parse(text)
