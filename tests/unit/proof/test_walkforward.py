"""Walk-forward: trained on the past only, stitched without a seam, and it can be interrupted."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from engine.backtest.runner import run_backtest
from engine.domain.errors import DataError
from engine.domain.values import to_ms
from engine.proof.ground import Ground
from engine.proof.search import SearchPolicy, SearchSpace
from engine.proof.walkforward.unseen import WINDOW_END
from engine.proof.walkforward.walk import longest_holding_days, walk_forward
from engine.proof.walkforward.walked import Procedure, WalkForward, compounded
from engine.proof.walkforward.windows import Mode, WindowPolicy
from engine.strategy.policy import EntryPolicy, ExitPolicy
from engine.strategy.shipped import score_strategy
from tests.unit.proof.made_up import SYMBOLS, ground, plan

pytest.importorskip("optuna")

BUSY = replace(
    score_strategy(),
    entry=EntryPolicy(min_rank_fraction=0.8, min_score=0.0),
    exits=ExitPolicy(trailing_atr_multiple=3.0, time_stop_bars=48, exit_score=-20.0),
)
SPACE = SearchSpace(
    axes={
        "entry.min_rank_fraction": (0.7, 0.8, 0.9),
        "exits.stop_atr_multiple": (2.0, 3.0, 4.0),
        "weights.learned_share": (0.0, 0.5),
        "weights.by_regime": (False, True),
    }
)
PROCEDURE = Procedure(
    mode=Mode.ANCHORED,
    windows=WindowPolicy(train_days=30, test_days=10),
    search=SearchPolicy(points=6, finalists=1),
    space=SPACE,
    calibrate=False,
)
FIXED = replace(PROCEDURE, mode=Mode.FIXED)


@pytest.fixture(scope="module")
def whole() -> Ground:
    return ground(BUSY, days=55, memory=0.2)


@pytest.fixture(scope="module")
def walked(whole: Ground) -> WalkForward:
    return walk_forward(whole, BUSY, PROCEDURE)


def test_windows_are_stitched_into_one_curve(walked: WalkForward) -> None:
    spans = [(one.window.test_from, one.window.test_to) for one in walked.windows]
    assert len(spans) == 2
    days = (spans[-1][1] - spans[0][0]) // timedelta(days=1)
    assert len(walked.days.returns) == days
    parts = 1.0
    for one in walked.windows:
        parts *= 1.0 + one.return_fraction
    assert parts - 1.0 == pytest.approx(compounded(walked.days.returns))


def test_between_training_and_test_lie_the_longest_holding_time_and_a_day(
    walked: WalkForward,
) -> None:
    gaps = {one.window.test_from - one.window.train_to for one in walked.windows}
    assert gaps == {timedelta(days=3)}
    assert longest_holding_days(BUSY, SPACE) == 2
    assert longest_holding_days(replace(BUSY, exits=ExitPolicy(time_stop_bars=None)), SPACE) == 30


def test_every_window_trained_a_version_of_its_own_from_the_space(walked: WalkForward) -> None:
    for one in walked.windows:
        assert set(one.choice) == set(SPACE.axes)
        assert all(one.choice[name] in SPACE.axes[name] for name in SPACE.axes)
        assert one.strategy_version.startswith("score-1+")
        assert one.points >= 6
    assert set(walked.drift) == set(SPACE.axes)


def test_trades_end_inside_their_windows_and_what_is_open_is_sold(walked: WalkForward) -> None:
    assert len(walked.trades) > 20
    for trade in walked.trades:
        window = walked.windows[trade.window].window
        assert to_ms(window.test_from) <= trade.opened_ms < trade.closed_ms
        assert trade.closed_ms <= to_ms(window.test_to)
    sold = [trade for trade in walked.trades if trade.exit_reason == WINDOW_END]
    assert {trade.window for trade in sold} <= {0}
    assert all(trade.fees_quote > 0 and trade.slippage_quote > 0 for trade in sold)


def test_money_adds_up_over_all_windows_but_what_the_last_one_still_holds(
    walked: WalkForward,
) -> None:
    first = walked.windows[0]
    profit = sum(trade.pnl_quote for trade in walked.trades if trade.window == 0)
    assert profit == pytest.approx(first.return_fraction * walked.start_equity, abs=1e-6)


def test_the_future_changes_neither_training_nor_an_earlier_test(walked: WalkForward) -> None:
    other = ground(BUSY, days=55, memory=0.2)
    border_ms = to_ms(walked.windows[1].window.test_from)
    for bars in other.bars:
        for column in (bars.open, bars.high, bars.low, bars.close):
            column[bars.open_ms >= border_ms] *= 1.7
    again = walk_forward(_laid_out_again(other), BUSY, PROCEDURE)
    assert again.windows[0] == walked.windows[0]
    assert again.windows[1].choice == walked.windows[1].choice
    first = (walked.windows[0].window.test_to - walked.windows[0].window.test_from).days
    assert np.array_equal(again.days.returns[:first], walked.days.returns[:first])
    assert not np.array_equal(again.days.returns, walked.days.returns)


def _laid_out_again(changed: Ground) -> Ground:
    """The columns of a ground are computed from its candles; here those have been changed."""
    from engine.proof.ground import ground_of

    return ground_of(changed.plan)


def test_a_second_walk_reads_what_training_found(
    whole: Ground, walked: WalkForward, tmp_path: Path
) -> None:
    one = walk_forward(whole, BUSY, PROCEDURE, store=tmp_path)
    files = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert len(files) == len(one.windows)
    two = walk_forward(whole, BUSY, PROCEDURE, store=tmp_path)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == files
    for known in (one, two):
        assert known.windows == walked.windows
        assert np.array_equal(known.days.returns, walked.days.returns)


def test_another_seed_or_other_candles_are_another_file(whole: Ground, tmp_path: Path) -> None:
    walk_forward(whole, BUSY, PROCEDURE, store=tmp_path)
    other = replace(PROCEDURE, search=replace(PROCEDURE.search, seed=8))
    walk_forward(whole, BUSY, other, store=tmp_path)
    assert len(list(tmp_path.iterdir())) == 4


def test_fixed_parameters_are_played_in_one_piece(whole: Ground) -> None:
    walked = walk_forward(whole, BUSY, FIXED)
    run = run_backtest(plan(BUSY, days=55, memory=0.2))
    assert compounded(walked.days.returns) == pytest.approx(
        run.result.final_equity / run.result.start_equity - 1.0
    )
    assert len(walked.trades) == len(run.result.trades)
    assert [one.trades for one in walked.windows] == [
        sum(trade.window == k for trade in walked.trades) for k in range(len(walked.windows))
    ]
    assert walked.drift == {}
    assert len(walked.windows) == 6


def test_a_calibrated_test_trades_by_what_its_past_promised(whole: Ground) -> None:
    with_edges = walk_forward(whole, BUSY, replace(PROCEDURE, calibrate=True))
    without = walk_forward(whole, BUSY, PROCEDURE)
    assert [one.choice for one in with_edges.windows] == [one.choice for one in without.windows]
    assert len(with_edges.trades) < len(without.trades)


def test_progress_is_told_by_window(whole: Ground) -> None:
    told: list[tuple[int, int]] = []
    walk_forward(whole, BUSY, PROCEDURE, progress=lambda step: told.append((step.done, step.total)))
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_too_short_a_history_is_refused() -> None:
    with pytest.raises(DataError, match="days of history are too few"):
        walk_forward(ground(BUSY, days=20, symbols=SYMBOLS[:1]), BUSY, PROCEDURE)


@pytest.mark.parametrize("torn", ["", '{"choice": {"entry', "[]", '{"choice": {}}', "\x00\x00"])
def test_a_torn_window_is_trained_again(
    whole: Ground, walked: WalkForward, tmp_path: Path, torn: str
) -> None:
    walk_forward(whole, BUSY, PROCEDURE, store=tmp_path)
    first, *_ = sorted(tmp_path.glob("*.json"))
    sound = first.read_text()
    first.write_text(torn)
    again = walk_forward(whole, BUSY, PROCEDURE, store=tmp_path)
    assert [one.choice for one in again.windows] == [one.choice for one in walked.windows]
    assert first.read_text() == sound
    assert {path.suffix for path in tmp_path.iterdir()} == {".json"}


def test_runs_that_want_the_same_windows_take_turns(
    whole: Ground, walked: WalkForward, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(walk_forward, whole, BUSY, PROCEDURE, store=tmp_path) for _ in "abc"]
        found = [run.result() for run in runs]
    for one in found:
        assert [part.choice for part in one.windows] == [part.choice for part in walked.windows]
    assert {path.suffix for path in tmp_path.iterdir()} == {".json"}


def test_a_store_that_cannot_be_written_is_told(whole: Ground, tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(DataError, match="cannot be locked"):
        walk_forward(whole, BUSY, PROCEDURE, store=tmp_path / "store")
