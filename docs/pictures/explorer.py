"""Draw the explorer's screens anew, on the embedded simulated market, in both themes.

    python docs/pictures/explorer.py [FOLDER] [--timed]

A desk on invented candles → its own renderers → ``opportunities``, ``chart``, ``sheet``, ``why``
as PNG in ``FOLDER`` (this one by default). ``--timed`` prints what each took: the desk's part,
which its thread waits for, and the drawing. The same seed gives the same pictures.
"""  # noqa: INP001 - a script to run, not to import

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from rich.console import Console

from bot.messages.callbacks_explorer import Look
from bot.messages.pictures import draw
from bot.messages.registry import RENDERERS
from bot.messages.rendered import StoredFacts, Telling
from bot.messages.words import Words
from bot.policy import ChatOptions
from db.migrate import upgrade
from db.unit_of_work import SqlUnits
from engine.clock import ReplayClock, SecretTokens
from engine.domain.desk import Json
from engine.domain.explorer import Place
from engine.domain.market import Candle, CandleSeries, Symbol, Timeframe
from engine.domain.values import from_ms
from engine.fills.policy import FillPolicy
from engine.market.policy import SimulationPolicy
from engine.market.simulated import VENUE, SimulatedMarket
from engine.strategy.policy import EntryPolicy, TradingPolicy
from engine.strategy.shipped import score_strategy
from main.assembly import Assembled, Parts, assemble, fund
from main.compose import explain

BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
NOW = datetime(2026, 2, 25, 16, tzinfo=UTC)
"""A close at which five indicators of ``SHOWN`` speak, and do not agree."""
SHOWN = "SOL"
DAYS = 110
ZONE = "Europe/Berlin"
THEMES = ("dark", "light")
_RANK = 0.985


def screens(newest: Place) -> dict[str, tuple[str, dict[str, Json]]]:
    """Name of the file, kind of message and its payload."""
    market = str(newest.symbol)
    every = Look(Timeframe.H1).overlays
    return {
        "opportunities": ("opportunities", {}),
        "chart": ("chart", {"symbol": market, "look": Look(Timeframe.H1, every).code}),
        "sheet": ("chart", {"symbol": market, "look": Look(None).code}),
        "why": ("why", {"symbol": market}),
    }


@contextmanager
def desk() -> Iterator[tuple[Assembled, SqlUnits]]:
    """A desk on the simulated market that has decided on its newest close."""
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        url = f"sqlite:///{Path(folder) / 'desk.db'}"
        upgrade(url)
        units = SqlUnits(url)
        try:
            yield _filled(units), units
        finally:
            units.close()


def _filled(units: SqlUnits) -> Assembled:
    clock = ReplayClock(NOW)
    policy = SimulationPolicy(starts_at=BEGAN, history_days=DAYS)
    market = SimulatedMarket(policy=policy, clock=clock)
    policies = TradingPolicy(entry=EntryPolicy(min_rank_fraction=_RANK))
    parts = Parts(
        venue=VENUE,
        quote="USDT",
        units=units,
        clock=clock,
        wall=clock,
        market=market,
        rules={symbol: market.rules(symbol) for symbol in market.symbols},
        tokens=SecretTokens(),
        explain=explain,
        start_equity_quote=Decimal(10_000),
        simulated=True,
        strategy=replace(score_strategy(), entry=policies.entry, exits=policies.exits),
        policies=policies,
        fills=FillPolicy(),
    )
    assembled = assemble(parts)
    fund(parts, assembled)
    with units() as unit:
        for symbol in market.symbols:
            for frame, days in ((Timeframe.H1, DAYS), (Timeframe.M15, 8)):
                series = _series(market, symbol, frame, days)
                unit.candles.add(VENUE, symbol, frame, series)
        unit.commit()
    assembled.scanner.scan(NOW)
    return assembled


def _series(market: SimulatedMarket, symbol: Symbol, frame: Timeframe, days: int) -> CandleSeries:
    """Closed bars; the one that is forming is left out."""
    limit = days * Timeframe.D1.ms // frame.ms
    since = NOW - timedelta(days=days)
    rows = cast("list[list[Any]]", market.raw_candles(symbol, frame, since=since, limit=limit))
    candles = [
        Candle(opened_at=from_ms(int(ms)), open=o, high=h, low=low, close=c, volume=v)
        for ms, o, h, low, c, v in rows
    ]
    return CandleSeries.of([one for one in candles if one.closed_at(frame) <= NOW])


def main() -> None:
    """Draw every screen in both themes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--timed", action="store_true")
    chosen = parser.parse_args()
    console = Console()
    with desk() as (assembled, units):
        front = assembled.desk
        newest = front.explorer.find(SHOWN)
        assert newest is not None  # the simulated market has it
        for theme in THEMES:
            for name, (kind, payload) in screens(newest).items():
                telling = Telling(
                    desk=front,
                    facts=StoredFacts(front, units),
                    words=Words.of("en", ZONE),
                    options=ChatOptions(theme=theme),
                    payload=payload,
                )
                began = time.perf_counter()
                rendered = RENDERERS[kind](telling)
                told = time.perf_counter()
                assert rendered is not None
                assert rendered.picture is not None
                image = draw(rendered.picture)
                drawn = time.perf_counter()
                (chosen.folder / f"{name}-{theme}.png").write_bytes(image)
                if chosen.timed:
                    desk_ms, draw_ms = 1e3 * (told - began), 1e3 * (drawn - told)
                    console.print(
                        f"{name}-{theme}: desk {desk_ms:.0f} ms, picture {draw_ms:.0f} ms"
                    )


if __name__ == "__main__":
    main()
