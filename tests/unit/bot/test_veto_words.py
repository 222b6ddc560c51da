"""The veto ledger in words: one convention for every amount, and who or what said no."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.messages.markup import plain
from bot.messages.words import Words
from bot.policy import LANGUAGES
from engine.domain.ids import DecisionId
from engine.domain.market import CandleSeries
from engine.domain.views import Press
from tests.fakes.desk_builder import BTC, ETH, H1, OWNER, START, VENUE, bar, build
from tests.fakes.units import FakeUnits
from tests.scenario.test_records_chat import told
from tests.scenario.test_veto_ledger import reject

_SAVED = {"en": "saved {}", "de": "{} gespart", "es": "ahorro de {}"}
_COST = {"en": "cost {}", "de": "{} gekostet", "es": "coste de {}"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_of_the_veto_ledger_says_saved_or_cost_and_who_said_no(
    language: str, fake_units: FakeUnits
) -> None:
    bench = build(fake_units)
    reject(bench, target="110")
    bench.propose(replace(bench.decide(ETH), closed_at=START))
    bench.wall.advance(days=1)
    bench.assembled.questions.expire()
    with bench.units() as unit:
        for symbol, second in ((BTC, "100 111 100 109"), (ETH, "100 100 94 96")):
            for number, prices in enumerate(("100 101 99 100", second)):
                opened_at = START + number * timedelta(hours=1)
                unit.candles.add(VENUE, symbol, H1, CandleSeries.of([bar(opened_at, prices)]))
        unit.commit()
    bench.clock.advance(hours=2)
    bench.assembled.shadows.look()
    text, words = told(bench, "veto", language), Words.of(language, "UTC")
    won, lost = sorted(bench.assembled.desk.records.veto().results, key=lambda one: one.symbol)
    assert won.pnl_quote > 0 > lost.pnl_quote
    given_up, avoided = (words.money(abs(one.pnl_quote), "USDT") for one in (won, lost))
    by_arun, by_clock = (
        next(line for line in text.splitlines() if line.endswith(f": {worth}"))
        for worth in (_COST[language].format(given_up), _SAVED[language].format(avoided))
    )
    assert "Arun" in by_arun
    assert plain(words("veto.expired")) in by_clock
    assert f"+{given_up}" not in text  # a gain that was given up is no gain


def test_a_veto_list_that_is_not_all_of_them_says_of_how_many(fake_units: FakeUnits) -> None:
    bench = build(fake_units)
    for number in range(6):
        decision = bench.decide((BTC, ETH)[number % 2])
        question = bench.question(
            bench.propose(replace(decision, id=DecisionId(f"d{number}"), closed_at=START)).id
        )
        bench.press(question, Press.REJECT, OWNER)
    assert bench.assembled.shadows.look().startswith("6 vetoes")
    assert "The newest 4 of 6:" in told(bench, "veto", "en")
