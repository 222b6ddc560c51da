import pytest

from engine.domain.errors import ConfigurationError
from engine.market.universe import explicit_universe
from tests.unit.market.candles import BTC, ETH


def test_symbols_keep_their_order_and_come_once() -> None:
    assert explicit_universe(["eth/usdt", "BTC/USDT", "ETH_USDT"]) == (ETH, BTC)


def test_a_misspelt_symbol_is_named() -> None:
    with pytest.raises(ConfigurationError, match="BTCUSDT"):
        explicit_universe(["BTCUSDT"])


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least one"):
        explicit_universe([])
