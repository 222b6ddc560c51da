"""What a card says about the edge, in every language."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.messages.card import render_card
from bot.messages.markup import plain
from bot.policy import LANGUAGES
from engine.desk.narrate import keep_words
from engine.domain.decisions import Decision, EdgeEstimate
from tests.fakes.desk_builder import Bench, build
from tests.fakes.units import FakeUnits
from tests.unit.bot.harness import scored
from tests.unit.bot.test_renderers import ask, telling

D = Decimal
EDGE = EdgeEstimate(
    edge_bps=D(93),
    edge_low_bps=D(60),
    edge_high_bps=D(126),
    net_edge_bps=D(38),
    net_edge_low_bps=D(5),
    n=412,
)


@pytest.fixture
def bench(fake_units: FakeUnits) -> Bench:
    return build(fake_units)


def caption(bench: Bench, decision: Decision, language: str = "en") -> str:
    ask(bench, decision)
    rendered = render_card(telling(bench, language, decision_id=decision.id))
    assert rendered is not None
    return plain(rendered.text)


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "Edge +38 bps [+5, +71] after 55 bps costs (n=412, out of sample)"),
        ("de", "Vorteil +38 bps [+5, +71] nach 55 bps Kosten (n=412, an ungesehenen Daten)"),
        ("es", "Ventaja +38 bps [+5, +71] tras 55 bps de costes (n=412, fuera de muestra)"),
    ],
)
def test_a_calibrated_card_tells_edge_interval_and_n(
    bench: Bench, language: str, line: str
) -> None:
    decision = replace(scored(bench.decide()), edge=EDGE)
    told = caption(bench, decision, language)
    assert line in told
    assert "calibr" not in told.lower()
    assert "kalibriert" not in told.lower()


def test_words_of_a_model_are_for_who_reads_their_language(bench: Bench) -> None:
    decision = scored(bench.decide())
    ask(bench, decision)
    text = "Der Markt ist überverkauft und dreht."
    context = bench.assembled.context
    keep_words(context, decision.id, text, is_from_model=True, language="de")
    told = {
        language: render_card(telling(bench, language, decision_id=decision.id))
        for language in LANGUAGES
    }
    assert {name for name, one in told.items() if one and text in one.text} == {"de"}


def test_an_edge_without_a_cost_is_told_before_costs(bench: Bench) -> None:
    gross = replace(EDGE, net_edge_bps=None, net_edge_low_bps=None)
    decision = replace(scored(bench.decide()), edge=gross, cost=None)
    told = caption(bench, decision)
    assert "Edge +93 bps [+60, +126] before costs (n=412, out of sample)" in told


def test_an_uncalibrated_card_says_so(bench: Bench) -> None:
    told = caption(bench, scored(bench.decide()))
    assert "uncalibrated: the edge is not measured yet" in told
    assert "Costs 55 bps · edge unknown" in told
