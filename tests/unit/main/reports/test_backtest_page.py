"""The page of a run: self-contained, escaped, complete, whatever the run was like."""

import re
from dataclasses import replace

import pytest

from engine.backtest.compare import compare
from engine.backtest.report import BacktestReport, report
from engine.backtest.stored import read_run
from engine.domain.desk import Json
from main.reports.backtest_page import backtest_page
from main.reports.comparison import comparison_sections
from tests.unit.backtest.runs import idle_run, played, random_run
from tests.unit.main.reports.test_html import HOSTILE, Reader, read
from tests.unit.step.builders import symbol_feed

ABOUT: dict[str, Json] = {
    "program": "0.1.0",
    "quote": "USDT",
    "strategy": {
        "name": "score",
        "version": "score-1",
        "fingerprint": "ab12",
        "code_digest": "cd34",
        "parameters": {"entry": {"min_score": 0.0}},
    },
    "data": {
        "venue": "files",
        "timeframe": "1h",
        "from": "2020-01-01T00:00:00Z",
        "to": "2020-04-01T00:00:00Z",
        "symbols": [
            {
                "symbol": "S00/USDT",
                "bars": 1990,
                "missing_bars": 10,
                "first": "2020-01-01T00:00:00Z",
                "last": "2020-03-31T23:00:00Z",
                "resampled_from": "5m",
            }
        ],
    },
    "settings": {"risk": {"risk_fraction": 0.005}},
    "caveats": ["Only a test."],
}


@pytest.fixture(scope="module")
def told() -> BacktestReport:
    return report(random_run(), ABOUT)


def words(reader: Reader) -> str:
    return " ".join(reader.said)


def test_a_page_has_everything_a_reader_asks_for(told: BacktestReport) -> None:
    shown = words(read(backtest_page(told)))
    for part in (
        "Backtest of score-1",
        "2020-01-01 to 2020-04-01",
        "buy and hold",
        "Return per month",
        "Sharpe, daily",
        "Random entries, expected",
        "By market",
        "S02/USDT",
        "By regime",
        "By reason of the exit",
        "Why it did not trade",
        "the score is below the threshold",
        "Only a test.",
        "ab12",
        "risk.risk_fraction",
        "5m",
        "Times in UTC",
    ):
        assert part in shown, part


def test_a_page_refers_to_nothing_outside(told: BacktestReport) -> None:
    document = backtest_page(told)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|src=|href=", document)
    assert not any(name in {"script", "link", "iframe"} for name, _ in read(document).seen)


def test_a_page_is_readable_light_and_dark_and_on_a_phone(told: BacktestReport) -> None:
    document = backtest_page(told)
    assert "@media (prefers-color-scheme: dark)" in document
    assert 'name="viewport"' in document
    # Every table may be wider than a phone, so each stands in a box that scrolls.
    assert document.count("<table") == document.count('class="scroll"')


def test_names_of_others_cannot_break_out(told: BacktestReport) -> None:
    first = replace(told.result.trades[0], symbol=HOSTILE, regime=HOSTILE, exit_reason=HOSTILE)
    result = replace(
        told.result,
        strategy_version=HOSTILE,
        symbols=(HOSTILE,),
        trades=(first,),
        decisions={HOSTILE: 3},
    )
    about: dict[str, Json] = {
        **ABOUT,
        "quote": HOSTILE,
        "caveats": [HOSTILE],
        "settings": {HOSTILE: HOSTILE},
    }
    groups = replace(told.by_symbol[0], key=HOSTILE)
    hostile = replace(
        told,
        result=result,
        about=about,
        by_symbol=(groups,),
        by_regime=(groups,),
        by_exit=(groups,),
    )
    reader = read(backtest_page(hostile))
    assert not any(name == "script" for name, _ in reader.seen)
    assert words(reader).count(HOSTILE) >= 8


@pytest.mark.parametrize(
    "told_of",
    [
        report(idle_run()),
        report(idle_run(1)),
        report(played({"A/USDT": symbol_feed([(100.0, 100.0, 100.0, 100.0)] * 3, scores={1: 80})})),
    ],
    ids=["idle", "one bar", "open at the end"],
)
def test_meagre_runs_have_a_page_too(told_of: BacktestReport) -> None:
    shown = words(read(backtest_page(told_of)))
    assert "nan" not in shown.lower()
    assert "No closed trades." in shown


def test_a_comparison_adds_its_sections(told: BacktestReport) -> None:
    one = read_run(told.to_json())
    other = read_run(report(random_run(seed=8)).to_json())
    shown = words(read(backtest_page(told, comparison_sections(compare(one, other)))))
    assert "Correlation of daily returns" in shown
    assert "score-1 (other)" in shown
