import json
from dataclasses import replace

import numpy as np
import pytest

from engine.backtest.curves import run_curve
from engine.backtest.report import BacktestReport, report
from tests.unit.backtest.runs import idle_run, played, random_run
from tests.unit.step.builders import symbol_feed

PROMISED = {"start_equity", "final_equity", "metrics", "trades", "equity", "costs"}
ADDED = {"benchmarks", "months", "by_symbol", "by_regime", "by_exit", "curve"}


@pytest.fixture(scope="module")
def told() -> BacktestReport:
    return report(random_run(), {"quote": "USDT"})


def test_the_document_is_what_is_promised_and_more(told: BacktestReport) -> None:
    document = told.to_json()
    assert document.keys() >= PROMISED | ADDED | {"strategy_version", "quote"}
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text) == document


def test_the_summary_grows_neither_with_bars_nor_with_trades(told: BacktestReport) -> None:
    summary = told.summary()
    assert summary.keys() == told.to_json().keys() - {"trades", "equity"}
    assert len(json.dumps(summary)) < 120_000


def test_a_run_without_trades_is_told_too() -> None:
    document = report(idle_run()).to_json()
    metrics = document["metrics"]
    assert isinstance(metrics, dict)
    assert metrics["trades"] == 0
    assert (metrics["sharpe"], metrics["profit_factor"], metrics["deepest"]) == (None, None, None)
    assert document["by_symbol"] == []
    json.dumps(document, allow_nan=False)


def test_a_run_of_one_bar_is_told_too() -> None:
    one = report(played({"A/USDT": symbol_feed([(100.0, 100.0, 100.0, 100.0)])}))
    json.dumps(one.to_json(), allow_nan=False)
    assert one.curve.time_ms.shape == (2,)


def test_the_drawdowns_of_the_document_have_dates(told: BacktestReport) -> None:
    metrics = told.to_json()["metrics"]
    assert isinstance(metrics, dict)
    deepest = metrics["deepest"]
    assert isinstance(deepest, dict)
    assert str(deepest["peak_at"]).endswith("Z")
    assert deepest["depth_fraction"] == metrics["max_drawdown_fraction"]
    assert {"peak_ms", "trough_ms"}.isdisjoint(deepest)


def test_settings_cannot_replace_what_is_promised(told: BacktestReport) -> None:
    named = replace(told, about={"curve": "mine", "metrics": "mine"})
    assert isinstance(named.to_json()["curve"], dict)
    assert isinstance(named.to_json()["metrics"], dict)


def test_a_thinned_curve_keeps_start_end_and_depth() -> None:
    result = random_run().result
    # A loss of one bar in the middle of a long bucket.
    equity = result.equity_quote.copy()
    equity[:] = 10_000.0
    equity[777] = 4_000.0
    result = replace(result, equity_quote=equity)
    curve = run_curve(result, equity, points=50)
    assert len(curve.time_ms) == 51
    assert curve.time_ms[-1] == result.close_ms[-1]
    assert curve.equity_quote[[0, -1]].tolist() == [10_000.0, 10_000.0]
    assert curve.drawdown_fraction.max() == pytest.approx(0.6)
    assert curve.market_drawdown_fraction.max() == pytest.approx(0.6)


def test_a_short_curve_is_kept_whole() -> None:
    result = idle_run(10).result
    curve = run_curve(result, result.equity_quote)
    assert curve.time_ms[1:].tolist() == result.close_ms.tolist()
    assert {len(column) for column in curve} == {11}


def test_mean_exposure_of_the_curve_is_that_of_the_run() -> None:
    run = random_run(bars=1_200)
    curve = run_curve(run.result, run.result.equity_quote, points=600)
    mean = float(np.mean(curve.exposure_fraction[1:]))
    assert mean == pytest.approx(run.result.metrics.mean_exposure_fraction, rel=0.02)
