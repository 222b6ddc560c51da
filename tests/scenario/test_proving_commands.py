"""``walkforward``, ``sweep`` and ``prove`` from imported hours: files, trials, verdict."""

import csv
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from engine.domain.market import Symbol
from tests.scenario.cli import Cli, Session
from tests.scenario.history import START, Market, candles

pytest.importorskip("optuna")
pytest.importorskip("arch")

DAYS = 50
MARKETS = (Market(symbol=Symbol.parse("AAA/USDT")), Market(symbol=Symbol.parse("BBB/USDT")))
UNTIL = START + timedelta(days=DAYS)
SPAN = f"--strategy score --from {START:%Y-%m-%d} --to {UNTIL:%Y-%m-%d}"
WALK = f"walkforward {SPAN} --train 20 --test 8 --points 3 --no-calibration"
KEYS = {
    *("symbol", "side", "opened_at", "closed_at", "entry_price", "exit_price", "quantity"),
    *("fees_quote", "slippage_quote", "pnl_quote", "exit_reason", "regime", "score"),
}
MOST_TOLD = 400
AXES = "--axis entry.min_rank_fraction=0.9,0.97 --axis exits.stop_atr_multiple=2,3"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A folder with hours of two markets as files."""
    cli = Cli(tmp_path_factory.mktemp("desk"))
    source = cli.folder / "in"
    source.mkdir()
    for market in MARKETS:
        series = candles(market, seed=5, bars=24 * DAYS)
        path = source / f"{str(market.symbol).replace('/', '_')}-1h.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("ts_ms", "open", "high", "low", "close", "volume"))
            writer.writerows(zip(*series.columns(), strict=True))
    return cli


@pytest.fixture(scope="module")
def run(desk: Cli) -> Iterator[Session]:
    with desk.session() as session:
        session("data import in --json").ok()
        yield session


def trials(run: Session, words: str) -> int:
    return int(run(f"{words} --json").ok().json["trials"])


def test_a_walk_is_told_stored_and_counted_once(run: Session, desk: Cli) -> None:
    answer = run(f"{WALK} --axis exits.stop_atr_multiple=2,3,4 --json --report wf").ok()
    told = answer.json
    assert (told["strategy_version"], told["mode"], told["timeframe"]) == (
        "score-1",
        "anchored",
        "1h",
    )
    assert [len(one["choice"]) for one in told["windows"]] == [1, 1, 1]
    days = (desk.folder / "wf" / "days.csv").read_text().splitlines()
    assert len(told["equity"]) == len(days) - 1
    assert told["final_equity"] == pytest.approx(told["equity"][-1]["equity_quote"])
    assert told["trades"][0].keys() >= KEYS
    assert {"result.json", "windows.csv", "days.csv", "trades.csv", "walkforward.png"} == {
        path.name for path in (desk.folder / "wf").iterdir()
    }
    assert told["took_s"] > 0
    assert told["peak_memory_mb"] > 0
    again = trials(run, f"{WALK} --axis exits.stop_atr_multiple=2,3,4")
    assert again == told["trials"]
    other = trials(run, f"{WALK} --axis exits.stop_atr_multiple=2,3,4 --seed 8")
    assert other == told["trials"] + 1


def test_a_walk_is_printed_with_windows_and_drift(run: Session) -> None:
    out = run(f"{WALK} --axis exits.stop_atr_multiple=2,3,4").ok().out
    for words in ("Windows", "Stitched, out of sample", "What training chose", "took", "MB"):
        assert words in out


def test_a_sweep_is_sorted_and_every_variant_counts(run: Session, desk: Cli) -> None:
    before = trials(run, f"walkforward {SPAN} --mode fixed --test 25")
    told = run(f"sweep {SPAN} {AXES} --json --report sw").ok().json
    assert len(told["variants"]) == 4
    sharpes = [one["metrics"]["sharpe"] for one in told["variants"]]
    assert sharpes == sorted(sharpes, reverse=True)
    # One of the four is the version as it is, which the walk had shown.
    assert told["trials"] == before + 3
    assert {path.name for path in (desk.folder / "sw").iterdir()} == {"sweep.json", "sweep.csv"}
    assert "Best 2 of 4 by trades" in run(f"sweep {SPAN} {AXES} --top 2 --sort trades").ok().out


def test_noise_is_unproven_and_the_exit_code_says_so(run: Session, desk: Cli) -> None:
    answer = run(f"prove {SPAN} --test 25 --json --report pr")
    assert answer.code == 3
    assert "score-1 is unproven" in answer.err
    told = answer.json
    assert told["passed"] is False
    assert {one["name"] for one in told["criteria"]} >= {"trades", "deflated_sharpe", "pbo"}
    assert told["proof"]["fingerprint"]
    stored = json.loads((desk.folder / "pr" / "proof.json").read_text())
    assert stored["id"] == told["proof"]["id"]
    assert (stored["venue"], stored["market_days"]) == ("files", [DAYS, DAYS])
    shown = run(f"prove {SPAN} --test 25")
    assert shown.code == 3
    assert "The gate" in shown.out
    assert "UNPROVEN" in shown.out


def test_a_verdict_that_is_there_already_is_said_to_be(run: Session) -> None:
    """One more trial makes it another verdict, which is stored."""
    words = f"prove {SPAN} --test 26"
    first, again = run(f"{words} --json"), run(words)
    assert "Nothing new was stored" in again.out
    run(f"sweep {SPAN} --axis entry.min_score=1,7,13").ok()
    other = run(f"{words} --json")
    assert other.json["stored"] is True
    assert other.json["proof"]["id"] != first.json["proof"]["id"]
    assert other.json["trials"] > first.json["trials"]


def test_the_number_of_trials_is_one_number_in_note_and_closing_line(run: Session) -> None:
    shown = " ".join(run(f"prove {SPAN} --test 25").out.split())
    told = re.search(r"(\d+) trials over these days in all lineages", shown)
    assert told is not None
    document = run(f"prove {SPAN} --test 25 --json").json
    assert document["trials"] == int(told[1])
    (skill,) = (one for one in document["criteria"] if one["name"] == "deflated_sharpe")
    assert f" {told[1]} trials, " in skill["note"] or skill["passed"] is None


def test_a_deleted_trial_stops_every_verdict(run: Session, desk: Cli, tmp_path: Path) -> None:
    run(f"sweep {SPAN} --axis entry.min_score=21,22").ok()
    robbed = Cli(tmp_path / "robbed")
    shutil.copytree(desk.folder, robbed.folder)
    (file,) = robbed.folder.rglob("*.db")
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("DELETE FROM trials WHERE row_no = (SELECT max(row_no) FROM trials)")
    answer = robbed.run(*f"prove {SPAN} --test 25".split())
    assert answer.code == 3
    assert "trials that the audit trail says were added; restore the backup" in answer.err
    robbed.run("audit", "verify").ok()


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (f"walkforward {SPAN} --mode sideways", 2, "not one of anchored, rolling, fixed"),
        (f"walkforward {SPAN} --axis nothing", 2, "write --axis exits.stop_atr_multiple=2,3,4"),
        (f"walkforward {SPAN} --train 900", 1, "too few for 900 days of training"),
        (f"sweep {SPAN} --axis exits.stop=3", 2, "did you mean exits.stop_atr_multiple?"),
        (f"sweep {SPAN} --sort luck", 2, "not one of final_equity"),
        (f"prove {SPAN} --mode rolling --axis exits.stop=3", 2, "no such parameter"),
        (f"prove {SPAN} --axis exits.stop_atr_multiple=3", 2, "write --mode anchored"),
        (f"walkforward {SPAN} --axis exits.stop_atr_multiple=-1", 2, "stop_atr_multiple=-1"),
        (f"walkforward {SPAN} --axis timeframe=1h,4h", 2, "--axis timeframe is for sweep"),
        (f"sweep {SPAN} --axis timeframe=4h,7m", 2, "timeframe must be one of"),
        (f"walkforward {SPAN} --axis entry.min_score=1 --axis entry.min_score=2", 2, "given twice"),
        (f"sweep {SPAN} --axis entry.min_score=1,1", 2, "has 1 twice"),
        ("backtest --from 2021-02-01 --to 2021-01-01", 2, "is not before --to 2021-01-01"),
        ("walkforward --from 2021-02-01 --to 2021-01-01", 2, "is not before --to"),
        ("prove --from 2021-02-01 --to 2021-01-01", 2, "is not before --to"),
        ("sweep --from 2021-02-01 --to 2021-01-01", 2, "is not before --to"),
        ("calibrate --from 2021-02-01 --to 2021-01-01", 2, "is not before --to"),
        (f"walkforward {SPAN} --train 0", 2, "--train"),
        (f"walkforward {SPAN} --train 99999999999999", 2, "--train"),
        (f"walkforward {SPAN} --test 0", 2, "--test"),
        (f"prove {SPAN} --points 0", 2, "--points"),
        (f"prove {SPAN} --seed -1", 2, "--seed"),
        (f"sweep {SPAN} --sample 0", 2, "--sample"),
        (f"sweep {SPAN} --sample -3", 2, "--sample"),
        (f"sweep {SPAN} --top -1", 2, "--top"),
        (f"sweep {SPAN} --workers 0", 2, "--workers"),
        (f"backtest {SPAN} --approve-after 99999999999999999999", 2, "--approve-after"),
        (f"sweep {SPAN} --cluster foo", 2, "write --cluster tcp://127.0.0.1:8786"),
        (f"sweep {SPAN} --cluster tcp://127.0.0.1:1", 4, "no Dask scheduler answers"),
        (f"walkforward {SPAN} --report in/AAA_USDT-1h.csv", 2, "cannot be written"),
        (f"prove {SPAN} --report /proc/x", 2, "cannot be written"),
        (f"sweep {SPAN} --report in/AAA_USDT-1h.csv", 2, "name a folder of yours"),
        (f"backtest {SPAN} --report in/AAA_USDT-1h.csv", 2, "cannot be written"),
        (f"calibrate {SPAN} --report in/AAA_USDT-1h.csv", 2, "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said(words: str, code: int, sentence: str, run: Session) -> None:
    answer = run(words)
    assert answer.code == code
    assert sentence in answer.err
    assert len(answer.err) < MOST_TOLD
    assert answer.out == ""


def test_a_sweep_plays_each_timeframe_on_its_own_candles(run: Session) -> None:
    words = f"{SPAN} --json".replace("--strategy score ", "")
    told = run(f"sweep {words} --axis timeframe=1h,4h").ok().json
    for frame in ("1h", "4h"):
        alone = run(f"sweep {words} --axis timeframe={frame}").ok().json["variants"]
        both = [one for one in told["variants"] if one["parameters"]["timeframe"] == frame]
        assert [one["metrics"] for one in both] == [one["metrics"] for one in alone]


def test_a_result_that_could_not_be_kept_is_shown_all_the_same(run: Session, desk: Cli) -> None:
    (desk.folder / "full" / "result.json").mkdir(parents=True)
    answer = run(f"walkforward {SPAN} --mode fixed --test 25 --report full --json")
    assert answer.code == 1
    assert "result.json cannot be written" in answer.err
    assert answer.json["trials"] >= 1


def test_two_walks_at_once_end_alike(desk: Cli, run: Session) -> None:
    words = f"{WALK} --axis exits.stop_atr_multiple=2,3,4,5 --points 4 --seed 11 --json".split()
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: desk.run(*words).ok().json, range(2))
    assert one["windows"] == other["windows"]
    assert one["equity"] == other["equity"]
    assert list((desk.folder / "var" / "walkforward").glob("*.lock")) == []
    assert run(" ".join(words)).ok().json["windows"] == one["windows"]
