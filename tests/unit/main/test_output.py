"""Answers as JSON: exact numbers as text, times in UTC, nothing that JSON does not know."""

import time
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from engine.domain.desk import Mode
from engine.domain.market import Symbol
from engine.domain.portfolio import EquityPoint
from engine.domain.reasons import ActionCode
from engine.market.progress import Step
from main.output import cell_text, money, progress_bar, to_json

NOON = datetime(2024, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("0.10"), "0.10"),
        (Decimal("1E-8"), "1E-8"),
        (NOON, "2024-01-02T12:00:00Z"),
        (NOON.astimezone(timezone(timedelta(hours=2))), "2024-01-02T12:00:00Z"),
        (date(2024, 1, 2), "2024-01-02"),
        (Symbol("BTC", "USDT"), "BTC/USDT"),
        (Mode.PAPER, "paper"),
        (ActionCode.AMEND_STOP, "amend_stop"),
        (float("nan"), None),
        (float("inf"), None),
        (True, True),
        (3, 3),
        ({Mode.PAPER: (1, None)}, {"paper": [1, None]}),
    ],
)
def test_values_become_plain_json(value: object, expected: object) -> None:
    assert to_json(value) == expected


def test_domain_values_become_objects() -> None:
    point = EquityPoint(venue="sim", at=NOON, equity_quote=Decimal("100.50"), cash_quote=Decimal(0))
    assert to_json(point) == {
        "venue": "sim",
        "at": "2024-01-02T12:00:00Z",
        "equity_quote": "100.50",
        "cash_quote": "0",
    }


def test_cells_are_short_and_absent_ones_are_a_dash() -> None:
    cells = (None, NOON, Decimal("3E+2"), Decimal("0.00000001"), "x")
    assert [cell_text(cell) for cell in cells] == [
        "–",
        "2024-01-02 12:00",
        "300",
        "0.00000001",
        "x",
    ]


def test_money_has_its_currency_and_where_asked_its_sign() -> None:
    assert money(Decimal("1234.567"), "USDT") == "1,234.57 USDT"
    assert money(Decimal("12.3"), "USDT", sign=True) == "+12.30 USDT"
    assert money(Decimal("-0.5"), "EUR", sign=True) == "-0.50 EUR"


LONG_S = 0.3


def test_a_bar_shows_how_far_long_work_is(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_bar(after_s=LONG_S / 10) as show:
        show(Step(label="indicators", done=1, total=3, eta_s=None))
        time.sleep(LONG_S)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "indicators" in shown.err
    assert "1/3" in shown.err


@pytest.mark.parametrize("quiet", [True, False])
def test_quick_work_and_quiet_work_show_nothing(
    quiet: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_bar(quiet=quiet, after_s=0.0 if quiet else 60.0) as show:
        show(Step(label="indicators", done=1, total=3, eta_s=None))
    assert capfd.readouterr() == ("", "")


def test_nobody_at_a_terminal_sees_no_bar(capfd: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as show:
        show(Step(label="indicators", done=1, total=3, eta_s=None))
        time.sleep(LONG_S / 10)
    assert "indicators" not in capfd.readouterr().err
