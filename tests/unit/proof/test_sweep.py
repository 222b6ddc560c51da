"""Sweeps: the figures of the backtest, whatever plays them, to the last bit."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.domain.errors import InvalidValueError, ServiceError
from engine.kernel import Floats
from engine.proof.daily import DAYS_PER_YEAR, daily_returns, sharpe_of_days
from engine.proof.ground import Ground
from engine.proof.search import SearchSpace
from engine.proof.sweep.field import Bench, lay_out
from engine.proof.sweep.play import Swept, grid, play_all, sample, sweep
from engine.proof.sweep.summary import FIGURES, summarise
from engine.proof.variants import altered
from engine.strategy.policy import EntryPolicy, ExitPolicy
from engine.strategy.shipped import score_strategy
from tests.unit.proof.made_up import ground

BUSY = replace(
    score_strategy(),
    entry=EntryPolicy(min_rank_fraction=0.8, min_score=0.0),
    exits=ExitPolicy(trailing_atr_multiple=3.0, time_stop_bars=48, exit_score=-20.0),
)
SPACE = SearchSpace(
    axes={
        "rules.RSI.length": (7, 14),
        "rules.BB.length": (20, 30),
        "entry.min_rank_fraction": (0.0, 0.8),
        "exits.exit_score": (None, -20.0),
    }
)
CHOICES = grid(SPACE)


@pytest.fixture(scope="module")
def whole() -> Ground:
    return ground(BUSY, days=40, memory=0.2)


@pytest.fixture(scope="module")
def swept(whole: Ground) -> Swept:
    return sweep(whole, BUSY, CHOICES, workers=1)


def by_hand(whole: Ground, choice: dict[str, Any]) -> Floats:
    played = whole.play(altered(BUSY, choice), start_ms=whole.start_ms, end_ms=whole.end_ms)
    returns = daily_returns(whole, played, whole.start_ms // 86_400_000, 40)
    path = np.concatenate(([1.0], np.cumprod(1.0 + returns)))
    pnl = played.trades["pnl_quote"]
    return np.array(
        [
            played.equity_quote[-1],
            played.equity_quote[-1] / 10_000.0 - 1.0,
            (sharpe_of_days(returns) or np.nan) * np.sqrt(DAYS_PER_YEAR),
            np.max(1.0 - path / np.maximum.accumulate(path)),
            len(pnl),
            np.mean(pnl > 0),
            pnl[pnl > 0].sum() / -pnl[pnl < 0].sum(),
        ]
    )


def test_every_variant_has_the_figures_of_its_replay(whole: Ground, swept: Swept) -> None:
    for choice, figures in zip(CHOICES, swept.figures, strict=True):
        assert figures == pytest.approx(by_hand(whole, choice), rel=1e-9)
    assert swept.column("final_equity").tolist() == [
        by_hand(whole, choice)[0] for choice in CHOICES
    ]
    assert swept.column("trades").min() > 10


def test_a_short_list_of_trades_grows(whole: Ground) -> None:
    field, variants = lay_out(whole, [BUSY], start_ms=whole.start_ms, end_ms=whole.end_ms)
    assert np.array_equal(Bench(field, trades=8).play(variants), Bench(field).play(variants))


def test_brakes_and_rests_are_kept_where_bars_are_passed_over(whole: Ground) -> None:
    risk = replace(whole.policies.risk, max_drawdown_fraction=0.005, max_daily_loss_fraction=0.002)
    automation = replace(whole.policies.automation, max_entries_per_day=2)
    strict = replace(whole.policies, risk=risk, automation=automation)
    braked = ground(BUSY, days=40, memory=0.2, policies=strict)
    played = braked.play(BUSY, start_ms=braked.start_ms, end_ms=braked.end_ms)
    assert played.state.tally[0].rearms > 0
    figures = play_all(braked, [BUSY], workers=1)[0]
    assert figures[FIGURES.index("final_equity")] == played.equity_quote[-1]
    assert figures[FIGURES.index("trades")] == len(played.trades)


def test_an_account_that_fell_to_nothing_has_figures(whole: Ground) -> None:
    field, variants = lay_out(whole, [BUSY], start_ms=whole.start_ms, end_ms=whole.end_ms)
    bench, figures = Bench(field), np.zeros(len(FIGURES))
    bench.play(variants)
    bench.scratch.daily[:] = 0.0
    bench.scratch.daily[0] = 5_000.0
    summarise(10_000.0, DAYS_PER_YEAR, bench.scratch.daily, bench.scratch.state, figures)
    named = dict(zip(FIGURES, figures, strict=True))
    assert (named["return_fraction"], named["max_drawdown_fraction"]) == (-1.0, 1.0)
    days = np.array([-0.5, -1.0, *[0.0] * 38])
    assert named["sharpe"] == pytest.approx((sharpe_of_days(days) or 0.0) * DAYS_PER_YEAR**0.5)


def test_threads_change_nothing(whole: Ground, swept: Swept) -> None:
    for workers in (2, 3):
        assert same(sweep(whole, BUSY, CHOICES, workers=workers), swept)


def test_processes_change_nothing(whole: Ground, swept: Swept) -> None:
    made = sweep(whole, BUSY, CHOICES, kind="processes", workers=2)
    assert same(made, swept)


def test_batches_change_nothing(whole: Ground, swept: Swept) -> None:
    versions = [altered(BUSY, choice) for choice in CHOICES]
    nine_columns = 9 * 8 * whole.feed.present.size
    figures = play_all(whole, versions, workers=2, columns_bytes=nine_columns)
    assert np.array_equal(figures, swept.figures)


def same(one: Swept, other: Swept) -> bool:
    return np.array_equal(one.figures, other.figures, equal_nan=True)


def test_own_exits_are_played(whole: Ground) -> None:
    own = replace(BUSY, exit_rule=lambda bars: bars.close < bars.open)
    figures = play_all(whole, [BUSY, own], workers=1)
    played = whole.play(own, start_ms=whole.start_ms, end_ms=whole.end_ms)
    assert figures[1, 0] == played.equity_quote[-1]
    assert figures[0, 0] != figures[1, 0]


def test_best_first_puts_what_has_no_figure_last() -> None:
    figures = np.zeros((3, len(FIGURES)))
    figures[:, FIGURES.index("sharpe")] = (0.5, np.nan, 1.5)
    made = Swept(choices=({"a": 1}, {"a": 2}, {"a": 3}), figures=figures)
    assert made.best_first() == [2, 0, 1]


def test_a_sample_is_part_of_the_grid_and_repeatable() -> None:
    drawn = sample(SPACE, 5, seed=1)
    assert drawn == sample(SPACE, 5, seed=1)
    assert len({str(one) for one in drawn}) == 5
    assert all(one in CHOICES for one in drawn)
    assert sample(SPACE, 99, seed=1) == CHOICES


def test_a_misspelt_parameter_is_refused_before_anything_is_played(whole: Ground) -> None:
    with pytest.raises(InvalidValueError, match="did you mean length"):
        sweep(whole, BUSY, [{"rules.RSI.lenght": 3}])


@pytest.fixture
def cluster() -> Iterator[str]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address=None,
    ) as made:
        yield made.scheduler_address


@pytest.mark.filterwarnings("default")  # those of the cluster's own libraries
def test_a_cluster_changes_nothing(cluster: str, whole: Ground, swept: Swept) -> None:
    assert same(sweep(whole, BUSY, CHOICES, cluster=cluster), swept)


@pytest.mark.filterwarnings("default")
def test_a_cluster_that_is_not_there_is_told(whole: Ground) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(ServiceError, match="no Dask scheduler answers at tcp"):
        sweep(whole, BUSY, CHOICES[:1], cluster="tcp://127.0.0.1:9", patience_s=0.5)
