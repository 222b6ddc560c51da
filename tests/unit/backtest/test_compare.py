import copy
import json
from typing import Any

import numpy as np
import pytest

from engine.backtest.compare import compare
from engine.backtest.report import report
from engine.backtest.stored import read_run
from engine.domain.errors import DataError
from tests.unit.backtest.runs import random_run

DAY_MS = 86_400_000


def document(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    """Four days of an account that goes 100, 110, 99, 121, and two trades."""
    made: dict[str, Any] = {
        "strategy_version": "score-1",
        "timeframe": "1d",
        "symbols": ["BTC/USDT"],
        "start_equity": 100.0,
        "final_equity": 121.0,
        "metrics": {"sharpe": 1.5, "calmar": None, "trades": 2, "deepest": {"bars": 1}},
        "trades": [trade("2021-01-01T00:00", 5.0), trade("2021-01-02T00:00", -2.0)],
        "equity": [
            {"ts_ms": DAY_MS * (k + 1), "equity_quote": quote}
            for k, quote in enumerate((100.0, 110.0, 99.0, 121.0))
        ],
        "settings": {"risk": {"risk_fraction": 0.01}, "costs": {"taker_fee_bps": 10.0}},
    }
    return made | changes


def trade(opened: str, pnl: float, closed: str = "2021-01-05T00:00") -> dict[str, Any]:
    return {
        "symbol": "BTC/USDT",
        "opened_at": opened,
        "closed_at": closed,
        "quantity": 1.0,
        "pnl_quote": pnl,
        "exit_reason": "stop_hit",
    }


def test_a_run_beside_itself_does_not_differ() -> None:
    run = read_run(json.loads(json.dumps(report(random_run()).to_json())))
    found = compare(run, run)
    assert all(one.difference in {0.0, None} for one in found.figures)
    assert found.common.trades == found.same_exit == len(run.trades)
    assert (found.only_one.trades, found.only_other.trades) == (0, 0)
    assert found.correlation == pytest.approx(1.0)
    assert found.changed == {}
    assert found.one_index.tolist() == found.other_index.tolist()
    json.dumps(found.to_json(), allow_nan=False)


def test_figures_are_the_first_less_the_second() -> None:
    other = document(metrics={"sharpe": 1.0, "calmar": 2.0, "trades": 3})
    rows = {one.name: one for one in compare(read_run(document()), read_run(other)).figures}
    assert rows["sharpe"].difference == pytest.approx(0.5)
    assert rows["trades"].difference == -1.0
    assert (rows["calmar"].one, rows["calmar"].other, rows["calmar"].difference) == (
        None,
        2.0,
        None,
    )
    assert "deepest" not in rows


def test_trades_are_told_apart_by_symbol_and_entry() -> None:
    other = document(
        trades=[
            trade("2021-01-01T00:00", 4.0, closed="2021-01-04T00:00"),
            trade("2021-01-03T00:00", 9.0),
        ]
    )
    found = compare(read_run(document()), read_run(other))
    assert (found.common.trades, found.same_exit) == (1, 0)
    assert (found.common.one_pnl_quote, found.common.other_pnl_quote) == (5.0, 4.0)
    assert (found.only_one.trades, found.only_one.one_pnl_quote) == (1, -2.0)
    assert (found.only_other.trades, found.only_other.other_pnl_quote) == (1, 9.0)


def test_parts_of_one_position_match_in_order() -> None:
    parts = [trade("2021-01-01T00:00", 1.0), trade("2021-01-01T00:00", 2.0)]
    found = compare(read_run(document(trades=parts)), read_run(document(trades=parts[:1])))
    assert (found.common.trades, found.only_one.trades) == (1, 1)
    assert found.only_one.one_pnl_quote == 2.0


def test_curves_start_at_100_where_both_begin() -> None:
    late = document(equity=document()["equity"][1:], start_equity=110.0)
    found = compare(read_run(document()), read_run(late))
    assert found.time_ms.tolist() == [2 * DAY_MS, 3 * DAY_MS, 4 * DAY_MS]
    assert found.one_index.tolist() == pytest.approx([100.0, 90.0, 110.0])
    assert found.other_index.tolist() == pytest.approx([100.0, 90.0, 110.0])


def test_what_was_set_differently_is_named() -> None:
    other = copy.deepcopy(document())
    other["settings"]["risk"]["risk_fraction"] = 0.02
    other["settings"]["costs"]["maker_fee_bps"] = 5.0
    assert compare(read_run(document()), read_run(other)).changed == {
        "settings.risk.risk_fraction": (0.01, 0.02),
        "settings.costs.maker_fee_bps": (None, 5.0),
    }


def test_names_that_are_equal_are_told_apart() -> None:
    one, other = read_run(document()), read_run(document(timeframe="4h"))
    assert compare(one, other).one_name == "score-1 1d"
    assert compare(one, one).other_name == "score-1 (other)"


def test_runs_without_a_common_time_are_refused() -> None:
    later = document(equity=[{"ts_ms": 99 * DAY_MS, "equity_quote": 1.0}])
    with pytest.raises(DataError, match="no time in common"):
        compare(read_run(document()), read_run(later))


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        "text",
        {},
        document(equity=[]),
        document(equity=[{"ts_ms": 2, "equity_quote": 1.0}, {"ts_ms": 1, "equity_quote": 1.0}]),
        document(trades=[{}]),
        document(metrics=[1]),
        document(start_equity=0.0),
        document(start_equity="much"),
    ],
)
def test_what_is_no_result_is_refused_with_a_word(broken: object) -> None:
    with pytest.raises(DataError, match="no result of a backtest"):
        read_run(broken)


def test_long_curves_are_thinned() -> None:
    many = [{"ts_ms": k, "equity_quote": 1.0 + k} for k in range(5_000)]
    run = read_run(document(equity=many))
    found = compare(run, run, points=100)
    assert len(found.time_ms) == 100
    assert np.all(np.diff(found.time_ms) > 0)
    assert found.time_ms[[0, -1]].tolist() == [0, 4_999]
