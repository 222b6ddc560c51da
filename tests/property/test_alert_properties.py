"""However a value flickers: as many alerts as true crossings, and none for what is missing.

A crossing is counted here by another road than the judge's: walk through the values, remember
whether the last extreme that went beyond the line or back behind the band was behind.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.desk.alerts.judge import Look, Seen, judge, step
from engine.domain.alert_measures import Condition, Measure, Measured, Relation
from engine.domain.alerts import Alert, Arm
from engine.domain.market import Symbol

T0 = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LINE, BAND = Decimal(100), Decimal(2)
KEY = "BTC/USDT"
values = st.lists(st.integers(940, 1060).map(lambda tenth: Decimal(tenth) / 10), max_size=60)
relations = st.sampled_from(Relation)


def crossings(prices: list[Decimal], relation: Relation) -> int:
    """How often the value came beyond the line from behind the band (or from its beginning)."""
    marks = []
    for price in prices:
        gone = relation.sign * (price - LINE)
        if gone > 0:
            marks.append("beyond")
        elif gone <= -BAND:
            marks.append("behind")
    walk = ["behind", *marks]
    return sum(a == "behind" and b == "beyond" for a, b in pairwise(walk))


def alert(relation: Relation) -> Alert:
    measure = Measure(name=Measured.PRICE, symbol=Symbol("BTC", "USDT"))
    return Alert(
        id="n1",
        user_id=1,
        chat_id=1,
        condition=Condition(measure=measure, relation=relation, line=LINE),
        created_at=T0,
        since=T0,
    )


def polls(prices: list[Decimal]) -> list[Look]:
    return [Look.moment(T0 + k * MINUTE, p, LINE, BAND) for k, p in enumerate(prices)]


def told(one: Alert, looks: list[Look], *, at_once: bool, pause: timedelta = timedelta(0)) -> int:
    """Tell the alert of the looks, all together or one after the other."""
    if at_once:
        seen = {KEY: Seen(looks=looks)}
        return len(judge(one, seen, now=T0, pause=pause).hits)
    count = 0
    for look in looks:
        verdict = judge(one, {KEY: Seen(looks=[look])}, now=look.at, pause=pause)
        one, count = verdict.alert, count + len(verdict.hits)
    return count


@given(values, relations, st.booleans())
def test_as_many_alerts_as_crossings(
    prices: list[Decimal], relation: Relation, at_once: bool
) -> None:
    assert told(alert(relation), polls(prices), at_once=at_once) == crossings(prices, relation)


@given(values, relations)
def test_a_look_that_is_repeated_adds_nothing(prices: list[Decimal], relation: Relation) -> None:
    looks = [look for look in polls(prices) for _ in range(2)]
    assert told(alert(relation), looks, at_once=False) == crossings(prices, relation)


@given(values, relations)
def test_what_is_missing_changes_nothing(prices: list[Decimal], relation: Relation) -> None:
    one = alert(relation)
    for look in polls(prices):
        one = judge(one, {KEY: Seen(looks=[look])}, now=look.at, pause=timedelta(0)).alert
        blank = judge(one, {}, now=look.at, pause=timedelta(0))
        empty = judge(one, {KEY: Seen()}, now=look.at, pause=timedelta(0))
        assert blank.alert == empty.alert == one
        assert blank.hits == empty.hits == ()


@given(values, relations, st.integers(1, 30))
def test_between_two_alerts_lies_the_cooldown(
    prices: list[Decimal], relation: Relation, minutes: int
) -> None:
    one, last, pause = alert(relation), None, minutes * MINUTE
    for look in polls(prices):
        verdict = judge(one, {KEY: Seen(looks=[look])}, now=look.at, pause=pause)
        one = verdict.alert
        if verdict.hits:
            assert last is None or look.at - last >= pause
            last = look.at


@given(values, relations, st.integers(2, 7))
def test_bars_never_tell_what_their_polls_have_told(
    prices: list[Decimal], relation: Relation, length: int
) -> None:
    """Polls and the bars made of the very same values: as many as of the polls alone."""
    looks: list[Look] = []
    for first in range(0, len(prices), length):
        inside = prices[first : first + length]
        began_at = T0 + first * MINUTE
        looks += [Look.moment(began_at + k * MINUTE, p, LINE, BAND) for k, p in enumerate(inside)]
        looks.append(
            Look(
                began_at=began_at,
                at=began_at + (len(inside) - 1) * MINUTE,
                value=inside[-1],
                high=max(inside),
                low=min(inside),
                line=LINE,
                band=BAND,
                is_bar=True,
            )
        )
    assert told(alert(relation), looks, at_once=False) == crossings(prices, relation)


@given(values, relations)
def test_an_arm_changes_only_forwards_in_time(prices: list[Decimal], relation: Relation) -> None:
    arm = Arm(key=KEY, armed=True, since=T0)
    for look in polls(prices):
        after, _ = step(arm, look, relation)
        assert after.since >= arm.since
        old = Look.moment(T0 - MINUTE, look.value, LINE, BAND)
        assert step(after, old, relation) == (after, None)
        arm = after
