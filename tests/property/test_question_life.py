"""A question under any order of presses, codes, prices, demotions, restarts and hours of sleep.

Whatever happens: one outcome, at most one entry, never above what was asked about, never by fewer
people than needed, never without its code, and books that agree to the cent.
"""

from dataclasses import replace
from decimal import Decimal

import pyotp
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine.checks.policy import ApprovalPolicy
from engine.domain.approvals import Approval
from engine.domain.desk import Role
from engine.domain.lifecycles import ApprovalState, is_final
from engine.domain.orders import Fill, Purpose
from engine.domain.secret_text import SecretText
from engine.domain.views import Press, PressResult, Size
from engine.strategy.policy import TradingPolicy
from tests.fakes.desk_builder import APPROVER, BTC, OWNER, SECOND, Bench, build
from tests.fakes.units import FakeUnits

D = Decimal
PEOPLE = (OWNER, APPROVER, SECOND)
WHO = st.sampled_from(PEOPLE)
SIZES = st.sampled_from([None, Size(fraction=D("0.25")), Size(amount_quote=D(300))])
BOUGHT = (ApprovalState.APPROVED, ApprovalState.PARTLY)


class QuestionLife(RuleBasedStateMachine):
    """One question of 500 where two people must agree above 400, each with a code."""

    def __init__(self) -> None:
        super().__init__()
        self.bench: Bench
        self.asked: Approval
        self.apps: dict[int, pyotp.TOTP] = {}
        self.ended: dict[str, ApprovalState] = {}
        self.proofs = 0

    @initialize(quorum=st.booleans(), code=st.booleans())
    def begin(self, *, quorum: bool, code: bool) -> None:
        above = D(400)
        policy = ApprovalPolicy(
            quorum_above_quote=above if quorum else None,
            totp_above_quote=above if code else None,
        )
        self.bench = build(FakeUnits(), policies=TradingPolicy(approval=policy))
        factors = self.bench.assembled.desk.factors
        for person in PEOPLE:
            factors.begin(person.user_id)
            view = factors.setup(person.user_id)
            assert view is not None
            self.apps[person.user_id] = pyotp.TOTP(view.secret.reveal())
            factors.answer(SecretText(self._code(person.user_id)), person.user_id)
        self.bench.advance(seconds=30)
        self.asked = self.bench.ask()

    def _code(self, user_id: int) -> str:
        return self.apps[user_id].at(self.bench.wall.now())

    def _questions(self) -> list[Approval]:
        with self.bench.units(read_only=True) as unit:
            return list(unit.approvals.recent(100))

    def _entries(self) -> list[Fill]:
        return [
            fill
            for fill in self.bench.fills()
            if self.bench.order(fill.order_id).intent.purpose is Purpose.ENTRY
        ]

    @rule(who=WHO, press=st.sampled_from(Press), newest=st.booleans(), size=SIZES)
    def press(self, who: object, press: Press, newest: bool, size: Size | None) -> None:
        questions = self._questions()
        token = (questions[0] if newest else questions[-1]).token
        person = next(p for p in PEOPLE if p == who)
        outcome = self.bench.assembled.questions.press(token, press, person, size=size)
        assert outcome.result is not PressResult.UNKNOWN_TOKEN

    @rule(who=WHO, right=st.booleans())
    def type_code(self, who: object, right: bool) -> None:
        person = next(p for p in PEOPLE if p == who)
        code = self._code(person.user_id) if right else "000000"
        self.bench.assembled.desk.factors.answer(SecretText(code), person.user_id)

    @rule(price=st.sampled_from(["94", "99.80", "100", "100.30", "102"]))
    def move_price(self, price: str) -> None:
        self.bench.market.set_price(BTC, price)

    @rule(seconds=st.sampled_from([1, 30, 119, 121, 300, 600]))
    def wait(self, seconds: int) -> None:
        self.bench.advance(seconds=seconds)

    @rule()
    def run_schedule(self) -> None:
        questions = self.bench.assembled.questions
        questions.expire()
        questions.ask_again()
        questions.remind()
        self.bench.assembled.desk.factors.tidy()

    @rule(role=st.sampled_from(Role))
    def change_role(self, role: Role) -> None:
        with self.bench.units() as unit:
            unit.desk.put_person(replace(SECOND, role=role))
            unit.commit()

    @rule()
    def restart(self) -> None:
        self.bench = self.bench.restart()
        self.bench.monitor.recover()

    @invariant()
    def there_is_one_outcome_and_one_entry(self) -> None:
        questions = self._questions()
        yes = [one for one in questions if one.state in BOUGHT]
        assert len(yes) <= 1
        assert len([one for one in questions if one.state is ApprovalState.PENDING]) <= 1
        bought = self._entries()
        assert len({fill.order_id for fill in bought}) <= len(yes)
        assert sum((fill.quantity for fill in bought), D(0)) <= D(5)

    @invariant()
    def ends_stay_ends(self) -> None:
        for one in self._questions():
            before = self.ended.setdefault(one.id, one.state) if is_final(one.state) else None
            assert before in (None, one.state)

    @invariant()
    def enough_people_agreed_and_each_with_a_code(self) -> None:
        for one in self._questions():
            if one.state is ApprovalState.APPROVED:
                assert len(set(one.approvers)) == len(one.approvers) >= one.needed
        policy = self.bench.assembled.context.policies.approval
        large = [f for f in self._entries() if f.notional_quote > D(410)]
        if large and policy.totp_above_quote is not None:
            passed = self.bench.actions().count("challenge_passed")
            assert passed >= (2 if policy.quorum_above_quote is not None else 1)

    @invariant()
    def the_books_agree(self) -> None:
        self.bench.assert_books_agree()

    @invariant()
    def at_most_one_reminder_a_question(self) -> None:
        told = [message.subject for message in self.bench.outbox("reminder")]
        assert len(told) == len(set(told))


TestQuestionLife = QuestionLife.TestCase
TestQuestionLife.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
