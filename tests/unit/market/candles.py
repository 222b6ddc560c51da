"""Rows, series and a venue made up for the market tests."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.domain.values import to_ms
from engine.market.columns import Columns, Feed

HOUR = Timeframe.H1
HOUR_MS = HOUR.ms
START = datetime(2024, 3, 1, tzinfo=UTC)
START_MS = to_ms(START)
BTC = Symbol("BTC", "USDT")
ETH = Symbol("ETH", "USDT")
FEED = Feed(venue="test", symbol=BTC, timeframe=HOUR)

type Row = list[object]
type Answer = Callable[[Symbol, datetime | None, int], Sequence[object]]


def at(hours: float) -> datetime:
    """So many hours after the first bar's opening."""
    return START + timedelta(hours=hours)


def row(index: int, price: float = 100.0, **changes: object) -> Row:
    """A plausible bar that opens ``index`` hours after the start."""
    cells: dict[str, object] = {
        "ms": START_MS + index * HOUR_MS,
        "open": price,
        "high": price * 1.01,
        "low": price * 0.99,
        "close": price,
        "volume": 5.0,
    }
    return list({**cells, **changes}.values())


def rows(count: int, price: float = 100.0) -> list[Row]:
    """So many plausible bars from the start."""
    return [row(index, price) for index in range(count)]


def series_of(bars: Sequence[Sequence[object]]) -> CandleSeries:
    """Columns from rows that are known to be sane."""
    table = np.array(bars, dtype=np.float64).reshape(len(bars), 6)
    return Columns(
        ms=table[:, 0].astype(np.int64),
        open=table[:, 1],
        high=table[:, 2],
        low=table[:, 3],
        close=table[:, 4],
        volume=table[:, 5],
    ).series()


class ScriptedVenue:
    """A ``CandleSource`` that serves ``bars`` by symbol, or first what ``answers`` hold.

    ``cap`` is the most rows it gives at once; an answer that is an error is raised.
    """

    def __init__(
        self,
        bars: dict[Symbol, list[Row]] | None = None,
        *,
        answers: Sequence[Sequence[object] | Exception] = (),
        cap: int = 1_000,
    ) -> None:
        self.bars = bars or {}
        self.answers = list(answers)
        self.cap = cap
        self.asked: list[tuple[datetime | None, int]] = []

    def raw_candles(
        self,
        symbol: Symbol,
        timeframe: Timeframe,  # noqa: ARG002 - the port's signature; every script has one timeframe
        *,
        since: datetime | None,
        limit: int,
    ) -> Sequence[object]:
        self.asked.append((since, limit))
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        start_ms = to_ms(since) if since else 0
        found = [bar for bar in self.bars.get(symbol, []) if _ms(bar) >= start_ms]
        return found[: min(limit, self.cap)]


def _ms(bar: Row) -> int:
    assert isinstance(bar[0], int)
    return bar[0]
