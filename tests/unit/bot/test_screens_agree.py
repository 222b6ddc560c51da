"""Two screens never seem to contradict each other: counts, times, and what they are of."""

import pytest

from bot.messages.markup import plain
from bot.messages.registry import RENDERERS
from bot.policy import LANGUAGES
from engine.checks.policy import ApprovalPolicy
from engine.desk.delivery.jobs import KnownJob, announce
from engine.domain.changes import ChangeKind
from engine.domain.desk import JobRun, Json
from engine.domain.explorer import Wish
from engine.domain.views import Press
from engine.strategy.policy import TradingPolicy
from tests.fakes.changing import Changing
from tests.fakes.desk_builder import OWNER, Bench, build
from tests.fakes.units import FakeUnits
from tests.unit.bot.test_renderers import ask, telling
from tests.unit.desk.test_explorer import scanned


def told(bench: Bench, kind: str, language: str = "en", **payload: Json) -> str:
    rendered = RENDERERS[kind](telling(bench, language, payload=payload))
    assert rendered is not None
    return plain(rendered.text)


@pytest.mark.parametrize(
    ("language", "questions", "changes"),
    [
        ("en", "2 questions", "1 change to the desk itself"),
        ("de", "2 Fragen", "1 Änderung am Desk selbst"),
        ("es", "2 preguntas", "1 cambio de la propia mesa"),
    ],
)
def test_the_digest_counts_the_open_questions_that_the_status_counts(
    language: str, questions: str, changes: str, fake_units: FakeUnits
) -> None:
    changing = Changing(build(fake_units))
    changing.asked(ChangeKind.LIMIT, "max_open_positions", "7")
    ask(changing.bench)
    assert changing.bench.assembled.desk.status().open_questions == 2
    digest = told(changing.bench, "digest", language)
    assert questions in digest
    assert changes in digest


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_ended_last_is_told_with_its_day(language: str, fake_units: FakeUnits) -> None:
    bench = build(fake_units)
    ask(bench)
    bench.press(bench.pending()[0], Press.REJECT)
    bench.advance(days=1)
    assert "2026-03-02 13:00" in told(bench, "approvals", language)


def test_an_answer_of_another_day_than_the_question_says_its_day(fake_units: FakeUnits) -> None:
    policy = ApprovalPolicy(expires_after_s=86_400)
    bench = build(fake_units, policies=TradingPolicy(approval=policy))
    decision = ask(bench)
    bench.advance(hours=23)
    bench.press(bench.pending()[0], Press.REJECT)
    assert "2026-03-03 12:00" in told(bench, "card", decision_id=decision.id)


# Lists and jobs


@pytest.mark.parametrize(
    ("language", "first"),
    [("en", "watched first"), ("de", "Beobachtete zuerst"), ("es", "primero los vigilados")],
)
def test_what_is_watched_stands_first_and_says_so(
    language: str, first: str, fake_units: FakeUnits
) -> None:
    bench = scanned(fake_units)
    desk = bench.assembled.desk
    last = desk.explorer.opportunities(Wish()).rows[-1].symbol
    assert "👁" not in told(bench, "opportunities", language)
    desk.alerts.watch(last, OWNER.user_id, on=True)
    head, line, *rest = told(bench, "opportunities", language).split("\n")
    assert first in head
    assert f"👁 {last}" in line
    assert not [one for one in rest if "👁" in one]


@pytest.mark.parametrize(
    ("language", "well"),
    [
        ("en", "ok within the last minute"),
        ("de", "gut, zuletzt vor höchstens einer Minute"),
        ("es", "bien, hace un minuto como mucho"),
    ],
)
def test_a_job_of_every_second_does_not_look_dead_between_its_notes(
    language: str, well: str, fake_units: FakeUnits
) -> None:
    bench = build(fake_units)
    run = JobRun(name="closes", finished_at=bench.wall.now(), ok=True, detail="nothing new")
    with bench.units() as unit:
        announce(unit, [KnownJob(name="closes", every_s=1.0, may_run_now=False)])
        unit.desk.put_job_run(run)
        unit.commit()
    bench.advance(seconds=50)
    assert well in told(bench, "jobs", language)
    bench.advance(minutes=5)
    # Nothing was noted for minutes: that is told as it is.
    assert well not in told(bench, "jobs", language)


@pytest.mark.parametrize(
    ("brake", "end"),
    [
        ("", ", alerts only."),
        ("killed", ", alerts only. ⛔ Kill switch on: no new entries, stops stay in force"),
        ("paused", ", alerts only. ⛔ Paused: no new entries"),
    ],
)
def test_a_start_names_the_mode_and_the_brake(brake: str, end: str, fake_units: FakeUnits) -> None:
    values: dict[str, Json] = {"venue": "sim", "count": 8, "mode": "alert", "brake": brake}
    told_ = told(build(fake_units), "notice", text="desk_started", values=values)
    assert told_ == f"The desk runs: sim, 8 markets{end}"


def test_a_start_that_was_noted_without_mode_is_told_as_before(fake_units: FakeUnits) -> None:
    values: dict[str, Json] = {"venue": "sim", "count": 8}
    text = told(build(fake_units), "notice", text="desk_started", values=values)
    assert text == "The desk runs: sim, 8 markets."
