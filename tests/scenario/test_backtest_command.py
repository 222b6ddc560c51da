"""``cryptotrader backtest`` from imported hours: page, picture, tables, comparison, resampling."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.domain.market import Symbol
from tests.scenario.cli import Cli, Session
from tests.scenario.history import START, Market, candles

BARS = 1_500
MARKETS = (Market(symbol=Symbol.parse("AAA/USDT")), Market(symbol=Symbol.parse("BBB/USDT")))
PLAY = "backtest --strategy score"
FILES = {"report.html", "result.json", "trades.csv", "equity.csv", "picture.png"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A folder with two months of hours of two markets as files."""
    cli = Cli(tmp_path_factory.mktemp("desk"))
    source = cli.folder / "in"
    source.mkdir()
    for market in MARKETS:
        series = candles(market, seed=3, bars=BARS)
        path = source / f"{str(market.symbol).replace('/', '_')}-1h.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("ts_ms", "open", "high", "low", "close", "volume"))
            writer.writerows(zip(*series.columns(), strict=True))
    return cli


@pytest.fixture(scope="module")
def run(desk: Cli) -> Iterator[Session]:
    """Commands in that folder, in one process, the files imported."""
    with desk.session() as session:
        session("data import in --json").ok()
        yield session


def test_a_report_is_five_files_that_agree(run: Session, desk: Cli) -> None:
    answer = run(f"{PLAY} --from {START:%Y-%m-%d} --json --report out").ok()
    folder = desk.folder / "out"
    assert {path.name for path in folder.iterdir()} == FILES
    assert answer.err == ""
    assert json.loads((folder / "result.json").read_text()) == answer.json
    assert len(answer.json["equity"]) == BARS
    assert len(rows(folder / "equity.csv")) == BARS
    assert len(rows(folder / "trades.csv")) == len(answer.json["trades"]) > 0
    assert (folder / "picture.png").read_bytes().startswith(b"\x89PNG")
    page = (folder / "report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert answer.json["strategy"]["fingerprint"] in page


def test_the_document_says_what_was_played(run: Session) -> None:
    told = run(f"{PLAY} --json").ok().json
    assert told["data"]["venue"] == "files"
    assert [one["symbol"] for one in told["data"]["symbols"]] == ["AAA/USDT", "BBB/USDT"]
    assert {one["resampled_from"] for one in told["data"]["symbols"]} == {None}
    assert told["settings"]["risk"]["risk_fraction"] > 0
    assert told["quote"] == "USDT"
    assert len(told["caveats"]) >= 3
    total = sum(one["pnl_quote"] for one in (*told["trades"], *told["open_positions"]))
    assert told["final_equity"] == pytest.approx(told["start_equity"] + total, rel=1e-9)
    assert {"funding_quote", "score", "regime"} <= told["trades"][0].keys()


def test_four_hours_are_made_of_hours_and_the_result_says_so(run: Session) -> None:
    told = run(f"{PLAY} --timeframe 4h --json").ok().json
    assert told["timeframe"] == "4h"
    assert {one["resampled_from"] for one in told["data"]["symbols"]} == {"1h"}
    assert any("resampled from 1h" in sentence for sentence in told["caveats"])
    first = datetime.fromtimestamp(told["equity"][0]["ts_ms"] / 1000, UTC)
    assert first.hour % 4 == 0
    assert "resampled from 1h" in run(f"{PLAY} --timeframe 4h").ok().out


def test_two_runs_are_compared(run: Session, desk: Cli) -> None:
    run(f"{PLAY} --json --report one").ok()
    words = f"{PLAY} --timeframe 4h --compare one/result.json --report two"
    told = run(f"{words} --json").ok().json["comparison"]
    assert told["trades"]["only_other"]["trades"] > 0
    assert told["changed"]["data.timeframe"] == ["4h", "1h"]
    folder = desk.folder / "two"
    added = {"comparison.json", "comparison.csv", "comparison.png"}
    assert {path.name for path in folder.iterdir()} == FILES | added
    assert json.loads((folder / "comparison.json").read_text()) == told
    assert "Set differently" in (folder / "report.html").read_text()
    shown = run(words).ok().out
    assert "Compared" in shown
    assert "data.timeframe" in shown


def test_a_run_beside_itself_is_the_same_run(run: Session) -> None:
    run(f"{PLAY} --json --report same").ok()
    told = run(f"{PLAY} --compare same/result.json --json").ok().json["comparison"]
    assert all(one["difference"] in {0.0, None} for one in told["figures"])
    assert told["trades"]["only_one"]["trades"] == told["trades"]["only_other"]["trades"] == 0
    assert told["changed"] == {}


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ("--compare missing.json", 2, "name a stored result.json"),
        ("--compare in/AAA_USDT-1h.csv", 2, "no JSON document"),
        ("--compare other.json", 2, "no result of a backtest"),
        ("--theme pink", 2, "not one of dark, light"),
        ("--timeframe 5m", 1, "nor finer ones"),
        ("--symbol CCC/USDT", 1, "CCC/USDT"),
    ],
)
def test_what_cannot_be_done_is_said(
    words: str, code: int, sentence: str, run: Session, desk: Cli
) -> None:
    (desk.folder / "other.json").write_text('{"a": 1}')
    answer = run(f"{PLAY} {words}")
    assert answer.code == code
    assert sentence in answer.err
    assert answer.out == ""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
