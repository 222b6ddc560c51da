"""Backtests and proofs in words: every state of a job, every verdict, in three languages."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bot.channel import CAPTION_LIMIT
from bot.charts.views_backtest import BacktestPicture
from bot.charts.views_proof import ProofPicture
from bot.handlers.dispatch import Dispatcher
from bot.handlers.research import Misread, read_wish
from bot.messages.callbacks import CancelResearch, RepeatResearch, encode
from bot.messages.markup import shown_length
from bot.messages.registry import RENDERERS
from bot.messages.rendered import Rendered, StoredFacts, Telling
from bot.messages.verdicts import criterion_text, drift_line, proof_mark, stale_line
from bot.messages.words import Words
from bot.policy import LANGUAGES, ChatOptions
from engine.desk.research_jobs import ResearchJobs
from engine.domain.desk import Json, Person
from engine.domain.market import Timeframe
from engine.domain.proof import ResearchJob
from engine.domain.research import BacktestWish, Drift, DriftState, ProofView, Stale
from engine.ports import Units
from tests.fakes.desk_builder import OWNER, START, VIEWER, Bench, build
from tests.fakes.samples import HOSTILE
from tests.fakes.samples_research import criterion, proof, trial
from tests.servers.telegram.entities import format_text
from tests.unit.bot.test_dispatch import pressed, said, text_of

EN = Words.of("en", "UTC")
_CURVE: dict[str, Json] = {
    "ts_ms": [1_700_000_000_000 + day * 86_400_000 for day in range(4)],
    "equity_quote": [10_000.0, 10_200.0, 9_900.0, 11_234.5],
    "drawdown_fraction": [0.0, 0.0, 0.031, 0.0],
    "market_quote": [10_000.0, 11_000.0, 12_000.0, 15_000.0],
    "market_drawdown_fraction": [0.0, 0.0, 0.1, 0.0],
}
RESULT: dict[str, Json] = {
    "strategy_version": "score-1",
    "fingerprint": "f1",
    "timeframe": "4h",
    "symbols": ["BTC/USDT", "ETH/USDT"],
    "data": {"from": "2022-01-01T00:00:00Z", "to": "2023-01-01T00:00:00Z", "symbols": []},
    "quote": "USDT",
    "start_equity": 10_000.0,
    "final_equity": 11_234.5,
    "simulated": True,
    "metrics": {
        "return_fraction": 0.12345,
        "cagr_fraction": 0.1234,
        "sharpe_daily": 0.816,
        "max_drawdown_fraction": 0.0912,
        "trades": 412,
        "win_rate_fraction": 0.41,
        "profit_factor": 1.31,
        "expectancy_bps": 12.3,
        "exposure_fraction": 0.35,
        "fees_quote": 500.0,
        "slippage_quote": 312.2,
        "funding_quote": 0.0,
    },
    "benchmarks": {"buy_and_hold": {"return_fraction": 0.801, "max_drawdown_fraction": 0.55}},
    "months": [{"month": "2023-11", "return_fraction": 0.02}],
    "curve": _CURVE,
}


@pytest.fixture
def bench(fake_units: Units) -> Bench:
    return build(fake_units)


@pytest.fixture
def dispatcher(bench: Bench) -> Dispatcher:
    return Dispatcher(
        bench.assembled.desk, options=ChatOptions(), clock=bench.wall, source="telegram"
    )


def asked(bench: Bench, request_id: str = "1") -> ResearchJob:
    outcome = bench.assembled.desk.request_backtest(
        BacktestWish(end=date(2023, 1, 1)), OWNER.user_id, chat_id=1, request_id=request_id
    )
    assert outcome.job is not None
    return outcome.job


def worker(bench: Bench) -> ResearchJobs:
    return ResearchJobs(bench.units, bench.wall)


def taken(bench: Bench) -> ResearchJob:
    job = worker(bench).take()
    assert job is not None
    return job


def render(
    bench: Bench,
    kind: str,
    *,
    language: str = "en",
    reader: Person | None = OWNER,
    **payload: Json,
) -> Rendered:
    desk = bench.assembled.desk
    rendered = RENDERERS[kind](
        Telling(
            desk=desk,
            facts=StoredFacts(desk, bench.units),
            words=Words.of(language, "UTC"),
            options=ChatOptions(),
            payload=payload,
            reader=reader,
        )
    )
    assert rendered is not None
    format_text(rendered.text, "HTML", None)
    assert shown_length(rendered.text) <= CAPTION_LIMIT
    assert "{" not in rendered.text
    return rendered


def labels(rendered: Rendered) -> list[str]:
    return [button.text for row in rendered.keyboard for button in row]


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("", BacktestWish()),
        ("score", BacktestWish(strategy="score")),
        ("4h", BacktestWish(timeframe=Timeframe.H4)),
        ("4H 2022", BacktestWish(timeframe=Timeframe.H4, start=date(2022, 1, 1))),
        ("2022-03 2023", BacktestWish(start=date(2022, 3, 1), end=date(2023, 1, 1))),
        ("2022 score", BacktestWish(strategy="score", start=date(2022, 1, 1))),
        ("1d 2022-03-04", BacktestWish(timeframe=Timeframe.D1, start=date(2022, 3, 4))),
    ],
    ids=str,
)
def test_the_words_of_a_backtest_are_told_apart_by_how_they_are_written(
    words: str, wish: BacktestWish
) -> None:
    assert read_wish(words.split()) == wish


@pytest.mark.parametrize(
    ("words", "misread"),
    [
        ("2022-13-01", Misread("backtest_day", "2022-13-01")),
        ("2022-02-30", Misread("backtest_day", "2022-02-30")),
        ("2021 2022 2023", Misread("backtest_usage", "2023")),
        ("score trend", Misread("backtest_usage", "trend")),
        ("1h 4h", Misread("backtest_usage", "4h")),
    ],
)
def test_a_word_too_many_or_a_day_that_is_none_is_named(words: str, misread: Misread) -> None:
    assert read_wish(words.split()) == misread


def test_a_command_leads_to_a_job_and_says_nothing_else(
    bench: Bench, dispatcher: Dispatcher
) -> None:
    assert dispatcher.respond(said("/backtest score 4h")).replies == ()
    assert dispatcher.respond(said("/backtest score 4h")).replies == ()  # the same update again
    assert len(bench.outbox("research")) == 1


def test_a_refusal_says_why(dispatcher: Dispatcher) -> None:
    for text, told in (
        ("/backtest nonsense", "research_unknown_strategy"),
        ("/backtest 2023 2022", "research_wrong_period"),
        ("/proof nonsense", "research_unknown_strategy"),
    ):
        assert text_of(dispatcher.respond(said(text))) == told
    for number in range(3):
        dispatcher.respond(said("/backtest", update_id=10 + number))
    full = dispatcher.respond(said("/backtest", update_id=99))
    assert text_of(full) == "research_too_many_jobs"


def test_buttons_are_answered_and_harmless_when_pressed_again(
    bench: Bench, dispatcher: Dispatcher
) -> None:
    job = asked(bench)
    cancel = pressed(encode(CancelResearch(job.id)))
    assert dispatcher.respond(cancel).answer == "Cancelled."
    assert dispatcher.respond(cancel).answer == "It has ended already."
    again = pressed(encode(RepeatResearch(job.id, "backtest")))
    assert [dispatcher.respond(again).answer for _ in range(3)] == ["Queued."] * 3
    assert bench.actions().count("research_requested") == 2
    viewer = pressed(encode(RepeatResearch(job.id, "prove")), VIEWER.user_id)
    assert dispatcher.respond(viewer).is_alert


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_of_a_job_is_told_in_every_language(bench: Bench, language: str) -> None:
    asked(bench, "1")
    waiting = asked(bench, "2")
    running = worker(bench).progress(taken(bench), 40, 100)
    queued = render(bench, "research", language=language, job_id=waiting.id)
    half = render(bench, "research", language=language, job_id=running.id)
    assert "40 %" in half.text
    assert "▓▓▓▓░░░░░░" in half.text
    assert len(labels(queued)) == len(labels(half)) == 1
    assert queued.picture is None
    worker(bench).fail(running, HOSTILE * 5)
    failed = render(bench, "research", language=language, job_id=running.id)
    bench.assembled.desk.cancel_research(waiting.id, OWNER.user_id)
    cancelled = render(bench, "research", language=language, job_id=waiting.id)
    assert len(labels(failed)) == len(labels(cancelled)) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_finished_backtest_is_a_picture_with_its_figures(bench: Bench, language: str) -> None:
    job = asked(bench)
    worker(bench).finish(taken(bench), RESULT)
    shown = render(bench, "research", language=language, job_id=job.id)
    assert isinstance(shown.picture, BacktestPicture)
    assert len(labels(shown)) == 2
    if language == "en":
        assert "+12.3 %" in shown.text
        assert "buy and hold +80.1 %" in shown.text
        assert "+12.3 % a year · Sharpe 0.82 · drawdown 9.1 % (held 55.0 %)" in shown.text
        assert "412 trades, 41.0 % won · costs 812.20 USDT" in shown.text
        assert shown.picture.badges == ("simulated market", "unproven")
        assert shown.picture.subtitle == "2 markets, 4h, 2022-01-01 – 2023-01-01"


def test_a_viewer_sees_no_buttons(bench: Bench) -> None:
    job = asked(bench)
    assert labels(render(bench, "research", reader=VIEWER, job_id=job.id)) == []


def test_a_result_that_lacks_things_is_told_without_them(bench: Bench) -> None:
    job = asked(bench)
    worker(bench).finish(taken(bench), {"strategy_version": "score-1"})
    shown = render(bench, "research", job_id=job.id)
    assert shown.picture is None
    assert "Sharpe –" in shown.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_verdict_is_told_with_its_figures_and_limits(bench: Bench, language: str) -> None:
    made = bench.parts.strategy
    returns = (0.01, -0.02, 0.03)
    with bench.units() as unit:
        verdict = proof(
            strategy_version=made.version,
            fingerprint=made.fingerprint,
            metrics={"return_fraction": 1.01 * 0.98 * 1.03 - 1},
        )
        unit.proofs.add(verdict)
        first_day = verdict.data_from.date()
        later = verdict.made_at + timedelta(days=1)
        seen = trial(lineage=made.name, daily_returns=returns, first_day=first_day, seen_at=later)
        unit.trials.add(seen)
        unit.commit()
    shown = render(bench, "proof", language=language, version="")
    assert isinstance(shown.picture, ProofPicture)
    assert not shown.picture.passed
    assert shown.picture.curves is not None
    growth = shown.picture.curves.lines[0].equity_quote
    assert growth.tolist() == pytest.approx([1.0, 1.01, 0.9898, 1.019494])
    if language == "en":
        assert "✖ Deflated Sharpe, probability 0.30 (≥ 0.95)" in shown.text
        assert "❔ overfitting not evaluable" in shown.text
        assert "Trials counted: 12, since then 1" in shown.text


def test_a_passed_verdict_of_another_state_of_the_code_is_not_shown_as_passed(
    bench: Bench,
) -> None:
    with bench.units() as unit:
        passed = proof(
            strategy_version=bench.parts.strategy.version,
            passed=True,
            criteria=(criterion("trades"),),
        )
        unit.proofs.add(passed)
        unit.commit()
    shown = render(bench, "proof", version="")
    assert isinstance(shown.picture, ProofPicture)
    assert not shown.picture.passed
    assert "not proved" in shown.text
    assert "it does not count" in shown.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("why", "venue", "part"),
    [
        (Stale.RULES, "binance", ""),
        (Stale.TERMS, "binance", ""),
        (Stale.MARKETS, "binance", ""),
        (Stale.VENUE, "binance", "binance"),
        (Stale.GAP, "binance", ""),
    ],
)
def test_every_reason_why_a_verdict_does_not_count_is_told(
    language: str, why: Stale, venue: str, part: str
) -> None:
    words = Words.of(language, "UTC")
    view = ProofView(
        strategy_version="score-1",
        proof=proof(venue=venue),
        is_current=False,
        trials=0,
        drift=None,
        stale=why,
    )
    told = str(stale_line(words, view))
    assert part in told
    assert "proof.stale" not in told
    unknown = replace(view, stale=Stale.VENUE, proof=proof(venue=""))
    assert words.raw("proof.venue_unknown") in str(stale_line(words, unknown))


def test_without_a_verdict_the_way_to_one_is_told(bench: Bench) -> None:
    shown = render(bench, "proof", version="")
    assert "unproven" in shown.text
    assert "/backtest" in shown.text
    assert shown.picture is None


def test_the_mark_says_proved_only_of_a_passed_verdict() -> None:
    assert proof_mark(EN, None) == "unproven"
    failed = proof(made_at=START)
    assert proof_mark(EN, failed) == "unproven (failed 2026-03-02)"
    passed = replace(failed, passed=True, criteria=(criterion("trades"),))
    assert proof_mark(EN, passed) == "proved 2026-03-02"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": "trades", "value": 412.0, "limit": 100.0, "unit": "trades"}, "412 (≥ 100)"),
        ({"name": "pbo", "value": 0.123, "limit": 0.2, "unit": "probability"}, "0.12 (≤ 0.20)"),
        (
            {"name": "drawdown", "value": 0.1234, "limit": 0.15, "unit": "fraction"},
            "12.3 % (≤ 15.0 %)",
        ),
        ({"name": "new", "value": 2.0, "limit": 1.0, "note": "at most, later"}, "2.00 (≤ 1.00)"),
        ({"name": "profit_factor", "value": float("inf"), "limit": 1.2}, "∞ (≥ 1.20)"),
        ({"name": "x", "value": 1.5, "limit": None}, "1.50"),
        # What failed by a hair must not look as if it had passed.
        (
            {"name": "profit_factor", "value": 1.1997, "limit": 1.2},
            "1.1997 (≥ 1.2000)",
        ),
        ({"name": "profit_factor", "value": 1.2, "limit": 1.2}, "1.20 (≥ 1.20)"),
        (
            {"name": "drawdown", "value": 0.1503, "limit": 0.15, "unit": "fraction"},
            "15.03 % (≤ 15.00 %)",
        ),
        ({"name": "pbo", "passed": None, "value": None, "limit": 0.2}, "not evaluable"),
    ],
)
def test_a_figure_stands_beside_its_limit(changes: dict[str, Any], text: str) -> None:
    assert criterion_text(EN, criterion(**changes)) == text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", DriftState)
def test_where_the_results_stand_is_told_in_every_language(
    state: DriftState, language: str
) -> None:
    drift = Drift(
        state=state,
        since=START,
        until=START.date(),
        days=25,
        needed_days=20,
        daily_mean=-0.00213,
        predicted_mean=0.001,
        daily_low=-0.0007,
        daily_high=0.0027,
    )
    line = drift_line(Words.of(language, "UTC"), drift)
    assert "25" in line
    assert ("−0.213 %" if language == "en" else "−0,213 %") in line
    assert "{" not in line
