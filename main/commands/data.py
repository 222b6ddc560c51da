"""``cryptotrader data``: candles in files, in the database, at the venue.

Files are kept under the real venue traded on, or under ``files`` while the desk trades on the
simulation, so that real and simulated candles never mix.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from config import Settings
from engine.clock import SystemClock
from engine.domain.errors import DataError
from engine.domain.market import Symbol, Timeframe
from engine.domain.values import to_ms
from engine.market.backfill import CandleFiller
from engine.market.gaps import Gap, find_gaps
from engine.ports import Units
from main.command_line import (
    ConfigOption,
    JsonOption,
    SymbolsOption,
    load_settings,
    new_app,
    parse_moment,
    parse_symbols,
    parse_timeframe,
    stored_venue,
)
from main.output import print_json, print_table, progress_bar, say
from main.store import open_store
from main.strategies import decision_timeframe

app = new_app(
    "Candles in files, in the database, at the venue.", example="cryptotrader data status"
)

VenueOption = Annotated[
    str | None, typer.Option("--venue", metavar="V", help="Venue whose candles these are.")
]
TimeframeOption = Annotated[
    str | None, typer.Option("--timeframe", metavar="TF", help="1m, 5m, 15m, 1h, 4h or 1d.")
]

_SHOWN_FAULTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """One stream in the database."""

    venue: str
    symbol: Symbol
    timeframe: Timeframe
    bars: int
    first: datetime
    last: datetime


@app.command("import", epilog="Example: cryptotrader data import ../data --venue binance")
def import_(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders.")],
    venue: VenueOption = None,
    symbol: Annotated[
        str | None, typer.Option(metavar="S", help="Where the file's name does not say it.")
    ] = None,
    timeframe: TimeframeOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Read csv(.gz), parquet and feather files. Running it again changes nothing."""
    from engine.market.files import CandleImporter

    settings = load_settings(config).settings
    name = stored_venue(settings, venue)
    with open_store(settings) as units, progress_bar(quiet=json) as progress:
        reports = CandleImporter(
            units=units, venue=name, clock=SystemClock(), policy=settings.market
        ).import_paths(
            paths,
            symbol=parse_symbols([symbol])[0] if symbol else None,
            timeframe=parse_timeframe(timeframe) if timeframe else None,
            progress=progress,
        )
    if json:
        print_json({"venue": name, "files": reports})
    else:
        print_table(
            f"{sum(r.new for r in reports):,} new candles under venue {name}",
            (
                "file",
                "symbol",
                "tf",
                ">rows",
                ">new",
                ">changed",
                ">known",
                ">bad",
                "first",
                "last",
            ),
            [
                (
                    r.path.name,
                    r.symbol,
                    r.timeframe,
                    r.rows,
                    r.new,
                    r.changed,
                    r.unchanged,
                    r.bad_rows,
                    r.first,
                    r.last,
                )
                for r in reports
            ],
        )
        for line in (str(bad) for r in reports for bad in r.bad[:_SHOWN_FAULTS]):
            say(line)
        for report in (r for r in reports if not r.is_usable):
            say(f"not used: {report.error}")
    if not reports:
        raise DataError("no candle files there; they are named like BTC_USDT-1h.parquet")
    for report in (r for r in reports if r.is_empty):
        say(f"not used: {report.path.name} holds not one good candle")
    if not all(report.is_usable and not report.is_empty for report in reports):
        raise typer.Exit(1)


@app.command(
    epilog="Example: cryptotrader data backfill --venue bitfinex --symbol BTC/USDT "
    "--timeframe 1h --since 2024-01-01"
)
def backfill(
    since: Annotated[str, typer.Option(metavar="T", help="First bar, for example 2024-01-01.")],
    venue: VenueOption = None,
    symbol: SymbolsOption = None,
    timeframe: TimeframeOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Fetch what is absent since a date; stop and start it as you like."""
    settings = _trading_on(load_settings(config).settings, venue)
    start = parse_moment(since, "--since")
    frame = parse_timeframe(timeframe) if timeframe else decision_timeframe(settings)
    with (
        open_store(settings) as units,
        _filler(settings, units) as (filler, symbols),
        progress_bar(quiet=json) as progress,
    ):
        wanted = parse_symbols(symbol) if symbol else symbols
        filled = [filler.backfill(s, frame, since=start, progress=progress) for s in wanted]
    if json:
        print_json({"venue": settings.venue_name, "filled": filled})
        return
    print_table(
        f"Backfill from {settings.venue_name}",
        ("symbol", "tf", ">absent", ">stored", ">quarantined", ">calls"),
        [(f.symbol, f.timeframe, f.absent, f.stored, f.quarantined, f.calls) for f in filled],
    )


@app.command(epilog="Example: cryptotrader data gaps --repair --symbol BTC/USDT")
def gaps(
    repair: Annotated[bool, typer.Option("--repair", help="Ask the venue for them.")] = False,
    venue: VenueOption = None,
    symbol: SymbolsOption = None,
    timeframe: TimeframeOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Find absent candles between the first and the last stored; --repair asks for them once."""
    settings = load_settings(config).settings
    name = stored_venue(settings, venue) if venue or not repair else settings.venue_name
    with open_store(settings) as units:
        streams = _chosen(_stored(units, [name]), symbol, timeframe)
        if repair:
            _repair(_trading_on(settings, name), units, streams, json=json)
            return
        found = [(one, gap) for one in streams for gap in _gaps_of(units, one)]
    if json:
        print_json(
            [
                {
                    "venue": one.venue,
                    "symbol": one.symbol,
                    "timeframe": one.timeframe,
                    "first": gap.first,
                    "last": gap.last,
                    "bars": gap.bars,
                }
                for one, gap in found
            ]
        )
        return
    print_table(
        f"{sum(gap.bars for _, gap in found):,} candles absent in {len(streams)} streams (UTC)",
        ("venue", "symbol", "tf", "first", "last", ">bars"),
        [
            (one.venue, one.symbol, one.timeframe, gap.first, gap.last, gap.bars)
            for one, gap in found
        ],
    )


@app.command(epilog="Example: cryptotrader data status --json")
def status(
    venue: VenueOption = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """What is stored, and which rows were refused lately."""
    settings = load_settings(config).settings
    with open_store(settings) as units:
        with units(read_only=True) as unit:
            names = [venue] if venue else list(unit.candles.venues())
            refused = unit.quarantine.recent(20)
        streams = _stored(units, names)
    if json:
        print_json({"streams": streams, "quarantined": refused})
        return
    print_table(
        f"{sum(one.bars for one in streams):,} candles stored (UTC)",
        ("venue", "symbol", "tf", ">bars", "first", "last"),
        [(o.venue, o.symbol, o.timeframe, f"{o.bars:,}", o.first, o.last) for o in streams],
    )
    if refused:
        print_table(
            "Refused lately",
            ("seen", "venue", "symbol", "tf", "row", "reason"),
            [(q.seen_at, q.venue, q.symbol, q.timeframe, q.row, q.reason) for q in refused],
        )


@app.command(
    epilog="Example: cryptotrader data export --symbol BTC/USDT --timeframe 1h --to-dir out"
)
def export(
    to_dir: Annotated[Path, typer.Option("--to-dir", metavar="DIR", help="Folder.")] = Path(),
    kind: Annotated[
        str, typer.Option("--format", metavar="F", help="parquet, csv or csv.gz.")
    ] = "parquet",
    venue: VenueOption = None,
    symbol: SymbolsOption = None,
    timeframe: TimeframeOption = None,
    since: Annotated[str | None, typer.Option("--from", metavar="T", help="First bar.")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="T", help="Bars before it.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Write stored candles to files that import understands."""
    from engine.market.columns import Feed
    from engine.market.files import export_candles

    if kind not in ("parquet", "csv", "csv.gz"):
        raise typer.BadParameter(f"--format {kind!r} is not parquet, csv or csv.gz")
    settings = load_settings(config).settings
    to_dir.mkdir(parents=True, exist_ok=True)
    written = []
    with open_store(settings) as units:
        streams = _stored(units, [stored_venue(settings, venue)])
        for one in _chosen(streams, symbol, timeframe):
            path, rows = export_candles(
                units,
                feed=Feed(venue=one.venue, symbol=one.symbol, timeframe=one.timeframe),
                start=parse_moment(since, "--from") if since else one.first,
                end=parse_moment(until, "--to") if until else one.last + one.timeframe.delta,
                folder=to_dir,
                suffix=f".{kind}",
            )
            written.append({"file": path, "rows": rows})
    if json:
        print_json(written)
    else:
        for one_file in written:
            say(f"wrote {one_file['file']} ({one_file['rows']:,} candles)")


def _trading_on(settings: Settings, venue: str | None) -> Settings:
    """The settings with another venue to trade on."""
    if venue is None:
        return settings
    settings.venue(venue)
    return settings.model_copy(update={"trading": replace(settings.trading, venue=venue)})


@contextmanager
def _filler(settings: Settings, units: Units) -> Iterator[tuple[CandleFiller, tuple[Symbol, ...]]]:
    from main.compose import open_market

    market = open_market(settings, units)
    yield (
        CandleFiller(
            units=units,
            source=market.source,
            venue=market.name,
            clock=market.clock,
            policy=settings.market,
        ),
        market.symbols,
    )


def _repair(settings: Settings, units: Units, streams: Sequence[_Stored], *, json: bool) -> None:
    with _filler(settings, units) as (filler, _), progress_bar(quiet=json) as progress:
        filled = [filler.repair(one.symbol, one.timeframe, progress=progress) for one in streams]
    if json:
        print_json({"venue": settings.venue_name, "repaired": filled})
        return
    print_table(
        f"Repair from {settings.venue_name}",
        ("symbol", "tf", ">absent", ">stored", ">marked empty", ">quarantined"),
        [
            (f.symbol, f.timeframe, f.absent, f.stored, f.marked_empty, f.quarantined)
            for f in filled
        ],
    )


def _gaps_of(units: Units, one: _Stored) -> tuple[Gap, ...]:
    with units(read_only=True) as unit:
        span = (one.venue, one.symbol, one.timeframe, one.first, one.last)
        present = unit.candles.between(*span)
        empty = unit.candles.empty_marks(*span)
    return find_gaps(
        present.open_ms,
        one.timeframe,
        start_ms=to_ms(one.first),
        end_ms=to_ms(one.last),
        empty_ms=[to_ms(moment) for moment in empty],
    )


def _stored(units: Units, venues: Sequence[str]) -> list[_Stored]:
    with units(read_only=True) as unit:
        return [
            _Stored(venue=venue, symbol=s, timeframe=t, bars=bars, first=first, last=last)
            for venue in venues
            for s, t, bars, first, last in unit.candles.coverage(venue)
        ]


def _chosen(
    streams: Sequence[_Stored], symbols: Sequence[str] | None, timeframe: str | None
) -> list[_Stored]:
    """The streams that were asked for; ``DataError`` where nothing is stored of it."""
    wanted = parse_symbols(symbols or ())
    frame = parse_timeframe(timeframe) if timeframe else None
    found = [
        one
        for one in streams
        if (not wanted or one.symbol in wanted) and (frame is None or one.timeframe is frame)
    ]
    if not found:
        _nothing_stored()
    return found


def _nothing_stored() -> NoReturn:
    raise DataError("no such candles are stored; see `cryptotrader data status`")
