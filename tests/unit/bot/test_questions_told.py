"""What a question's messages say: until when, about what, and how many there are."""

from decimal import Decimal

import pytest

from bot.messages.markup import plain
from bot.messages.registry import RENDERERS
from bot.messages.words import Words
from bot.policy import LANGUAGES
from engine.checks.policy import ApprovalPolicy
from engine.domain.approvals import Approval
from engine.domain.changes import ChangeKind, ChangeResult
from engine.domain.decisions import Decision
from engine.domain.desk import Json
from engine.domain.views import Press
from engine.strategy.policy import TradingPolicy
from tests.fakes.changing import Changing
from tests.fakes.desk_builder import BTC, OWNER, Bench, build
from tests.fakes.units import FakeUnits
from tests.unit.bot.test_delivery_screens import Phone
from tests.unit.bot.test_renderers import ask, telling

DAY_S = 86_400
IN_A_DAY = "2026-03-03 13:00"
"""A day after the bench's start, in Berlin."""


def told(bench: Bench, kind: str, language: str = "en", **payload: Json) -> str:
    rendered = RENDERERS[kind](telling(bench, language, payload=payload))
    assert rendered is not None
    return plain(rendered.text)


def lasting(units: FakeUnits, **changes: object) -> Bench:
    approval = ApprovalPolicy(**changes)  # type: ignore[arg-type]  # the names are its own
    return build(units, policies=TradingPolicy(approval=approval))


def asked(bench: Bench) -> tuple[Approval, Decision]:
    decision = ask(bench)
    return bench.pending()[0], decision


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_deadline_on_another_day_is_told_with_its_date(
    language: str, fake_units: FakeUnits
) -> None:
    bench = lasting(fake_units, expires_after_s=DAY_S, totp_above_quote=Decimal(0))
    approval, decision = asked(bench)
    bench.approve(approval)
    (code,) = bench.assembled.desk.factors.waiting()
    assert IN_A_DAY in told(bench, "card", language, decision_id=decision.id)
    assert IN_A_DAY in told(bench, "approvals", language)
    assert "2026-03-02 13:00" in told(bench, "approvals", language)  # when it was asked
    assert IN_A_DAY in told(bench, "reminder", language, approval_id=approval.id)
    assert IN_A_DAY in told(bench, "code_wanted", language, challenge=code.id)


def test_a_deadline_of_today_is_told_as_a_time(fake_units: FakeUnits) -> None:
    bench = lasting(fake_units)
    approval, decision = asked(bench)
    bench.press(approval, Press.LATER)
    for text in (told(bench, "card", decision_id=decision.id), told(bench, "approvals")):
        assert "13:15:00" in text
        assert "2026-03-02" not in text


_ENDED_BY_ALERTS = {
    "en": ("Ended at", "alerts only", "newer", "asked again"),
    "de": ("beendet", "nur Hinweise", "neuere", "neu gefragt"),
    "es": ("Cerrada", "solo da avisos", "nueva", "de nuevo"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_that_alerts_only_has_ended_names_no_newer_one(
    language: str, fake_units: FakeUnits
) -> None:
    bench = lasting(fake_units)
    approval, decision = asked(bench)
    Changing(bench).wish(ChangeKind.MODE, value="alert")
    ended, why, *newer = _ENDED_BY_ALERTS[language]
    card = told(bench, "card", language, decision_id=decision.id)
    assert ended in card
    assert why in card
    texts = (
        card,
        told(bench, "approvals", language),
        told(bench, "evidence", language, subject=approval.id),
    )
    assert not [word for word in newer for text in texts if word in text]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_change_that_does_not_fit_any_more_was_not_asked_again(
    language: str, fake_units: FakeUnits
) -> None:
    changing = Changing(build(fake_units))
    changing.asked(ChangeKind.LIMIT, "max_open_positions", "7")
    changing.approve(changing.asked(ChangeKind.LIMIT, "max_open_positions", "8"))
    again = told(changing.bench, "approvals", language)
    stale = changing.asked(ChangeKind.LIMIT, "max_drawdown_fraction", "0.5")
    changing.limit("max_drawdown_fraction", "0.01")
    assert changing.now_of(stale).note == "no_longer_so"
    words = Words.of(language, "UTC")
    overtaken = plain(words("inbox_states.superseded_no_longer_so"))
    assert overtaken not in again  # that one has a newer question
    assert plain(words("inbox_states.superseded")) in again
    assert overtaken in told(changing.bench, "approvals", language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["card", "purchase"])
def test_an_old_message_of_an_open_question_says_that_it_goes_on_below(
    kind: str, language: str, fake_units: FakeUnits
) -> None:
    bench = lasting(fake_units, quorum_above_quote=Decimal(200), quorum=2)
    if kind == "card":
        number: dict[str, Json] = {"decision_id": asked(bench)[1].id}
    else:
        bench.assembled.desk.buy(BTC, "600", OWNER.user_id, request_id="1")
        number = {"order_id": bench.pending()[0].order_id}
    words = Words.of(language, "UTC")
    below = plain(words("card.asked_below"))
    old = told(bench, kind, language, **number, shown_at=bench.wall.now().isoformat())
    assert old.endswith(below)
    assert "13:15" not in old
    fresh = told(bench, kind, language, **number)
    assert below not in fresh
    assert "13:15" in fresh


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_for_a_change_names_what_is_changed(language: str, fake_units: FakeUnits) -> None:
    changing = Changing(build(fake_units))
    change = changing.asked(ChangeKind.LIMIT, "max_open_positions", "7")
    assert changing.approve(change, OWNER).result is ChangeResult.TERMINAL_WANTED
    (code,) = changing.bench.assembled.desk.factors.waiting()
    text = told(changing.bench, "code_wanted", language, challenge=code.id)
    assert ": 5 → 7" in text
    assert change.id in text


def test_the_status_counts_questions_about_orders_and_about_the_desk(
    fake_units: FakeUnits,
) -> None:
    bench = build(fake_units)
    asked(bench)
    Changing(bench).asked(ChangeKind.LIMIT, "max_open_positions", "7")
    assert "2 open questions" in told(bench, "status")


def test_a_command_that_is_delivered_again_after_its_question_ended_tells_the_end(
    fake_units: FakeUnits,
) -> None:
    bench = build(fake_units)
    phone = Phone(bench)
    assert phone.says("/limits max_open_positions 7").replies == ()  # the question speaks for it
    bench.wall.advance(hours=24)
    bench.assembled.desk.changes.expire()
    phone.says("/limits max_open_positions 7")
    assert "⌛ Expired" in phone.text
    assert phone.labels == []
