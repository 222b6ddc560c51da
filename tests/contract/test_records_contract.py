"""What the stores of records promise, as ``engine.ports`` says; runs on every adapter of units."""

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.domain.ids import ApprovalId, FillId, IntentId, TradeId
from engine.domain.lifecycles import ApprovalState
from engine.domain.market import Timeframe
from engine.domain.portfolio import EquityPoint
from engine.domain.records import TradeTotals
from engine.domain.shadows import ShadowState, ShadowTrade, Veto
from engine.ports import Units
from tests.fakes.samples import (
    BTC,
    ETH,
    HOSTILE,
    MINUTE,
    T0,
    VENUE,
    approval,
    candles,
    entry,
    fill,
    intent,
    order,
    position,
    trade,
)

D = Decimal
H1 = Timeframe.H1


def point(minutes: int, equity: str, venue: str = VENUE) -> EquityPoint:
    return EquityPoint(
        venue=venue, at=T0 + minutes * MINUTE, equity_quote=D(equity), cash_quote=D(1)
    )


class TestBalances:
    def test_a_balance_is_the_sum_of_its_entries_whatever_was_posted(self, units: Units) -> None:
        chance = random.Random(3)
        amounts = [D(chance.randrange(-(10**12), 10**12)).scaleb(-8) for _ in range(60)]
        for start in range(0, 60, 7):
            with units() as unit:
                unit.book.post([entry(amount) for amount in amounts[start : start + 7]])
                unit.commit()
        with units(read_only=True) as unit:
            assert unit.book.balances(VENUE) == {"USDT": sum(amounts, D(0))}
            assert unit.records.venues() == [VENUE]

    def test_a_venue_that_holds_nothing_is_not_named(self, units: Units) -> None:
        with units() as unit:
            unit.book.post([entry(D(1)), entry(D(-1)), entry(D(2), venue="other")])
            assert unit.records.venues() == ["other"]

    def test_what_is_not_committed_changes_no_balance(self, units: Units) -> None:
        with units() as unit:
            unit.book.post([entry(D(5))])
        with units(read_only=True) as unit:
            assert unit.book.balances(VENUE) == {}


class TestTrades:
    def test_pages_run_from_the_newest_without_holes(self, units: Units) -> None:
        with units() as unit:
            for number in range(7):
                unit.book.add_trade(trade(f"t{number}", closed_at=T0 + (10 + number) * MINUTE))
            unit.book.add_trade(trade("other", venue="elsewhere"))
            unit.commit()
        with units(read_only=True) as unit:
            pages = [unit.records.trades(VENUE, limit=3, offset=start) for start in (0, 3, 6, 9)]
            assert [[one.id for one in page] for page in pages] == [
                ["t6", "t5", "t4"],
                ["t3", "t2", "t1"],
                ["t0"],
                [],
            ]
            within = unit.records.trades(VENUE, T0 + 11 * MINUTE, T0 + 13 * MINUTE)
            assert [one.id for one in within] == ["t2", "t1"]
            assert unit.records.trade(TradeId("t3")) == trade("t3", closed_at=T0 + 13 * MINUTE)
            assert unit.records.trade(TradeId("t9")) is None

    def test_totals_are_exact_and_of_the_period(self, units: Units) -> None:
        results = ("0.1", "0.2", "-0.3", "0")
        with units() as unit:
            for number, pnl in enumerate(results):
                unit.book.add_trade(
                    trade(
                        f"t{number}",
                        closed_at=T0 + (10 + number) * MINUTE,
                        pnl_quote=D(pnl),
                        fees_quote=D("0.7"),
                        slippage_quote=D("0.00000001"),
                    )
                )
            assert unit.records.totals(VENUE) == TradeTotals(
                closed=4,
                won=2,
                pnl_quote=D("0.0"),
                fees_quote=D("2.8"),
                slippage_quote=D("0.00000004"),
            )
            later = unit.records.totals(VENUE, T0 + 12 * MINUTE)
            assert (later.closed, later.won, later.pnl_quote) == (2, 0, D("-0.3"))
            assert unit.records.totals("nowhere") == TradeTotals()


class TestFillsAndLedger:
    def test_fills_are_of_the_venues_own_orders(self, units: Units) -> None:
        with units() as unit:
            unit.orders.add(order("o1"))
            unit.orders.add(order("o2", venue="elsewhere"))
            mine = fill("f1", order_id=IntentId("o1"))
            unit.orders.add_fill(mine)
            unit.orders.add_fill(fill("f2", order_id=IntentId("o2")))
            unit.orders.add_fill(fill("f3", order_id=IntentId("o3")))
            assert unit.records.fills(VENUE) == [mine]
            assert unit.records.fills(VENUE, mine.filled_at) == [mine]
            assert unit.records.fills(VENUE, None, mine.filled_at) == []

    def test_ledger_lines_come_back_as_they_were_written(self, units: Units) -> None:
        lines = [
            replace(entry(D(3)), reference="f1"),
            replace(entry(D("-0.5"), "BTC"), reference="f1", at=T0 + MINUTE),
            replace(entry(D(7)), reference=HOSTILE),
        ]
        with units() as unit:
            unit.book.post(lines)
            assert unit.records.ledger(VENUE) == lines
            assert unit.records.ledger(VENUE, T0 + MINUTE) == lines[1:2]
            assert unit.records.ledger_of("f1") == lines[:2]
            assert unit.records.ledger_of(HOSTILE) == lines[2:]
            assert unit.records.ledger_of(FillId("nothing")) == []


class TestEquity:
    def test_the_shape_of_a_curve_by_hand(self, units: Units) -> None:
        # The peaks are 100, 120, 150; the falls from them 10, 25 and 20 per cent.
        curve = ("100", "90", "120", "90", "150", "120", "140")
        with units() as unit:
            assert unit.records.equity_first(VENUE) is None
            for minute, equity in enumerate(curve):
                unit.book.snapshot(point(minute, equity))
            unit.book.snapshot(point(-9, "999", venue="other"))
            assert unit.records.equity_first(VENUE) == point(0, "100")
            (whole,) = unit.records.equity_slots(VENUE, T0, T0 + 6 * MINUTE, 1)
        assert whole.point == point(6, "140")
        assert whole.peak_equity_quote == 150
        assert whole.deepest_fraction == pytest.approx(0.25)

    def test_the_snapshot_in_force_at_a_moment(self, units: Units) -> None:
        with units() as unit:
            for minute in (1, 3):
                unit.book.snapshot(point(minute, str(minute)))
            found = [unit.records.equity_at(VENUE, T0 + m * MINUTE) for m in range(5)]
        assert [one and one.equity_quote for one in found] == [None, D(1), D(1), D(3), D(3)]

    def test_slots_keep_the_last_snapshot_and_the_deepest_fall(self, units: Units) -> None:
        with units() as unit:
            for minute, equity in enumerate(("100", "80", "100", "110", "99", "105", "110", "88")):
                unit.book.snapshot(point(minute, equity))
            found = unit.records.equity_slots(VENUE, T0, T0 + 7 * MINUTE, 2)
            assert [one.point for one in found] == [point(3, "110"), point(7, "88")]
            assert [one.deepest_fraction for one in found] == pytest.approx([0.2, 0.2])
            later = unit.records.equity_slots(VENUE, T0 + 4 * MINUTE, T0 + 5 * MINUTE, 10)
            assert [one.point for one in later] == [point(4, "99"), point(5, "105")]
            # The peak before the stretch counts: 99 is a tenth below 110.
            assert later[0].deepest_fraction == pytest.approx(0.1)
            assert unit.records.equity_slots("nowhere", T0, T0 + MINUTE, 10) == []

    def test_as_many_slots_as_asked_for_at_most(self, units: Units) -> None:
        with units() as unit:
            for minute in range(200):
                unit.book.snapshot(point(minute, str(100 + minute)))
            found = unit.records.equity_slots(VENUE, T0, T0 + 199 * MINUTE, 30)
        assert len(found) == 30
        assert found[-1].point == point(199, "299")


class TestCloses:
    def test_closes_are_those_of_the_bars_that_are_there(self, units: Units) -> None:
        start = T0.replace(minute=0, second=0, microsecond=0)
        with units() as unit:
            unit.candles.add(VENUE, BTC, H1, candles(start, [1.0, 2.0, 3.0], H1))
            times = [start + timedelta(hours=hour) for hour in (0, 2, 5)]
            assert unit.records.closes(VENUE, BTC, H1, times) == {times[0]: 1.0, times[1]: 3.0}
            assert unit.records.closes(VENUE, ETH, H1, times) == {}
            assert unit.records.closes(VENUE, BTC, H1, []) == {}


def shadow(number: str = "a1", **changes: object) -> ShadowTrade:
    made = ShadowTrade(
        id=ApprovalId(number),
        intent=intent(number),
        veto=Veto.REJECTED,
        vetoed_at=T0,
        due_at=T0,
        decided_by=7,
        note=HOSTILE,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the names are its own


class TestShadows:
    def test_a_shadow_comes_back_whole(self, units: Units) -> None:
        held = shadow(
            state=ShadowState.OPEN,
            position=position(),
            leaving="exit_score",
            followed_until=T0 + MINUTE,
            opened_at=T0,
            pnl_quote=D("-1.23456789"),
        )
        with units() as unit:
            assert unit.shadows.add(held)
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.shadows.unfinished(VENUE) == [held]
            assert unit.shadows.unfinished("other") == []

    def test_a_question_has_one_shadow(self, units: Units) -> None:
        with units() as unit:
            assert unit.shadows.add(shadow())
            assert not unit.shadows.add(shadow(note="again"))
            assert unit.shadows.unfinished(VENUE) == [shadow()]

    def test_what_has_ended_is_a_result_and_no_longer_unfinished(self, units: Units) -> None:
        ended = shadow(state=ShadowState.CLOSED, pnl_quote=D(5), closed_at=T0, exit_reason="x")
        with units() as unit:
            unit.shadows.add(shadow("a2", vetoed_at=T0 + MINUTE))
            unit.shadows.add(shadow())
            unit.shadows.put(ended)
            assert [one.id for one in unit.shadows.unfinished(VENUE)] == ["a2"]
            results = unit.shadows.results(VENUE)
        assert [one.id for one in results] == ["a1", "a2"]
        assert (results[0].pnl_quote, results[0].state) == (D(5), ShadowState.CLOSED)
        assert (results[0].note, results[0].decided_by) == (HOSTILE, 7)

    def test_only_ended_questions_about_this_venue_without_a_shadow_are_missing(
        self, units: Units
    ) -> None:
        states = {
            "o1": ApprovalState.REJECTED,
            "o2": ApprovalState.EXPIRED,
            "o3": ApprovalState.REFUSED,
            "o4": ApprovalState.PENDING,
            "o5": ApprovalState.APPROVED,
            "o6": ApprovalState.SUPERSEDED,
        }
        with units() as unit:
            for number, (name, state) in enumerate(states.items()):
                unit.orders.add(order(name))
                at = T0 + number * MINUTE
                asked = approval(name, created_at=at, expires_at=at + timedelta(days=1))
                unit.approvals.add(replace(asked, state=state))
            unit.orders.add(order("o7", venue="elsewhere"))
            unit.approvals.add(replace(approval("o7"), state=ApprovalState.REJECTED))
            found = unit.shadows.missing(VENUE, 10)
            assert [one.order_id for one in found] == ["o1", "o2", "o3"]
            assert len(unit.shadows.missing(VENUE, 2)) == 2
            unit.shadows.add(shadow(found[0].id))
            assert [one.order_id for one in unit.shadows.missing(VENUE, 10)] == ["o2", "o3"]
