"""The example file over imported candles trades as the rule does by hand, trade for trade."""

import csv
import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from main.bench.candles import make_bars
from tests.fakes.benchmark_rule import round_trips

SCRIPT = Path(sys.executable).with_name("cryptotrader")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "benchmark_rule.py"
# The desk's limits and costs set as the rule has them: nothing binds, 5 bps and 0.1 % each side.
SETTINGS = """
[risk]
max_symbol_fraction = 1.0
max_exposure_fraction = 1.0
max_cluster_fraction = 1.0
max_bar_volume_fraction = 1.0
max_daily_loss_fraction = 1.0
max_drawdown_fraction = 1.0
[costs]
taker_fee_bps = 10.0
half_spread_bps = 5.0
impact_coefficient = 0.0
min_slippage_bps = 0.0
[automation]
max_entries_per_day = 1440
cooldown_after_exit_bars = 0
cooldown_after_loss_bars = 0
uncalibrated_paper = "auto"
[approval]
ask_above_quote = 1000000
ask_above_equity_fraction = 1.0
max_drift_bps = 1000.0
[fills]
book_levels = 1
level_volume_fraction = 1.0
level_jitter_fraction = 0.0
"""
# Before that the desk knows neither daily volume nor regime and takes no entry.
WARM_BARS = 200


def test_the_example_trades_over_imported_candles_as_by_hand(tmp_path: Path) -> None:
    bars = make_bars(4_000)
    (tmp_path / "cryptotrader.toml").write_text(SETTINGS, encoding="utf-8")
    with (tmp_path / "BENCH_USDT-1m.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("ts_ms", "open", "high", "low", "close", "volume"))
        names = ("open_ms", "open", "high", "low", "close", "volume")
        writer.writerows(zip(*(getattr(bars, name).tolist() for name in names), strict=True))
    _run(tmp_path, "data", "import", "BENCH_USDT-1m.csv")
    result = json.loads(_run(tmp_path, "backtest", "--strategy", str(EXAMPLE), "--json"))
    by_hand = [
        trade
        for trade in round_trips(
            bars.open.tolist(), bars.high.tolist(), bars.low.tolist(), bars.close.tolist()
        )
        if trade.opened >= WARM_BARS
    ]
    assert len(by_hand) > 25
    times = [(_ms(t["opened_at"]), _ms(t["closed_at"])) for t in result["trades"]]
    assert times == [(bars.open_ms[t.opened], bars.open_ms[t.closed]) for t in by_hand]
    # Fills are rounded to ticks of 0.0001 against the trade: less than 0.0003 a unit, both ways.
    for trade, known in zip(result["trades"], by_hand, strict=True):
        assert trade["pnl_quote"] / trade["quantity"] == pytest.approx(known.pnl_quote, abs=3e-4)
    assert {trade["exit_reason"] for trade in result["trades"]} == {"exit_custom"}


def _run(folder: Path, *words: str) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("CRYPTOTRADER_")}
    done = subprocess.run(
        [SCRIPT, *words], cwd=folder, env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _ms(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
