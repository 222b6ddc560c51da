"""What needs a second factor has no effect before it, and one effect with it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pyotp
import pytest

from engine.checks.policy import ApprovalPolicy
from engine.desk.factors.front import FactorOutcome
from engine.domain.desk import Delivery, Person, Role
from engine.domain.factors import Challenge, ChallengeState
from engine.domain.lifecycles import ApprovalState
from engine.domain.secret_text import SecretText
from engine.domain.views import Press, PressResult, Size
from engine.ports import Units
from engine.strategy.policy import TradingPolicy
from tests.fakes.desk_builder import APPROVER, BTC, ETH, OWNER, VIEWER, Bench, build
from tests.fakes.units import FakeUnits

D = Decimal
A, R = ApprovalState, PressResult
TERMINAL = Person(user_id=0, role=Role.OWNER, name="terminal", chat_id=0)


def guarded(units: Units, **changes: object) -> Bench:
    """A bench on which 500 needs a code and 400 does not."""
    values = {"totp_above_quote": D(400), **changes}
    approval = ApprovalPolicy(**values)  # type: ignore[arg-type]  # the names are its own
    return build(units, policies=TradingPolicy(approval=approval))


@pytest.fixture
def bench(units: Units) -> Bench:
    return guarded(units)


def enrol(bench: Bench, person: Person = OWNER) -> pyotp.TOTP:
    """A confirmed second factor, and the app that shows its codes; a step has passed since."""
    factors = bench.assembled.desk.factors
    assert factors.begin(person.user_id).done
    view = factors.setup(person.user_id)
    assert view is not None
    app = pyotp.TOTP(view.secret.reveal())
    assert say(bench, app.at(bench.wall.now()), person).text == "factors.confirmed"
    bench.advance(seconds=30)
    return app


def recovery_codes(bench: Bench, person: Person = OWNER) -> list[str]:
    factors = bench.assembled.desk.factors
    factors.begin(person.user_id)
    view = factors.setup(person.user_id)
    assert view is not None
    say(bench, pyotp.TOTP(view.secret.reveal()).at(bench.wall.now()), person)
    bench.advance(seconds=30)
    return [code.reveal() for code in view.recovery]


def say(bench: Bench, code: str, person: Person = OWNER) -> FactorOutcome:
    return bench.assembled.desk.factors.answer(SecretText(code), person.user_id)


def challenges(bench: Bench, person: Person = OWNER) -> list[Challenge]:
    with bench.units(read_only=True) as unit:
        return list(unit.factors.open(person.user_id))


def bought(bench: Bench) -> Decimal | None:
    position = bench.position()
    return position.quantity if position else None


# A code


def test_a_yes_above_the_threshold_waits_for_its_code(bench: Bench) -> None:
    app = enrol(bench)
    approval = bench.ask()
    assert bench.approve(approval).result is R.CODE_WANTED
    assert bench.fills() == ()
    assert bench.now_of(approval) == approval
    outcome = say(bench, app.at(bench.wall.now()))
    assert (outcome.done, outcome.text) == (True, "press.filled")
    assert bench.now_of(approval).state is A.APPROVED
    assert bench.now_of(approval).decided_by == OWNER.user_id
    assert bought(bench) == D(5)
    bench.assert_protected()
    bench.assert_books_agree()


def test_a_value_at_the_threshold_needs_none(bench: Bench) -> None:
    enrol(bench)
    assert bench.approve(bench.ask(quantity="4")).result is R.FILLED


def test_half_below_the_threshold_needs_none(bench: Bench) -> None:
    enrol(bench)
    assert bench.press(bench.ask(), Press.HALF).result is R.FILLED


def test_half_above_the_threshold_buys_half_after_its_code(bench: Bench) -> None:
    app = enrol(bench)
    approval = bench.ask(quantity="9")
    assert bench.press(approval, Press.HALF).result is R.CODE_WANTED
    assert say(bench, app.at(bench.wall.now())).text == "press.filled"
    assert bench.now_of(approval).state is A.PARTLY
    assert bought(bench) == D("4.5")


def test_another_size_keeps_its_size_over_the_code(bench: Bench) -> None:
    app = enrol(bench)
    approval = bench.ask(quantity="9")
    size = Size(amount_quote=D(450))
    outcome = bench.assembled.questions.press(approval.token, Press.HALF, OWNER, size=size)
    assert outcome.result is R.CODE_WANTED
    assert say(bench, app.at(bench.wall.now())).text == "press.filled"
    assert bought(bench) == D("4.5")


@pytest.mark.parametrize("press", [Press.REJECT, Press.LATER])
def test_a_no_and_a_later_need_no_code(bench: Bench, press: Press) -> None:
    enrol(bench)
    assert bench.press(bench.ask(), press).result in (R.REJECTED, R.POSTPONED)
    assert challenges(bench) == []


def test_the_code_of_another_person_does_nothing(bench: Bench) -> None:
    enrol(bench)
    other = enrol(bench, APPROVER)
    bench.approve(bench.ask())
    assert say(bench, other.at(bench.wall.now()), APPROVER).text == "factors.nothing_waits"
    assert say(bench, other.at(bench.wall.now()), OWNER).text == "press.code_wrong"
    assert bench.fills() == ()


def test_a_wrong_code_leaves_the_question_open_and_the_next_right_one_buys(bench: Bench) -> None:
    app = enrol(bench)
    approval = bench.ask()
    bench.approve(approval)
    assert say(bench, "000000").text == "press.code_wrong"
    assert bench.now_of(approval) == approval
    assert say(bench, app.at(bench.wall.now())).text == "press.filled"
    assert "code_wrong" in bench.actions()


def test_a_code_buys_once(bench: Bench) -> None:
    app = enrol(bench)
    bench.approve(bench.ask())
    code = app.at(bench.wall.now())
    assert say(bench, code).text == "press.filled"
    assert say(bench, code).text == "factors.nothing_waits"
    second = bench.ask(symbol=BTC)
    bench.approve(second)
    assert say(bench, code).text in ("press.code_used", "factors.nothing_waits")
    assert len(bench.fills()) == 1


def test_the_code_of_the_set_up_is_used_up_by_it(bench: Bench) -> None:
    factors = bench.assembled.desk.factors
    factors.begin(OWNER.user_id)
    view = factors.setup(OWNER.user_id)
    assert view is not None
    code = pyotp.TOTP(view.secret.reveal()).at(bench.wall.now())
    say(bench, code)
    bench.approve(bench.ask())
    assert say(bench, code).text == "press.code_used"
    assert bench.fills() == ()


def test_five_wrong_codes_lock_and_the_right_one_must_wait(bench: Bench) -> None:
    app = enrol(bench)
    approval = bench.ask()
    bench.approve(approval)
    for _ in range(5):
        assert say(bench, "000000").text == "press.code_wrong"
    assert say(bench, app.at(bench.wall.now())).text == "press.code_locked"
    bench.advance(seconds=60)
    assert say(bench, app.at(bench.wall.now())).text == "press.filled"


def test_the_lock_outlives_a_restart(bench: Bench) -> None:
    app = enrol(bench)
    bench.approve(bench.ask())
    for _ in range(5):
        say(bench, "000000")
    assert say(bench.restart(), app.at(bench.wall.now())).text == "press.code_locked"


def test_two_minutes_later_the_press_must_be_made_again(bench: Bench) -> None:
    app = enrol(bench)
    approval = bench.ask()
    bench.approve(approval)
    bench.advance(minutes=2)
    assert say(bench, app.at(bench.wall.now())).text == "press.code_late"
    assert bench.now_of(approval) == approval
    assert bench.approve(approval).result is R.CODE_WANTED
    assert say(bench, app.at(bench.wall.now())).text == "press.filled"


def test_a_code_never_outlives_its_question(bench: Bench) -> None:
    app = enrol(bench)
    approval = bench.ask()
    bench.wall.move_to(approval.expires_at - timedelta(seconds=5))
    bench.approve(approval)
    (challenge,) = challenges(bench)
    assert challenge.expires_at == approval.expires_at
    bench.advance(seconds=5)
    assert say(bench, app.at(bench.wall.now())).text in ("press.expired", "press.code_late")
    assert bench.fills() == ()


def test_a_code_is_for_the_newest_wish_only(bench: Bench) -> None:
    app = enrol(bench)
    first, second = bench.ask(), bench.ask(quantity="6")
    bench.approve(first)
    bench.approve(second)
    assert len(challenges(bench)) == 1
    say(bench, app.at(bench.wall.now()))
    assert bench.now_of(first).state is A.PENDING
    assert bench.now_of(second).state is A.APPROVED


def test_pressing_twice_asks_for_one_code(bench: Bench) -> None:
    enrol(bench)
    approval = bench.ask()
    assert [bench.approve(approval).result for _ in range(2)] == [R.CODE_WANTED] * 2
    assert len(challenges(bench)) == 1
    assert len(bench.outbox("code_wanted")) == 1


def test_a_code_for_a_question_that_was_answered_meanwhile_is_answered_politely(
    bench: Bench,
) -> None:
    app = enrol(bench)
    approval = bench.ask()
    bench.approve(approval)
    bench.press(approval, Press.REJECT, APPROVER)
    assert say(bench, app.at(bench.wall.now())).text == "press.already_decided"
    assert challenges(bench) == []
    assert bench.fills() == ()


def test_a_price_that_moved_is_asked_afresh_before_any_code(bench: Bench) -> None:
    enrol(bench)
    approval = bench.ask()
    bench.market.set_price(BTC, "102")
    assert bench.approve(approval).result is R.ASKED_AGAIN
    assert challenges(bench) == []


def test_a_price_that_moves_before_the_code_is_asked_afresh(bench: Bench) -> None:
    app = enrol(bench)
    approval = bench.ask()
    bench.approve(approval)
    bench.market.set_price(BTC, "102")
    assert say(bench, app.at(bench.wall.now())).text == "press.asked_again"
    assert bench.now_of(approval).state is A.SUPERSEDED
    assert bench.fills() == ()
    (fresh,) = bench.pending()
    assert bench.approve(fresh).result is R.CODE_WANTED


def test_the_kill_switch_wins_over_a_right_code(bench: Bench) -> None:
    app = enrol(bench)
    approval = bench.ask()
    bench.approve(approval)
    bench.assembled.desk.kill(APPROVER.user_id)
    assert say(bench, app.at(bench.wall.now())).text == "press.refused"
    assert bench.now_of(approval).state is A.REFUSED
    assert bench.fills() == ()


def test_whoever_lost_the_role_before_the_code_buys_nothing(bench: Bench) -> None:
    app = enrol(bench)
    bench.approve(bench.ask())
    with bench.units() as unit:
        unit.desk.put_person(replace(OWNER, role=Role.VIEWER))
        unit.commit()
    assert say(bench, app.at(bench.wall.now())).text == "factors.not_allowed"
    assert bench.fills() == ()


def test_a_recovery_code_does_what_a_code_does_once(bench: Bench) -> None:
    first, *_ = recovery_codes(bench)
    bench.approve(bench.ask())
    assert say(bench, first).text == "press.filled"
    assert bench.assembled.desk.factors.view(OWNER.user_id).recovery_left == 7


def test_a_recovery_code_used_twice_is_wrong_and_buys_nothing(bench: Bench) -> None:
    first, second, *_ = recovery_codes(bench)
    bench.approve(bench.ask())
    assert say(bench, first).text == "press.filled"
    again = bench.ask(ETH)
    assert bench.approve(again).result is R.CODE_WANTED
    assert say(bench, first).text == "press.code_wrong"
    assert bench.now_of(again) == again
    assert say(bench, second.upper()).text == "press.filled"
    assert bench.assembled.desk.factors.view(OWNER.user_id).recovery_left == 6


def test_within_one_window_one_code_does_one_thing(bench: Bench) -> None:
    app = enrol(bench)
    first, second = bench.ask(), bench.ask(ETH)
    bench.approve(first)
    code = app.at(bench.wall.now())
    assert say(bench, code).text == "press.filled"
    bench.approve(second)
    assert say(bench, code).text == "press.code_used"
    bench.advance(seconds=30)
    assert say(bench, code).text == "press.code_used"  # still within the clock's drift
    assert say(bench, app.at(bench.wall.now())).text == "press.filled"


def test_the_code_of_the_step_before_is_worth_nothing_after_a_newer_one(bench: Bench) -> None:
    app = enrol(bench)
    before = app.at(bench.wall.now())
    bench.advance(seconds=30)
    bench.approve(bench.ask())
    assert say(bench, app.at(bench.wall.now())).text == "press.filled"
    bench.approve(bench.ask(ETH))
    assert say(bench, before).text == "press.code_used"


def test_each_wrong_code_after_a_lock_doubles_the_wait(bench: Bench) -> None:
    app = enrol(bench)
    approval = bench.ask(quantity="9")
    bench.approve(approval)
    for _ in range(5):
        say(bench, "000000")
    for minutes in (1, 2, 4):
        bench.advance(minutes=minutes, seconds=-1)
        bench.approve(approval)  # a challenge lasts two minutes
        assert say(bench, app.at(bench.wall.now())).text == "press.code_locked"
        bench.advance(seconds=1)
        assert say(bench, "000000").text == "press.code_wrong"
    assert say(bench, app.at(bench.wall.now())).text == "press.code_locked"
    assert bench.fills() == ()


def test_every_approver_of_a_quorum_proves_it(units: Units) -> None:
    bench = guarded(units, quorum_above_quote=D(400))
    first, second = enrol(bench), enrol(bench, APPROVER)
    approval = bench.ask()
    assert bench.approve(approval).result is R.CODE_WANTED
    assert say(bench, first.at(bench.wall.now())).text == "press.counted"
    assert bench.approve(approval).result is R.COUNTED_BEFORE
    assert bench.approve(approval, APPROVER).result is R.CODE_WANTED
    assert say(bench, second.at(bench.wall.now()), APPROVER).text == "press.filled"
    assert bench.now_of(approval).approvers == (1, 2)
    assert len(bench.fills()) == 1


def test_the_wish_outlives_a_restart(bench: Bench) -> None:
    app = enrol(bench)
    bench.approve(bench.ask())
    again = bench.restart()
    assert say(again, app.at(bench.wall.now())).text == "press.filled"


def test_the_request_for_a_code_is_private_and_goes_away(bench: Bench) -> None:
    app = enrol(bench)
    bench.approve(bench.ask())
    (asked,) = bench.outbox("code_wanted")
    assert asked.chat_id == OWNER.chat_id
    say(bench, app.at(bench.wall.now()))
    erased = [m for m in bench.outbox("erase") if m.subject == asked.subject]
    assert [(m.delivery, m.chat_id) for m in erased] == [(Delivery.DELETE, OWNER.chat_id)]


def test_a_wish_whose_time_is_over_is_ended_with_its_message(bench: Bench) -> None:
    enrol(bench)
    bench.approve(bench.ask())
    (challenge,) = challenges(bench)
    factors = bench.assembled.desk.factors
    assert factors.tidy() == 0
    bench.advance(minutes=2)
    assert factors.tidy() == 1
    assert factors.tidy() == 0
    ended = factors.challenge(challenge.id)
    assert ended is not None
    assert ended.state is ChallengeState.EXPIRED
    assert any(m.subject == f"code:{challenge.id}" for m in bench.outbox("erase"))


# Two at once


def at_once[T](*calls: Callable[[], T]) -> list[T]:
    gate = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        gate.wait(timeout=10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@pytest.mark.parametrize("attempt", range(3))
def test_the_same_code_twice_at_once_buys_once(
    kind: str, attempt: int, request: pytest.FixtureRequest
) -> None:
    bench = guarded(request.getfixturevalue(f"{kind}_units"))
    app = enrol(bench)
    bench.approve(bench.ask())
    code = app.at(bench.wall.now())
    outcomes = at_once(lambda: say(bench, code), lambda: say(bench, code))
    texts = sorted(outcome.text for outcome in outcomes)
    assert texts.count("press.filled") == 1
    assert len(bench.fills()) == 1
    bench.assert_books_agree()


# At the terminal


def test_without_a_factor_the_terminal_confirms(bench: Bench) -> None:
    approval = bench.ask()
    assert bench.approve(approval).result is R.TERMINAL_WANTED
    factors = bench.assembled.desk.factors
    (waiting,) = factors.waiting()
    assert waiting.expires_at == approval.expires_at
    assert factors.confirm(waiting.id).text == "press.filled"
    assert bench.now_of(approval).decided_by == OWNER.user_id
    assert factors.confirm(waiting.id).text == "press.already_decided"
    assert len(bench.fills()) == 1


def test_no_code_stands_in_for_the_terminal(bench: Bench) -> None:
    bench.approve(bench.ask())
    assert say(bench, "123456").text == "factors.nothing_waits"
    assert bench.fills() == ()


def test_whoever_enrols_meanwhile_is_asked_for_a_code_at_the_next_press(bench: Bench) -> None:
    approval = bench.ask()
    assert bench.approve(approval).result is R.TERMINAL_WANTED
    app = enrol(bench)
    assert bench.approve(approval).result is R.CODE_WANTED
    assert bench.assembled.desk.factors.waiting() == ()
    assert say(bench, app.at(bench.wall.now())).text == "press.filled"


def test_the_terminal_cannot_confirm_what_waits_for_a_code(bench: Bench) -> None:
    enrol(bench)
    bench.approve(bench.ask())
    (challenge,) = challenges(bench)
    factors = bench.assembled.desk.factors
    assert factors.waiting() == ()
    assert factors.confirm(challenge.id).text == "factors.nothing_waits"
    assert bench.fills() == ()


def test_whoever_sits_at_the_terminal_needs_no_code(bench: Bench) -> None:
    with bench.units() as unit:
        unit.desk.put_person(TERMINAL)
        unit.commit()
    assert bench.approve(bench.ask(), TERMINAL).result is R.FILLED


def test_the_terminal_takes_a_lost_factor_away(bench: Bench) -> None:
    enrol(bench)
    factors = bench.assembled.desk.factors
    assert factors.reset(OWNER.user_id)
    assert not factors.reset(OWNER.user_id)
    assert not factors.view(OWNER.user_id).is_active
    assert bench.approve(bench.ask()).result is R.TERMINAL_WANTED


# Set-up


def test_the_outbox_and_the_trail_never_hold_the_secret(bench: Bench) -> None:
    factors = bench.assembled.desk.factors
    factors.begin(OWNER.user_id)
    view = factors.setup(OWNER.user_id)
    assert view is not None
    say(bench, pyotp.TOTP(view.secret.reveal()).at(bench.wall.now()))
    secrets = (view.secret, view.address, *view.recovery)
    told = f"{bench.outbox()} {bench.audit()} {view}"
    assert not any(secret.reveal() in told for secret in secrets)


def test_the_secret_is_not_shown_again_after_its_confirmation(bench: Bench) -> None:
    enrol(bench)
    assert bench.assembled.desk.factors.setup(OWNER.user_id) is None
    shown = bench.outbox("factor_setup")
    assert [m.payload.keys() for m in shown] == [{"user_id", "made_ms"}]
    assert any(m.subject == shown[0].subject for m in bench.outbox("erase"))


def test_everybody_hears_of_a_new_factor(bench: Bench) -> None:
    enrol(bench)
    texts = [m.payload.get("text") for m in bench.outbox("notice") if m.chat_id is None]
    assert texts == ["factor_confirmed"]


def test_a_set_up_that_nobody_confirms_is_forgotten(bench: Bench) -> None:
    factors = bench.assembled.desk.factors
    factors.begin(OWNER.user_id)
    bench.advance(minutes=15)
    assert factors.setup(OWNER.user_id) is None
    assert factors.tidy() == 1
    with bench.units(read_only=True) as unit:
        assert unit.factors.get(OWNER.user_id) is None


def test_a_wrong_code_at_the_set_up_confirms_nothing(bench: Bench) -> None:
    factors = bench.assembled.desk.factors
    factors.begin(OWNER.user_id)
    assert say(bench, "000000").text == "factors.setup_wrong"
    assert not factors.view(OWNER.user_id).is_active
    assert factors.view(OWNER.user_id).is_waiting


def test_beginning_again_makes_the_first_secret_worthless(bench: Bench) -> None:
    factors = bench.assembled.desk.factors
    factors.begin(OWNER.user_id)
    first = factors.setup(OWNER.user_id)
    bench.advance(seconds=1)
    factors.begin(OWNER.user_id)
    second = factors.setup(OWNER.user_id)
    assert first is not None
    assert second is not None
    assert first.secret != second.secret
    assert say(bench, pyotp.TOTP(first.secret.reveal()).at(bench.wall.now())).done is False
    assert say(bench, pyotp.TOTP(second.secret.reveal()).at(bench.wall.now())).done


def test_another_factor_takes_a_code_of_the_present_one(bench: Bench) -> None:
    app = enrol(bench)
    factors = bench.assembled.desk.factors
    assert factors.begin(OWNER.user_id).text == "factors.code_for_change"
    wrong = factors.begin(OWNER.user_id, code=SecretText("000000"))
    assert wrong.text == "press.code_wrong"
    assert factors.view(OWNER.user_id).is_active
    assert factors.begin(OWNER.user_id, code=SecretText(app.at(bench.wall.now()))).done


def test_a_factor_is_removed_by_its_code_only(bench: Bench) -> None:
    app = enrol(bench)
    factors = bench.assembled.desk.factors
    assert not factors.remove(OWNER.user_id, code=SecretText("000000")).done
    assert factors.remove(OWNER.user_id, code=SecretText(app.at(bench.wall.now()))).done
    assert not factors.view(OWNER.user_id).is_active


def test_wrong_codes_at_the_set_up_and_at_removal_lock_alike(bench: Bench) -> None:
    app = enrol(bench)
    factors = bench.assembled.desk.factors
    for _ in range(5):
        factors.remove(OWNER.user_id, code=SecretText("000000"))
    locked = factors.begin(OWNER.user_id, code=SecretText(app.at(bench.wall.now())))
    assert locked.text == "press.code_locked"


@pytest.mark.parametrize("who", [VIEWER.user_id, 666])
def test_viewers_and_strangers_have_no_factor(bench: Bench, who: int) -> None:
    factors = bench.assembled.desk.factors
    assert factors.begin(who).text == "factors.not_allowed"
    assert factors.answer(SecretText("123456"), who).text == "factors.not_allowed"
    with bench.units(read_only=True) as unit:
        assert unit.factors.all() == []


def test_the_terminal_needs_no_set_up(bench: Bench) -> None:
    with bench.units() as unit:
        unit.desk.put_person(TERMINAL)
        unit.commit()
    assert bench.assembled.desk.factors.begin(0).text == "factors.not_needed_here"


# A person's own purchase


def test_a_purchase_above_the_threshold_waits_for_its_code(fake_units: FakeUnits) -> None:
    bench = guarded(fake_units)
    app = enrol(bench)
    desk = bench.assembled.desk
    outcome = desk.buy(BTC, "500", OWNER.user_id, request_id="r1")
    assert (outcome.done, outcome.reason) == (False, "code_wanted")
    assert bench.fills() == ()
    assert say(bench, app.at(bench.wall.now())).text == "notices.buy_done"
    assert len(bench.fills()) == 1
    assert desk.buy(BTC, "500", OWNER.user_id, request_id="r1").done
    assert len(bench.fills()) == 1
    bench.assert_protected()


def test_a_small_purchase_needs_no_code(fake_units: FakeUnits) -> None:
    bench = guarded(fake_units)
    assert bench.assembled.desk.buy(BTC, "399", OWNER.user_id, request_id="r1").done
