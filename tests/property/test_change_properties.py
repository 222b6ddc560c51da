"""No order of wishes, presses and waits applies a change twice, or one that nobody agreed to.

A model beside the desk: the limit in force is what the last applied change says, an applied change
was open, agreed to by an owner, and began from what was in force at that moment.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.changes import Change, ChangeOutcome, ChangeResult, Verdict
from engine.domain.lifecycles import ApprovalState
from tests.fakes.changing import SECOND_OWNER, TERMINAL, Changing
from tests.fakes.desk_builder import APPROVER, OWNER, VIEWER, build
from tests.fakes.units import FakeUnits

POSITIONS, ENTRIES = "risk.max_open_positions", "automation.max_entries_per_day"
KEYS = {POSITIONS: 5, ENTRIES: 10}
WISHES = st.tuples(
    st.just("wish"),
    st.sampled_from(list(KEYS)),
    st.integers(1, 12),
    st.sampled_from([OWNER, APPROVER, VIEWER]),
)
PRESSES = st.tuples(
    st.sampled_from(["approve", "reject"]),
    st.integers(0, 30),
    st.just(0),
    st.sampled_from([TERMINAL, OWNER, SECOND_OWNER, APPROVER, VIEWER]),
)
WAITS = st.tuples(
    st.sampled_from(["hour", "day", "expire", "restart"]), st.just(0), st.just(0), st.just(OWNER)
)
STEPS = st.lists(st.one_of(WISHES, PRESSES, PRESSES, WAITS), max_size=25)


@dataclass(slots=True)
class Model:
    """What must be so."""

    changing: Changing
    inside: dict[str, int] = field(default_factory=lambda: dict(KEYS))
    asked: list[Change] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)

    def wish(self, key: str, value: int, by: int) -> None:
        before = self.inside[key]
        outcome = self.changing.limit(key, str(value), by)
        if outcome.result is ChangeResult.APPLIED:
            assert by in (OWNER.user_id, APPROVER.user_id)
            assert value < before, "only what is more careful is applied without a question"
            self.take(outcome)
        elif outcome.result is ChangeResult.ASKED and outcome.change is not None:
            assert value > before
            if outcome.change.id not in [one.id for one in self.asked]:
                self.asked.append(outcome.change)

    def press(self, verdict: Verdict, place: int, by: object) -> None:
        if not self.asked:
            return
        change = self.asked[place % len(self.asked)]
        was = self.changing.now_of(change)
        outcome = self.changing.desk.press_as(change.token, verdict, by)  # type: ignore[arg-type]  # a Person of the strategy
        if outcome.result is ChangeResult.APPLIED:
            assert verdict is Verdict.APPROVE
            assert by == TERMINAL, "everybody else needs a code, and nobody here has one"
            assert was.is_open
            assert not was.is_expired(self.changing.bench.wall.now())
            self.take(outcome)
        elif by in (APPROVER, VIEWER):
            assert outcome.result is ChangeResult.NOT_ALLOWED
            assert self.changing.now_of(change) == was

    def take(self, outcome: ChangeOutcome) -> None:
        change = outcome.change
        assert change is not None
        key = str(change.after["key"])
        assert change.before["value"] == str(self.inside[key]), "it began from another value"
        assert change.id not in self.applied, "applied twice"
        self.applied.append(change.id)
        self.inside[key] = int(str(change.after["value"]))

    def check(self) -> None:
        policies = self.changing.bench.assembled.context.policies
        assert policies.risk.max_open_positions == self.inside[POSITIONS]
        assert policies.automation.max_entries_per_day == self.inside[ENTRIES]
        for row in self.changing.desk.recent(100):
            is_applied = row.state is ApprovalState.APPROVED
            assert is_applied == (row.id in self.applied)
        for view in self.changing.desk.open():
            key = str(view.change.after["key"])
            assert view.change.before["value"] == str(self.inside[key]), "a stale question is open"


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_nothing_is_applied_twice_or_stale(steps: list[tuple[str, object, int, object]]) -> None:
    changing = Changing(build(FakeUnits()))
    changing.know(SECOND_OWNER)
    model = Model(changing)
    for name, what, value, who in steps:
        waits: dict[str, Callable[[], object]] = {
            "hour": lambda: changing.bench.wall.advance(hours=1),
            "day": lambda: changing.bench.wall.advance(days=1),
            "expire": changing.desk.expire,
            "restart": lambda: restart(changing),
        }
        if name == "wish":
            model.wish(str(what), value, who.user_id)  # type: ignore[attr-defined]  # a Person
        elif name in waits:
            waits[name]()
        else:
            model.press(Verdict(name), int(str(what)), who)
        model.check()


def restart(changing: Changing) -> None:
    changing.bench = changing.bench.restart()
    changing.desk.take_up()
