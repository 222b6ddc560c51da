from decimal import Decimal

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.backtest.feed import Feed, merge
from engine.backtest.state import ApprovalModel, State
from engine.domain.reasons import ActionCode, ReasonCode, RouteCode
from engine.fills.book import pack_fills
from engine.fills.policy import FillPolicy
from tests.unit.step.builders import (
    HOUR_MS,
    markets,
    open_pnl,
    play,
    policy,
    random_feeds,
    symbol_feed,
)

FLAT = (100.0, 100.0, 100.0, 100.0)
ACTIVE = policy(
    exits={
        "trailing_atr_multiple": 2.0,
        "target_atr_multiple": 4.0,
        "exit_score": -60.0,
        "time_stop_bars": 24,
    },
    entry={"min_rank_fraction": 0.9},
)
REAL_BOOK = pack_fills(FillPolicy())


def trades(state: State) -> NDArray[np.void]:
    return np.asarray(state.trades)[: int(state.tally[0].trades)]


def test_on_50_000_random_bars_the_account_adds_up() -> None:
    terms = markets(5)
    state = play(
        random_feeds(5, 10_000, 11, missing=0.02), terms, with_policy=ACTIVE, fills=REAL_BOOK
    )
    done = trades(state)
    assert len(done) >= 100
    total = 10_000.0 + done["pnl_quote"].sum() + open_pnl(state, terms)
    assert state.equity_quote[-1] == pytest.approx(total, rel=1e-9)


def test_every_fee_reaches_the_result_once() -> None:
    terms = markets(3)
    state = play(random_feeds(3, 3_000, 3), terms, with_policy=ACTIVE, fills=REAL_BOOK)
    still_paid = sum(state.book.slots[i].entry_fee_quote for i in range(3))
    paid = trades(state)["fees_quote"].sum() + still_paid
    assert state.tally[0].fees_quote == pytest.approx(paid, rel=1e-9)


def test_partial_fills_of_thin_books_add_up_too() -> None:
    terms = markets(3)
    thin = pack_fills(FillPolicy(book_levels=3, level_volume_fraction=0.0005))
    state = play(random_feeds(3, 5_000, 21, missing=0.05), terms, with_policy=ACTIVE, fills=thin)
    total = 10_000.0 + trades(state)["pnl_quote"].sum() + open_pnl(state, terms)
    assert state.equity_quote[-1] == pytest.approx(total, rel=1e-9)
    assert state.decided_count[ReasonCode.EXIT_UNFINISHED] > 0


def test_an_idle_strategy_keeps_its_cash() -> None:
    feeds = random_feeds(2, 500, 1)
    for feed in feeds.values():
        feed.score[:] = 0.0
    state = play(feeds)
    assert set(state.equity_quote) == {10_000.0}
    assert state.tally[0].fills == 0


def test_a_rich_market_never_spends_cash_that_is_not_there() -> None:
    greedy = policy(risk={"risk_fraction": 0.5, "max_risk_fraction": 0.5, "max_open_positions": 9})
    state = play(random_feeds(4, 2_000, 8), with_policy=greedy, fills=REAL_BOOK)
    assert state.book.desk[0].cash_quote >= 0.0
    assert (state.equity_quote - state.exposure_quote).min() >= -1e-9


@pytest.mark.parametrize("cut", [700, 1_203, 1_990])
def test_what_comes_later_changes_nothing_before(cut: int) -> None:
    _, feed = merge(random_feeds(3, 2_000, 17, missing=0.05))
    base = play(feed, with_policy=ACTIVE, fills=REAL_BOOK)
    for other in (_cut(feed, cut), _perturbed(feed, cut)):
        changed = play(other, with_policy=ACTIVE, fills=REAL_BOOK)
        assert np.array_equal(base.equity_quote[:cut], changed.equity_quote[:cut])
        for name in ("action", "route", "reason", "lots"):
            before, after = getattr(base.log, name), getattr(changed.log, name)
            assert np.array_equal(before[:cut], after[:cut])
        until = feed.open_ms[cut]
        assert _closed_by(base, until) == _closed_by(changed, until)


def _cut(feed: Feed, at: int) -> Feed:
    columns = {name: column[:at] for name, column in feed._asdict().items() if name != "finer"}
    return Feed(**columns, finer=feed.finer)


def _perturbed(feed: Feed, at: int) -> Feed:
    columns = {name: column.copy() for name, column in feed._asdict().items() if name != "finer"}
    changed = Feed(**columns, finer=feed.finer)
    for name in ("open", "high", "low", "close", "volume", "atr"):
        getattr(changed, name)[at:] *= 1.7
    changed.score[at:] *= -1.0
    return changed


def _closed_by(state: State, until_ms: int) -> str:
    done = trades(state)
    return repr(done[done["closed_ms"] <= until_ms].tolist())


def test_a_decision_fills_at_the_next_open_at_the_earliest() -> None:
    state = play(random_feeds(2, 2_000, 4), with_policy=ACTIVE, fills=REAL_BOOK)
    done = trades(state)
    decided_close = (done["decided_bar"] + 1) * HOUR_MS
    assert np.all(done["opened_ms"] - done["opened_ms"].min() % HOUR_MS >= decided_close)


def test_a_symbol_added_later_changes_no_fill_of_the_others() -> None:
    alone = play({"A": symbol_feed([FLAT] * 5, scores={1: 80.0})}, fills=REAL_BOOK)
    quiet = symbol_feed([FLAT] * 5)
    terms = markets(2)
    terms[0].symbol_key, terms[1].symbol_key = 9, 1
    both = play(
        {"A": symbol_feed([FLAT] * 5, scores={1: 80.0}), "0": quiet}, terms, fills=REAL_BOOK
    )
    assert alone.book.slots[0].entry_notional_quote == both.book.slots[1].entry_notional_quote


def test_entries_of_one_close_fill_in_the_order_of_their_scores() -> None:
    feeds = {
        name: symbol_feed([FLAT] * 4, scores={1: score})
        for name, score in (("A", 60.0), ("B", 90.0), ("C", 75.0))
    }
    state = play(feeds)
    # One percent at risk is half of the account: the best two share it, the third gets nothing.
    assert [state.book.slots[i].lots > 0 for i in range(3)] == [False, True, True]
    assert state.book.slots[1].lots == 50_000


def test_no_bar_at_the_next_open_is_no_fresh_price() -> None:
    feeds = {
        "A": symbol_feed([FLAT] * 6, scores={1: 80.0}, skip=frozenset({2})),
        "B": symbol_feed([FLAT] * 6),
    }
    state = play(feeds)
    assert state.later_count[ReasonCode.NO_FRESH_PRICE] == 1
    assert state.tally[0].fills == 0


def test_a_hole_in_the_only_timeline_is_no_fresh_price_either() -> None:
    state = play({"A": symbol_feed([FLAT] * 6, scores={1: 80.0}, skip=frozenset({2}))})
    assert state.later_count[ReasonCode.NO_FRESH_PRICE] == 1


def test_an_exit_waits_for_the_next_bar_that_exists() -> None:
    bars = [FLAT] * 7
    feeds = {
        "A": symbol_feed(bars, scores={1: 80.0, 3: -80.0}, skip=frozenset({4})),
        "B": symbol_feed(bars),
    }
    state = play(feeds, with_policy=policy(exits={"exit_score": -60.0}))
    (done,) = trades(state)
    assert done["closed_ms"] == state.book.slots[0].opened_ms + 3 * HOUR_MS
    assert done["reason"] == ReasonCode.EXIT_SCORE
    assert state.decided_count[ReasonCode.DATA_LATE] == 1


def test_a_symbol_that_has_not_begun_is_not_late() -> None:
    feeds = {
        "A": symbol_feed([FLAT] * 5, skip=frozenset({0, 1})),
        "B": symbol_feed([FLAT] * 5, skip=frozenset({3})),
    }
    state = play(feeds)
    assert state.decided_count[ReasonCode.NO_HISTORY] == 2
    assert state.decided_count[ReasonCode.DATA_LATE] == 1


def test_a_delayed_approval_fills_later_and_holds_the_cash_meanwhile() -> None:
    patient = policy(approval={"ask_above_quote": Decimal(0), "expires_after_s": 36_000})
    state = play(
        {"A": symbol_feed([FLAT] * 7, scores={1: 80.0, 2: 80.0})},
        with_policy=patient,
        approval=ApprovalModel(delay_bars=2),
    )
    slot = state.book.slots[0]
    # Decided at the close of bar 1, due at the open of bar 2, two bars late: bar 4.
    assert slot.opened_ms == merge({"A": symbol_feed([FLAT] * 7)})[1].open_ms[4]
    assert state.decided_count[ReasonCode.DUPLICATE] == 1


def test_approvals_come_with_their_probability() -> None:
    feeds = random_feeds(4, 2_000, 2)
    asks = policy(approval={"ask_above_quote": Decimal(0)}, exits={"time_stop_bars": 3})
    state = play(feeds, with_policy=asks, approval=ApprovalModel(probability=0.25))
    asked = state.decided_count[ReasonCode.ASK_ABOVE_QUOTE]
    assert asked > 200
    said_no = state.later_count[ReasonCode.NOT_APPROVED] / asked
    assert said_no == pytest.approx(0.75, abs=0.08)


def test_a_drifted_question_is_asked_afresh_at_the_new_price() -> None:
    jump = [FLAT, FLAT, (103.0, 103.0, 103.0, 103.0), (103.0, 103.0, 103.0, 103.0)]
    state = play({"A": symbol_feed(jump, scores={1: 80.0})})
    assert state.later_count[ReasonCode.PRICE_DRIFTED] == 1
    slot = state.book.slots[0]
    # The stop keeps its two points below the price; 10,000 do not hold 50 units any less.
    assert (slot.lots, slot.stop_ticks) == (50_000, 10_100)


def test_an_unapproved_entry_lets_the_symbol_rest() -> None:
    asks = policy(
        approval={"ask_above_quote": Decimal(0)}, automation={"cooldown_after_refusal_bars": 2}
    )
    state = play(
        {"A": symbol_feed([FLAT] * 8, scores={1: 80.0, 2: 80.0, 3: 80.0, 4: 80.0})},
        with_policy=asks,
        approval=ApprovalModel(probability=0.0),
    )
    # Refused at the open of bar 2, at rest until that of bar 4, which is the close of bar 3.
    assert state.log.reason[:5, 0].tolist() == [
        ReasonCode.BELOW_THRESHOLD,
        ReasonCode.ASK_ABOVE_QUOTE,
        ReasonCode.COOLING_DOWN,
        ReasonCode.ASK_ABOVE_QUOTE,
        ReasonCode.COOLING_DOWN,
    ]


def test_a_daily_loss_stops_entries_until_midnight() -> None:
    crash = [FLAT, FLAT, (100.0, 100.0, 90.0, 90.0)] + [(90.0, 90.0, 90.0, 90.0)] * 27
    scores = {1: 80.0} | dict.fromkeys(range(3, 30), 80.0)
    careful = policy(
        risk={"max_daily_loss_fraction": 0.005},
        automation={"cooldown_after_loss_bars": 0, "cooldown_after_exit_bars": 0},
    )
    state = play({"A": symbol_feed(crash, scores=scores)}, with_policy=careful)
    reasons = state.log.reason[3:24, 0].tolist()
    # The feed begins at midnight: bar 23 closes the day, so its close may enter again.
    assert set(reasons[:20]) == {ReasonCode.DAILY_LOSS_REACHED}
    assert state.log.action[23, 0] == ActionCode.ENTER
    assert state.log.route[23, 0] == RouteCode.ASK


def test_the_list_of_trades_grows_as_needed() -> None:
    quick = policy(exits={"time_stop_bars": 1}, entry={"min_rank_fraction": 0.0})
    state = play(random_feeds(1, 3_000, 9), with_policy=quick)
    assert state.tally[0].trades > 300
    assert np.all(np.diff(trades(state)["closed_ms"]) >= 0)


def test_the_same_seed_gives_the_same_run() -> None:
    one, two = (
        play(random_feeds(2, 1_000, 6), with_policy=ACTIVE, fills=REAL_BOOK) for _ in range(2)
    )
    assert np.array_equal(one.equity_quote, two.equity_quote)
