"""Loopback exchanges: the REST wire protocols of Binance, Bitfinex and KuCoin, with their faults.

Flow: a test hands a server its markets and candles; an unmodified ccxt speaks to its address; the
test injects faults by path and reads the request log.

Each server is strict: an unknown path, symbol, interval or a missing parameter gets the venue's own
error, so that a client that guesses is found out. Orders and balances can be added as further
routes: a handler sees method, query, headers and body.
"""

from tests.servers.exchanges.binance import BinanceServer
from tests.servers.exchanges.bitfinex import BitfinexServer
from tests.servers.exchanges.faults import (
    Drip,
    Fault,
    Hang,
    Html,
    MangleRows,
    RateLimited,
    Raw,
    Reset,
    ServerError,
    duplicate_row,
    empty_page,
    future_row,
    nan_close,
    negative_low,
    shuffled,
)
from tests.servers.exchanges.kucoin import KucoinServer
from tests.servers.exchanges.market import Listing, Row, Stats
from tests.servers.exchanges.server import ExchangeServer, Logged

__all__ = [
    "BinanceServer",
    "BitfinexServer",
    "Drip",
    "ExchangeServer",
    "Fault",
    "Hang",
    "Html",
    "KucoinServer",
    "Listing",
    "Logged",
    "MangleRows",
    "RateLimited",
    "Raw",
    "Reset",
    "Row",
    "ServerError",
    "Stats",
    "duplicate_row",
    "empty_page",
    "future_row",
    "nan_close",
    "negative_low",
    "shuffled",
]
