"""The strategy files that come as examples are accepted, and say what their texts promise."""

from pathlib import Path

import numpy as np
import pytest

from engine.domain.market import Timeframe
from engine.proof.admission.strategy_file import load_strategy
from engine.strategy.version import StrategyVersion, columns_of, exit_flags
from tests.fakes.benchmark_rule import round_trips, rsi
from tests.unit.strategy.bars import of_closes, walk

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


@pytest.fixture(scope="module")
def rule() -> StrategyVersion:
    return load_strategy(EXAMPLES / "benchmark_rule.py")


@pytest.fixture(scope="module")
def breakouts() -> StrategyVersion:
    return load_strategy(EXAMPLES / "breakout_average.py")


def test_every_example_is_accepted_under_the_name_of_its_file() -> None:
    files = sorted(EXAMPLES.glob("*.py"))
    assert [file.stem for file in files] == ["benchmark_rule", "breakout_average"]
    assert [load_strategy(file).name for file in files] == [f"file:{file.stem}" for file in files]


def test_the_strategy_in_the_documentation_is_accepted(tmp_path: Path) -> None:
    text = (EXAMPLES.parent / "docs" / "strategies.md").read_text(encoding="utf-8")
    file = tmp_path / "average.py"
    file.write_text(text.partition("```python\n")[2].partition("```")[0], encoding="utf-8")
    assert load_strategy(file).name == "file:average"


def test_the_benchmark_rule_buys_and_leaves_where_the_rule_by_hand_does(
    rule: StrategyVersion,
) -> None:
    bars = walk(6_000, 11)
    scored, leave = columns_of(rule, bars), exit_flags(rule, bars)
    assert leave is not None
    side = scored.side[0]
    by_hand = round_trips(
        bars.open.tolist(), bars.high.tolist(), bars.low.tolist(), bars.close.tolist()
    )
    assert len(by_hand) > 20
    # Decided at the close before the bar at whose open it is done.
    bought = np.flatnonzero(side > 0)[: len(by_hand)]
    assert [trade.opened - 1 for trade in by_hand] == bought.tolist()
    left = np.flatnonzero(leave[1:] & ~leave[:-1]) + 1
    assert [trade.closed - 1 for trade in by_hand] == left[: len(by_hand)].tolist()


def test_the_benchmark_rule_gives_up_after_300_bars_without_a_recovery(
    rule: StrategyVersion,
) -> None:
    # A market that swings by 0.02 has RSI near 50. One jump takes it above 55, one fall of 0.5 is
    # bought; then nothing happens, neither a recovery nor the stop.
    steps = np.where(np.arange(700) % 2 == 0, 0.02, -0.02)
    steps[60], steps[120] = 0.3, -0.5
    bars = of_closes(100.0 + np.cumsum(steps))
    recovered = [i for i, value in enumerate(rsi(bars.close.tolist())) if value > 55.0][-1]
    leave = exit_flags(rule, bars)
    assert leave is not None
    assert 60 <= recovered < 120
    assert np.flatnonzero(~leave).tolist() == list(range(120, recovered + 300))


def test_each_horizon_votes_for_the_younger_extreme(breakouts: StrategyVersion) -> None:
    bars = walk(400, 5)
    scored = columns_of(breakouts, bars)
    assert scored.codes == ("B10", "B20", "B40", "B80")
    close = bars.close.tolist()
    for i in (250, 317, 399):
        votes = []
        for days in (10, 20, 40, 80):
            part = close[i - days + 1 : i + 1]
            votes.append(1 if part.index(max(part)) > part.index(min(part)) else -1)
        assert scored.side[:, i].tolist() == votes
        assert scored.score[i] == pytest.approx(25.0 * sum(votes))


def test_a_rising_market_is_held_and_a_falling_one_left(breakouts: StrategyVersion) -> None:
    up = 100.0 * 1.01 ** np.arange(300)
    assert np.all(columns_of(breakouts, of_closes(up)).score[200:] == 100.0)
    assert np.all(columns_of(breakouts, of_closes(up[::-1].copy())).score[200:] == -100.0)
    assert breakouts.entry.min_score == 50.0
    assert breakouts.exits.exit_score == -50.0
    assert breakouts.timeframe is Timeframe.D1
