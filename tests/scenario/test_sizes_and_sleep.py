"""Other sizes, people who sleep, reminders, and a quorum that changes meanwhile."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.checks.policy import ApprovalPolicy, AutomationPolicy
from engine.domain.approvals import Approval, read_expiry_note
from engine.domain.desk import Delivery, Priority, Role
from engine.domain.errors import InvalidValueError
from engine.domain.lifecycles import ApprovalState, OrderState
from engine.domain.views import Press, PressOutcome, PressResult, Size
from engine.ports import Units
from engine.strategy.policy import TradingPolicy
from tests.fakes.desk_builder import APPROVER, BTC, ETH, OWNER, SECOND, Bench, build
from tests.fakes.units import FakeUnits

D = Decimal
A, R = ApprovalState, PressResult


@pytest.fixture
def bench(units: Units) -> Bench:
    return build(units)


def asleep(units: Units, **changes: object) -> Bench:
    """A bench whose entries would go by themselves were they small enough."""
    approval = ApprovalPolicy(**changes)  # type: ignore[arg-type]  # the names are its own
    automation = AutomationPolicy(uncalibrated_paper="auto")
    return build(units, policies=TradingPolicy(approval=approval, automation=automation))


def choose(bench: Bench, approval: Approval, size: Size) -> PressOutcome:
    return bench.assembled.questions.press(approval.token, Press.HALF, OWNER, size=size)


def expire(bench: Bench, approval: Approval) -> None:
    bench.wall.move_to(approval.expires_at)
    assert bench.assembled.questions.expire() == 1


def held(bench: Bench) -> Decimal | None:
    position = bench.position()
    return position.quantity if position else None


# Sizes


@pytest.mark.parametrize(
    ("size", "quantity"),
    [
        (Size(fraction=D("0.25")), "1.25"),
        (Size(fraction=D("0.75")), "3.75"),
        (Size(amount_quote=D(300)), "3"),
        (Size(amount_quote=D("333.333")), "3.333"),  # whole lots of 0.001
    ],
    ids=str,
)
def test_another_size_is_bought_as_a_new_order(bench: Bench, size: Size, quantity: str) -> None:
    approval = bench.ask()
    outcome = choose(bench, approval, size)
    assert (outcome.result, outcome.state) == (R.FILLED, A.PARTLY)
    assert held(bench) == D(quantity)
    ended = bench.order(approval.order_id)
    assert (ended.state, ended.note) == (OrderState.REFUSED, "resized")
    assert bench.now_of(approval).decided_by == OWNER.user_id
    bench.assert_protected()
    bench.assert_books_agree()


@pytest.mark.parametrize("size", [Size(fraction=D(1)), Size(amount_quote=D(500))], ids=str)
def test_the_whole_size_is_a_plain_yes(bench: Bench, size: Size) -> None:
    approval = bench.ask()
    assert choose(bench, approval, size).result is R.FILLED
    assert bench.now_of(approval).state is A.APPROVED
    assert [fill.order_id for fill in bench.fills()] == [approval.order_id]


@pytest.mark.parametrize("amount", ["500.01", "10000"])
def test_more_than_was_asked_changes_nothing(bench: Bench, amount: str) -> None:
    approval = bench.ask()
    before = (bench.now_of(approval), bench.outbox())
    assert choose(bench, approval, Size(amount_quote=D(amount))).result is R.MORE_THAN_ASKED
    assert (bench.now_of(approval), bench.outbox()) == before
    assert bench.fills() == ()


def test_the_amount_as_it_is_shown_is_not_more_than_was_asked(bench: Bench) -> None:
    approval = bench.ask(quantity="4.999", price="100.01")  # 499.949..., shown as 499.95
    assert choose(bench, approval, Size(amount_quote=D("499.95"))).state is A.APPROVED


def test_more_than_was_asked_does_not_ask_a_quorum_again(units: Units) -> None:
    bench = quorum(units)
    approval = bench.ask()
    bench.approve(approval, APPROVER)
    assert choose(bench, approval, Size(amount_quote=D(600))).result is R.MORE_THAN_ASKED
    assert bench.now_of(approval).approvers == (APPROVER.user_id,)


@pytest.mark.parametrize("amount", ["4.99", "0.01"])
def test_a_chosen_size_below_the_minimum_is_refused_and_the_question_stays(
    bench: Bench, amount: str
) -> None:
    approval = bench.ask()
    outcome = choose(bench, approval, Size(amount_quote=D(amount)))
    assert (outcome.result, outcome.reason) == (R.REFUSED, "below_minimum")
    assert bench.now_of(approval) == approval
    assert bench.fills() == ()
    assert bench.approve(approval).result is R.FILLED


def test_another_size_at_a_price_that_has_moved_is_asked_afresh(bench: Bench) -> None:
    approval = bench.ask()
    bench.market.set_price(BTC, "101")
    fresh = choose(bench, approval, Size(fraction=D("0.25"))).approval
    assert fresh is not None
    order = bench.order(fresh.order_id)
    assert (order.intent.quantity, fresh.round_no) == (D("1.25"), 1)
    assert bench.fills() == ()


def test_a_repeated_size_buys_once(bench: Bench) -> None:
    approval = bench.ask()
    choose(bench, approval, Size(fraction=D("0.25")))
    assert choose(bench, approval, Size(fraction=D("0.75"))).result is R.ALREADY_DECIDED
    assert len(bench.fills()) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"fraction": D(0)},
        {"fraction": D("1.01")},
        {"amount_quote": D(-1)},
        {"amount_quote": D("NaN")},
        {"fraction": D("0.5"), "amount_quote": D(1)},
    ],
    ids=str,
)
def test_a_size_that_is_none_is_refused(wrong: dict[str, Decimal]) -> None:
    with pytest.raises(InvalidValueError, match="size"):
        Size(**wrong)


# Asleep, smaller


def test_asleep_smaller_buys_what_goes_without_asking(units: Units) -> None:
    bench = asleep(units, on_expiry="smaller")
    approval = bench.ask()  # 500; without asking go 100 and a hundredth of 10,000
    expire(bench, approval)
    assert held(bench) == D(1)
    assert bench.now_of(approval).state is A.EXPIRED
    bench.assert_protected()
    bench.assert_books_agree()


def test_asleep_smaller_is_at_most_half(units: Units) -> None:
    bench = asleep(
        units, on_expiry="smaller", ask_above_quote=D(400), ask_above_equity_fraction=1.0
    )
    expire(bench, bench.ask())
    assert held(bench) == D("2.5")


def test_asleep_smaller_keeps_to_the_share_of_equity(units: Units) -> None:
    bench = asleep(
        units, on_expiry="smaller", ask_above_quote=D(400), ask_above_equity_fraction=0.005
    )
    expire(bench, bench.ask())
    assert held(bench) == D("0.5")


def test_asleep_smaller_buys_nothing_where_nothing_goes_without_asking(units: Units) -> None:
    bench = build(
        units, policies=TradingPolicy(approval=ApprovalPolicy(on_expiry="smaller"))
    )  # an edge that is not measured is always asked
    expire(bench, bench.ask())
    assert bench.fills() == ()


def test_asleep_smaller_below_the_venues_minimum_buys_nothing(units: Units) -> None:
    bench = asleep(units, on_expiry="smaller", ask_above_quote=D("4.9"))
    expire(bench, bench.ask())
    assert bench.fills() == ()


def test_asleep_smaller_at_a_price_that_has_moved_buys_nothing(units: Units) -> None:
    bench = asleep(units, on_expiry="smaller")
    approval = bench.ask()
    bench.market.set_price(BTC, "102")
    expire(bench, approval)
    assert bench.fills() == ()
    assert bench.pending() == ()


# Asleep, what takes people


@pytest.mark.parametrize("word", ["quorum_above_quote", "totp_above_quote"])
def test_the_clock_never_does_what_takes_several_people_or_a_code(units: Units, word: str) -> None:
    bench = asleep(units, on_expiry="limit", **{word: D(499)})
    expire(bench, bench.ask())
    assert bench.unfinished() == ()
    assert bench.fills() == ()


# Asleep, what the question remembers


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"on_expiry": "smaller"}, ("smaller", "")),
        ({"on_expiry": "limit"}, ("limit", "")),
        ({"on_expiry_rules": {"BTC/USDT": "limit"}}, ("limit", "")),
        ({"on_expiry": "smaller", "ask_above_quote": D("4.9")}, ("smaller", "below_minimum")),
        ({"on_expiry": "smaller", "ask_above_quote": D(0)}, ("smaller", "nothing_unasked")),
        ({"on_expiry": "limit", "totp_above_quote": D(499)}, ("limit", "takes_people")),
        ({}, None),
    ],
    ids=str,
)
def test_an_expired_question_remembers_its_rule_and_why_nothing_was_bought(
    units: Units, changes: dict[str, object], note: tuple[str, str] | None
) -> None:
    bench = asleep(units, **changes)
    approval = bench.ask()
    expire(bench, approval)
    ended = bench.now_of(approval)
    assert (ended.state, ended.decided_by) == (A.EXPIRED, None)
    assert read_expiry_note(ended.note) == note
    bought = bool(bench.fills() or bench.unfinished())
    assert bought is (note is not None and not note[1])


def test_a_rule_that_meets_a_moved_price_says_so(units: Units) -> None:
    bench = asleep(units, on_expiry="smaller")
    approval = bench.ask()
    bench.market.set_price(BTC, "102")
    expire(bench, approval)
    assert read_expiry_note(bench.now_of(approval).note) == ("smaller", "price_drifted")


# Asleep, per rule


@pytest.mark.parametrize(
    ("rules", "rests"),
    [
        ({}, False),
        ({"BTC/USDT": "limit"}, True),
        ({"ETH/USDT": "limit"}, False),
        ({"ask_above_quote": "limit"}, True),
        ({"ask_above_quote": "limit", "BTC/USDT": "skip"}, False),
    ],
    ids=str,
)
def test_a_market_goes_before_a_reason_and_a_reason_before_the_rest(
    units: Units, rules: dict[str, str], rests: bool
) -> None:
    bench = asleep(units, on_expiry_rules=rules)
    expire(bench, bench.ask())
    assert bool(bench.unfinished()) is rests


@pytest.mark.parametrize("rules", [{"BTC/USDT": "twice"}, {"whenever": "skip"}])
def test_rules_that_mean_nothing_are_refused(rules: dict[str, str]) -> None:
    with pytest.raises(InvalidValueError, match="on_expiry_rules"):
        ApprovalPolicy(on_expiry_rules=rules)  # type: ignore[arg-type]  # the point of the test


# Reminders


def test_a_question_is_told_once_more_before_it_expires(bench: Bench) -> None:
    approval = bench.ask()
    remind = bench.assembled.questions.remind
    bench.wall.move_to(approval.expires_at - timedelta(minutes=3, microseconds=1))
    assert remind() == 0
    bench.advance(seconds=1)
    assert remind() == 1
    assert remind() == 0
    assert bench.restart().assembled.questions.remind() == 0
    (told,) = bench.outbox("reminder")
    assert (told.delivery, told.priority, told.chat_id) == (
        Delivery.NEW,
        Priority.QUESTION,
        None,
    )


def test_without_a_time_nobody_is_reminded(units: Units) -> None:
    bench = asleep(units, remind_before_s=0)
    approval = bench.ask()
    bench.wall.move_to(approval.expires_at - timedelta(seconds=1))
    assert bench.assembled.questions.remind() == 0


def test_a_question_that_lasts_no_longer_than_its_reminder_has_none(units: Units) -> None:
    bench = asleep(units, expires_after_s=120)
    bench.ask()
    bench.advance(seconds=60)
    assert bench.assembled.questions.remind() == 0


def test_a_fresh_question_shortly_before_the_end_needs_no_reminder(bench: Bench) -> None:
    approval = bench.ask()
    bench.wall.move_to(approval.expires_at - timedelta(minutes=2))
    bench.market.set_price(BTC, "101")
    assert bench.approve(approval).result is R.ASKED_AGAIN
    assert bench.assembled.questions.remind() == 0


@pytest.mark.parametrize("press", [Press.APPROVE, Press.HALF, Press.REJECT])
def test_the_reminder_goes_away_with_the_question(bench: Bench, press: Press) -> None:
    approval = bench.ask()
    bench.wall.move_to(approval.expires_at - timedelta(minutes=1))
    bench.assembled.questions.remind()
    bench.press(approval, press)
    (told,) = bench.outbox("reminder")
    assert [m.delivery for m in bench.outbox("erase") if m.subject == told.subject] == [
        Delivery.DELETE
    ]


def test_a_question_nobody_was_reminded_of_leaves_nothing_to_take_away(bench: Bench) -> None:
    bench.approve(bench.ask())
    assert bench.outbox("erase") == ()


# A quorum that changes


def quorum(units: Units) -> Bench:
    return asleep(units, quorum_above_quote=D(499))


def test_whoever_has_agreed_and_may_decide_no_more_does_not_count(units: Units) -> None:
    bench = quorum(units)
    approval = bench.ask()
    bench.approve(approval, OWNER)
    with bench.units() as unit:
        unit.desk.put_person(replace(OWNER, role=Role.VIEWER))
        unit.commit()
    outcome = bench.approve(approval, APPROVER)
    assert outcome.result is R.COUNTED
    assert bench.now_of(approval).approvers == (APPROVER.user_id,)
    assert bench.fills() == ()
    assert bench.approve(approval, SECOND).result is R.FILLED
    assert bench.now_of(approval).approvers == (APPROVER.user_id, SECOND.user_id)


def test_whoever_was_removed_since_the_press_was_read_decides_nothing(units: Units) -> None:
    bench = quorum(units)
    approval = bench.ask()
    with bench.units() as unit:
        unit.desk.drop_person(OWNER.user_id)
        unit.commit()
    assert bench.approve(approval, OWNER).result is R.NOT_ALLOWED
    assert bench.now_of(approval) == approval


def test_the_second_press_of_one_person_changes_nothing(units: Units) -> None:
    bench = quorum(units)
    approval = bench.ask()
    bench.approve(approval, OWNER)
    before = (bench.now_of(approval), bench.outbox())
    assert bench.approve(approval, OWNER).result is R.COUNTED_BEFORE
    assert (bench.now_of(approval), bench.outbox()) == before


def test_who_halves_what_takes_several_has_agreed_to_the_half(units: Units) -> None:
    bench = asleep(units, quorum_above_quote=D(200))
    approval = bench.ask()
    bench.approve(approval, APPROVER)
    outcome = bench.press(approval, Press.HALF)
    assert outcome.result is R.ASKED_AGAIN
    assert outcome.approval is not None
    assert outcome.approval.approvers == (OWNER.user_id,)
    assert bench.approve(outcome.approval, APPROVER).result is R.FILLED
    assert held(bench) == D("2.5")


def test_a_quorum_that_was_raised_meanwhile_holds_for_an_open_question(units: Units) -> None:
    bench = asleep(units)
    approval = bench.ask()
    strict = TradingPolicy(approval=ApprovalPolicy(quorum_above_quote=D(499)))
    bench = bench.restart(policies=strict)
    assert bench.approve(approval, OWNER).result is R.COUNTED
    assert bench.now_of(approval).needed == 2
    assert bench.fills() == ()
    assert bench.approve(approval, APPROVER).result is R.FILLED


def test_a_role_that_was_taken_and_given_back_must_agree_again(units: Units) -> None:
    bench = quorum(units)
    approval = bench.ask()
    bench.approve(approval, OWNER)
    with bench.units() as unit:
        unit.desk.drop_person(OWNER.user_id)
        unit.commit()
    assert bench.approve(approval, APPROVER).result is R.COUNTED
    with bench.units() as unit:
        unit.desk.put_person(OWNER)
        unit.commit()
    assert bench.now_of(approval).approvers == (APPROVER.user_id,)
    assert bench.approve(approval, OWNER).result is R.FILLED


# The inbox


def test_the_inbox_lists_the_oldest_first_and_the_newest_end_first(fake_units: FakeUnits) -> None:
    bench = build(fake_units)
    asked = []
    for symbol in (BTC, ETH, BTC, ETH):
        asked.append(bench.ask(symbol))
        bench.advance(seconds=1)
    inbox = bench.assembled.desk.inbox
    assert [row.id for row in inbox.open()] == [one.id for one in asked]
    assert inbox.ended() == ()
    bench.press(asked[2], Press.REJECT)
    bench.advance(seconds=1)
    bench.press(asked[0], Press.REJECT, APPROVER)
    assert [row.id for row in inbox.open()] == [asked[1].id, asked[3].id]
    assert [(row.id, row.state, row.decided_by) for row in inbox.ended()] == [
        (asked[0].id, "rejected", APPROVER.user_id),
        (asked[2].id, "rejected", OWNER.user_id),
    ]
    assert len(inbox.ended(1)) == 1


def test_the_inbox_says_who_has_agreed(fake_units: FakeUnits) -> None:
    bench = quorum(fake_units)
    bench.approve(bench.ask(), APPROVER)
    (row,) = bench.assembled.desk.inbox.open()
    assert (row.needed, row.agreed) == (2, (APPROVER.user_id,))
