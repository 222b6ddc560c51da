"""Evidence from candle to fill: everything sealed holds, and whatever was changed is named."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, text

from db.unit_of_work import SqlUnits
from engine.checks.policy import ApprovalPolicy
from engine.domain.desk import AuditEvent, Json
from engine.domain.evidence import Evidence, Finding, StepKind, Verdict
from engine.domain.ids import IntentId, TradeId
from engine.domain.market import Candle, CandleSeries
from engine.domain.seals import candles_seal, seal
from engine.domain.views import Press
from engine.ports import Units
from engine.strategy.policy import TradingPolicy
from tests.fakes.desk_builder import (
    APPROVER,
    AUTOMATIC,
    BTC,
    ETH,
    OWNER,
    SECOND,
    START,
    Bench,
    build,
    rising,
)
from tests.fakes.samples import decision, fill, order, trade
from tests.fakes.units import FakeUnits

D = Decimal
K = StepKind


def traded(units: Units) -> Bench:
    """A scan that asked, a yes, a fill, a moved stop, a close."""
    bench = build(units)
    question = bench.ask()
    bench.approve(question)
    bench.market.set_price(BTC, "110")
    entry = bench.fills()[0].order_id
    bench.assembled.desk.records.move_stop(entry, "101", OWNER.user_id)
    bench.assembled.desk.close(BTC, OWNER.user_id, request_id="1")
    return bench


def look(bench: Bench, subject: str) -> Evidence:
    found = bench.assembled.desk.records.evidence(subject)
    assert found is not None
    return found


def broken(found: Evidence) -> list[tuple[str, str]]:
    return [(one.kind, one.id) for one in found.findings if one.verdict is Verdict.BROKEN]


def test_every_step_of_a_trade_is_there_in_order(units: Units) -> None:
    bench = traded(units)
    found = look(bench, bench.trades()[0].id)
    kinds = [step.kind for step in found.steps]
    assert kinds == [
        K.CANDLES,
        K.DECISION,
        K.QUESTION,
        K.ANSWER,
        *(K.ORDER, K.SUBMITTED, K.FILL, K.LEDGER),
        *(K.ORDER, K.SUBMITTED),
        *(K.ORDER, K.SUBMITTED, K.FILL, K.LEDGER),
        K.TRADE,
    ]
    assert found.is_intact
    assert found.chain_lines == len(bench.audit())
    assert found.chain_error == ""
    answer = found.steps[3]
    assert (answer.facts["state"], answer.facts["by"]) == ("approved", OWNER.user_id)
    assert {"stop_moved", "order_filled"} <= {line.action for line in found.lines}
    hashes = {line.number: line.hash for line in bench.audit()}
    assert all(hashes[line.number] == line.hash for line in found.lines)


def test_each_id_of_a_trade_leads_to_the_same_evidence(units: Units) -> None:
    bench = traded(units)
    trade_ = bench.trades()[0]
    assert trade_.decision_id is not None
    question = bench.question(trade_.entry_order_id)
    ids = (trade_.decision_id, trade_.entry_order_id, trade_.exit_order_id, question.id)
    known = look(bench, trade_.id)
    for number in ids:
        found = look(bench, f" {number.upper()} ")
        assert found.steps == known.steps
        assert found.findings == known.findings


@pytest.mark.parametrize("subject", ["", "x1", "t0", "d0", "o0", "a0", "drop table", "тест"])
def test_an_id_that_nothing_is_known_of_has_no_evidence(subject: str, fake_units: Units) -> None:
    assert build(fake_units).assembled.desk.records.evidence(subject) is None


def test_a_scanned_decision_and_its_candles_are_sealed(sqlite_units: SqlUnits) -> None:
    bench = build(sqlite_units, policies=AUTOMATIC, bars=rising(), price="106")
    bench.closes.run_due()
    entry = bench.fills()[0].order_id
    found = look(bench, entry)
    verdicts = {(one.kind, one.verdict) for one in found.findings}
    assert ("candles", Verdict.HOLDS) in verdicts
    assert ("decision", Verdict.HOLDS) in verdicts
    scanned = next(step for step in found.steps if step.kind is K.DECISION)
    assert scanned.facts["fingerprint"] == bench.assembled.context.strategy.made.fingerprint
    assert scanned.lines
    with sqlite_units() as unit:
        last = unit.candles.window(
            "bench", BTC, bench.parts.strategy.timeframe, until=START, limit=1
        )
        for symbol in (BTC, ETH):
            unit.candles.add(
                "bench",
                symbol,
                bench.parts.strategy.timeframe,
                replace(last, close=type(last.close)("d", [last.close[0] + 0.01])),
            )
        unit.commit()
    assert broken(look(bench, entry))[0][0] == "candles"


def tamper(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        changed = connection.execute(text(statement)).rowcount
    engine.dispose()
    assert changed == 1


_FEE_OF_THE_ENTRY = (
    "UPDATE ledger SET amount = '-1' WHERE kind = 'fee' "
    "AND reference = (SELECT id FROM fills WHERE side = 'buy')"
)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE fills SET price = '1' WHERE side = 'buy'", "fill"),
        ("UPDATE trades SET pnl_quote = '1000'", "trade"),
        ("UPDATE orders SET quantity = '6' WHERE purpose = 'entry'", "order"),
        (_FEE_OF_THE_ENTRY, "ledger"),
        ("UPDATE approvals SET order_hash = 'x'", "order"),
    ],
)
def test_a_row_that_was_changed_is_named(
    statement: str, kind: str, sqlite_units: SqlUnits, sqlite_url: str
) -> None:
    bench = traded(sqlite_units)
    subject = bench.trades()[0].id
    assert look(bench, subject).is_intact
    tamper(sqlite_url, statement)
    found = look(bench, subject)
    assert not found.is_intact
    assert kind in {kind for kind, _ in broken(found)}
    assert found.chain_error == ""


def test_a_changed_line_of_the_trail_breaks_the_chain(
    sqlite_units: SqlUnits, sqlite_url: str
) -> None:
    bench = traded(sqlite_units)
    subject = bench.trades()[0].id
    tamper(sqlite_url, "UPDATE audit SET actor = 'nobody' WHERE number = 3")
    found = look(bench, subject)
    assert "audit line 3 was changed" in found.chain_error
    assert not found.is_intact


def test_an_open_position_has_evidence_too(fake_units: Units) -> None:
    bench = build(fake_units)
    bench.approve(bench.ask())
    found = look(bench, bench.fills()[0].order_id)
    assert found.is_intact
    assert K.TRADE not in {step.kind for step in found.steps}


# Seals


@pytest.mark.parametrize("value", [fill(), trade(), order().intent, decision()], ids=str)
def test_a_seal_does_not_depend_on_how_an_amount_is_written(value: object) -> None:
    assert seal(value) == seal(value)
    assert len(seal(value)) == 64


def test_equal_amounts_and_other_amounts() -> None:
    assert seal(fill(price=D("50"))) == seal(fill(price=D("5E+1"))) == seal(fill(price=D("50.00")))
    assert seal(fill(price=D("50"))) != seal(fill(price=D("50.01")))
    assert seal(trade()) != seal(trade(id=TradeId("t2")))


def test_candles_are_sealed_to_the_last_bit() -> None:
    bars = rising()
    close = bars.close[:]
    close[3] += 1e-12
    assert candles_seal(bars) == candles_seal(rising())
    assert candles_seal(bars) != candles_seal(replace(bars, close=close))


def test_each_id_of_a_halved_purchase_leads_to_the_whole_of_it(fake_units: FakeUnits) -> None:
    approval = ApprovalPolicy(quorum_above_quote=D(200), quorum=2)
    bench = build(fake_units, policies=TradingPolicy(approval=approval))
    bench.assembled.desk.buy(BTC, "600", OWNER.user_id, request_id="1")
    (asked,) = bench.pending()
    bench.press(asked, Press.HALF, APPROVER)
    (half,) = bench.pending()
    bench.press(half, Press.APPROVE, SECOND)
    bench.assembled.desk.close(BTC, OWNER.user_id, request_id="2")
    (trade_,) = bench.trades()
    known = look(bench, trade_.id)
    assert [step.kind for step in known.steps].count(K.FILL) == 2
    assert [step.kind for step in known.steps].count(K.ANSWER) == 2
    assert known.is_intact
    for number in (asked.order_id, asked.id, half.order_id, half.id, trade_.exit_order_id):
        assert look(bench, number).steps == known.steps


# Gaps that are filled afterwards


def scanned_with_a_hole(units: FakeUnits, place: int) -> tuple[Bench, IntentId, Candle]:
    """An automatic entry decided on bars of which one was absent, and that bar."""
    whole = rising()
    absent = whole.candle(place)
    rest = [whole.candle(k) for k in range(len(whole)) if k != place]
    bench = build(units, policies=AUTOMATIC, bars=CandleSeries.of(rest), price="106")
    bench.closes.run_due()
    return bench, bench.fills()[0].order_id, absent


def put_bar(bench: Bench, candle: Candle) -> None:
    with bench.units() as unit:
        for symbol in (BTC, ETH):
            unit.candles.add(
                "bench", symbol, bench.parts.strategy.timeframe, CandleSeries.of([candle])
            )
        unit.commit()


def about_candles(found: Evidence) -> Finding:
    return next(one for one in found.findings if one.kind == "candles")


@pytest.mark.parametrize("place", [1, 150, 297])
def test_a_gap_that_is_filled_after_the_decision_is_told_as_added(
    fake_units: FakeUnits, place: int
) -> None:
    bench, entry, absent = scanned_with_a_hole(fake_units, place)
    assert about_candles(look(bench, entry)).verdict is Verdict.HOLDS
    put_bar(bench, absent)
    found = look(bench, entry)
    assert (about_candles(found).verdict, about_candles(found).added) == (Verdict.ADDED, 1)
    assert found.is_intact


def test_bars_before_the_first_one_that_was_seen_change_nothing(fake_units: FakeUnits) -> None:
    bench, entry, _ = scanned_with_a_hole(fake_units, 150)
    put_bar(bench, replace(rising().candle(0), opened_at=START - timedelta(hours=400)))
    assert about_candles(look(bench, entry)).verdict is Verdict.HOLDS


@pytest.mark.parametrize("changed", [149, 298])
def test_a_changed_bar_does_not_pass_beside_one_that_was_added(
    fake_units: FakeUnits, changed: int
) -> None:
    bench, entry, absent = scanned_with_a_hole(fake_units, 150)
    put_bar(bench, absent)
    known = rising().candle(changed)
    put_bar(bench, replace(known, volume=known.volume + 1))
    assert about_candles(look(bench, entry)).verdict is Verdict.BROKEN


def test_a_line_of_before_holes_were_sealed_is_read_by_its_number_of_bars(
    fake_units: FakeUnits,
) -> None:
    bench = build(fake_units)
    question = bench.ask()
    assert question.decision_id is not None
    with bench.units() as unit:
        decided = unit.decisions.get(question.decision_id)
        assert decided is not None
        bars = unit.candles.window(
            "bench", BTC, decided.timeframe, until=decided.closed_at, limit=7
        )
        older: dict[str, Json] = {
            "decision": seal(decided),
            "candles": candles_seal(bars),
            "bars": len(bars),
        }
        unit.audit.append(
            AuditEvent(
                at=START,
                actor="engine",
                action="scanned",
                subject=f"{decided.timeframe}@{decided.closed_at.isoformat()}",
                detail={"seals": {decided.id: older}},
            )
        )
        unit.commit()
    assert about_candles(look(bench, question.id)).verdict is Verdict.HOLDS
