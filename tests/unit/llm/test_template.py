from itertools import product

import pytest

from engine.domain.reasons import ActionCode, ReasonCode, RouteCode
from llm import template
from llm.facts import LANGUAGES, Language
from tests.unit.llm.samples import asked, below_threshold, d, refused, sheet


def test_an_entry_is_told_numbers_first() -> None:
    assert template.explain(sheet()) == (
        "SOL/USDT 1h: buy signal, it asks because the size is above the set amount. "
        "Score +60.0, stronger than 97.3% of 2,000 bars. "
        "Main drivers: MACD +36.00 (42.9%), RSI +24.00 (28.6%), Bollinger bands +12.00 (14.3%). "
        "Size 2,400.00 USDT (24.00% of equity), at risk 120.00 USDT (1.20%). "
        "Size cut by 20.0% to stay inside the limits. "
        "Stop 95, 5.00% below the entry. "
        "Target 110, 10.00% above; reward to risk 2.00. "
        "Round-trip cost 31.0 bps. "
        "Edge after costs +38.0 bps, lower bound +12.0 bps, n=412."
    )


def test_a_refusal_names_its_gate_and_the_distance() -> None:
    text = template.explain(sheet(refused()))
    assert text.startswith(
        "SOL/USDT 1h: refused, the edge after costs is too small. "
        "Edge after costs, lower bound: −3.2 bps, limit 5.0 bps, 8.2 bps away from passing. "
    )
    assert "Stop" not in text


def test_a_quiet_bar_says_what_was_missing() -> None:
    assert template.explain(sheet(below_threshold())) == (
        "SOL/USDT 1h: nothing to do, the score is below the threshold. "
        "Stronger than 91.0% of 2,000 bars; the threshold is 97.0%, 6.0% away. "
        "Score +22.5. Main drivers: RSI +22.50 (100.0%)."
    )


def test_uncalibrated_is_said() -> None:
    text = template.explain(sheet(asked(edge=None)))
    assert text.endswith("Uncalibrated: the edge is not known yet.")


def test_a_moved_stop_is_told() -> None:
    decision = asked(
        action=ActionCode.AMEND_STOP,
        route=RouteCode.AUTO,
        reason=ReasonCode.TRAIL_STOP,
        plan=None,
        cost=None,
        edge=None,
        clamps=(),
        new_stop_price=d("97.5"),
    )
    assert template.explain(sheet(decision)).startswith("SOL/USDT 1h: the stop moves to 97.5. ")


def test_german_and_spanish_are_written_their_way() -> None:
    german = template.explain(sheet(refused(), "de"))
    spanish = template.explain(sheet(refused(), "es"))
    assert german.startswith("SOL/USDT 1h: abgelehnt, der Vorteil nach Kosten ist zu klein. ")
    assert "−3,2 bps, Grenze 5,0 bps, es fehlen 8,2 bps" in german
    assert spanish.startswith("SOL/USDT 1h: rechazada, la ventaja tras costes es demasiado pequeña")
    assert "2.400,00 USDT (24,00 % del capital)" in template.explain(sheet(asked(), "es"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_always_works(language: Language) -> None:
    for reason, action in product(ReasonCode, ActionCode):
        bare = asked(
            action=action,
            route=RouteCode.REFUSE,
            reason=reason,
            close_price=None,
            score=None,
            signals=(),
            plan=None,
            cost=None,
            edge=None,
            clamps=(),
        )
        text = template.explain(sheet(bare, language))
        assert text
        assert "{" not in text
