from dataclasses import replace
from decimal import Decimal

import pytest

from engine.domain.decisions import Decision
from engine.domain.reasons import ActionCode, ReasonCode, RouteCode
from engine.domain.signals import Signal
from llm.facts import LANGUAGES, Fact, FactSheet, Unit
from llm.wording import load
from tests.unit.llm.samples import SIGNALS, asked, below_threshold, refused, sheet


def value(of: FactSheet, fact_id: str) -> Decimal:
    fact = of.fact(fact_id)
    assert fact is not None, fact_id
    assert fact.value is not None
    return fact.value


def display(of: FactSheet, fact_id: str) -> str:
    fact = of.fact(fact_id)
    assert fact is not None, fact_id
    return fact.display


def test_distances_are_derived_exactly() -> None:
    # entry 100, stop 95, target 110, 24 units, 10,000 equity
    facts = sheet()
    assert value(facts, "stop_distance") == 5
    assert value(facts, "stop_distance_quote") == 5
    assert value(facts, "target_distance") == 10
    assert value(facts, "reward") == 240
    assert value(facts, "reward_risk") == 2
    assert value(facts, "notional_share") == 24
    assert value(facts, "risk_share") == Decimal("1.2")
    # 31 bps of 2,400
    assert value(facts, "cost_quote") == Decimal("7.44")
    # 30 units cut to 24
    assert value(facts, "size_cut") == 20


def test_the_strongest_three_drivers_come_first_with_their_shares() -> None:
    # |36| + |24| + |12| + |−12| = 84; the tie of BB and MA goes by code
    facts = sheet()
    assert facts.drivers == ("macd_points", "rsi_points", "bb_points")
    assert value(facts, "macd_share") == Decimal(36) / 84 * 100
    assert display(facts, "macd_share") == "42.9%"
    assert display(facts, "rsi_share") == "28.6%"
    # 72 of 84
    assert display(facts, "top_share") == "86%"


def test_indicator_values_belong_to_their_indicator() -> None:
    fact = sheet().fact("rsi_rsi")
    assert fact is not None
    assert (fact.owner, fact.display, fact.unit) == ("RSI", "27.4", Unit.PLAIN)


def test_a_refusal_tells_the_gate_and_the_distance() -> None:
    # lower bound −3.2, needed 5: 8.2 away
    facts = sheet(refused())
    assert facts.gate == "net_edge"
    assert value(facts, "gate_distance") == Decimal("8.2")
    assert display(facts, "gate_value") == "−3.2 bps"
    assert facts.holds("refused")
    assert not facts.holds("entry")


def test_a_quiet_bar_tells_how_far_its_rank_was_from_the_threshold() -> None:
    facts = sheet(below_threshold())
    assert display(facts, "rank_gap") == "6.0%"
    assert facts.gate == ""


def test_states_come_from_the_record() -> None:
    facts = sheet()
    for state in ("bullish", "entry", "oversold", "downtrend", "calibrated", "clamped"):
        assert facts.holds(state), state
    for state in ("bearish", "refused", "overbought", "uptrend", "executed", "automatic"):
        assert not facts.holds(state), state


def test_a_decision_without_a_score_has_a_sheet_too() -> None:
    facts = sheet(
        asked(
            action=ActionCode.NONE,
            route=RouteCode.REFUSE,
            reason=ReasonCode.DATA_LATE,
            close_price=None,
            score=None,
            signals=(),
            plan=None,
            cost=None,
            edge=None,
            clamps=(),
        )
    )
    assert facts.drivers == ()
    assert facts.fact("score") is None


def test_values_that_are_no_numbers_are_left_out() -> None:
    signal = Signal(
        code="RSI",
        side=0,
        strength=0.0,
        values=(("rsi", float("nan")), ("low", float("inf")), ("high", 70.0)),
        reason="",
    )
    facts = sheet(asked(signals=(signal, *SIGNALS[1:])))
    assert facts.fact("rsi_rsi") is None
    assert facts.fact("rsi_low") is None
    assert display(facts, "rsi_high") == "70"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_label_is_words_in_every_language(language: str) -> None:
    facts = sheet(refused(), language)  # type: ignore[arg-type]  # parametrised
    for fact in facts.facts:
        assert fact.label
        assert "_" not in fact.label, fact.label
        assert "{" not in fact.label


def test_the_languages_have_the_same_words() -> None:
    english = load("en")
    for language in LANGUAGES:
        words = load(language)
        for table in ("lines", "facts", "indicators", "gates", "reasons", "states"):
            assert words[table].keys() == english[table].keys(), (language, table)


def test_every_reason_has_words() -> None:
    assert {code.label for code in ReasonCode} == set(load("en")["reasons"])


def test_the_same_decision_gives_the_same_sheet() -> None:
    assert sheet(asked()) == sheet(asked())


def test_another_number_gives_another_sheet() -> None:
    decision: Decision = replace(asked(), equity_quote=Decimal(20_000))
    assert value(sheet(decision), "notional_share") == 12


def test_a_number_needs_a_value_and_a_text_has_none() -> None:
    with pytest.raises(ValueError, match="fact value"):
        Fact(id="x", label="x", display="1", unit=Unit.BPS)
    with pytest.raises(ValueError, match="fact id"):
        Fact(id="X y", label="x", display="1", unit=Unit.TEXT)
