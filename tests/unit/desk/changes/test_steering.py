"""Strategy, weights, calibration and brakes: what is chosen, when it holds, what decided."""

from dataclasses import replace
from decimal import Decimal

import pyotp
import pytest

from engine.desk.steering import Configured, chosen_now
from engine.domain.changes import ChangeKind, ChangeResult, Verdict
from engine.domain.desk import Mode, WeightSet
from engine.domain.lifecycles import ApprovalState
from engine.domain.market import Timeframe
from engine.domain.secret_text import SecretText
from engine.strategy.policy import TradingPolicy
from engine.strategy.shipped import score_strategy, shipped_strategies
from engine.strategy.weights import default_weights
from tests.fakes.changing import Changing
from tests.fakes.desk_builder import OWNER, START, VENUE, build, rising
from tests.fakes.samples_research import calibration
from tests.fakes.units import FakeUnits

EVEN = dict.fromkeys(default_weights().weights, 0.125)


@pytest.fixture
def changing(fake_units: FakeUnits) -> Changing:
    return Changing(build(fake_units, bars=rising()))


def keep_weights(changing: Changing, version: str = "score-2") -> None:
    with changing.bench.units() as unit:
        unit.weights.add(WeightSet(version=version, weights=EVEN, note="even", created_at=START))
        unit.commit()


def test_weights_of_the_same_strategy_hold_from_the_answer_on(changing: Changing) -> None:
    keep_weights(changing)
    change = changing.asked(ChangeKind.WEIGHTS, value="score-2")
    assert change.needs_code
    assert change.evidence["proof"] == "none"
    assert changing.approve(change).result is ChangeResult.APPLIED
    context = changing.bench.assembled.context
    assert context.strategy.version == "score-2"
    assert context.strategy.made.weights.weights["RSI"] == 0.125


def test_decisions_carry_the_version_that_decided(changing: Changing) -> None:
    keep_weights(changing)
    before = changing.bench.assembled.scanner.preview(START)
    changing.approve(changing.asked(ChangeKind.WEIGHTS, value="score-2"))
    after = changing.bench.assembled.scanner.preview(START)
    assert {one.strategy_version for one in before} == {"score-1"}
    assert {one.strategy_version for one in after} == {"score-2"}
    assert before[0].score != after[0].score


def test_the_shipped_weights_are_one_answer_away(changing: Changing) -> None:
    keep_weights(changing)
    changing.approve(changing.asked(ChangeKind.WEIGHTS, value="score-2"))
    changing.approve(changing.asked(ChangeKind.WEIGHTS, value="score-1"))
    assert changing.bench.assembled.context.strategy.version == "score-1"
    with changing.bench.units(read_only=True) as unit:
        assert {row.version: row.active for row in unit.weights.all()} == {
            "score-1": True,
            "score-2": False,
        }


def test_a_strategy_on_other_candles_waits_for_the_next_start(changing: Changing) -> None:
    change = changing.asked(ChangeKind.STRATEGY, value="trend-1")
    assert changing.approve(change).result is ChangeResult.NEXT_START
    context = changing.bench.assembled.context
    assert (context.strategy.version, changing.desk.waiting()) == ("score-1", "trend-1")
    with changing.bench.units(read_only=True) as unit:
        chosen = chosen_now(unit, context.steering.configured)
    assert (chosen.strategy.version, chosen.strategy.timeframe) == ("trend-1", Timeframe.H4)


def test_limits_do_not_wait_for_a_strategy_that_does(changing: Changing) -> None:
    changing.approve(changing.asked(ChangeKind.STRATEGY, value="trend"))
    changing.limit("max_open_positions", "3")
    context = changing.bench.assembled.context
    assert context.policies.risk.max_open_positions == 3
    assert changing.desk.waiting() == "trend-1"


def test_the_way_back_is_asked_too_and_ends_the_waiting(changing: Changing) -> None:
    changing.approve(changing.asked(ChangeKind.STRATEGY, value="trend-1"))
    outcome = changing.approve(changing.asked(ChangeKind.STRATEGY, value="score-1"))
    assert outcome.result is ChangeResult.APPLIED
    assert changing.desk.waiting() == ""
    with changing.bench.units(read_only=True) as unit:
        assert unit.overrides.all() == []


def test_the_list_names_what_is_traded_and_what_could_be(changing: Changing) -> None:
    keep_weights(changing)
    rows = {row.version: (row.is_active, row.proof) for row in changing.desk.versions()}
    assert rows == {
        "score-1": (True, "none"),
        "score-2": (False, "none"),
        "trend-1": (False, "none"),
    }


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (ChangeKind.STRATEGY, "nothing", "unknown_strategy"),
        (ChangeKind.STRATEGY, "", "unknown_strategy"),
        (ChangeKind.STRATEGY, "score-1", "no_change"),
        (ChangeKind.WEIGHTS, "score-1", "no_change"),
        (ChangeKind.WEIGHTS, "trend-1", "unknown_weights"),
        (ChangeKind.CALIBRATION, "score-1/1h/9", "unknown_calibration"),
        (ChangeKind.KILL_OFF, "", "not_killed"),
        (ChangeKind.REARM, "", "not_latched"),
    ],
)
def test_what_cannot_be_is_refused(
    changing: Changing, kind: ChangeKind, value: str, reason: str
) -> None:
    outcome = changing.wish(kind, value=value)
    assert (outcome.result, outcome.reason) == (ChangeResult.REFUSED, reason)


def test_a_calibration_is_put_to_use_by_an_answer(changing: Changing) -> None:
    with changing.bench.units() as unit:
        unit.calibrations.add(calibration())
        unit.commit()
    change = changing.asked(ChangeKind.CALIBRATION, value=calibration().version)
    assert change.before == {"calibration": None}
    assert not change.evidence["is_fit"]
    changing.approve(change)
    with changing.bench.units(read_only=True) as unit:
        active = unit.calibrations.active("score-1", Timeframe.H1)
    assert active is not None


def test_settings_alter_the_strategy_they_name_and_no_other(fake_units: FakeUnits) -> None:
    stricter = replace(score_strategy().entry, min_score=50.0)
    configured = Configured(
        strategy=score_strategy(),
        policies=TradingPolicy(),
        mode=Mode.PAPER,
        adjust=lambda made: made.altered(entry=stricter),
        offered=shipped_strategies(),
    )
    changing = Changing(build(fake_units).restart(configured=configured))
    with changing.bench.units(read_only=True) as unit:
        first = chosen_now(unit, configured).strategy
    assert first.entry.min_score == 50.0
    assert first.version.startswith("score-1+")
    changing.approve(changing.asked(ChangeKind.STRATEGY, value="trend-1"))
    with changing.bench.units(read_only=True) as unit:
        assert chosen_now(unit, configured).strategy.fingerprint == (
            shipped_strategies()["trend"].fingerprint
        )


def test_the_kill_switch_is_ended_by_an_answer_about_this_very_stop(changing: Changing) -> None:
    changing.bench.assembled.desk.kill(OWNER.user_id)
    change = changing.asked(ChangeKind.KILL_OFF)
    assert changing.controls().killed
    assert changing.approve(change).result is ChangeResult.APPLIED
    assert not changing.controls().killed
    assert changing.controls().changed_by == "person:0"


def test_an_old_yes_does_not_end_a_later_stop(changing: Changing) -> None:
    changing.bench.assembled.desk.kill(OWNER.user_id)
    change = changing.asked(ChangeKind.KILL_OFF)
    changing.bench.advance(minutes=1)
    changing.bench.assembled.desk.kill(OWNER.user_id)
    assert changing.approve(change).result is ChangeResult.SUPERSEDED
    assert changing.controls().killed


def latch(changing: Changing) -> None:
    changing.bench.assembled.scanner.scan(START)
    with changing.bench.units() as unit:
        risk = unit.book.risk(VENUE)
        assert risk is not None
        peak = Decimal(20_000)
        unit.book.put_risk(VENUE, replace(risk, drawdown_latched=True, peak_equity_quote=peak))
        unit.commit()


def test_a_rearm_counts_the_peak_from_the_equity_of_now(changing: Changing) -> None:
    latch(changing)
    change = changing.asked(ChangeKind.REARM)
    assert change.before["peak_equity_quote"] == "20000"
    changing.approve(change)
    with changing.bench.units(read_only=True) as unit:
        risk = unit.book.risk(VENUE)
    assert risk is not None
    assert (risk.drawdown_latched, risk.peak_equity_quote) == (False, Decimal(10_000))


def test_without_a_second_factor_the_terminal_has_to_say_so(changing: Changing) -> None:
    changing.bench.assembled.desk.kill(OWNER.user_id)
    change = changing.asked(ChangeKind.KILL_OFF)
    outcome = changing.desk.press(change.token, Verdict.APPROVE, OWNER.user_id)
    assert outcome.result is ChangeResult.TERMINAL_WANTED
    assert changing.now_of(change).is_open
    (waiting,) = changing.bench.assembled.desk.factors.waiting()
    told = changing.bench.assembled.desk.factors.confirm(waiting.id)
    assert (told.done, told.text) == (True, "changes.result_applied")
    assert not changing.controls().killed


def enrolled(changing: Changing) -> str:
    """Olga's secret, confirmed."""
    factors = changing.bench.assembled.desk.factors
    factors.begin(OWNER.user_id)
    setup = factors.setup(OWNER.user_id)
    assert setup is not None
    secret = setup.secret.reveal()
    assert factors.answer(SecretText(code_of(changing, secret)), OWNER.user_id).done
    changing.bench.wall.advance(seconds=60)
    return secret


def code_of(changing: Changing, secret: str) -> str:
    return pyotp.TOTP(secret).at(changing.bench.wall.now())


def test_a_code_carries_out_the_answer_it_was_asked_for(changing: Changing) -> None:
    secret = enrolled(changing)
    changing.bench.assembled.desk.kill(OWNER.user_id)
    change = changing.asked(ChangeKind.KILL_OFF)
    pressed = changing.desk.press(change.token, Verdict.APPROVE, OWNER.user_id)
    assert pressed.result is ChangeResult.CODE_WANTED
    factors = changing.bench.assembled.desk.factors
    wrong = factors.answer(SecretText("000000"), OWNER.user_id)
    assert (wrong.done, wrong.text) == (False, "press.code_wrong")
    assert changing.controls().killed
    right = factors.answer(SecretText(code_of(changing, secret)), OWNER.user_id)
    assert (right.done, right.text) == (True, "changes.result_applied")
    assert not changing.controls().killed
    assert changing.now_of(change).state is ApprovalState.APPROVED


def test_a_no_needs_no_code(changing: Changing) -> None:
    enrolled(changing)
    change = changing.asked(ChangeKind.LIMIT, "max_open_positions", "7")
    outcome = changing.desk.press(change.token, Verdict.REJECT, OWNER.user_id)
    assert outcome.result is ChangeResult.REJECTED


def test_a_code_for_a_question_that_has_become_stale_changes_nothing(changing: Changing) -> None:
    secret = enrolled(changing)
    change = changing.asked(ChangeKind.LIMIT, "max_open_positions", "7")
    changing.desk.press(change.token, Verdict.APPROVE, OWNER.user_id)
    changing.limit("max_open_positions", "2")
    factors = changing.bench.assembled.desk.factors
    told = factors.answer(SecretText(code_of(changing, secret)), OWNER.user_id)
    assert not told.done
    assert changing.value_of("risk.max_open_positions") == "2"
