"""The veto ledger: a shadow comes to the cent to what the desk's own trade came to.

The strongest witness is the desk itself: every trade of an eventful rehearsal is followed as if it
had been vetoed, through the same stored candles, and must earn what it earned. The rest plays the
ledger's life: rejections, expiry, restarts, half a yes, two vetoes in one market.
"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.checks.policy import ApprovalPolicy
from engine.clock import ReplayClock
from engine.domain.decisions import Decision
from engine.domain.ids import ApprovalId, IntentId
from engine.domain.market import Candle, CandleSeries
from engine.domain.orders import OrderKind, Purpose
from engine.domain.portfolio import Trade
from engine.domain.shadows import ShadowState, ShadowTrade, Veto
from engine.domain.views import Press
from engine.execution.booking import QUOTE_STEP
from engine.ports import Units
from engine.strategy.policy import TradingPolicy
from main.assembly import Assembled, assemble
from tests.fakes.desk_builder import APPROVER, BTC, ETH, H1, OWNER, START, VENUE, Bench, bar, build
from tests.fakes.units import FakeUnits
from tests.scenario import twins
from tests.scenario.test_parity import busy, past
from tests.scenario.twins import Past, rehearse

D = Decimal


def reassembled(units: Units, played: Past) -> Assembled:
    """The desk of a rehearsal, at its end."""
    return assemble(twins.parts_of(units, played, ReplayClock(played.end)))


def closed_entries(units: Units) -> dict[IntentId, list[Trade]]:
    """Trades by the entry that opened them, of positions that are closed to the end."""
    with units(read_only=True) as unit:
        held = {position.entry_order_id for position in unit.book.positions(twins.VENUE)}
        found: dict[IntentId, list[Trade]] = {}
        for trade in reversed(unit.book.trades(twins.VENUE)):
            found.setdefault(trade.entry_order_id, []).append(trade)
    return {entry: trades for entry, trades in found.items() if entry not in held}


def as_vetoes(units: Units, entries: dict[IntentId, list[Trade]]) -> None:
    """Write a shadow for every entry, as if its question had ended in a no."""
    with units() as unit:
        for number, entry in enumerate(entries):
            order = unit.orders.get(entry)
            assert order is not None
            assert order.intent.purpose is Purpose.ENTRY
            unit.shadows.add(
                ShadowTrade(
                    id=ApprovalId(f"a{number}"),
                    intent=order.intent,
                    veto=Veto.REJECTED,
                    vetoed_at=order.intent.created_at,
                    due_at=order.intent.created_at,
                )
            )
        unit.commit()


def follow_to_the_end(made: Assembled) -> int:
    looks = 0
    while made.shadows.follow():
        looks += 1
    return looks


def test_every_trade_of_the_desk_comes_to_the_same_in_the_shadow_book(
    fake_units: FakeUnits,
) -> None:
    played = past(3, 450, busy(), depth=0.003)
    rehearse(fake_units, played)
    entries = closed_entries(fake_units)
    as_vetoes(fake_units, entries)
    made = reassembled(fake_units, played)
    assert follow_to_the_end(made) > 1
    with fake_units(read_only=True) as unit:
        results = {one.id: one for one in unit.shadows.results(twins.VENUE)}
    reasons: Counter[str] = Counter()
    for number, trades in enumerate(entries.values()):
        shadow = results[ApprovalId(f"a{number}")]
        assert shadow.state is ShadowState.CLOSED, shadow
        assert shadow.closed_at == trades[-1].closed_at
        assert shadow.exit_reason == trades[-1].exit_reason
        # Parts of a position carry rounded shares of its cost: one step for each part.
        earned = sum((trade.pnl_quote for trade in trades), D(0))
        assert abs(shadow.pnl_quote - earned) <= QUOTE_STEP * len(trades)
        fees = sum((trade.fees_quote for trade in trades), D(0))
        assert abs(shadow.fees_quote - fees) <= QUOTE_STEP * len(trades)
        reasons[shadow.exit_reason] += 1
    assert len(entries) > 25
    assert set(reasons) >= {"stop_hit", "target_hit", "trailing_stop_hit", "exit_time"}
    assert any(len(trades) > 1 for trades in entries.values())


@pytest.fixture
def bench(units: Units) -> Bench:
    return build(units)


def next_bars(bench: Bench, *prices: str) -> None:
    """Hourly bars after the bench's start, and the clock behind the last of them."""
    bars: list[Candle] = [
        bar(START + number * timedelta(hours=1), text) for number, text in enumerate(prices)
    ]
    with bench.units() as unit:
        for symbol in (BTC, ETH):
            unit.candles.add(VENUE, symbol, H1, CandleSeries.of(bars))
        unit.commit()
    bench.clock.advance(hours=len(prices))


def asked_at_the_start(bench: Bench, decision: Decision) -> Decision:
    """The decision as one of the close at the bench's start."""
    return replace(decision, closed_at=START)


def reject(bench: Bench, *, note: str = "price", **keys: str) -> ApprovalId:
    decision = asked_at_the_start(bench, bench.decide(**keys))  # type: ignore[arg-type]  # texts
    question = bench.question(bench.propose(decision).id)
    bench.press(question, Press.REJECT, APPROVER, reason=note)
    return question.id


def shadow_of(bench: Bench, number: ApprovalId) -> ShadowTrade:
    with bench.units(read_only=True) as unit:
        found = [one for one in unit.shadows.unfinished(VENUE) if one.id == number]
    assert found
    return found[0]


def test_a_rejection_is_followed_to_its_target(bench: Bench) -> None:
    number = reject(bench, target="110")
    # In at 100.00 plus half the spread, 100.05; out as a maker at the target.
    next_bars(bench, "100 101 99 100", "100 111 100 109")
    assert bench.assembled.shadows.look() == "1 vetoes found, 1 followed"
    (result,) = bench.assembled.desk.records.veto().results
    assert (result.id, result.veto, result.decided_by, result.note) == (
        number,
        Veto.REJECTED,
        APPROVER.user_id,
        "price",
    )
    # 5 × 110 − 5 × 100.05 = 49.75; fees 0.2 % of 500.25 = 1.0005 and 0.1 % of 550 = 0.55.
    assert result.pnl_quote == D("49.75") - D("1.0005") - D("0.55")
    assert result.fees_quote == D("1.5505")
    assert result.exit_reason == "target_hit"


def test_a_veto_that_avoided_a_loss_has_saved_it(bench: Bench) -> None:
    reject(bench)
    next_bars(bench, "100 101 99 100", "100 100 94 96")
    bench.assembled.shadows.look()
    view = bench.assembled.desk.records.veto()
    # Out at the stop of 95.00 less half the spread, rounded down to a tick: 94.95.
    loss = 5 * (D("94.95") - D("100.05")) - D("1.0005") - D("0.002") * 5 * D("94.95")
    assert view.total.saved_quote == -loss
    assert (view.total.n, view.total.won) == (1, 0)
    assert view.total.margin_quote is None
    assert view.total.is_few
    assert view.total.may_be_chance
    assert [one.name for one in view.by_veto] == ["rejected"]
    assert [one.name for one in view.by_why] == ["price"]
    assert [one.name for one in view.by_person] == [str(APPROVER.user_id)]


def test_what_expired_counts_too_and_belongs_to_nobody(bench: Bench) -> None:
    bench.propose(asked_at_the_start(bench, bench.decide()))
    bench.wall.advance(days=1)
    bench.assembled.questions.expire()
    next_bars(bench, "100 100 94 96")
    bench.assembled.shadows.look()
    view = bench.assembled.desk.records.veto()
    assert [one.name for one in view.by_veto] == ["expired"]
    assert view.by_person == ()


def test_looking_again_and_restarting_counts_nothing_twice(bench: Bench) -> None:
    reject(bench)
    next_bars(bench, "100 101 99 100")
    bench.assembled.shadows.look()
    held = bench.assembled.desk.records.veto()
    assert (held.open, held.total.n) == (1, 0)
    again = bench.restart()
    assert again.assembled.shadows.look() == "0 vetoes found, 0 followed"
    with again.units() as unit:
        late = bar(START + timedelta(hours=1), "100 100 94 96")
        unit.candles.add(VENUE, BTC, H1, CandleSeries.of([late]))
        unit.commit()
    again.clock.advance(hours=1)
    again.assembled.shadows.look()
    again.assembled.shadows.look()
    assert again.assembled.desk.records.veto().total.n == 1


def test_an_open_shadow_is_worth_what_the_last_close_says(bench: Bench) -> None:
    number = reject(bench)
    next_bars(bench, "100 101 99 101")
    bench.assembled.shadows.look()
    position = shadow_of(bench, number).position
    assert position is not None
    assert (position.entry_price, position.quantity) == (D("100.05"), D(5))
    view = bench.assembled.desk.records.veto()
    assert view.open_pnl_quote == 5 * (D(101) - D("100.05")) - D("1.0005")


def test_half_a_yes_is_no_veto(bench: Bench) -> None:
    decision = asked_at_the_start(bench, bench.decide())
    question = bench.question(bench.propose(decision).id)
    bench.press(question, Press.HALF)
    next_bars(bench, "100 101 99 100")
    assert bench.assembled.shadows.look() == "0 vetoes found, 0 followed"


def resting_limit(units: Units) -> Bench:
    """A question that nobody answered, and the limit order that the owner's rule placed for it."""
    policies = TradingPolicy(approval=ApprovalPolicy(on_expiry="limit"))
    bench = build(units, policies=policies)
    question = bench.question(bench.propose(asked_at_the_start(bench, bench.decide())).id)
    bench.market.set_price(BTC, "100.10")
    bench.wall.move_to(question.expires_at)
    bench.assembled.questions.expire()
    assert [order.intent.kind for order in bench.unfinished()] == [OrderKind.LIMIT]
    return bench


def test_a_limit_order_that_never_filled_leaves_an_expired_veto(fake_units: FakeUnits) -> None:
    bench = resting_limit(fake_units)
    assert bench.assembled.shadows.look() == "0 vetoes found, 0 followed"  # it may fill still
    bench.gateway.cancel_entries()
    assert not bench.unfinished()
    next_bars(bench, "100 101 99 100", "100 100 94 96")
    assert bench.assembled.shadows.look() == "1 vetoes found, 1 followed"
    view = bench.assembled.desk.records.veto()
    assert [(one.name, one.n) for one in view.by_veto] == [("expired", 1)]


def test_a_limit_order_that_filled_is_no_veto(fake_units: FakeUnits) -> None:
    bench = resting_limit(fake_units)
    bench.advance(hours=1)
    fallen = bar(START, "100 101 98 100")
    for report in bench.assembled.paper.on_bar(BTC, fallen, previous_volume=1e6):
        bench.gateway.settle(report)
    assert bench.fills()
    bench.assembled.shadows.look()
    (result,) = bench.assembled.desk.records.veto().newest
    assert (result.state, result.exit_reason) == (ShadowState.VOID, "traded")


def test_a_second_veto_while_the_first_would_be_held_is_void(bench: Bench) -> None:
    first = reject(bench)
    next_bars(bench, "100 101 99 100")
    bench.assembled.shadows.look()
    later = replace(bench.decide(), closed_at=bench.clock.now())
    question = bench.question(bench.propose(later).id)
    bench.press(question, Press.REJECT, OWNER)
    with bench.units() as unit:
        more = bar(START + timedelta(hours=1), "100 101 99 100")
        unit.candles.add(VENUE, BTC, H1, CandleSeries.of([more]))
        unit.commit()
    bench.clock.advance(hours=1)
    bench.assembled.shadows.look()
    view = bench.assembled.desk.records.veto()
    assert (view.open, view.void) == (1, 1)
    assert shadow_of(bench, first).state is ShadowState.OPEN
    newest = view.newest[0]
    assert (newest.state, newest.exit_reason) == (ShadowState.VOID, "holding")


def test_a_price_that_opens_below_the_stop_would_not_have_been_bought(bench: Bench) -> None:
    reject(bench, stop="99.80")
    next_bars(bench, "99.7 100 99 100")
    bench.assembled.shadows.look()
    view = bench.assembled.desk.records.veto()
    assert (view.void, view.newest[0].exit_reason) == (1, "stop_passed")


def test_a_price_that_has_drifted_moves_the_plan_along(bench: Bench) -> None:
    number = reject(bench)
    next_bars(bench, "103 104 102 103")  # 3 % above, where 50 bps are the limit
    bench.assembled.shadows.look()
    position = shadow_of(bench, number).position
    assert position is not None
    assert position.stop_price == D(98)


def test_a_first_bar_that_is_missing_is_no_trade(bench: Bench) -> None:
    reject(bench)
    with bench.units() as unit:
        late = bar(START + timedelta(hours=1), "100 101 99 100")
        unit.candles.add(VENUE, BTC, H1, CandleSeries.of([late]))
        unit.commit()
    bench.clock.advance(hours=2)
    bench.assembled.shadows.look()
    assert bench.assembled.desk.records.veto().newest[0].exit_reason == "no_fresh_price"


def test_a_shadow_moves_no_money_and_sends_nothing(fake_units: FakeUnits) -> None:
    bench = build(fake_units)
    reject(bench)
    before = (bench.balances(), bench.venue_balances(), bench.outbox(), len(bench.audit()))
    next_bars(bench, "100 101 99 100", "100 100 94 96")
    bench.assembled.shadows.look()
    assert before == (bench.balances(), bench.venue_balances(), bench.outbox(), len(bench.audit()))
    assert bench.broker.seen == []
