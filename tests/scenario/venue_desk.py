"""A folder whose desk trades on a loopback exchange, and two markets for that exchange to sell."""

import time
from pathlib import Path

from engine.domain.market import Symbol
from tests.scenario.cli import Cli
from tests.scenario.history import Market, candles
from tests.servers.exchanges import ExchangeServer, Listing

HOUR_MS = 3_600_000
BARS = 420
MARKETS = (
    Market(symbol=Symbol("BTC", "USDT"), price=60_000, listed_bars_before=0),
    Market(symbol=Symbol("ETH", "USDT"), price=3_000, listed_bars_before=0),
)
SYMBOLS = [str(market.symbol) for market in MARKETS]


def stocked[S: ExchangeServer](server: S) -> S:
    """Two markets whose bars reach two hours ahead: those that have not begun stay hidden."""
    first_ms = (int(time.time() * 1000) // HOUR_MS + 2 - BARS) * HOUR_MS
    for market in MARKETS:
        server.list_market(Listing(base=market.symbol.base, quote=market.symbol.quote))
        made = candles(market, seed=7, bars=BARS)
        shift_ms = first_ms - made.open_ms[0]
        rows = [
            (open_ms + shift_ms, *prices) for open_ms, *prices in zip(*made.columns(), strict=True)
        ]
        server.set_candles(str(market.symbol), "1h", rows)
    return server


def desk(folder: Path, server: ExchangeServer, *, more: str = "", venue: str = "") -> Cli:
    """A folder that trades on the server; ``more`` are sections, ``venue`` keys of the venue's."""
    cli = Cli(folder)
    cli.configure(
        f"""
        [trading]
        venue = "{server.ccxt_id}"
        [venues.{server.ccxt_id}]
        base_url = "{server.base_url}"
        symbols = ["BTC/USDT", "ETH/USDT"]
        timeframes = ["1h"]
        {venue}
        [strategy]
        name = "score"
        [market]
        backfill_bars = {BARS}
        {more}
        """
    )
    return cli
