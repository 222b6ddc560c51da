"""What every unit of work promises: transactions, and each store's docstring in ``engine.ports``.

Runs on the in-memory fake, SQLite and PostgreSQL, so that a test on the fake says something about
the real ones.
"""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from engine.domain.approvals import order_hash
from engine.domain.desk import (
    Controls,
    JobRun,
    Json,
    MessageState,
    Priority,
    QuarantinedCandle,
    Role,
    SentMessage,
    WeightSet,
)
from engine.domain.errors import ConflictError, DatabaseError, InvalidValueError
from engine.domain.ids import IntentId
from engine.domain.lifecycles import ApprovalState, OrderState, is_final
from engine.domain.market import CandleSeries, Timeframe
from engine.domain.orders import OrderReport
from engine.domain.portfolio import EquityPoint, RiskState
from engine.domain.reasons import ReasonCode, RouteCode
from engine.ports import Units
from tests.fakes.samples import (
    BTC,
    ETH,
    HOSTILE,
    HUGE,
    MINUTE,
    T0,
    TINY,
    VENUE,
    approval,
    audit_event,
    candles,
    decision,
    entry,
    fill,
    intent,
    message,
    order,
    person,
    position,
    score_row,
    trade,
    update,
)

H1 = Timeframe.H1
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class TestTransactions:
    def test_what_was_committed_is_seen_by_the_next_unit(self, units: Units) -> None:
        with units() as unit:
            unit.orders.add(order())
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.orders.get(IntentId("o1")) == order()

    def test_leaving_without_commit_undoes_everything(self, units: Units) -> None:
        with units() as unit:
            unit.orders.add(order())
            unit.audit.append(audit_event())
        with units() as unit:
            assert unit.orders.get(IntentId("o1")) is None
            assert unit.audit.verify() == 0

    def test_an_error_undoes_what_came_after_the_last_commit(self, units: Units) -> None:
        with pytest.raises(ZeroDivisionError):
            _fail_after_a_commit(units)
        with units() as unit:
            assert [found.id for found in unit.orders.unfinished()] == ["o1"]

    def test_a_unit_sees_its_own_changes_before_it_commits(self, units: Units) -> None:
        with units() as unit:
            unit.orders.add(order())
            assert unit.orders.get(IntentId("o1")) == order()

    def test_a_reader_does_not_see_what_is_not_committed(self, units: Units) -> None:
        with units() as writer, units(read_only=True) as reader:
            writer.orders.add(order())
            assert reader.orders.get(IntentId("o1")) is None

    def test_a_reader_keeps_seeing_the_moment_it_began(self, units: Units) -> None:
        with units(read_only=True) as reader:
            assert reader.orders.unfinished() == []
            with units() as writer:
                writer.orders.add(order())
                writer.commit()
            assert reader.orders.unfinished() == []

    def test_a_read_only_unit_refuses_to_write(self, units: Units) -> None:
        with units(read_only=True) as unit, pytest.raises(DatabaseError, match="read-only"):
            unit.orders.add(order())

    def test_a_writing_unit_may_follow_a_read_only_one(self, units: Units) -> None:
        for number in range(3):
            with units(read_only=True) as unit:
                assert len(unit.orders.unfinished()) == number
            with units() as unit:
                unit.orders.add(order(f"o{number}"))
                unit.commit()

    def test_after_a_commit_another_unit_may_write(self, units: Units) -> None:
        with units() as first:
            first.orders.add(order("o1"))
            first.commit()
            with units() as second:
                second.orders.add(order("o2"))
                second.commit()
            assert len(first.orders.unfinished()) == 2

    def test_a_unit_cannot_be_used_outside_of_its_block(self, units: Units) -> None:
        unit = units()
        with pytest.raises(DatabaseError, match="outside"):
            unit.orders.unfinished()
        with unit:
            unit.orders.add(order())
        with pytest.raises(DatabaseError, match="outside"):
            unit.orders.unfinished()

    def test_writers_in_many_threads_lose_nothing(self, units: Units) -> None:
        def write(thread: int) -> None:
            for number in range(5):
                with units() as unit:
                    unit.book.post([entry(Decimal(1))])
                    unit.audit.append(audit_event(subject=f"{thread}-{number}"))
                    unit.commit()

        _in_threads(*[lambda n=n: write(n) for n in range(4)])
        with units(read_only=True) as unit:
            assert unit.book.balances(VENUE) == {"USDT": Decimal(20)}
            assert unit.audit.verify() == 20


class TestValues:
    @pytest.mark.parametrize(
        "amount",
        [
            TINY,
            HUGE,
            -HUGE,
            Decimal("1.50"),
            Decimal("1E-18"),
            Decimal("1E+20"),
            Decimal("0.1") + Decimal("0.2"),
            Decimal("9" * 40 + "." + "9" * 40),
        ],
    )
    def test_money_keeps_every_digit(self, units: Units, amount: Decimal) -> None:
        with units() as unit:
            unit.paper.set_balance(VENUE, "USDT", amount)
            unit.book.post([entry(amount)])
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.paper.balances(VENUE) == {"USDT": amount}
            assert unit.book.balances(VENUE) == {"USDT": amount}

    @pytest.mark.parametrize("limit", ["1.50", "5E+1", "0.000000012345678901"])
    def test_the_fingerprint_of_an_order_survives_storage(self, units: Units, limit: str) -> None:
        asked = order(limit_price=Decimal(limit))
        with units() as unit:
            unit.orders.add(asked)
            unit.commit()
        with units(read_only=True) as unit:
            found = unit.orders.get(IntentId("o1"))
        assert found is not None
        assert order_hash(found.intent) == order_hash(asked.intent)

    def test_times_come_back_in_utc_to_the_microsecond(self, units: Units) -> None:
        in_india = T0.astimezone(timezone(timedelta(hours=5, minutes=30)))
        with units() as unit:
            unit.desk.put_controls(Controls(killed=True, changed_at=in_india, changed_by="1"))
            unit.commit()
        with units(read_only=True) as unit:
            found = unit.desk.controls().changed_at
        assert found == T0
        assert found.microsecond == 123456

    @pytest.mark.parametrize("year", [1, 1969, 9999])
    def test_far_times_survive(self, units: Units, year: int) -> None:
        moment = datetime(year, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
        with units() as unit:
            unit.desk.put_job_run(JobRun(name="scan", finished_at=moment, ok=True))
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.desk.job_runs()[0].finished_at == moment

    def test_hostile_text_comes_back_as_it_was(self, units: Units) -> None:
        with units() as unit:
            unit.desk.put_person(person(1))
            unit.orders.add(replace(order(), note=HOSTILE, venue_order_id=HOSTILE))
            unit.desk.put_note(HOSTILE, HOSTILE)
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.desk.people()[0].name == HOSTILE
            assert unit.desk.note(HOSTILE) == HOSTILE
            found = unit.orders.get(IntentId("o1"))
        assert found is not None
        assert (found.note, found.venue_order_id) == (HOSTILE, HOSTILE)

    @pytest.mark.parametrize(
        "value",
        [
            None,
            True,
            0,
            -1.5,
            "",
            "12",
            2**60,
            [],
            {"a": {"b": [None, 1, "x"]}},
            {"1": 0.1 + 0.2},
        ],
    )
    def test_json_values_survive(self, units: Units, value: Json) -> None:
        with units() as unit:
            unit.desk.put_note("key", value)
            unit.commit()
        with units(read_only=True) as unit:
            found = unit.desk.note("key")
        assert found == value
        assert type(found) is type(value)


class TestCandles:
    def test_adding_counts_only_new_bars(self, units: Units) -> None:
        with units() as unit:
            assert unit.candles.add(VENUE, BTC, H1, candles(NOON, [1, 2, 3], H1)) == 3
            assert unit.candles.add(VENUE, BTC, H1, candles(NOON + HOUR, [7, 8, 9], H1)) == 1
            assert unit.candles.add(VENUE, BTC, H1, CandleSeries.empty()) == 0
            unit.commit()
        with units(read_only=True) as unit:
            found = unit.candles.between(VENUE, BTC, H1, NOON, NOON + 9 * HOUR)
        assert list(found.close) == [1, 7, 8, 9]

    def test_every_column_survives_exactly(self, units: Units) -> None:
        series = candles(NOON, [0.1 + 0.2], H1)
        series.high[0], series.low[0], series.volume[0] = 1e300, 5e-324, 1 / 3
        with units() as unit:
            unit.candles.add(VENUE, BTC, H1, series)
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.candles.between(VENUE, BTC, H1, NOON, NOON + HOUR) == series

    def test_many_bars_at_once_are_added_and_replaced_exactly(self, units: Units) -> None:
        first = candles(NOON, [n / 7 for n in range(1_000)], H1)
        second = candles(NOON + 500 * HOUR, [-n / 3 for n in range(1_000)], H1)
        with units() as unit:
            assert unit.candles.add(VENUE, BTC, H1, first) == 1_000
            assert unit.candles.add(VENUE, BTC, H1, second) == 500
            assert unit.candles.add(VENUE, ETH, H1, first) == 1_000
            unit.commit()
        with units(read_only=True) as unit:
            found = unit.candles.between(VENUE, BTC, H1, NOON, NOON + 9_000 * HOUR)
            assert unit.candles.between(VENUE, ETH, H1, NOON, NOON + 9_000 * HOUR) == first
        assert found == CandleSeries(
            open_ms=first.open_ms[:500] + second.open_ms,
            open=first.open[:500] + second.open,
            high=first.high[:500] + second.high,
            low=first.low[:500] + second.low,
            close=first.close[:500] + second.close,
            volume=first.volume[:500] + second.volume,
        )

    @pytest.mark.parametrize("bad", [float("nan"), float("inf")])
    def test_numbers_that_are_none_are_refused(self, units: Units, bad: float) -> None:
        with units() as unit, pytest.raises(InvalidValueError, match="finite"):
            unit.candles.add(VENUE, BTC, H1, candles(NOON, [1.0, bad], H1))

    def test_the_window_holds_the_last_bars_that_have_closed(self, units: Units) -> None:
        with units() as unit:
            unit.candles.add(VENUE, BTC, H1, candles(NOON, [1, 2, 3, 4], H1))
            at_close = unit.candles.window(VENUE, BTC, H1, until=NOON + 3 * HOUR, limit=2)
            before = unit.candles.window(
                VENUE, BTC, H1, until=NOON + 3 * HOUR - timedelta(microseconds=1), limit=2
            )
            everything = unit.candles.window(VENUE, BTC, H1, until=NOON + 9 * HOUR, limit=9)
        assert list(at_close.close) == [2, 3]
        assert list(before.close) == [1, 2]
        assert list(everything.close) == [1, 2, 3, 4]

    def test_a_range_has_its_start_and_not_its_end(self, units: Units) -> None:
        with units() as unit:
            unit.candles.add(VENUE, BTC, H1, candles(NOON, [1, 2, 3], H1))
            found = unit.candles.between(VENUE, BTC, H1, NOON, NOON + 2 * HOUR)
            later = unit.candles.between(
                VENUE, BTC, H1, NOON + timedelta(microseconds=1), NOON + 2 * HOUR
            )
        assert list(found.close) == [1, 2]
        assert list(later.close) == [2]

    def test_series_do_not_mix(self, units: Units) -> None:
        with units() as unit:
            unit.candles.add(VENUE, BTC, H1, candles(NOON, [1], H1))
            for venue, symbol, frame in [
                ("other", BTC, H1),
                (VENUE, ETH, H1),
                (VENUE, BTC, Timeframe.H4),
            ]:
                assert len(unit.candles.window(venue, symbol, frame, until=T0, limit=5)) == 0

    def test_open_times_must_rise(self, units: Units) -> None:
        doubled = candles(NOON, [1, 2], H1)
        doubled.open_ms[1] = doubled.open_ms[0]
        with units() as unit, pytest.raises(InvalidValueError, match="rising"):
            unit.candles.add(VENUE, BTC, H1, doubled)

    def test_an_older_part_may_be_added_later(self, units: Units) -> None:
        with units() as unit:
            unit.candles.add(VENUE, BTC, H1, candles(NOON, [3, 4], H1))
            unit.candles.add(VENUE, BTC, H1, candles(NOON - 2 * HOUR, [1, 2], H1))
            unit.candles.add(VENUE, BTC, H1, candles(NOON + 2 * HOUR, [5], H1))
            found = unit.candles.window(VENUE, BTC, H1, until=NOON + 9 * HOUR, limit=9)
        assert list(found.close) == [1, 2, 3, 4, 5]

    def test_coverage_tells_what_is_stored(self, units: Units) -> None:
        with units() as unit:
            unit.candles.add(VENUE, ETH, H1, candles(NOON, [1, 2, 3], H1))
            unit.candles.add(VENUE, BTC, Timeframe.H4, candles(NOON, [1], Timeframe.H4))
            unit.candles.add("other", BTC, H1, candles(NOON, [1], H1))
            unit.commit()
            assert unit.candles.coverage(VENUE) == [
                (BTC, Timeframe.H4, 1, NOON, NOON),
                (ETH, H1, 3, NOON, NOON + 2 * HOUR),
            ]
            assert unit.candles.coverage("nowhere") == []

    def test_spans_are_the_coverage_without_the_count(self, units: Units) -> None:
        with units() as unit:
            unit.candles.add(VENUE, ETH, H1, candles(NOON, [1, 2, 3], H1))
            unit.candles.add(VENUE, BTC, Timeframe.H4, candles(NOON, [1], Timeframe.H4))
            unit.candles.mark_empty(VENUE, ETH, Timeframe.D1, [NOON])
            covered = unit.candles.coverage(VENUE)
            assert unit.candles.spans(VENUE) == [
                (symbol, timeframe, first, last) for symbol, timeframe, _, first, last in covered
            ]
            assert len(covered) == 2
            assert unit.candles.spans("nowhere") == []

    def test_empty_bars_are_remembered_once(self, units: Units) -> None:
        marks = [NOON + 2 * HOUR, NOON]
        with units() as unit:
            unit.candles.mark_empty(VENUE, BTC, H1, marks)
            unit.candles.mark_empty(VENUE, BTC, H1, marks)
            unit.candles.mark_empty(VENUE, BTC, H1, [])
            found = unit.candles.empty_marks(VENUE, BTC, H1, NOON, NOON + 2 * HOUR)
            everything = unit.candles.empty_marks(VENUE, BTC, H1, NOON, NOON + 3 * HOUR)
            assert unit.candles.empty_marks(VENUE, ETH, H1, NOON, NOON + 3 * HOUR) == []
            assert unit.candles.coverage(VENUE) == []
        assert found == [NOON]
        assert everything == [NOON, NOON + 2 * HOUR]

    def test_a_bar_that_came_after_all_is_no_longer_empty(self, units: Units) -> None:
        with units() as unit:
            unit.candles.mark_empty(VENUE, BTC, H1, [NOON, NOON + HOUR])
            unit.candles.add(VENUE, BTC, H1, candles(NOON, [1], H1))
            assert unit.candles.empty_marks(VENUE, BTC, H1, NOON, NOON + 3 * HOUR) == [NOON + HOUR]


class TestQuarantineAndScores:
    def test_the_same_bad_row_is_kept_once_and_newest_come_first(self, units: Units) -> None:
        row = QuarantinedCandle(
            venue=VENUE,
            symbol="BTC/USDT",
            timeframe="1h",
            open_ms=None,
            row=HOSTILE,
            reason="nan",
            seen_at=T0,
        )
        later = replace(row, seen_at=T0 + MINUTE, reason="negative", open_ms=-1)
        with units() as unit:
            unit.quarantine.add([row, row, later])
            unit.quarantine.add([replace(row, seen_at=T0 + 2 * MINUTE)])
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.quarantine.recent(9) == [later, row]
            assert unit.quarantine.recent(1) == [later]

    def test_a_score_that_is_there_stays_as_it_is(self, units: Units) -> None:
        with units() as unit:
            unit.scores.add([score_row(score=10.0)])
            unit.scores.add([score_row(score=99.0), score_row(close_ms=7_200_000, score=-20.0)])
            unit.commit()
        with units(read_only=True) as unit:
            found = unit.scores.history(VENUE, BTC, H1, 9)
            assert unit.scores.history(VENUE, BTC, H1, 1) == found[-1:]
            assert unit.scores.history(VENUE, BTC, H1, 0) == []
        assert found == [score_row(score=10.0), score_row(close_ms=7_200_000, score=-20.0)]

    def test_the_newest_scores_come_strongest_first(self, units: Units) -> None:
        rows = [
            score_row(BTC, 1, 90.0),
            score_row(BTC, 2, 10.0),
            score_row(ETH, 2, -50.0),
        ]
        with units() as unit:
            unit.scores.add(rows)
            assert unit.scores.latest(VENUE, H1) == [rows[2], rows[1]]
            assert unit.scores.latest(VENUE, Timeframe.H4) == []


class TestWeights:
    def test_one_version_is_active_at_a_time(self, units: Units) -> None:
        first, second = _weights("w1", T0), _weights("w2", T0 + MINUTE)
        with units() as unit:
            unit.weights.add(second)
            unit.weights.add(first)
            unit.weights.activate("w2")
            unit.weights.activate("w1")
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.weights.all() == [replace(first, active=True), second]

    def test_a_version_never_changes_its_weights(self, units: Units) -> None:
        with units() as unit:
            unit.weights.add(_weights("w1", T0))
            unit.weights.add(_weights("w1", T0 + MINUTE))
            with pytest.raises(ConflictError, match="w1"):
                unit.weights.add(replace(_weights("w1", T0), weights={"rsi": 0.5}))
            assert len(unit.weights.all()) == 1

    def test_an_unknown_version_cannot_be_activated(self, units: Units) -> None:
        with units() as unit, pytest.raises(InvalidValueError, match="w9"):
            unit.weights.activate("w9")


class TestDecisions:
    def test_the_whole_record_comes_back(self, units: Units) -> None:
        with units() as unit:
            assert unit.decisions.add(decision())
            unit.commit()
        with units(read_only=True) as unit:
            found = unit.decisions.get(decision().id)
        # A signal's NaN differs from itself, so the texts are compared.
        assert repr(found) == repr(decision())

    def test_deciding_twice_changes_nothing(self, units: Units) -> None:
        with units() as unit:
            assert unit.decisions.add(decision())
            assert not unit.decisions.add(decision(strategy_version="s2"))
            found = unit.decisions.get(decision().id)
        assert found is not None
        assert found.strategy_version == "s1"

    def test_the_newest_of_a_symbol_come_first(self, units: Units) -> None:
        with units() as unit:
            for name, minutes, symbol in [
                ("a", 1, BTC),
                ("b", 3, BTC),
                ("c", 2, BTC),
                ("d", 9, ETH),
            ]:
                unit.decisions.add(decision(name, closed_at=T0 + minutes * MINUTE, symbol=symbol))
            assert [row.id for row in unit.decisions.latest(BTC)] == ["b"]
            assert [row.id for row in unit.decisions.latest(BTC, 9)] == ["b", "c", "a"]

    def test_a_range_is_ordered_by_close_then_symbol(self, units: Units) -> None:
        with units() as unit:
            unit.decisions.add(decision("late", closed_at=T0 + MINUTE))
            unit.decisions.add(decision("eth", symbol=ETH))
            unit.decisions.add(decision("btc"))
            unit.decisions.add(decision("outside", closed_at=T0 + 2 * MINUTE))
            found = unit.decisions.between(T0, T0 + 2 * MINUTE)
        assert [row.id for row in found] == ["btc", "eth", "late"]

    def test_counts_are_by_action_route_and_reason(self, units: Units) -> None:
        refused = {"route": RouteCode.REFUSE, "reason": ReasonCode.COST_TOO_HIGH}
        with units() as unit:
            unit.decisions.add(decision("a"))
            unit.decisions.add(decision("b", **refused))
            unit.decisions.add(decision("c", **refused))
            unit.decisions.add(decision("d", closed_at=T0 + MINUTE))
            assert unit.decisions.counts(T0, T0 + MINUTE) == {
                ("enter", "ask", "ask_above_quote"): 1,
                ("enter", "refuse", "cost_too_high"): 2,
            }


class TestApprovals:
    def test_a_question_is_found_by_id_token_and_order(self, units: Units) -> None:
        with units() as unit:
            assert unit.approvals.add(approval())
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.approvals.get(approval().id) == approval()
            assert unit.approvals.by_token("token-o1") == approval()
            assert unit.approvals.by_token("TOKEN-O1") is None
            assert unit.approvals.of_order(IntentId("o1")) == [approval()]
            assert unit.approvals.of_order(IntentId("o2")) == []

    def test_asking_twice_changes_nothing(self, units: Units) -> None:
        with units() as unit:
            assert unit.approvals.add(approval())
            assert not unit.approvals.add(approval(note="again"))
            assert unit.approvals.pending() == [approval()]

    def test_open_questions_come_oldest_first(self, units: Units) -> None:
        old = approval("o9", created_at=T0 - MINUTE)
        ended = approval("o5").end(ApprovalState.EXPIRED, T0)
        with units() as unit:
            for row in (approval("o2"), approval("o1"), old, ended):
                unit.approvals.add(row)
            assert [row.order_id for row in unit.approvals.pending()] == ["o9", "o2", "o1"]
            assert [row.order_id for row in unit.approvals.recent(3)] == ["o5", "o1", "o2"]

    def test_an_answer_replaces_the_question(self, units: Units) -> None:
        after = replace(
            approval().end(ApprovalState.APPROVED, T0 + MINUTE, by=2**40, note=HOSTILE),
            approvers=(7, 2**40),
        )
        with units() as unit:
            unit.approvals.add(approval())
            unit.approvals.replace(approval(), after)
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.approvals.get(approval().id) == after
            assert unit.approvals.pending() == []

    @pytest.mark.parametrize(
        "stale",
        [
            {"state": ApprovalState.EXPIRED},
            {"order_hash": "another"},
            {"expires_at": T0 + 6 * MINUTE},
            {"approvers": (1,)},
        ],
    )
    def test_an_answer_to_another_question_is_refused(
        self, units: Units, stale: dict[str, Any]
    ) -> None:
        after = approval().end(ApprovalState.APPROVED, T0)
        with units() as unit:
            unit.approvals.add(approval())
            with pytest.raises(ConflictError):
                unit.approvals.replace(approval(**stale), after)
            assert unit.approvals.get(approval().id) == approval()

    def test_an_answer_to_a_question_never_asked_is_refused(self, units: Units) -> None:
        with units() as unit, pytest.raises(ConflictError):
            unit.approvals.replace(approval(), approval().end(ApprovalState.APPROVED, T0))

    def test_of_two_people_who_press_at_once_one_wins(self, units: Units) -> None:
        with units() as unit:
            unit.approvals.add(approval())
            unit.commit()
        together = threading.Barrier(2)
        outcomes: list[str] = []

        def press(person_id: int) -> None:
            together.wait()
            try:
                with units() as unit:
                    unit.approvals.replace(
                        approval(), approval().end(ApprovalState.APPROVED, T0, by=person_id)
                    )
                    unit.commit()
                outcomes.append("won")
            except ConflictError:
                outcomes.append("lost")

        _in_threads(lambda: press(1), lambda: press(2))
        assert sorted(outcomes) == ["lost", "won"]


class TestOrders:
    def test_an_order_comes_back_whole(self, units: Units) -> None:
        full = replace(
            order(),
            state=OrderState.OPEN,
            venue_order_id="77",
            filled_quantity=TINY,
            updated_at=T0 + MINUTE,
        )
        with units() as unit:
            assert unit.orders.add(full)
            assert not unit.orders.add(order())
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.orders.get(IntentId("o1")) == full
            assert unit.orders.get(IntentId("o2")) is None

    def test_an_order_moves_only_from_the_state_that_was_read(self, units: Units) -> None:
        submitting = order().to(OrderState.SUBMITTING, T0 + MINUTE)
        with units() as unit:
            unit.orders.add(order())
            unit.orders.replace(order(), submitting)
            with pytest.raises(ConflictError, match="o1"):
                unit.orders.replace(order(), order().to(OrderState.REFUSED, T0))
            assert unit.orders.get(IntentId("o1")) == submitting

    def test_unfinished_orders_come_oldest_first(self, units: Units) -> None:
        with units() as unit:
            for number, state in enumerate(OrderState):
                unit.orders.add(order(f"o{number}", state, created_at=T0 - number * MINUTE))
            found = unit.orders.unfinished()
        expected = [state for state in OrderState if not is_final(state)]
        assert [row.state for row in found] == expected[::-1]

    def test_fills_come_in_the_order_they_happened(self, units: Units) -> None:
        with units() as unit:
            for name, minutes in [("f9", 0), ("f1", 0), ("f5", -1)]:
                assert unit.orders.add_fill(fill(name, filled_at=T0 + minutes * MINUTE))
            assert not unit.orders.add_fill(fill("f9", price=Decimal(1)))
            unit.orders.add_fill(fill("other", order_id=IntentId("o2")))
            unit.commit()
        with units(read_only=True) as unit:
            found = unit.orders.fills(IntentId("o1"))
            assert [row.id for row in found] == ["f5", "f9", "f1"]
            assert found[1] == fill("f9")
            assert [row.id for row in unit.orders.recent_fills(2)] == ["other", "f1"]


class TestBook:
    def test_balances_are_exact_sums_without_zeros(self, units: Units) -> None:
        with units() as unit:
            unit.book.post([entry(Decimal("0.1"))] * 10 + [entry(Decimal("-0.7"))])
            unit.book.post([entry(HUGE, "BTC"), entry(TINY, "BTC"), entry(-HUGE, "BTC")])
            unit.book.post([entry(Decimal(5), "ETH"), entry(Decimal(-5), "ETH")])
            unit.book.post([entry(Decimal(9), venue="other")])
            unit.book.post([])
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.book.balances(VENUE) == {"BTC": TINY, "USDT": Decimal("0.3")}
            assert unit.book.balances("nowhere") == {}

    def test_positions_are_by_symbol_and_replaced(self, units: Units) -> None:
        with units() as unit:
            unit.book.put_position(position(ETH))
            unit.book.put_position(position(BTC))
            unit.book.put_position(position(BTC, bars_held=4, protection_order_id=None))
            unit.commit()
        with units() as unit:
            assert unit.book.positions(VENUE) == [
                position(BTC, bars_held=4, protection_order_id=None),
                position(ETH),
            ]
            unit.book.drop_position(VENUE, BTC)
            unit.book.drop_position(VENUE, BTC)
            assert unit.book.positions(VENUE) == [position(ETH)]
            assert unit.book.positions("other") == []

    def test_trades_come_newest_first_and_once(self, units: Units) -> None:
        with units() as unit:
            assert unit.book.add_trade(trade("t1"))
            assert unit.book.add_trade(trade("t2", closed_at=T0 + 3 * MINUTE))
            assert unit.book.add_trade(trade("t3"))
            assert not unit.book.add_trade(trade("t1", pnl_quote=Decimal(1)))
            unit.commit()
        with units(read_only=True) as unit:
            found = unit.book.trades(VENUE)
            assert [row.id for row in found] == ["t2", "t3", "t1"]
            assert found[2] == trade("t1")
            assert [row.id for row in unit.book.trades(VENUE, 1)] == ["t2"]

    def test_equity_of_a_moment_is_replaced(self, units: Units) -> None:
        def point(minutes: int, equity: str) -> EquityPoint:
            return EquityPoint(
                venue=VENUE,
                at=T0 + minutes * MINUTE,
                equity_quote=Decimal(equity),
                cash_quote=TINY,
            )

        with units() as unit:
            for row in (point(2, "3"), point(0, "1"), point(0, "2")):
                unit.book.snapshot(row)
            assert unit.book.equity(VENUE) == [point(0, "2"), point(2, "3")]
            assert unit.book.equity(VENUE, T0 + 2 * MINUTE) == [point(2, "3")]
            assert unit.book.equity(VENUE, T0 + 3 * MINUTE) == []

    def test_what_the_limits_remember_is_replaced(self, units: Units) -> None:
        state = RiskState(
            day=date(2026, 3, 1),
            day_start_equity_quote=HUGE,
            peak_equity_quote=HUGE,
            entries_today=2,
            daily_paused=True,
        )
        with units() as unit:
            assert unit.book.risk(VENUE) is None
            unit.book.put_risk(VENUE, state)
            unit.book.put_risk(VENUE, replace(state, drawdown_latched=True))
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.book.risk(VENUE) == replace(state, drawdown_latched=True)
            assert unit.book.risk("other") is None

    def test_a_reset_forgets_the_book_and_keeps_history(self, units: Units) -> None:
        with units() as unit:
            unit.book.post([entry(Decimal(1)), entry(Decimal(2), venue="other")])
            unit.book.put_position(position())
            unit.book.add_trade(trade())
            unit.book.snapshot(EquityPoint(venue=VENUE, at=T0, equity_quote=TINY, cash_quote=TINY))
            unit.orders.add(order())
            unit.paper.put(OrderReport(order_id=IntentId("o1"), state=OrderState.OPEN), intent())
            unit.paper.set_balance(VENUE, "USDT", Decimal(1))
            unit.paper.set_balance("other", "USDT", Decimal(2))
            unit.audit.append(audit_event())
            unit.book.reset(VENUE)
            unit.commit()
        with units() as unit:
            assert unit.book.balances(VENUE) == {}
            assert unit.book.balances("other") == {"USDT": Decimal(2)}
            assert unit.book.positions(VENUE) == []
            assert unit.book.equity(VENUE) == []
            assert unit.paper.balances(VENUE) == {}
            assert unit.paper.balances("other") == {"USDT": Decimal(2)}
            assert unit.paper.open() == []
            assert unit.book.trades(VENUE) == [trade()]
            assert unit.orders.get(IntentId("o1")) == order()
            assert unit.audit.verify() == 1
            unit.book.post([entry(Decimal(7))])
            assert unit.book.balances(VENUE) == {"USDT": Decimal(7)}


class TestPaper:
    def test_an_order_is_replaced_with_its_fills(self, units: Units) -> None:
        resting = OrderReport(order_id=IntentId("o1"), state=OrderState.OPEN)
        done = OrderReport(
            order_id=IntentId("o1"),
            state=OrderState.FILLED,
            venue_order_id="p1",
            fills=(fill("f1"), fill("f2", trigger=None)),
            note=HOSTILE,
        )
        with units() as unit:
            unit.paper.put(resting, intent())
            assert unit.paper.open() == [(intent(), resting)]
            unit.paper.put(done, intent())
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.paper.get(IntentId("o1")) == (intent(), done)
            assert unit.paper.get(IntentId("o2")) is None
            assert unit.paper.open() == []

    def test_resting_orders_come_oldest_first(self, units: Units) -> None:
        with units() as unit:
            for name, minutes in [("o3", 0), ("o1", 0), ("o2", -1)]:
                report = OrderReport(order_id=IntentId(name), state=OrderState.OPEN)
                unit.paper.put(report, intent(name, created_at=T0 + minutes * MINUTE))
            assert [row[0].id for row in unit.paper.open()] == ["o2", "o3", "o1"]

    def test_a_balance_is_replaced(self, units: Units) -> None:
        with units() as unit:
            unit.paper.set_balance(VENUE, "USDT", Decimal(1))
            unit.paper.set_balance(VENUE, "USDT", TINY)
            unit.paper.set_balance(VENUE, "BTC", Decimal(0))
            unit.paper.set_balance("other", "USDT", Decimal(7))
            assert unit.paper.balances(VENUE) == {"BTC": Decimal(0), "USDT": TINY}


class TestDesk:
    def test_all_switches_are_off_before_anybody_touched_them(self, units: Units) -> None:
        switched = Controls(killed=True, paused=True, changed_at=T0, changed_by=HOSTILE)
        with units() as unit:
            assert unit.desk.controls() == Controls()
            unit.desk.put_controls(Controls(paused=True))
            unit.desk.put_controls(switched)
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.desk.controls() == switched

    def test_owners_come_first(self, units: Units) -> None:
        with units() as unit:
            unit.desk.put_person(person(3, Role.VIEWER))
            unit.desk.put_person(person(2**40, Role.APPROVER))
            unit.desk.put_person(person(5, Role.VIEWER))
            unit.desk.put_person(person(9, Role.OWNER))
            unit.desk.put_person(person(5, Role.OWNER))
            unit.commit()
        with units(read_only=True) as unit:
            found = [(row.user_id, row.role) for row in unit.desk.people()]
        assert found == [
            (5, Role.OWNER),
            (9, Role.OWNER),
            (2**40, Role.APPROVER),
            (3, Role.VIEWER),
        ]

    def test_the_last_run_of_each_job_is_by_name(self, units: Units) -> None:
        scan = JobRun(name="scan", finished_at=T0, ok=True)
        failed = JobRun(name="scan", finished_at=T0, ok=False, detail=HOSTILE, failures=2)
        digest = JobRun(name="digest", finished_at=T0, ok=True)
        with units() as unit:
            for run in (scan, digest, failed):
                unit.desk.put_job_run(run)
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.desk.job_runs() == [digest, failed]

    def test_notes_are_replaced_and_absent_ones_are_none(self, units: Units) -> None:
        with units() as unit:
            assert unit.desk.note("heartbeat") is None
            unit.desk.put_note("heartbeat", 1)
            unit.desk.put_note("heartbeat", [2])
            assert unit.desk.note("heartbeat") == [2]


class TestAudit:
    def test_lines_are_numbered_and_chained(self, units: Units) -> None:
        with units() as unit:
            first = unit.audit.append(audit_event())
            second = unit.audit.append(audit_event())
            unit.commit()
        assert (first.number, second.number) == (1, 2)
        assert first.hash != second.hash
        with units(read_only=True) as unit:
            assert unit.audit.tail(9) == [second, first]
            assert unit.audit.tail(1) == [second]
            assert unit.audit.verify() == 2

    def test_a_subject_is_told_oldest_first(self, units: Units) -> None:
        with units() as unit:
            for action, subject in [("asked", "o1"), ("asked", "o2"), ("approved", "o1")]:
                unit.audit.append(audit_event(action, subject))
            found = unit.audit.about("o1")
            newest = unit.audit.latest("o1")
            assert unit.audit.latest("o3") is None
        assert [line.event.action for line in found] == ["asked", "approved"]
        assert found[0].event == audit_event("asked", "o1")
        assert newest == found[1]

    def test_an_empty_trail_is_whole(self, units: Units) -> None:
        with units(read_only=True) as unit:
            assert unit.audit.verify() == 0
            assert unit.audit.tail(5) == []

    def test_numbers_have_no_gap_after_a_rollback(self, units: Units) -> None:
        with units() as unit:
            unit.audit.append(audit_event())
        with units() as unit:
            assert unit.audit.append(audit_event()).number == 1


class TestOutbox:
    def test_a_message_comes_back_whole_and_once(self, units: Units) -> None:
        full = message(chat_id=-(2**40), not_before=T0, error=HOSTILE, attempts=3)
        with units() as unit:
            assert unit.outbox.put(full)
            assert not unit.outbox.put(message())
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.outbox.get(full.id) == full

    def test_due_messages_come_by_priority_then_age(self, units: Units) -> None:
        with units() as unit:
            for row in (
                message("digest", priority=Priority.DIGEST, created_at=T0 - MINUTE),
                message("young", created_at=T0 + MINUTE),
                message("b"),
                message("a"),
                message("failure", priority=Priority.FAILURE, state=MessageState.AMBIGUOUS),
                message("sent", state=MessageState.SENT),
                message("dead", state=MessageState.DEAD),
                message("now", not_before=T0, created_at=T0 + 2 * MINUTE),
                message("later", not_before=T0 + MINUTE),
            ):
                unit.outbox.put(row)
            due = [row.id for row in unit.outbox.due(T0, 9)]
            assert due == ["failure", "b", "a", "young", "now", "digest"]
            assert [row.id for row in unit.outbox.due(T0, 2)] == ["failure", "b"]

    def test_a_row_is_replaced(self, units: Units) -> None:
        sent = message(state=MessageState.SENT, attempts=1)
        with units() as unit:
            unit.outbox.put(message())
            unit.outbox.update(sent)
            assert unit.outbox.get(sent.id) == sent
            with pytest.raises(InvalidValueError, match="m9"):
                unit.outbox.update(message("m9"))

    def test_states_are_counted_and_dead_letters_listed_newest_first(self, units: Units) -> None:
        dead = MessageState.DEAD
        with units() as unit:
            unit.outbox.put(message("m1"))
            unit.outbox.put(message("m2", state=dead))
            unit.outbox.put(message("m3", state=dead, created_at=T0 + MINUTE))
            counts = unit.outbox.counts()
            assert [row.id for row in unit.outbox.dead(9)] == ["m3", "m2"]
        assert counts == {
            MessageState.PENDING: 1,
            MessageState.SENT: 0,
            MessageState.AMBIGUOUS: 0,
            dead: 2,
            MessageState.HELD: 0,
            MessageState.OFF: 0,
        }

    def test_a_subject_is_bound_to_one_message_per_chat(self, units: Units) -> None:
        first = SentMessage(
            chat_id=-1, subject="d1", chat_message_id=10, has_photo=True, sent_at=T0
        )
        second = replace(first, chat_message_id=11, has_photo=False)
        with units() as unit:
            unit.outbox.remember_sent(first)
            unit.outbox.remember_sent(second)
            assert unit.outbox.sent(-1, "d1") == second
            assert unit.outbox.sent(-2, "d1") is None


class TestInbox:
    def test_known_updates_are_skipped(self, units: Units) -> None:
        big = 2**40
        with units() as unit:
            assert unit.inbox.put([update(big), update(big), update(1)]) == 2
            assert unit.inbox.put([update(big), update(2), update(1, "console")]) == 2
            assert unit.inbox.put([]) == 0
            unit.commit()
        with units(read_only=True) as unit:
            assert unit.inbox.pending("telegram", 9) == [update(1), update(2), update(big)]
            assert unit.inbox.pending("telegram", 1) == [update(1)]
            assert unit.inbox.last_id("telegram") == big
            assert unit.inbox.last_id("nowhere") is None

    def test_what_is_done_is_not_pending_and_not_forgotten(self, units: Units) -> None:
        with units() as unit:
            unit.inbox.put([update(1), update(2)])
            unit.inbox.done("telegram", 1, T0, HOSTILE)
            assert unit.inbox.pending("telegram", 9) == [update(2)]
            assert unit.inbox.put([update(1)]) == 0

    def test_what_was_received_is_kept_without_its_secret(self, units: Units) -> None:
        with units() as unit:
            unit.inbox.put([update(1), update(2)])
            unit.inbox.redact("telegram", 2, {"text": "…"})
            unit.inbox.redact("telegram", 3, {"text": "…"})  # unknown: nothing happens
            kept = replace(update(2), payload={"text": "…"})
            assert unit.inbox.pending("telegram", 9) == [update(1), kept]

    def test_attempts_are_counted(self, units: Units) -> None:
        with units() as unit:
            unit.inbox.put([update(1)])
            assert unit.inbox.retry("telegram", 1) == 1
            assert unit.inbox.retry("telegram", 1) == 2
            assert unit.inbox.pending("telegram", 1)[0].attempts == 2
            with pytest.raises(InvalidValueError):
                unit.inbox.retry("telegram", 2)


def _fail_after_a_commit(units: Units) -> None:
    with units() as unit:
        unit.orders.add(order("o1"))
        unit.commit()
        unit.orders.add(order("o2"))
        raise ZeroDivisionError


def _weights(version: str, created_at: datetime) -> WeightSet:
    return WeightSet(
        version=version,
        weights={"rsi": 0.1 + 0.2, "macd": 0.25},
        note=HOSTILE,
        created_at=created_at,
    )


def _in_threads(*tasks: object) -> None:
    threads = [threading.Thread(target=task) for task in tasks]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
