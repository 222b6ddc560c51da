"""What the engine says of its jobs and of limits is told in the reader's language and time."""

import re

import pytest

from bot.messages.desk import notice
from bot.messages.engine_words import failure, job_name, job_result, limit_rule
from bot.messages.markup import plain, say_aside
from bot.messages.words import Words
from bot.policy import LANGUAGES
from engine.desk.changes.limits import with_value
from engine.desk.overrides import limit_keys
from engine.domain.desk import Json
from engine.domain.errors import InvalidValueError
from engine.strategy.policy import TradingPolicy

EN, DE, ES = (Words.of(language, "Europe/Berlin") for language in LANGUAGES)
POLICIES = TradingPolicy()
_WRONG = ("abc", "-1", "0", "2.5", "12%", "99", "1e9", "0.0000001", "true", "nan")
_ENGLISH = re.compile(r"\b(must|be|was|number|whole|above|at most|to|or)\b")


def refusals() -> list[tuple[str, str, str]]:
    """Every limit with every value it refuses, and the engine's words for it."""
    found = []
    for key in limit_keys(POLICIES):
        for value in _WRONG:
            try:
                with_value(POLICIES, key, value)
            except InvalidValueError as err:
                found.append((key, value, str(err)))
    return found


@pytest.mark.parametrize("words", [DE, ES], ids=["de", "es"])
def test_every_refused_limit_is_explained_without_english(words: Words) -> None:
    assert len(refusals()) > 100
    for key, value, detail in refusals():
        told = plain(limit_rule(words, detail))
        assert not _ENGLISH.search(told), (key, value, told)


def test_a_refused_limit_says_its_name_and_what_is_allowed() -> None:
    values: Json = {
        "key": "risk.risk_fraction",
        "value": "12%",
        "detail": "risk_fraction must be <= max_risk_fraction 0.01, was 0.12",
    }
    assert plain(notice(DE, "change_bad_value", values)) == (
        "„12%“ passt nicht zu risk_fraction (Im Risiko je Trade). Erlaubt: höchstens 1 % "
        "(max_risk_fraction (Höchstens im Risiko je Trade)). Beispiel: /limits max_open_positions 3"
    )
    assert plain(limit_rule(EN, "quorum must be >= 1, was -1")) == ">= 1"
    assert plain(limit_rule(ES, "max_drift_bps must be 0 to 1000, was -1.0")) == "de 0 a 1.000"


def test_what_is_typed_stays_and_is_explained() -> None:
    detail = "on_expiry must be skip or smaller or limit, was 'abc'"
    assert plain(limit_rule(DE, detail)) == (
        "skip (nichts) oder smaller (halbe Größe) oder limit (Limit-Order)"
    )


def test_a_table_in_the_file_is_no_limit_to_type() -> None:
    assert "approval.on_expiry_rules" not in limit_keys(POLICIES)


@pytest.mark.parametrize(
    ("detail", "german", "spanish"),
    [
        (
            "1 closes, 0 markets late",
            "1 Schluss, 0 Märkte verspätet",
            "1 cierre, 0 mercados con retraso",
        ),
        (
            "0 expired, 1 asked again, 2 reminded, 1 codes too late",
            "0 abgelaufen, 1 neu gefragt, 2 erinnert, 1 Code zu spät",
            "0 caducadas, 1 repetida, 2 recordadas, 1 código fuera de plazo",
        ),
        ("equity 10000.00", "Kapital 10.000,00", "capital 10.000,00"),
        ("1 absent bars", "1 Kerze fehlt", "falta 1 vela"),
        ("told 2026-03-02", "gemeldet 2026-03-02", "enviado 2026-03-02"),
        ("alone", "allein", "único"),
    ],
)
def test_a_jobs_result_in_three_languages(detail: str, german: str, spanish: str) -> None:
    assert plain(job_result(EN, detail)).replace(",", "") == detail.replace(",", "")
    assert plain(job_result(DE, detail)) == german
    assert plain(job_result(ES, detail)) == spanish


def test_a_result_nobody_foresaw_is_shown_as_it_is() -> None:
    assert job_result(DE, "<b>3 llamas</b>\nfed") == "&lt;b&gt;3 llamas&lt;/b&gt; fed"


def test_a_failure_is_named_and_its_times_are_the_readers() -> None:
    detail = "VenueUnavailableError: kraken: no candle at 2026-07-01 14:00 UTC; <late>"
    assert say_aside(failure(DE, detail)) == (
        "Börse antwortet nicht: kraken: no candle at 2026-07-01 16:00 CEST; &lt;late&gt;"
    )
    assert failure(DE, "KeyError: 'x'") == "KeyError: 'x'"


def test_the_end_of_a_daily_pause_is_told_in_the_readers_time() -> None:
    values: Json = {"until": "2026-07-02T00:00:00+00:00"}
    told = plain(say_aside(notice(DE, "daily_loss_reached", values)))
    assert "bis 2026-07-02 02:00 CEST." in told
    assert "UTC" not in told


@pytest.mark.parametrize("words", [EN, DE, ES], ids=LANGUAGES)
def test_a_job_that_failed_is_called_by_its_name(words: Words) -> None:
    told = plain(notice(words, "job_failed", {"name": "closes", "detail": "x"}))
    assert plain(job_name(words, "closes")) in told
    assert "⚠ closes" not in told
