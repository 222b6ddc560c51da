"""The benchmark: its candles are the known ones, its rule is the rule, its verdicts are right."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.backtest.runner import run_backtest
from engine.domain.errors import DataError
from engine.proof.variants import altered
from main.bench import desk_worker, indicators, scaling
from main.bench.candles import YEAR_BARS, load_bars, make_bars, save_bars
from main.bench.process import run_measured
from main.bench.rule import (
    Played,
    bench_market,
    plain_loop,
    play_symbols,
    played,
    profit,
    replay_rule,
    rule_indicators,
)
from main.bench.score import contributions_of, play_score
from main.bench.speed import explain
from main.bench.sweep import combinations, lengths_of, plan_of, reversal, sweep_lengths
from main.bench.values import Target, figure
from tests.fakes.benchmark_rule import round_trips

PEERS = Path(__file__).resolve().parents[3] / "main" / "bench" / "peers"


def test_the_candles_are_those_whose_trades_are_known() -> None:
    bars = make_bars(5_000)
    # From the generator that the expected trades were published with.
    assert bars.open[:3].tolist() == [100.0, 100.0023, 100.0242]
    assert bars.high[:3].tolist() == [100.0569, 100.0454, 100.0244]
    assert bars.low[:3].tolist() == [99.9823, 99.9706, 99.99]
    assert bars.close[:3].tolist() == [100.0001, 100.023, 100.0027]
    assert bars.volume[:3].tolist() == [15.654, 31.761, 14.193]
    sums = (478073.9041, 478328.8413, 477813.0682, 478067.7383, 106945.525)
    for name, known in zip(("open", "high", "low", "close", "volume"), sums, strict=True):
        assert getattr(bars, name).sum() == pytest.approx(known, rel=1e-9), name
    assert (bars.open_ms[0], bars.open_ms[1]) == (1_672_531_200_000, 1_672_531_260_000)


def test_candles_come_back_from_their_file(tmp_path: Path) -> None:
    bars = make_bars(300)
    save_bars(bars, tmp_path / "in" / "bars.npz")
    again = load_bars(tmp_path / "in" / "bars.npz")
    for name in ("open_ms", "open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(again, name), getattr(bars, name)), name


def test_a_year_of_minutes_makes_the_4_090_trades_that_every_engine_finds() -> None:
    bars = make_bars(YEAR_BARS)
    known = rule_indicators(bars)
    ours = played(replay_rule(bars, known, bench_market(bars)))
    assert (ours.trades, ours.still_open) == (4_090, 0)
    assert ours.pnl_quote == pytest.approx(-1353.54498, abs=1e-4)
    assert plain_loop(bars, known) == Played(
        trades=4_090,
        pnl_quote=pytest.approx(-1353.54498, abs=1e-5),  # type: ignore[arg-type]  # stands in
        still_open=0,
        first_opened_ms=ours.first_opened_ms,
    )


def test_trade_by_trade_the_replay_agrees_with_the_rule_by_hand() -> None:
    bars = make_bars(20_000)
    state = replay_rule(bars, rule_indicators(bars), bench_market(bars))
    rows = np.asarray(state.trades)[: int(state.tally[0].trades)]
    by_hand = round_trips(
        bars.open.tolist(), bars.high.tolist(), bars.low.tolist(), bars.close.tolist()
    )
    assert len(by_hand) > 100
    assert rows["opened_ms"].tolist() == [bars.open_ms[one.opened] for one in by_hand]
    assert rows["closed_ms"].tolist() == [bars.open_ms[one.closed] for one in by_hand]
    per_unit = rows["pnl_quote"] / (rows["lots"] * 1e-8)
    assert per_unit == pytest.approx([one.pnl_quote for one in by_hand], abs=1e-6)


def test_symbols_in_one_book_trade_as_each_does_alone() -> None:
    histories = [make_bars(4_000, seed) for seed in (7, 8, 9)]
    alone = [
        played(replay_rule(bars, rule_indicators(bars), bench_market(bars))).trades
        for bars in histories
    ]
    together = profit(play_symbols(histories, bench_market(histories[0], 3)))
    assert together.trades == sum(alone)


def test_a_sweep_gives_each_combination_the_result_of_its_own_backtest() -> None:
    bars = make_bars(3_000)
    swept = sweep_lengths(bars, 30, workers=2)
    assert len({repr(choice) for choice in combinations(1_000)}) == 1_000
    assert lengths_of(200) == (list(range(8, 28)), list(range(10, 20)))
    for place in (0, 8, 29):
        one = altered(reversal(), swept.choices[place])
        result = run_backtest(plan_of(bars, one)).result
        assert len(result.trades) > 5
        assert swept.column("trades")[place] == len(result.trades)
        assert swept.column("final_equity")[place] == result.final_equity


def test_the_points_of_all_signals_sum_to_the_score() -> None:
    from engine.strategy.shipped import score_strategy
    from engine.strategy.version import columns_of

    scored = columns_of(score_strategy(), make_bars(2_000))
    assert contributions_of(scored).sum(axis=0) == pytest.approx(scored.score, abs=1e-9)


def test_the_score_is_played_under_the_default_limits() -> None:
    state = play_score(make_bars(3_000), symbols=2)
    assert state.tally[0].trades >= 1
    assert state.equity_quote[-1] == pytest.approx(10_000.0, rel=0.1)


LOOP = Played(trades=10, pnl_quote=-5.0, still_open=0, first_opened_ms=600_000)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (LOOP, "same trades, same profit"),
        (
            Played(trades=10, pnl_quote=-5.000002, still_open=0, first_opened_ms=600_000),
            "same trades, profit -2e-06 (rounding)",
        ),
        (
            Played(trades=10, pnl_quote=-6.0, still_open=0, first_opened_ms=600_000),
            "same trades, profit -1 (not explained)",
        ),
        (
            Played(trades=9, pnl_quote=-4.5, still_open=1, first_opened_ms=660_000),
            "1 trade fewer, 1 still open: its first order fills 1 bar later",
        ),
    ],
)
def test_a_difference_is_told_with_its_reason(found: Played, text: str) -> None:
    assert explain(found, LOOP) == text


def test_a_target_is_met_at_its_limit_and_unknown_without_a_value() -> None:
    speed = Target(name="speed", value=4.0, limit=4.0, at_least=True, unit="× another")
    assert (speed.verdict, speed.wanted) == ("PASS", "≥ 4 × another")
    memory = Target(name="memory", value=300.5, limit=300.0, at_least=False, unit="MB")
    assert (memory.verdict, memory.wanted) == ("FAIL", "≤ 300 MB")
    absent = Target(name="speed", value=None, limit=4.0, at_least=True, unit="")
    assert (absent.passed, absent.verdict) == (None, "not measured")
    assert [figure(x) for x in (28_400_123.4, 3.14159, 0.0212)] == ["28,400,123", "3.14", "0.0212"]


def test_a_program_that_fails_says_why(tmp_path: Path) -> None:
    program = tmp_path / "broken.py"
    program.write_text("raise SystemExit('no such engine')", encoding="utf-8")
    with pytest.raises(DataError, match="no such engine"):
        run_measured([str(program)], caches=tmp_path)


def test_a_measured_program_tells_its_answer_and_its_peak(tmp_path: Path) -> None:
    program = tmp_path / "quick.py"
    program.write_text("import sys; print('{\"seconds\": [0.5, 0.25]}')", encoding="utf-8")
    found = run_measured([str(program)], caches=tmp_path)
    assert found.seconds == [0.5, 0.25]
    assert 5.0 < found.peak_rss_mb < 100.0


def test_scaling_counts_bars_of_all_symbols_and_combinations(
    capsys: pytest.CaptureFixture[str],
) -> None:
    scaling.main("bars", 10_000)
    by_hand = plain_loop(make_bars(10_000), rule_indicators(make_bars(10_000)))
    found = json.loads(capsys.readouterr().out)
    assert (found["work"], found["trades"]) == (10_000, by_hand.trades)
    assert len(found["seconds"]) >= 3
    scaling.main("combinations", 2)
    assert json.loads(capsys.readouterr().out)["work"] == 200_000


def test_scaling_compares_the_largest_cells_with_a_tenth_of_them() -> None:
    cells = [
        scaling.Cell(kind=kind, count=count, work=work, run_s=run_s, peak_rss_mb=1.0, trades=1)
        for kind, count, work, run_s in (
            ("bars", 1_000_000, 1_000_000, 0.02),
            ("bars", 10_000_000, 10_000_000, 0.25),
            ("combinations", 200, 20_000_000, 0.08),
            ("combinations in vectorbt", 200, 20_000_000, 3.2),
        )
    ]
    linear, sweep, memory = scaling.targets_of(cells)
    assert linear.value == pytest.approx(1.25)
    assert sweep.value == pytest.approx(40.0)
    assert [one.verdict for one in (linear, sweep, memory)] == ["PASS"] * 3


def test_indicators_are_measured_all_eight(capsys: pytest.CaptureFixture[str]) -> None:
    indicators.main(2_000, 1)
    rows = json.loads(capsys.readouterr().out)["indicators"]
    assert [row["code"] for row in rows] == [
        "ATR", "BB", "HL", "MA", "MACD", "RSI", "STOCH", "VOL"
    ]  # fmt: skip
    assert all(row[kind] > 0.0 for row in rows for kind in row if kind != "code")


@pytest.mark.parametrize(
    ("kind", "names"),
    [("streams", {"close", "three pictures"}), ("import", {"import"}), ("load", {"load"})],
)
def test_the_desk_is_measured_on_a_database_of_its_own(
    kind: str, names: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    desk_worker.main(kind, 2 if kind == "streams" else 1_500)
    assert set(json.loads(capsys.readouterr().out.splitlines()[-1])) == names


@pytest.mark.skipif(
    importlib.util.find_spec("backtesting") is None, reason="needs the extra `bench`"
)
def test_backtesting_py_plays_the_same_rule(tmp_path: Path) -> None:
    bars = make_bars(3_000)
    known = rule_indicators(bars)
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    np.savez(tmp_path / "in.npz", open_ms=bars.open_ms, **columns, **known._asdict())
    done = subprocess.run(
        [sys.executable, str(PEERS / "play_backtesting.py"), str(tmp_path / "in.npz"), "1", "0"],
        capture_output=True,
        text=True,
        check=True,
    )
    theirs, loop = json.loads(done.stdout), plain_loop(bars, known)
    assert abs(theirs["trades"] - loop.trades) <= 2


def test_the_command_measures_a_tiny_year_without_others(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("cryptotrader")
    words = ("bench", "backtest", "--bars", "2000", "--rounds", "1", "--no-peers", "--json")
    done = subprocess.run(
        [script, *words, "--cache", str(tmp_path), "--picture", str(tmp_path / "bench.png")],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [one["trades"] for one in found["engines"][:2]] == [found["expected_trades"]] * 2
    verdicts = {one["name"]: one["verdict"] for one in found["targets"]}
    assert verdicts["trades unlike the plain loop's"] == "PASS"
    assert verdicts["cold process: rule, indicators given"] == "not measured"
    assert found["missing"] == ["left out with --no-peers"]
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
