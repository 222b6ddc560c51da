"""The daily look at the results: told once when they part from the proof, once when they return."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest

from engine.desk.proofs import DriftWatch
from engine.domain.portfolio import EquityPoint
from engine.domain.proof import Proof
from engine.domain.research import Drift, DriftState
from engine.domain.values import to_ms
from engine.ports import Units
from engine.strategy.owner import terms_digest
from engine.strategy.policy import EntryPolicy
from tests.fakes.desk_builder import START, VENUE, Bench, build
from tests.fakes.samples_research import prediction, proof

DAY = timedelta(days=1)
TELLING = ("drift_below", "drift_above", "drift_inside")


@pytest.fixture
def bench(fake_units: Units) -> Bench:
    return build(fake_units)


def proved(bench: Bench, **changes: object) -> Proof:
    """A verdict about exactly what the desk trades: 0.1 % a day, hardly any scatter."""
    made = bench.parts.strategy
    verdict = proof(
        strategy_version=made.version,
        fingerprint=made.fingerprint,
        venue=VENUE,
        predicted=prediction(
            daily_mean=0.001, daily_deviation=0.001, daily_low=0.0009, daily_high=0.0011
        ),
        metrics={"terms": terms_digest(bench.parts.policies)},
    )
    verdict = replace(verdict, **changes)  # type: ignore[arg-type]  # Proof's names
    with bench.units() as unit:
        unit.proofs.add(verdict)
        unit.commit()
    return verdict


def close_day(bench: Bench, day: int, equity: float) -> str:
    """The first close of the day after ``day``: equity noted, the look taken."""
    midnight = datetime.combine(START.date(), time(0), START.tzinfo) + (day + 1) * DAY
    bench.clock.move_to(midnight)
    bench.wall.move_to(midnight)
    amount = Decimal(f"{equity:.6f}")
    with bench.units() as unit:
        unit.book.snapshot(
            EquityPoint(venue=VENUE, at=midnight, equity_quote=amount, cash_quote=amount)
        )
        context = bench.assembled.context
        unit.desk.put_note(f"last_close:{VENUE}:{context.timeframe}", to_ms(midnight))
        unit.commit()
    return DriftWatch(bench.assembled.context).look()


def live(bench: Bench, *means: tuple[int, float]) -> list[str]:
    """Days one after the other, so many at such a return; what each look said."""
    said, equity, day = [close_day(bench, 0, 10_000.0)], 10_000.0, 0
    for count, mean in means:
        for _ in range(count):
            day, equity = day + 1, equity * (1.0 + mean)
            said.append(close_day(bench, day, equity))
    return said


def told(bench: Bench) -> list[str]:
    return [action for action in bench.actions() if action in TELLING]


def drift_of(bench: Bench) -> Drift:
    drift = bench.assembled.desk.status().drift
    assert drift is not None
    return drift


def test_it_is_too_early_for_twenty_days_and_told_once_when_they_part(bench: Bench) -> None:
    proved(bench)
    said = live(bench, (22, -0.002))
    assert said[:20] == ["too_early"] * 20
    assert said[20:] == ["below"] * 3
    assert told(bench) == ["drift_below"]
    (message,) = [m for m in bench.outbox("notice") if m.payload["text"] == "drift_below"]
    values = message.payload["values"]
    assert isinstance(values, dict)
    assert values["days"] == 20
    assert values["daily_mean"] == pytest.approx(-0.002)


def test_it_is_told_once_more_when_they_agree_again(bench: Bench) -> None:
    """Twenty days at −0.2 %, then so many at +0.4 % that the mean is 0.1 % again."""
    proved(bench)
    live(bench, (20, -0.002), (25, 0.004))
    assert told(bench) == ["drift_below", "drift_inside"]
    assert drift_of(bench).state is DriftState.INSIDE


def test_results_above_are_told_as_well(bench: Bench) -> None:
    proved(bench)
    live(bench, (21, 0.009))
    assert told(bench) == ["drift_above"]


def test_a_look_between_closes_of_one_day_changes_nothing(bench: Bench) -> None:
    proved(bench)
    live(bench, (21, -0.002))
    before = bench.audit()
    assert DriftWatch(bench.assembled.context).look() == "below"
    assert bench.audit() == before


def test_without_a_proof_nothing_is_compared(bench: Bench) -> None:
    assert live(bench, (21, -0.5))[-1] == "unproven"
    assert bench.assembled.desk.status().drift is None
    assert told(bench) == []


def test_a_verdict_of_another_state_of_the_code_does_not_count(bench: Bench) -> None:
    proved(bench, fingerprint="another")
    assert live(bench, (21, -0.5))[-1] == "unproven"
    view = bench.assembled.desk.proof()
    assert view is not None
    assert view.proof is not None
    assert not view.is_current
    assert bench.assembled.desk.status().proof is None


def test_a_proof_that_comes_later_is_held_against_all_days_of_the_version(bench: Bench) -> None:
    live(bench, (21, -0.002))
    proved(bench)
    DriftWatch(bench.assembled.context).look()
    assert drift_of(bench).days == 21
    assert told(bench) == ["drift_below"]


def test_another_version_begins_to_count_anew(bench: Bench) -> None:
    proved(bench)
    live(bench, (21, -0.002))
    changed = bench.parts.strategy.altered(entry=EntryPolicy(min_rank_fraction=0.5))
    other = bench.restart(strategy=changed)
    proved(other, id="p2")
    assert close_day(other, 22, 9_000.0) == "too_early"
    assert drift_of(other).days == 0


def test_a_restart_remembers_what_was_told(bench: Bench) -> None:
    proved(bench)
    live(bench, (21, -0.002))
    again = bench.restart()
    assert close_day(again, 22, 9_000.0) == "below"
    assert told(again) == ["drift_below"]


def test_the_status_shows_the_verdict_and_where_the_results_are(bench: Bench) -> None:
    verdict = proved(bench)
    live(bench, (3, 0.001))
    status = bench.assembled.desk.status()
    assert status.proof == verdict
    assert status.drift is not None
    assert status.drift.state is DriftState.TOO_EARLY
    assert status.drift.days == 3
