"""Stored candles for rehearsals and backtests: which venue, which symbols, and their warm-up."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.domain.errors import DataError
from engine.domain.market import CandleSeries, MarketRules, Symbol, Timeframe
from engine.domain.values import to_ms
from engine.market.derived_rules import derive_rules
from engine.ports import Units
from engine.strategy.columns import WINDOW_BARS

_WARMUP_BARS = 2 * WINDOW_BARS


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Candles of ``[start, end)`` with more bars before it than a live window has, and the rules.

    The rules are derived once and given to whoever replays, so that two replays of the same period
    never differ by them.
    """

    venue: str
    timeframe: Timeframe
    start: datetime
    end: datetime
    candles: dict[Symbol, CandleSeries]
    rules: dict[Symbol, MarketRules]

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Sorted by name."""
        return tuple(sorted(self.candles, key=str))


def load_history(
    units: Units,
    *,
    venue: str | None,
    preferred: str,
    avoid: Collection[str] = (),
    timeframe: Timeframe,
    start: datetime | None,
    end: datetime | None,
    symbols: Sequence[Symbol] = (),
) -> History:
    """What is stored of a period; without times, everything. ``DataError`` if that is nothing.

    Without ``venue`` it is ``preferred`` or the only one stored; those to ``avoid`` come last.
    """
    chosen = venue or _venue(units, timeframe, preferred, avoid)
    with units(read_only=True) as unit:
        covered = [row for row in unit.candles.coverage(chosen) if row[1] is timeframe]
        wanted = [row for row in covered if not symbols or row[0] in symbols]
        missing = [str(symbol) for symbol in symbols if symbol not in {row[0] for row in covered}]
        if missing or not wanted:
            raise DataError(_nothing(chosen, timeframe, missing))
        begin = start or min(row[3] for row in wanted)
        stop = end or max(row[4] for row in wanted) + timeframe.delta
        reach = begin - timeframe.delta * _WARMUP_BARS
        read = {
            row[0]: unit.candles.between(chosen, row[0], timeframe, reach, stop) for row in wanted
        }
    candles = {s: series for s, series in read.items() if _reaches(series, begin)}
    if not candles:
        raise DataError(
            f"{chosen} has no {timeframe} candles between {begin:%Y-%m-%d} and {stop:%Y-%m-%d}; "
            "see: cryptotrader data status"
        )
    return History(
        venue=chosen,
        timeframe=timeframe,
        start=begin,
        end=stop,
        candles=candles,
        rules={symbol: derive_rules(symbol, series) for symbol, series in candles.items()},
    )


def _reaches(series: CandleSeries, begin: datetime) -> bool:
    return len(series) > 0 and series.open_ms[-1] >= to_ms(begin)


def _venue(units: Units, timeframe: Timeframe, preferred: str, avoid: Collection[str]) -> str:
    """``preferred`` if it has such candles, else the one venue that has, simulations last."""
    with units(read_only=True) as unit:
        having = [
            venue
            for venue in unit.candles.venues()
            if any(row[1] is timeframe for row in unit.candles.coverage(venue))
        ]
    if preferred in having:
        return preferred
    having = [venue for venue in having if venue not in avoid] or having
    if len(having) > 1:
        raise DataError(f"candles of several venues are stored ({', '.join(having)}); say --venue")
    if not having:
        raise DataError(
            f"no {timeframe} candles are stored; import some: cryptotrader data import FOLDER"
        )
    return having[0]


def _nothing(venue: str, timeframe: Timeframe, missing: Sequence[str]) -> str:
    what = f"{timeframe} candles of {', '.join(missing)}" if missing else f"{timeframe} candles"
    return f"{venue} has no {what} stored; see: cryptotrader data status"
