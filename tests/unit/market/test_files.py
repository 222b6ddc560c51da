import gzip
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from engine.clock import ReplayClock
from engine.domain.errors import DataError, UsageError
from engine.domain.market import CandleSeries, Symbol, Timeframe
from engine.market.columns import Columns
from engine.market.file_names import file_name, find_files, identify
from engine.market.files import CandleImporter, FileReport, export_candles
from engine.market.policy import MarketPolicy
from engine.market.progress import Step
from tests.fakes.units import FakeUnits
from tests.unit.market.candles import (
    BTC,
    ETH,
    FEED,
    HOUR,
    HOUR_MS,
    START_MS,
    Row,
    at,
    row,
    rows,
    series_of,
)

HEAD = "ts_ms,open,high,low,close,volume"


class Desk:
    """An importer over a store in memory, a year later."""

    def __init__(self) -> None:
        self.units = FakeUnits()
        self.clock = ReplayClock(at(24 * 365))
        self.importer = CandleImporter(
            units=self.units, venue="test", clock=self.clock, policy=MarketPolicy()
        )

    def take(self, path: Path) -> FileReport:
        return self.importer.import_file(path)

    def stored(self, symbol: Symbol = BTC, timeframe: Timeframe = HOUR) -> CandleSeries:
        with self.units(read_only=True) as unit:
            return unit.candles.between("test", symbol, timeframe, at(-9_999), at(9_999))


def write_csv(path: Path, bars: list[Row], head: str = HEAD, *extra: str) -> Path:
    lines = [head, *(",".join(str(cell) for cell in bar) for bar in bars), *extra]
    text = "\n".join(lines) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def table(bars: list[Row], **times: pa.Array) -> pa.Table:
    columns = Columns.of(series_of(bars))
    prices = dict(zip(("open", "high", "low", "close", "volume"), columns.values, strict=True))
    return pa.table({**(times or {"ts_ms": columns.ms}), **prices})


def stamps(count: int, unit: str, zone: str | None) -> pa.Array:
    factor = {"s": 0.001, "ms": 1, "us": 1_000, "ns": 1_000_000}[unit]
    values = [int((START_MS + i * HOUR_MS) * factor) for i in range(count)]
    return pa.array(values, pa.timestamp(unit, tz=zone))


@pytest.mark.parametrize(
    ("name", "symbol", "timeframe"),
    [
        ("BTC_USDT-1h.parquet", BTC, Timeframe.H1),
        ("BTC_USDT-1h-2020-03_covid.csv.gz", BTC, Timeframe.H1),
        ("ETH_USDT-5m.feather", ETH, Timeframe.M5),
        ("ETH_USDT-1d.csv", ETH, Timeframe.D1),
        ("1INCH_USDT-4h.csv", Symbol("1INCH", "USDT"), Timeframe.H4),
    ],
)
def test_the_name_says_market_and_timeframe(
    name: str, symbol: Symbol, timeframe: Timeframe
) -> None:
    assert identify(Path("some/folder") / name) == (symbol, timeframe)


def test_flags_fill_in_what_the_name_does_not_say() -> None:
    assert identify(Path("prices.csv"), symbol=BTC, timeframe=HOUR) == (BTC, HOUR)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("prices.csv", "no symbol in the name"),
        ("BTC_USDT-1h.json", "not one of"),
        ("BTC_USDT-3m.csv", "3m is not one of 1m, 5m"),
        ("BTC_USDT_USDT-1h-futures.feather", "derivative .futures.; only spot"),
        ("BTC_USDT-1h-mark.feather", "derivative .mark."),
        ("BTC_USDT_USDT-8h-funding_rate.feather", "only spot"),
        ("BTC_USDT-trades.feather", "no symbol in the name"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        identify(Path(name))


def test_a_flag_that_contradicts_the_name_is_refused() -> None:
    with pytest.raises(DataError, match="the name says BTC/USDT, the flag says ETH/USDT"):
        identify(Path("BTC_USDT-1h.csv"), symbol=ETH)


def test_an_exported_name_is_understood_again() -> None:
    assert identify(Path(file_name(ETH, Timeframe.D1, ".parquet"))) == (ETH, Timeframe.D1)


def test_folders_are_searched_to_the_bottom_and_other_files_passed_over(tmp_path: Path) -> None:
    deep = tmp_path / "binance" / "1h"
    deep.mkdir(parents=True)
    wanted = write_csv(deep / "BTC_USDT-1h.csv", rows(1))
    (deep / "README.md").write_text("hello")
    assert find_files([tmp_path, wanted]) == (wanted,)


def test_a_path_that_does_not_exist_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        find_files([tmp_path / "nowhere"])


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_csv_is_imported(tmp_path: Path, suffix: str) -> None:
    desk = Desk()
    report = desk.take(write_csv(tmp_path / f"BTC_USDT-1h{suffix}", rows(5)))
    assert (report.rows, report.new, report.bad_rows, report.error) == (5, 5, 0, "")
    assert (report.symbol, report.timeframe) == (BTC, HOUR)
    assert (report.first, report.last) == (at(0), at(4))
    assert desk.stored().columns() == series_of(rows(5)).columns()


def test_parquet_is_imported(tmp_path: Path) -> None:
    desk, path = Desk(), tmp_path / "BTC_USDT-1h.parquet"
    pa.parquet.write_table(table(rows(5)), path)
    assert desk.take(path).new == 5
    assert desk.stored().columns() == series_of(rows(5)).columns()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_feather_dates_are_milliseconds_whatever_their_unit(
    tmp_path: Path, unit: str, zone: str | None
) -> None:
    desk, path = Desk(), tmp_path / "BTC_USDT-1h.feather"
    pa.feather.write_feather(table(rows(3), date=stamps(3, unit, zone)), str(path))
    assert desk.take(path).new == 3
    assert list(desk.stored().open_ms) == [START_MS + i * HOUR_MS for i in range(3)]


@pytest.mark.parametrize(
    "written",
    [
        "2024-03-01 00:00:00",
        "2024-03-01T00:00:00Z",
        "2024-03-01 00:00:00+00:00",
        "2024-03-01T09:00:00+09:00",
        "2024-03-01",
        "20240301T000000Z",
        str(START_MS),
    ],
)
def test_dates_in_text_are_understood(tmp_path: Path, written: str) -> None:
    desk = Desk()
    path = write_csv(
        tmp_path / "BTC_USDT-1h.csv", [row(0, ms=written)], HEAD.replace("ts_ms", "date")
    )
    assert desk.take(path).error == ""
    assert list(desk.stored().open_ms) == [START_MS]


def test_zoned_and_plain_dates_may_be_mixed(tmp_path: Path) -> None:
    bars = [row(0, ms="2024-03-01 00:00"), row(1, ms="2024-03-01T01:00:00Z"), row(2, ms="soon")]
    desk = Desk()
    report = desk.take(write_csv(tmp_path / "BTC_USDT-1h.csv", bars, HEAD.replace("ts_ms", "date")))
    assert (report.new, [str(bad.reason) for bad in report.bad]) == (2, ["not a time: soon"])


def test_columns_may_come_in_any_order_and_case_with_others_between(tmp_path: Path) -> None:
    head = "Close,Date,Volume, open,High,LOW,trades"
    line = f"100.5,{START_MS},3,100,101,99,17"
    desk = Desk()
    desk.take(write_csv(tmp_path / "BTC_USDT-1h.csv", [], head, line))
    assert Columns.of(desk.stored()).row(0) == (START_MS, 100.0, 101.0, 99.0, 100.5, 3.0)


def test_malformed_rows_are_named_by_line_and_their_neighbours_kept(tmp_path: Path) -> None:
    bars: list[Row] = [
        row(0),
        row(1, close="abc"),
        ["only", "two"],
        row(2),
        row(3, low=-1.0),
        [""] * 6,
        row(4, ms="soon"),
        row(5, volume=""),
        row(6, open="nan"),
        row(7),
    ]
    desk = Desk()
    report = desk.take(write_csv(tmp_path / "BTC_USDT-1h.csv", bars, HEAD, "", ""))
    assert {(bad.row, bad.reason[:24]) for bad in report.bad} == {
        (3, "close is not a number: a"),
        (4, "2 cells, not 6"),
        (6, "price not positive: open"),
        (8, "not a time: soon"),
        (9, "volume is not a number: "),
        (10, "open is not a number: na"),
    }
    assert [(ms - START_MS) // HOUR_MS for ms in desk.stored().open_ms] == [0, 2, 7]
    with desk.units(read_only=True) as unit:
        assert len(unit.quarantine.recent(99)) == 6


def test_line_numbers_hold_beyond_the_first_block_of_a_large_file(tmp_path: Path) -> None:
    bars = rows(40_000)
    bars[30_000] = ["broken"]
    bars[35_000][4] = "x"
    desk = Desk()
    desk.clock.move_to(datetime(2030, 1, 1, tzinfo=UTC))
    report = desk.take(write_csv(tmp_path / "BTC_USDT-1h.csv", bars))
    assert [bad.row for bad in report.bad] == [30_002, 35_002]
    assert report.new == 39_998


def test_null_cells_of_a_parquet_file_are_malformed_rows(tmp_path: Path) -> None:
    path = tmp_path / "BTC_USDT-1h.parquet"
    good = table(rows(3))
    holed = good.set_column(2, "high", pa.array([101.0, None, 101.0]))
    pa.parquet.write_table(holed, path)
    report = Desk().take(path)
    assert [(bad.row, bad.reason) for bad in report.bad] == [(2, "high is not a number: None")]
    assert report.new == 2


def test_decimals_text_and_floating_times_are_numbers_too(tmp_path: Path) -> None:
    path = tmp_path / "BTC_USDT-1h.parquet"
    mixed = pa.table(
        {
            "ts_ms": pa.array([float(START_MS), START_MS + HOUR_MS + 0.5, None, 1e300]),
            "open": pa.array([100, 100, 100, 100], pa.decimal128(10, 2)),
            "high": pa.array([" 101.5 ", "101.5", "101.5", "101.5"]),
            "low": pa.array([99, 99, 99, 99], pa.int32()),
            "close": pa.array([100.5] * 4),
            "volume": pa.array([1.0] * 4),
        }
    )
    pa.parquet.write_table(mixed, path)
    desk = Desk()
    report = desk.take(path)
    assert [bad.row for bad in report.bad] == [2, 3, 4]
    assert Columns.of(desk.stored()).row(0) == (START_MS, 100.0, 101.5, 99.0, 100.5, 1.0)


def test_columns_of_another_kind_are_no_numbers(tmp_path: Path) -> None:
    path = tmp_path / "BTC_USDT-1h.parquet"
    wrong = table(rows(2)).set_column(5, "volume", pa.array([True, False]))
    pa.parquet.write_table(wrong, path)
    assert [bad.reason for bad in Desk().take(path).bad] == [
        "volume is not a number: True",
        "volume is not a number: False",
    ]


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    bars = [row(0), row(1), row(1), row(2, low=-1.0), row(3), row(4), row(24 * 365)]
    desk = Desk()
    report = desk.take(write_csv(tmp_path / "BTC_USDT-1h.csv", bars))
    assert (report.new, report.duplicates, report.bad_rows, report.forming) == (4, 1, 1, 1)
    assert report.rows == 7


def test_importing_again_changes_nothing(tmp_path: Path) -> None:
    desk, path = Desk(), write_csv(tmp_path / "BTC_USDT-1h.csv", rows(5))
    desk.take(path)
    again = desk.take(path)
    assert (again.new, again.changed, again.unchanged) == (0, 0, 5)


def test_a_later_file_adds_and_corrects(tmp_path: Path) -> None:
    desk = Desk()
    desk.take(write_csv(tmp_path / "BTC_USDT-1h.csv", rows(5)))
    later = [row(3), row(4, 101.0), row(5)]
    report = desk.take(write_csv(tmp_path / "BTC_USDT-1h-later.csv", later))
    assert (report.new, report.changed, report.unchanged) == (1, 1, 1)
    assert list(desk.stored().close) == [100.0, 100.0, 100.0, 100.0, 101.0, 100.0]


def test_a_folder_gives_a_report_per_file_and_a_bad_file_stops_nothing(tmp_path: Path) -> None:
    write_csv(tmp_path / "BTC_USDT-1h.csv", rows(2))
    write_csv(tmp_path / "ETH_USDT-1h.csv", rows(3))
    (tmp_path / "SOL_USDT-1h.parquet").write_bytes(b"<html>not found</html>")
    (tmp_path / "SOL_USDT-1h.csv.gz").write_bytes(b"<html>not found</html>")
    (tmp_path / "XRP_USDT_USDT-1h-futures.feather").write_bytes(b"")
    steps: list[Step] = []
    desk = Desk()
    reports = desk.importer.import_paths([tmp_path], progress=steps.append)
    assert [(report.path.name, report.new, report.is_usable) for report in reports] == [
        ("BTC_USDT-1h.csv", 2, True),
        ("ETH_USDT-1h.csv", 3, True),
        ("SOL_USDT-1h.csv.gz", 0, False),
        ("SOL_USDT-1h.parquet", 0, False),
        ("XRP_USDT_USDT-1h-futures.feather", 0, False),
    ]
    assert [step.done for step in steps] == [0, 1, 2, 3, 4, 5]
    assert "SOL_USDT-1h.parquet" in reports[3].error


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lacks the columns ts_ms or date, open"),
        ("ts_ms,open,high,low,close\n", "lacks the columns volume"),
        ("ts_ms,open,open,high,low,close,volume\n", "has the column open twice"),
    ],
)
def test_a_file_without_the_columns_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "BTC_USDT-1h.csv"
    path.write_text(text)
    assert message in Desk().take(path).error


def test_a_file_with_a_header_only_is_empty(tmp_path: Path) -> None:
    report = Desk().take(write_csv(tmp_path / "BTC_USDT-1h.csv", []))
    assert (report.rows, report.error, report.first) == (0, "", None)


def test_bytes_that_are_no_text_are_a_report(tmp_path: Path) -> None:
    path = tmp_path / "BTC_USDT-1h.csv"
    path.write_bytes(HEAD.encode() + b"\n\xff\xfe,1,1,1,1,1\n")
    assert Desk().take(path).error != ""


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_what_is_exported_can_be_imported_again(tmp_path: Path, suffix: str) -> None:
    desk, other = Desk(), Desk()
    bars = [row(i, 100.0 + i / 3) for i in range(50)]
    with desk.units() as unit:
        unit.candles.add("test", BTC, HOUR, series_of(bars))
        unit.commit()
    path, count = export_candles(
        desk.units, feed=FEED, start=at(10), end=at(40), folder=tmp_path, suffix=suffix
    )
    assert (path.name, count) == (f"BTC_USDT-1h{suffix}", 30)
    assert list(tmp_path.iterdir()) == [path]
    assert other.take(path).new == 30
    assert other.stored().columns() == series_of(bars[10:40]).columns()


def test_there_is_nothing_to_export(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no candles of test BTC/USDT 1h"):
        export_candles(FakeUnits(), feed=FEED, start=at(0), end=at(9), folder=tmp_path)


def test_a_folder_that_does_not_exist_cannot_be_exported_to(tmp_path: Path) -> None:
    desk = Desk()
    desk.take(write_csv(tmp_path / "BTC_USDT-1h.csv", rows(2)))
    with pytest.raises(DataError, match="cannot be written"):
        export_candles(desk.units, feed=FEED, start=at(0), end=at(9), folder=tmp_path / "no")


@pytest.mark.real
def test_the_real_files_are_imported_without_a_single_bad_row() -> None:
    data = Path(__file__).parents[3].parent / "shared" / "data"
    if not data.exists():
        pytest.skip("no real candles beside the checkout")
    desk = Desk()
    desk.clock.move_to(datetime(2027, 1, 1, tzinfo=UTC))
    reports = desk.importer.import_paths([data / "1h", data / "windows", data / "1d"])
    assert [report.error for report in reports if report.error] == []
    assert sum(report.bad_rows for report in reports) == 0
    counts = {report.path.name: report.rows for report in reports}
    assert (counts["BTC_USDT-1h.parquet"], counts["TRX_USDT-1h.parquet"]) == (52_462, 48_621)
    windows = [report for report in reports if report.path.suffix == ".gz"]
    assert len(windows) == 8
    assert all(report.unchanged == report.rows for report in windows)
    assert np.all(np.diff(Columns.of(desk.stored()).ms) >= HOUR_MS)
