"""Tables as CSV: exact, in UTC, whole, and harmless in a spreadsheet."""

import csv
import io
import re
import time
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.unit_of_work import SqlUnits
from engine.desk.records.export import COLUMNS, export_of, to_csv
from engine.domain.errors import InvalidValueError
from engine.domain.ids import TradeId
from engine.domain.market import Symbol
from engine.domain.records import Export, ExportWhat, ExportWish
from engine.ports import Units
from tests.fakes.desk_builder import BTC, OWNER, START, VENUE, Bench, build
from tests.fakes.samples import MINUTE, T0, trade

D = Decimal
GUIDE = Path(__file__).parents[4] / "docs" / "user-guide.md"


def table(made: Export) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made.content.decode(), newline="")))


def exported(units: Units, what: ExportWhat, venue: str = VENUE, **period: object) -> Export:
    wish = ExportWish(what=what, **period)  # type: ignore[arg-type]  # start and end
    with units(read_only=True) as unit:
        return export_of(unit, venue, wish)


@pytest.fixture
def bench(units: Units) -> Bench:
    made = build(units)
    made.approve(made.ask())
    made.market.set_price(BTC, "110")
    made.assembled.desk.close(BTC, OWNER.user_id, request_id="1")
    return made


def test_a_trade_comes_out_as_it_was_booked(bench: Bench) -> None:
    (row,) = table(exported(bench.units, ExportWhat.TRADES))
    (known,) = bench.trades()
    assert tuple(row) == COLUMNS[ExportWhat.TRADES]
    assert row["id"] == known.id
    assert (row["opened_at"], row["closed_at"]) == ("2026-03-02T12:00:00Z",) * 2
    amounts = ("quantity", "entry_price", "exit_price", "fees_quote", "slippage_quote", "pnl_quote")
    assert [D(row[name]) for name in amounts] == [getattr(known, name) for name in amounts]


def test_fills_and_ledger_tell_of_the_same_money(bench: Bench) -> None:
    fills = table(exported(bench.units, ExportWhat.FILLS))
    ledger = table(exported(bench.units, ExportWhat.LEDGER))
    assert [row["side"] for row in fills] == ["buy", "sell"]
    cash = sum(D(row["amount"]) for row in ledger if row["currency"] == "USDT")
    assert cash == bench.balances()["USDT"]
    assert {row["reference"] for row in ledger} == {"start", *(row["id"] for row in fills)}


def test_decisions_are_exported_too(bench: Bench) -> None:
    (row,) = table(exported(bench.units, ExportWhat.DECISIONS))
    assert (row["symbol"], row["action"], row["route"]) == ("BTC/USDT", "enter", "ask")


def test_a_period_holds_its_start_and_not_its_end(units: Units) -> None:
    with units() as unit:
        for number in range(4):
            unit.book.add_trade(
                trade(f"t{number}", venue=VENUE, closed_at=T0 + (10 + number) * MINUTE)
            )
        unit.commit()
    made = exported(units, ExportWhat.TRADES, start=T0 + 11 * MINUTE, end=T0 + 13 * MINUTE)
    assert [row["id"] for row in table(made)] == ["t1", "t2"]
    assert made.rows == 2
    assert made.name == f"trades-{VENUE}-20260301-20260301.csv"


def test_a_period_that_ends_before_it_begins_is_no_wish() -> None:
    with pytest.raises(InvalidValueError):
        ExportWish(start=START, end=START)


def test_an_empty_table_has_its_header(fake_units: Units) -> None:
    made = exported(fake_units, ExportWhat.TRADES)
    assert made.rows == 0
    assert made.content.decode() == ",".join(COLUMNS[ExportWhat.TRADES]) + "\r\n"


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_text_that_a_spreadsheet_would_run_is_disarmed(first: str) -> None:
    text = f"{first}HYPERLINK(1)"
    (row,) = csv.reader(io.StringIO(to_csv((), [(text,)]).decode()[2:], newline=""))
    assert row == [f"'{text}"]


def test_a_negative_number_stays_a_number() -> None:
    assert to_csv(("x",), [(D("-1.50"),)]) == b"x\r\n-1.50\r\n"


def test_a_symbol_that_looks_like_a_formula_is_text(fake_units: Units) -> None:
    odd = trade("t1", venue=VENUE, symbol=Symbol("-A1", "USDT"), exit_reason="=cmd|'/c calc'!A1")
    with fake_units() as unit:
        unit.book.add_trade(odd)
        unit.commit()
    (row,) = table(exported(fake_units, ExportWhat.TRADES))
    assert row["symbol"] == "'-A1/USDT"
    assert row["exit_reason"] == "'=cmd|'/c calc'!A1"


@given(st.text(max_size=40))
def test_whatever_a_text_holds_it_is_one_cell_and_no_formula(text: str) -> None:
    rows = list(csv.reader(io.StringIO(to_csv(("x",), [(text, D(1))]).decode(), newline="")))
    assert rows[0] == ["x"]
    assert rows[1][1] == "1"
    assert not re.match(r"[=+\-@\t\r\n]", rows[1][0])


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12))
def test_amounts_are_exact(amount: Decimal) -> None:
    cell = to_csv(("x",), [(amount,)]).decode().splitlines()[1]
    assert D(cell) == amount
    assert "E" not in cell


def test_ten_thousand_trades_are_a_matter_of_a_moment(sqlite_units: SqlUnits) -> None:
    first = trade("t0", venue=VENUE)
    with sqlite_units() as unit:
        for number in range(10_000):
            closed = first.closed_at + timedelta(hours=number)
            unit.book.add_trade(replace(first, id=TradeId(f"t{number}"), closed_at=closed))
        unit.commit()
    began = time.perf_counter()
    made = exported(sqlite_units, ExportWhat.TRADES)
    took_s = time.perf_counter() - began
    assert made.rows == 10_000
    assert took_s < 10.0  # a third of a second here; the machine of a test may be busy


def test_every_column_is_documented() -> None:
    guide = GUIDE.read_text()
    for what, columns in COLUMNS.items():
        (line,) = (one for one in guide.splitlines() if one.startswith(f"| `{what}` |"))
        assert re.findall(r"`([a-z_]+)`", line)[1:] == list(columns)
