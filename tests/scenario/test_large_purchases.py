"""A person's own purchase that takes a code or other people: what it waits for, and its way on."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pyotp
import pytest

from engine.checks.policy import ApprovalPolicy
from engine.desk.factors.front import FactorOutcome
from engine.domain.approvals import Approval
from engine.domain.desk import Delivery, Person, Role
from engine.domain.lifecycles import ApprovalState, OrderState
from engine.domain.secret_text import SecretText
from engine.domain.views import CommandOutcome, Press, PressResult
from engine.ports import Units
from engine.strategy.policy import TradingPolicy
from tests.fakes.desk_builder import APPROVER, BTC, OWNER, SECOND, Bench, build

D = Decimal
A, R = ApprovalState, PressResult


@pytest.fixture
def desk(units: Units) -> Callable[..., Bench]:
    def made(**changes: object) -> Bench:
        approval = ApprovalPolicy(**changes)  # type: ignore[arg-type]  # the names are its own
        return build(units, policies=TradingPolicy(approval=approval))

    return made


@pytest.fixture
def bench(desk: Callable[..., Bench]) -> Bench:
    """500 takes two people."""
    return desk(quorum_above_quote=D(400))


def buy(
    bench: Bench, amount: str = "500", *, by: Person = OWNER, request: str = "r1"
) -> CommandOutcome:
    return bench.assembled.desk.buy(BTC, amount, by.user_id, request_id=request, chat_id=77)


def asked(bench: Bench) -> Approval:
    (approval,) = bench.pending()
    return approval


def enrol(bench: Bench, person: Person = OWNER) -> pyotp.TOTP:
    factors = bench.assembled.desk.factors
    factors.begin(person.user_id)
    view = factors.setup(person.user_id)
    assert view is not None
    app = pyotp.TOTP(view.secret.reveal())
    say(bench, app.at(bench.wall.now()), person)
    bench.advance(seconds=30)
    return app


def say(bench: Bench, code: str, person: Person = OWNER) -> FactorOutcome:
    return bench.assembled.desk.factors.answer(SecretText(code), person.user_id)


def demote(bench: Bench, person: Person) -> None:
    with bench.units() as unit:
        unit.desk.put_person(replace(person, role=Role.VIEWER))
        unit.commit()


# Several people


def test_who_buys_has_agreed_and_one_more_person_sends_it(bench: Bench) -> None:
    outcome = buy(bench)
    assert (outcome.done, outcome.reason) == (False, "people_wanted")
    assert bench.fills() == ()
    question = asked(bench)
    assert (question.needed, question.approvers) == (2, (OWNER.user_id,))
    assert bench.approve(question).result is R.COUNTED_BEFORE
    assert bench.approve(question, APPROVER).result is R.FILLED
    ended = bench.now_of(question)
    assert (ended.state, ended.approvers) == (A.APPROVED, (OWNER.user_id, APPROVER.user_id))
    position = bench.position()
    assert position is not None
    assert position.quantity == D(5)
    bench.assert_protected()
    bench.assert_books_agree()


def test_everybody_is_asked_in_one_message_that_follows_to_the_end(bench: Bench) -> None:
    buy(bench)
    question = asked(bench)
    first, *_ = bench.outbox("purchase")
    assert (first.delivery, first.chat_id, first.payload) == (
        Delivery.NEW,
        None,
        {"order_id": question.order_id},
    )
    bench.approve(question, APPROVER)
    told = bench.outbox("purchase")
    assert {message.subject for message in told} == {first.subject}
    assert [message.delivery for message in told[1:]] == [Delivery.EDIT] * (len(told) - 1)
    assert len(told) > 1


def test_the_same_command_twice_asks_once(bench: Bench) -> None:
    assert [buy(bench).reason for _ in range(2)] == ["people_wanted"] * 2
    bench.approve(asked(bench), APPROVER)
    assert buy(bench).done
    assert len(bench.fills()) == 1


def test_at_the_threshold_one_person_buys(bench: Bench) -> None:
    assert buy(bench, "400").done
    assert bench.pending() == ()


def test_a_no_ends_it_and_the_market_does_not_rest_for_it(bench: Bench) -> None:
    buy(bench)
    question = asked(bench)
    assert bench.press(question, Press.REJECT, APPROVER).result is R.REJECTED
    assert bench.order(question.order_id).state is OrderState.REFUSED
    assert bench.fills() == ()
    assert buy(bench, "100", request="r2").done


def test_half_of_it_is_small_enough_for_one_person(bench: Bench) -> None:
    buy(bench)
    question = asked(bench)
    assert bench.press(question, Press.HALF, APPROVER).result is R.FILLED
    position = bench.position()
    assert position is not None
    assert position.quantity == D("2.5")
    view = bench.assembled.desk.purchase(question.order_id)
    assert view is not None
    assert [order.intent.quantity for order in view.orders] == [D(5), D("2.5")]
    assert bench.outbox("purchase")[-1].payload == {"order_id": question.order_id}


def test_a_command_that_comes_again_is_answered_from_what_became_of_it(bench: Bench) -> None:
    buy(bench)
    first = asked(bench)
    bench.market.set_price(BTC, "101")
    assert bench.approve(first, APPROVER).result is R.ASKED_AGAIN
    assert buy(bench).reason == "people_wanted"
    assert bench.press(asked(bench), Press.HALF, APPROVER).result is R.FILLED
    again = buy(bench)
    assert again.done
    assert again.fills == bench.fills()
    assert len(again.fills) == 1


def test_a_price_that_moved_is_asked_afresh_in_a_message_of_its_own(bench: Bench) -> None:
    buy(bench)
    first = asked(bench)
    bench.market.set_price(BTC, "101")
    assert bench.approve(first, APPROVER).result is R.ASKED_AGAIN
    second = asked(bench)
    assert second.approvers == ()
    for question in (first, second):
        view = bench.assembled.desk.purchase(question.order_id)
        assert view is not None
        assert [one.id for one in view.approvals] == [question.id]
        assert view.by == OWNER.user_id
    bench.approve(second, OWNER)
    assert bench.approve(second, APPROVER).result is R.FILLED


def test_the_clock_never_buys_it(desk: Callable[..., Bench]) -> None:
    bench = desk(quorum_above_quote=D(400), on_expiry="limit")
    buy(bench)
    question = asked(bench)
    bench.wall.move_to(question.expires_at)
    assert bench.assembled.questions.expire() == 1
    assert bench.now_of(question).state is A.EXPIRED
    assert bench.unfinished() == ()


def test_a_buyer_who_may_decide_no_more_does_not_count(bench: Bench) -> None:
    buy(bench)
    question = asked(bench)
    demote(bench, OWNER)
    assert bench.approve(question, APPROVER).result is R.COUNTED
    assert bench.fills() == ()
    assert bench.approve(question, SECOND).result is R.FILLED


def test_the_kill_switch_ends_it(bench: Bench) -> None:
    buy(bench)
    question = asked(bench)
    bench.assembled.desk.kill(APPROVER.user_id)
    assert bench.approve(question, APPROVER).result is R.REFUSED
    assert bench.fills() == ()


def test_it_outlives_a_restart(bench: Bench) -> None:
    buy(bench)
    again = bench.restart()
    assert again.approve(asked(again), APPROVER).result is R.FILLED


def test_the_trail_names_who_wanted_it_and_who_agreed(bench: Bench) -> None:
    buy(bench)
    bench.approve(asked(bench), APPROVER)
    told = [(line.event.actor, line.event.action) for line in bench.audit()]
    assert ("person:1", "purchase_wanted") in told
    assert ("person:2", "approval_approved") in told


def test_the_inbox_lists_it_with_who_asked(bench: Bench) -> None:
    buy(bench)
    (row,) = bench.assembled.desk.inbox.open()
    assert (row.facts["asked_by"], row.agreed) == (OWNER.user_id, (OWNER.user_id,))


# A code


def test_the_message_of_the_command_hears_what_its_code_came_to(desk: Callable[..., Bench]) -> None:
    bench = desk(totp_above_quote=D(400))
    app = enrol(bench)
    assert buy(bench).reason == "code_wanted"
    assert bench.outbox("buy") == ()
    say(bench, app.at(bench.wall.now()))
    told = bench.outbox("buy")
    assert {(m.chat_id, m.delivery) for m in told} == {(77, Delivery.EDIT)}
    order_id = told[-1].payload["order_id"]
    assert [fill.order_id for fill in bench.fills()] == [order_id]


def test_a_code_that_comes_to_nothing_is_told_where_the_command_was(
    desk: Callable[..., Bench],
) -> None:
    bench = desk(totp_above_quote=D(400))
    app = enrol(bench)
    buy(bench)
    bench.assembled.desk.pause(OWNER.user_id)
    assert say(bench, app.at(bench.wall.now())).text == "notices.buy_refused"
    (told,) = bench.outbox("buy")
    assert (told.payload["refused"], told.payload["by"]) == ("desk_paused", OWNER.user_id)


def test_a_wrong_code_says_so_and_the_purchase_goes_on_waiting(desk: Callable[..., Bench]) -> None:
    bench = desk(totp_above_quote=D(400))
    app = enrol(bench)
    buy(bench)
    assert say(bench, "000000").text == "press.code_wrong"
    assert say(bench, app.at(bench.wall.now())).text == "notices.buy_done"


def test_a_code_first_and_then_the_others(desk: Callable[..., Bench]) -> None:
    bench = desk(totp_above_quote=D(400), quorum_above_quote=D(400))
    mine, theirs = enrol(bench), enrol(bench, APPROVER)
    assert buy(bench).reason == "code_wanted"
    assert bench.pending() == ()
    assert say(bench, mine.at(bench.wall.now())).text == "notices.buy_asked"
    question = asked(bench)
    assert question.approvers == (OWNER.user_id,)
    assert bench.approve(question, APPROVER).result is R.CODE_WANTED
    assert say(bench, theirs.at(bench.wall.now()), APPROVER).text == "press.filled"
    assert len(bench.fills()) == 1


def test_without_a_factor_the_terminal_sends_it(desk: Callable[..., Bench]) -> None:
    bench = desk(totp_above_quote=D(400))
    assert buy(bench).reason == "terminal_wanted"
    factors = bench.assembled.desk.factors
    (waiting,) = factors.waiting()
    assert factors.confirm(waiting.id).text == "notices.buy_done"
    assert len(bench.fills()) == 1


def test_an_owner_who_was_demoted_before_the_code_buys_nothing(desk: Callable[..., Bench]) -> None:
    bench = desk(totp_above_quote=D(400))
    app = enrol(bench)
    buy(bench)
    with bench.units() as unit:
        unit.desk.put_person(replace(OWNER, role=Role.APPROVER))
        unit.commit()
    assert not say(bench, app.at(bench.wall.now())).done
    assert bench.fills() == ()
