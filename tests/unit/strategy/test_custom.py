"""A person's own strategy: columns in, and a clear word about columns that do not fit."""

from decimal import Decimal

import numpy as np
import pytest
from numpy.typing import ArrayLike

from engine.domain.errors import InvalidValueError
from engine.indicators.bars import Bars
from engine.strategy.columns import score_at, signals_at
from engine.strategy.custom import custom
from engine.strategy.policy import ExitPolicy
from engine.strategy.rules.rsi import Rsi
from engine.strategy.version import StrategyVersion, columns_of
from tests.unit.strategy.bars import walk

EXITS = ExitPolicy(stop_atr_multiple=5.0, trailing_atr_multiple=None, time_stop_bars=None)
BARS = walk(400, 3)


def rising(bars: Bars) -> tuple[ArrayLike, ArrayLike]:
    return np.where(bars.close > bars.open, 1, -1), np.full(len(bars), 80.0)


def always(bars: Bars) -> tuple[ArrayLike, ArrayLike]:
    return np.ones(len(bars)), np.full(len(bars), 40.0)


def made(**parts: object) -> StrategyVersion:
    given = {"name": "mine", "timeframe": "1h", "signals": {"UP": rising}, "exits": EXITS, **parts}
    return custom(**given)  # type: ignore[arg-type]


def test_the_score_is_the_weighted_mean_of_side_times_strength() -> None:
    mine = made(signals={"ALWAYS": always, "UP": rising}, weights={"ALWAYS": 1.0, "UP": 3.0})
    scored = columns_of(mine, BARS)
    up = BARS.close[-1] > BARS.open[-1]
    # (1 · 40 + 3 · ±80) / 4
    assert scored.score[-1] == pytest.approx(70.0 if up else -50.0)


def test_a_card_can_say_what_each_function_said() -> None:
    mine = made(signals={"ALWAYS": always})
    scored = columns_of(mine, BARS, keep_values=True)
    (signal,) = signals_at(scored, len(BARS) - 1, mine.rules)
    assert signal.reason == "ALWAYS says buy, strength 40."
    score = score_at(scored, len(BARS) - 1, threshold_rank_fraction=mine_threshold())
    assert score.rank_n == 0


def mine_threshold() -> Decimal:
    return Decimal("0.000000")


def test_shipped_rules_and_functions_may_be_mixed() -> None:
    mine = made(signals={"RSI": Rsi(), "UP": rising})
    assert columns_of(mine, BARS).codes == ("RSI", "UP")


def test_the_first_bars_are_neutral() -> None:
    mine = made(signals={"ALWAYS": always}, warmup_bars=300)
    side = columns_of(mine, BARS).side[0]
    assert not side[:300].any()
    assert side[300:].all()


@pytest.mark.parametrize(
    ("side", "strength", "said"),
    [
        (np.ones(3), np.ones(400), "side of BAD must be 400 bars"),
        (np.full(400, 2), np.ones(400), "side of BAD must be -1, 0 or 1"),
        (np.ones(400), np.full(400, 101.0), "strength of BAD must be 0 to 100"),
        (np.ones(400), np.full(400, np.nan), "strength of BAD must be 0 to 100"),
        (np.full(400, np.nan), np.ones(400), "side of BAD must be -1, 0 or 1"),
    ],
)
def test_columns_that_do_not_fit_are_refused(
    side: ArrayLike, strength: ArrayLike, said: str
) -> None:
    mine = made(signals={"BAD": lambda _: (side, strength)})
    with pytest.raises(InvalidValueError, match=said):
        columns_of(mine, BARS)
