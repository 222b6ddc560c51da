"""The modelled person lets entries go on some time after a drawdown has stopped them.

Bought at the open of the third bar and stopped out in it: 10,000 become 9,880.10, a loss of 1.2 %,
which is past the limit of 1 % and latches at the third close.
"""

import pytest

from engine.backtest.state import ApprovalModel, State
from engine.domain.errors import InvalidValueError
from engine.domain.reasons import ReasonCode
from tests.unit.step.builders import play, policy, symbol_feed

FLAT = (100.0, 100.0, 100.0, 100.0)
CRASH = (100.0, 100.0, 97.0, 100.0)
CAREFUL = policy(risk={"max_drawdown_fraction": 0.01})
AN_HOUR = 1.0 / 24.0
LATCHED = ReasonCode.DRAWDOWN_LATCHED
ASKED = ReasonCode.ASK_UNCALIBRATED


def stopped_out(days: float | None, *, bars: int = 9, skip: frozenset[int] = frozenset()) -> State:
    """A signal at every close from the second on, a crash in the third bar only."""
    prices = [FLAT, FLAT, CRASH, *[FLAT] * (bars - 3)]
    feed = symbol_feed(prices, scores=dict.fromkeys(range(1, bars), 80.0), skip=skip)
    return play({"A": feed}, with_policy=CAREFUL, approval=ApprovalModel(rearm_after_days=days))


def reasons(state: State) -> list[int]:
    return [int(code) for code in state.log.reason[2:, 0]]


def test_without_a_person_the_latch_stays() -> None:
    state = stopped_out(None)
    assert reasons(state) == [LATCHED] * 7
    assert state.tally[0].rearms == 0


@pytest.mark.parametrize(
    ("hours", "latched_closes"),
    [
        (0.0, 1),  # at once, which is after the decisions of that close
        (0.5, 1),  # in the middle of the next bar, before its close
        (1.0, 2),  # at the next close, after its decisions
        (1.5, 2),
        (3.0, 4),
    ],
)
def test_entries_go_on_after_the_time(hours: float, latched_closes: int) -> None:
    state = stopped_out(hours * AN_HOUR)
    assert reasons(state)[: latched_closes + 1] == [LATCHED] * latched_closes + [ASKED]
    assert state.tally[0].rearms == 1


def test_the_peak_becomes_the_equity_of_then() -> None:
    desk = stopped_out(AN_HOUR, bars=5).book.desk[0]
    assert not desk.drawdown_latched
    assert desk.peak_equity_quote == pytest.approx(9_880.1)


def test_a_position_counts_at_the_open_of_the_bar() -> None:
    """Latched by a fall that the stop survives, re-armed half an hour later."""
    bars = [FLAT, FLAT, (100.0, 100.0, 98.5, 98.5), (98.7, 99.5, 98.6, 98.6)]
    state = play(
        {"A": symbol_feed(bars, scores={1: 80.0})},
        with_policy=policy(risk={"max_drawdown_fraction": 0.008}),
        approval=ApprovalModel(rearm_after_days=0.5 * AN_HOUR),
    )
    desk = state.book.desk[0]
    assert state.tally[0].rearms == 1
    # Bought for 5,005 and a fee of 5.005; 50 x 98.70 at the open of the fourth bar.
    assert desk.peak_equity_quote == pytest.approx(10_000 - 5_010.005 + 4_935.0)
    assert not desk.drawdown_latched


def test_a_close_where_the_last_one_was_is_a_loss_from_the_new_peak() -> None:
    bars = [FLAT, FLAT, (100.0, 100.0, 98.5, 98.5), (99.5, 99.5, 98.5, 98.5)]
    state = play(
        {"A": symbol_feed(bars, scores={1: 80.0})},
        with_policy=policy(risk={"max_drawdown_fraction": 0.005}),
        approval=ApprovalModel(rearm_after_days=0.5 * AN_HOUR),
    )
    # Armed at 9,964.995 (50 x 99.50), and 9,914.995 at both closes: 0.502 % below it.
    assert state.equity_quote[2] == state.equity_quote[3]
    assert (state.tally[0].rearms, state.book.desk[0].drawdown_latched) == (1, True)


def test_it_can_happen_again() -> None:
    prices = [FLAT, FLAT, CRASH, FLAT, CRASH, FLAT, FLAT]
    state = play(
        {"A": symbol_feed(prices, scores=dict.fromkeys(range(1, 7), 80.0))},
        with_policy=CAREFUL,
        approval=ApprovalModel(rearm_after_days=0.0),
    )
    # Latched at the third close, armed, decided at the fourth, stopped out in the fifth bar.
    assert state.tally[0].rearms == 2


def test_a_person_does_not_wait_for_a_bar() -> None:
    """Hours without a bar count: the re-arm falls into the hole, before the next open."""
    state = stopped_out(AN_HOUR, skip=frozenset({3, 4}))
    assert reasons(state)[:2] == [LATCHED, ASKED]


def test_a_week_is_the_default() -> None:
    assert ApprovalModel().rearm_after_days == 7.0


@pytest.mark.parametrize("days", [-1.0, float("nan"), float("inf")])
def test_a_time_that_makes_no_sense_is_refused(days: float) -> None:
    with pytest.raises(InvalidValueError):
        ApprovalModel(rearm_after_days=days)
