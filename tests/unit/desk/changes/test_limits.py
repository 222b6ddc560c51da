"""Limits: down at once, up by a question; every value says where it comes from."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.checks.policy import ApprovalPolicy
from engine.desk.changes.limits import _RISKIER, raises_risk
from engine.desk.overrides import layered, limit_keys
from engine.domain.changes import ChangeKind, ChangeResult, Override
from engine.domain.desk import Delivery, Mode
from engine.domain.errors import ConfigurationError
from engine.domain.ids import ChangeId
from engine.domain.lifecycles import ApprovalState
from engine.risk.policy import RiskPolicy
from engine.strategy.policy import TradingPolicy
from tests.fakes.changing import Changing
from tests.fakes.desk_builder import APPROVER, OWNER, START, STRANGER, VIEWER, build
from tests.fakes.units import FakeUnits

POSITIONS = "risk.max_open_positions"


@pytest.fixture
def changing(fake_units: FakeUnits) -> Changing:
    return Changing(build(fake_units))


def test_a_limit_is_lowered_at_once_and_the_trail_says_by_whom_from_what_to_what(
    changing: Changing,
) -> None:
    outcome = changing.limit(POSITIONS, "3")
    assert outcome.result is ChangeResult.APPLIED
    assert outcome.change is not None
    assert outcome.change.state is ApprovalState.APPROVED
    assert changing.bench.assembled.context.policies.risk.max_open_positions == 3
    assert changing.bench.assembled.context.strategy.numbers.risk.max_open_positions == 3
    (line,) = changing.bench.audit()
    assert (line.event.actor, line.event.action) == ("person:1", "change_approved")
    assert line.event.detail["before"] == {"key": POSITIONS, "value": "5"}
    assert line.event.detail["after"] == {"key": POSITIONS, "value": "3"}
    assert changing.told(outcome.change) == 1


def test_a_limit_is_raised_by_a_question_and_not_before_its_answer(changing: Changing) -> None:
    change = changing.asked(ChangeKind.LIMIT, POSITIONS, "7")
    assert changing.value_of(POSITIONS) == "5"
    assert change.needs_code
    assert changing.approve(change).result is ChangeResult.APPLIED
    assert changing.bench.assembled.context.policies.risk.max_open_positions == 7
    assert changing.bench.actions() == ["change_asked", "change_approved"]


def test_a_limit_says_where_its_value_comes_from(changing: Changing) -> None:
    changing.limit(POSITIONS, "3")
    rows = {row.key: row for row in changing.desk.limits("risk")}
    changed, other = rows[POSITIONS], rows["risk.risk_fraction"]
    assert (changed.value, changed.file_value) == ("3", "5")
    assert changed.override is not None
    assert (changed.override.set_by, changed.override.before) == (OWNER.user_id, "5")
    assert changed.override.set_at == changing.bench.wall.now()
    assert (other.value, other.override) == ("0.005", None)
    assert all(key.startswith("risk.") for key in rows)


def test_the_files_own_value_leaves_no_override_behind(changing: Changing) -> None:
    changing.limit(POSITIONS, "3")
    change = changing.asked(ChangeKind.LIMIT, POSITIONS, "file")
    assert change.after["value"] == "5"
    changing.approve(change)
    with changing.bench.units(read_only=True) as unit:
        assert unit.overrides.all() == []


def test_limits_survive_a_restart_of_the_desk(changing: Changing) -> None:
    changing.limit(POSITIONS, "3")
    again = changing.bench.restart()
    again.assembled.desk.changes.take_up()
    assert again.assembled.context.policies.risk.max_open_positions == 3


def test_another_process_takes_the_change_up(changing: Changing) -> None:
    other = changing.bench.restart()
    assert not other.assembled.desk.changes.take_up()
    changing.limit(POSITIONS, "3")
    assert other.assembled.context.policies.risk.max_open_positions == 5
    assert other.assembled.desk.changes.take_up()
    assert other.assembled.context.policies.risk.max_open_positions == 3
    assert not other.assembled.desk.changes.take_up()


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("no_such_limit", "3", "unknown_limit"),
        ("costs.taker_fee_bps", "3", "unknown_limit"),
        (POSITIONS, "0", "bad_value"),
        (POSITIONS, "-1", "bad_value"),
        (POSITIONS, "2.5", "bad_value"),
        (POSITIONS, "many", "bad_value"),
        (POSITIONS, "nan", "bad_value"),
        (POSITIONS, "1e999", "bad_value"),
        (POSITIONS, "", "bad_value"),
        ("risk.risk_fraction", "0.5", "bad_value"),
        ("risk.sizing", "martingale", "bad_value"),
        ("approval.on_expiry", "yolo", "bad_value"),
        (POSITIONS, "5", "no_change"),
        ("approval.expires_after_s", "59", "bad_value"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    changing: Changing, key: str, value: str, reason: str
) -> None:
    before = changing.desk.limits()
    outcome = changing.limit(key, value)
    assert (outcome.result, outcome.reason) == (ChangeResult.REFUSED, reason)
    assert changing.desk.limits() == before
    assert changing.desk.open() == ()


@pytest.mark.parametrize(
    ("text", "written"), [("1.5%", "0.015"), ("0.015", "0.015"), (" 1.50 % ", "0.015")]
)
def test_a_share_may_be_written_as_a_percentage(
    changing: Changing, text: str, written: str
) -> None:
    changing.limit("max_daily_loss_fraction", text)
    assert changing.value_of("risk.max_daily_loss_fraction") == written


def test_an_amount_may_be_off_and_that_is_the_riskiest(changing: Changing) -> None:
    assert changing.limit("totp_above_quote", "500").result is ChangeResult.APPLIED
    assert changing.value_of("approval.totp_above_quote") == "500"
    assert changing.limit("totp_above_quote", "off").result is ChangeResult.ASKED


@pytest.mark.parametrize(
    ("key", "before", "after", "raises"),
    [
        ("risk.max_open_positions", "5", "6", True),
        ("risk.max_open_positions", "5", "4", False),
        ("automation.cooldown_after_loss_bars", "6", "5", True),
        ("automation.cooldown_after_loss_bars", "6", "7", False),
        ("automation.min_net_edge_bps", "5", "4.9", True),
        ("automation.uncalibrated_paper", "ask", "auto", True),
        ("automation.uncalibrated_paper", "auto", "ask", False),
        ("approval.quorum", "2", "1", True),
        ("approval.quorum_above_quote", "100", "off", True),
        ("approval.quorum_above_quote", "off", "100", False),
        ("approval.ask_above_quote", "100", "99.5", False),
        ("approval.expires_after_s", "900", "60", True),
        ("approval.expires_after_s", "900", "901", True),
        ("approval.on_expiry", "limit", "skip", False),
        ("approval.on_expiry", "skip", "smaller", True),
        ("risk.sizing", "fixed_fraction", "kelly", True),
        ("risk.sizing", "kelly", "fixed_fraction", True),
    ],
)
def test_which_way_is_riskier(key: str, before: str, after: str, raises: bool) -> None:
    assert raises_risk(key, before, after) is raises


def test_the_table_of_directions_names_limits_that_there_are() -> None:
    assert set(_RISKIER) <= set(limit_keys(TradingPolicy()))


def test_approvers_may_make_the_desk_more_careful_and_ask_for_more(changing: Changing) -> None:
    assert changing.limit(POSITIONS, "3", APPROVER.user_id).result is ChangeResult.APPLIED
    change = changing.asked(ChangeKind.LIMIT, POSITIONS, "4", APPROVER.user_id)
    assert changing.approve(change, APPROVER).result is ChangeResult.NOT_ALLOWED
    assert changing.value_of(POSITIONS) == "3"


@pytest.mark.parametrize("value", ["60", "1800"])
def test_how_long_a_question_lasts_is_asked_either_way(changing: Changing, value: str) -> None:
    change = changing.asked(ChangeKind.LIMIT, "expires_after_s", value, APPROVER.user_id)
    assert change.needs_code
    assert changing.approve(change, APPROVER).result is ChangeResult.NOT_ALLOWED
    assert changing.value_of("approval.expires_after_s") == "900"
    assert changing.approve(change).result is ChangeResult.APPLIED
    assert changing.value_of("approval.expires_after_s") == value


def test_the_files_own_time_is_gone_back_to_however_short(fake_units: FakeUnits) -> None:
    approval = ApprovalPolicy(expires_after_s=30)
    changing = Changing(build(fake_units, policies=TradingPolicy(approval=approval)))
    changing.approve(changing.asked(ChangeKind.LIMIT, "expires_after_s", "60"))
    changing.approve(changing.asked(ChangeKind.LIMIT, "expires_after_s", "file"))
    assert changing.value_of("approval.expires_after_s") == "30"


@pytest.mark.parametrize("key", ["ask_above_quote", "ask_above_equity_fraction"])
@pytest.mark.parametrize(
    ("approval", "result"),
    [
        (ApprovalPolicy(on_expiry_rules={"ask_above_quote": "limit"}), ChangeResult.ASKED),
        (
            ApprovalPolicy(on_expiry="limit", on_expiry_rules={"ask_symbol_rule": "skip"}),
            ChangeResult.ASKED,
        ),
        (ApprovalPolicy(on_expiry="limit"), ChangeResult.APPLIED),
        (ApprovalPolicy(on_expiry_rules={"BTC/USDT": "limit"}), ChangeResult.APPLIED),
    ],
)
def test_a_lower_threshold_is_asked_where_another_reason_ends_in_another_way(
    fake_units: FakeUnits, key: str, approval: ApprovalPolicy, result: ChangeResult
) -> None:
    changing = Changing(build(fake_units, policies=TradingPolicy(approval=approval)))
    assert changing.limit(key, "0", APPROVER.user_id).result is result


@pytest.mark.parametrize("by", [VIEWER.user_id, STRANGER])
def test_nobody_else_changes_a_limit(changing: Changing, by: int) -> None:
    assert changing.limit(POSITIONS, "3", by).result is ChangeResult.NOT_ALLOWED
    assert changing.value_of(POSITIONS) == "5"
    assert len(changing.bench.audit()) == 1


def test_alerts_only_is_at_once_and_ends_the_open_questions(changing: Changing) -> None:
    approval = changing.bench.ask()
    assert changing.wish(ChangeKind.MODE, value="alert").result is ChangeResult.APPLIED
    assert changing.desk.mode() is Mode.ALERT
    assert changing.bench.now_of(approval).state is ApprovalState.SUPERSEDED
    assert changing.bench.unfinished() == ()
    assert changing.bench.approve(approval).result == "already_decided"
    assert changing.bench.position() is None


def test_a_question_that_ends_in_alerts_only_leaves_a_line_and_takes_its_reminder(
    changing: Changing,
) -> None:
    bench = changing.bench
    approval = bench.ask()
    bench.wall.move_to(approval.expires_at - timedelta(seconds=60))
    assert bench.assembled.questions.remind() == 1
    changing.wish(ChangeKind.MODE, value="alert")
    (line,) = (one for one in bench.audit() if one.event.action == "approval_superseded")
    assert (line.event.subject, line.event.actor) == (approval.id, "desk")
    subject = f"reminder:{approval.id}"
    assert [one.delivery for one in bench.outbox() if one.subject == subject] == [
        Delivery.NEW,
        Delivery.DELETE,
    ]


def test_trading_again_is_asked(changing: Changing) -> None:
    changing.wish(ChangeKind.MODE, value="alert")
    change = changing.asked(ChangeKind.MODE, value="paper")
    assert changing.desk.mode() is Mode.ALERT
    changing.approve(change)
    assert changing.desk.mode() is Mode.PAPER


def test_real_money_is_refused_with_what_is_missing(changing: Changing) -> None:
    outcome = changing.wish(ChangeKind.MODE, value="live")
    assert (outcome.result, outcome.reason) == (ChangeResult.REFUSED, "live_unproved")
    assert changing.wish(ChangeKind.MODE, value="turbo").reason == "unknown_mode"


def test_a_limit_that_does_not_fit_the_file_any_more_is_named() -> None:
    override = Override(
        key="risk.max_risk_fraction",
        value="0.006",
        before="0.01",
        set_at=START,
        set_by=1,
        change_id=ChangeId("c1"),
    )
    file = replace(TradingPolicy(), risk=RiskPolicy(risk_fraction=0.009))
    with pytest.raises(ConfigurationError, match=r"risk\.max_risk_fraction.*changes unset"):
        layered(file, [override])


def test_an_override_of_something_that_is_gone_is_passed_over() -> None:
    override = Override(
        key="risk.no_more", value="1", before="", set_at=START, set_by=None, change_id=ChangeId("c")
    )
    assert layered(TradingPolicy(), [override]) == TradingPolicy()
