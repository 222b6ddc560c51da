"""Prices of a millionth and of a hundred thousand, accounts of ten and of ten million.

Nothing that is there is shown as nothing, nothing that differs looks equal, and what stands under
each other adds up.
"""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.messages.costs import render_costs
from bot.messages.markup import plain
from bot.messages.positions import example_stop, render_stops
from bot.messages.questions import exit_line
from bot.messages.words import Words
from bot.policy import LANGUAGES
from engine.domain.decisions import ExitPlan
from engine.ports import Units
from tests.fakes.desk_builder import BTC, build, rising
from tests.unit.bot.test_renderers import telling

EN, DE, _ = (Words.of(language, "UTC") for language in LANGUAGES)
D = Decimal
_NOTHING = re.compile(r"(?<![\d.,])[+−]0(?:[.,]0+)?(?![\d.,])")


@pytest.mark.parametrize(
    ("entry", "stop", "target"),
    [
        ("0.00000123", "0.00000122", "0.00000124"),
        ("0.000001234567", "0.000001234566", "0.000001234569"),
        ("98765.4321", "98765.4311", "98765.4399"),
        ("1234567.89", "1234567.88", "1234567.90"),
        ("1.2345678", "1.2345670", "1.2345690"),
    ],
)
def test_entry_stop_and_target_never_look_equal(entry: str, stop: str, target: str) -> None:
    plan = ExitPlan(stop_price=D(stop), take_profit_price=D(target))
    for words in (EN, DE):
        told = plain(exit_line(words, D(entry), plan))
        prices = re.findall(r"(?:Entry|Einstieg|stop|Stopp|target|Ziel) ([\d.,]+)", told)
        assert len(set(prices)) == 3, told
        assert not _NOTHING.search(told), told


@pytest.mark.parametrize("value", ["0.00001", "-0.00001", "0.0000000001", "0", "1E-30", "-1E-30"])
def test_nothing_has_no_sign(value: str) -> None:
    small = D(value)
    told = (
        EN.percent(small, signed=True),
        EN.percent(small, digits=2, signed=True),
        EN.money(small, "USDT", signed=True),
        EN.bps(small, signed=True),
        EN.points(small),
    )
    assert not any(_NOTHING.search(one) for one in told), told


@pytest.mark.parametrize("amount", ["10", "99.99", "10000000", "0.5"])
def test_the_parts_of_a_cost_add_up_to_the_total_that_is_shown(
    amount: str, fake_units: Units
) -> None:
    bench = build(fake_units, bars=rising())
    rendered = render_costs(telling(bench, payload={"symbol": str(BTC), "amount": amount}))
    told = plain(rendered.text)
    rows = re.findall(r"^(\w[\w ]*):? ([\d,.]+) bps = ([\d,.]+) USDT$", told, re.MULTILINE)
    *parts, total = [(D(bps.replace(",", "")), D(m.replace(",", ""))) for _, bps, m in rows]
    assert len(parts) > 1, told
    assert (sum(bps for bps, _ in parts), sum(m for _, m in parts)) == total, told


def test_a_score_that_missed_by_a_hair_does_not_look_as_if_it_had_passed() -> None:
    assert EN.apart(D("70.6"), D("70.9"), 0) == ("70.6", "70.9")
    assert DE.apart(D("70.96"), D("71.04"), 1) == ("70,96", "71,04")
    assert EN.apart(D("65.2"), D("70.9"), 0) == ("65", "71")
    assert EN.apart(D(71), D(71), 0) == ("71", "71")


@pytest.mark.parametrize("price", ["106", "0.00000123", "98765.4321"])
def test_the_example_of_a_stop_is_a_price_that_would_be_taken(
    price: str, fake_units: Units
) -> None:
    bench = build(fake_units)
    bench.approve(bench.ask())
    order = bench.fills()[0].order_id
    bench.market.set_price(BTC, "106")
    view = bench.assembled.desk.records.stops(order)
    assert view is not None
    scale = D(price) / 106
    one = replace(
        view.position,
        price=D(price),
        stop_price=(view.position.stop_price * scale).quantize(D(price)),
    )
    example = D(example_stop(one))
    assert one.stop_price < example < one.price
    typed = plain(render_stops(telling(bench, order_id=order)).text)
    assert re.search(r"/stop BTC \d+(\.\d+)?\.", typed)
