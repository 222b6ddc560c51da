"""``walkforward``, ``sweep`` and ``prove`` from imported hours: files, trials, verdict."""

import csv
import json
from collections.abc import Iterator
from datetime import timedelta

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
    shown = run(f"prove {SPAN} --test 25")
    assert shown.code == 3
    assert "The gate" in shown.out
    assert "UNPROVEN" in shown.out


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (f"walkforward {SPAN} --mode sideways", 2, "not one of anchored, rolling, fixed"),
        (f"walkforward {SPAN} --axis nothing", 2, "write --axis exits.stop_atr_multiple=2,3,4"),
        (f"walkforward {SPAN} --train 900", 1, "too few for 900 days of training"),
        (f"sweep {SPAN} --axis exits.stop=3", 1, "parameter of exits"),
        (f"sweep {SPAN} --sort luck", 2, "not one of final_equity"),
    ],
)
def test_what_cannot_be_done_is_said(words: str, code: int, sentence: str, run: Session) -> None:
    answer = run(words)
    assert answer.code == code
    assert sentence in answer.err
    assert answer.out == ""
