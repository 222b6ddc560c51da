"""Stored candles for rehearsals and backtests: which venue, which symbols, and their warm-up.

spans of a venue → the best source of every symbol → candles of the wanted timeframe → rules.

A symbol's candles are taken as they are stored where the wanted timeframe covers the period at
least as widely as any finer one; else they are resampled from the finer one, whole bars only, and
the history says so. So hours imported from files are enough to play 4h and 1d.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from engine.domain.errors import DataError, UsageError
from engine.domain.market import CandleSeries, MarketRules, Symbol, Timeframe
from engine.domain.values import to_ms
from engine.market.derived_rules import derive_rules
from engine.market.progress import Progress, Step, silent
from engine.market.resample import resample
from engine.ports import UnitOfWork, Units
from engine.strategy.columns import WINDOW_BARS

type _Span = tuple[Symbol, Timeframe, datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Candles of ``[start, end)`` with more bars before it than a live window has, and the rules.

    The rules are derived once and given to whoever replays, so that two replays of the same period
    never differ by them. ``resampled`` holds the timeframe that was read where it was a finer one.
    """

    venue: str
    timeframe: Timeframe
    start: datetime
    end: datetime
    candles: dict[Symbol, CandleSeries]
    rules: dict[Symbol, MarketRules]
    resampled: Mapping[Symbol, Timeframe] = field(default_factory=dict)

    @property
    def sources(self) -> dict[str, str]:
        """Where bars were resampled: the timeframe they were made from, by symbol."""
        return {str(symbol): str(frame) for symbol, frame in self.resampled.items()}

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Sorted by name."""
        return tuple(sorted(self.candles, key=str))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Candles that bars of the wanted timeframe can be had from; ``first`` to ``end`` in those."""

    symbol: Symbol
    timeframe: Timeframe
    first: datetime
    end: datetime


_EVER, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


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
    window_bars: int = WINDOW_BARS,
    progress: Progress = silent,
) -> History:
    """What is stored of a period; without times, everything. ``DataError`` if that is nothing.

    Without ``venue`` it is ``preferred`` or the only one stored; those to ``avoid`` come last. The
    warm-up is twice ``window_bars``.
    """
    read: dict[Symbol, CandleSeries] = {}
    warmup = timeframe.delta * (2 * window_bars)
    with units(read_only=True) as unit:
        venues = [venue] if venue else unit.candles.venues()
        stored = {name: _usable(unit.candles.spans(name), timeframe) for name in venues}
        chosen = venue or _venue(stored, timeframe, preferred, avoid)
        usable = [one for one in stored[chosen] if not symbols or one.symbol in symbols]
        missing = [str(s) for s in symbols if all(source.symbol != s for source in usable)]
        if missing or not usable:
            raise DataError(_nothing(chosen, timeframe, missing))
        first, last = start or _EVER, end or _NEVER
        sources = _best(usable, first - warmup if start else first, last)
        begin = start or min(source.first for source in sources)
        stop = end or max(source.end for source in sources)
        for source in sources:
            progress(Step(label="loading", done=len(read), total=len(sources), eta_s=None))
            read[source.symbol] = _read(unit, chosen, source, timeframe, begin - warmup, stop)
        progress(Step(label="loading", done=len(read), total=len(sources), eta_s=None))
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
        resampled={
            source.symbol: source.timeframe
            for source in sources
            if source.timeframe is not timeframe and source.symbol in candles
        },
    )


def load_finer(
    units: Units, history: History, timeframe: Timeframe, progress: Progress = silent
) -> dict[Symbol, CandleSeries]:
    """Candles of a finer timeframe for the period of a history, of the symbols that have them.

    ``UsageError`` unless it is finer, ``DataError`` if no symbol has any.
    """
    if timeframe.ms >= history.timeframe.ms or history.timeframe.ms % timeframe.ms:
        raise UsageError(f"--finer {timeframe} does not divide {history.timeframe}")
    found: dict[Symbol, CandleSeries] = {}
    with units(read_only=True) as unit:
        for done, symbol in enumerate(history.symbols):
            progress(Step(label="finer", done=done, total=len(history.symbols), eta_s=None))
            span = (history.start, history.end)
            series = unit.candles.between(history.venue, symbol, timeframe, *span)
            if len(series):
                found[symbol] = series
    if not found:
        raise DataError(_nothing(history.venue, timeframe, ()))
    return found


def _usable(spans: Iterable[_Span], timeframe: Timeframe) -> list[_Source]:
    """What there is in this timeframe or one that divides it."""
    found = []
    for symbol, stored, first, last in spans:
        begin, end = _ceil(first, timeframe), timeframe.floor(last + stored.delta)
        if timeframe.ms % stored.ms == 0 and begin < end:
            found.append(_Source(symbol=symbol, timeframe=stored, first=begin, end=end))
    return found


def _best(usable: Iterable[_Source], begin: datetime, end: datetime) -> list[_Source]:
    """One source of every symbol: what covers the most of the period, the longest of equals."""
    best: dict[Symbol, _Source] = {}
    for source in sorted(usable, key=lambda one: -one.timeframe.ms):
        held = best.get(source.symbol)
        if held is None or _covers(source, begin, end) > _covers(held, begin, end):
            best[source.symbol] = source
    return sorted(best.values(), key=lambda one: str(one.symbol))


def _covers(source: _Source, begin: datetime, end: datetime) -> float:
    return (min(source.end, end) - max(source.first, begin)).total_seconds()


def _read(
    unit: UnitOfWork,
    venue: str,
    source: _Source,
    timeframe: Timeframe,
    begin: datetime,
    end: datetime,
) -> CandleSeries:
    if source.timeframe is timeframe:
        return unit.candles.between(venue, source.symbol, timeframe, begin, end)
    begin, end = timeframe.floor(begin), _ceil(end, timeframe)
    finer = unit.candles.between(venue, source.symbol, source.timeframe, begin, end)
    empty = unit.candles.empty_marks(venue, source.symbol, source.timeframe, begin, end)
    return resample(
        finer, source.timeframe, timeframe, empty_ms=[to_ms(moment) for moment in empty]
    )


def _ceil(moment: datetime, timeframe: Timeframe) -> datetime:
    """The earliest bar boundary at or after ``moment``."""
    floor = timeframe.floor(moment)
    return floor if floor == moment else floor + timeframe.delta


def _reaches(series: CandleSeries, begin: datetime) -> bool:
    return len(series) > 0 and series.open_ms[-1] >= to_ms(begin)


def _venue(
    stored: Mapping[str, Sequence[_Source]],
    timeframe: Timeframe,
    preferred: str,
    avoid: Collection[str],
) -> str:
    """``preferred`` if it has such candles, else the one venue that has, simulations last."""
    having = [venue for venue, sources in stored.items() if sources]
    if preferred in having:
        return preferred
    having = [venue for venue in having if venue not in avoid] or having
    if len(having) > 1:
        raise DataError(f"candles of several venues are stored ({', '.join(having)}); say --venue")
    if not having:
        raise DataError(
            f"no {timeframe} candles are stored, nor finer ones; "
            "import some: cryptotrader data import FOLDER"
        )
    return having[0]


def _nothing(venue: str, timeframe: Timeframe, missing: Sequence[str]) -> str:
    what = f"{timeframe} candles of {', '.join(missing)}" if missing else f"{timeframe} candles"
    return f"{venue} has no {what} stored, nor finer ones; see: cryptotrader data status"
