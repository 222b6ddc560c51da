"""``/settings``: language, pictures, zone, and the currency that the owner counts in."""

from dataclasses import replace

import pytest

from bot.handlers.dispatch import Dispatcher
from bot.messages.callbacks import encode
from bot.messages.callbacks_changes import SetPreference, ShowSettings
from bot.messages.markup import plain
from bot.messages.settings import render_settings
from bot.policy import ChatOptions
from engine.domain.desk import Person
from engine.domain.market import Symbol
from engine.ports import Units
from tests.fakes.desk_builder import APPROVER, BTC, OWNER, VIEWER, Bench, build
from tests.unit.bot.test_dispatch import pressed, said, text_of
from tests.unit.bot.test_renderers import labels, telling

EUR = Symbol("EUR", "USDT")


@pytest.fixture
def bench(fake_units: Units) -> Bench:
    bench = build(fake_units, symbols=(BTC, EUR))
    bench.market.set_price(EUR, "1.25", half_spread="0.01")
    return bench


@pytest.fixture
def dispatcher(bench: Bench) -> Dispatcher:
    desk, clock = bench.assembled.desk, bench.wall
    return Dispatcher(desk, options=ChatOptions(), clock=clock, source="telegram")


def page(bench: Bench, name: str, reader: Person = OWNER, language: str = "en") -> tuple[str, ...]:
    rendered = render_settings(telling(bench, language, reader=reader, page=name))
    assert rendered is not None
    return plain(rendered.text), *labels(rendered)


def test_the_first_page_names_the_language_and_the_currency(bench: Bench) -> None:
    text, *buttons = page(bench, "main", language="de")
    assert "Sprache: Deutsch (Nachrichten, Bilder, Berichte)" in text
    assert "Geld: USDT" in text
    assert "Währung" in buttons


def test_an_owner_chooses_a_currency_that_a_market_tells_the_worth_of(
    bench: Bench, dispatcher: Dispatcher
) -> None:
    assert page(bench, "currency")[1:] == ("● USDT only", "EUR", "‹ Back")
    response = dispatcher.respond(pressed(encode(SetPreference("currency", "EUR"))))
    assert response.answer == "Done."
    assert page(bench, "currency")[1:] == ("USDT only", "● EUR", "‹ Back")
    assert "Money: USDT ≈ EUR" in page(bench, "main")[0]
    own = bench.assembled.desk.portfolio().own
    assert own is not None
    assert own.currency == "EUR"
    assert own.rate is not None
    with bench.units(read_only=True) as unit:
        (line,) = [one.event for one in unit.audit.tail(5) if one.event.action == "currency_chosen"]
    assert (line.actor, line.subject) == (f"person:{OWNER.user_id}", "EUR")


def test_the_choice_outlives_a_restart_and_goes_over_the_file(
    bench: Bench, dispatcher: Dispatcher
) -> None:
    dispatcher.respond(said("/settings currency eur"))
    again = bench.restart()
    own = again.assembled.desk.portfolio().own
    assert own is not None
    dispatcher.respond(said("/settings currency USDT"))
    assert again.assembled.desk.portfolio().own is None


@pytest.mark.parametrize("person", [APPROVER, VIEWER], ids=lambda person: str(person.role))
def test_nobody_else_chooses_it(person: Person, bench: Bench, dispatcher: Dispatcher) -> None:
    assert page(bench, "currency", person)[1:] == ("‹ Back",)
    press = pressed(encode(SetPreference("currency", "EUR")), person.user_id)
    assert dispatcher.respond(press).is_alert
    assert bench.assembled.desk.portfolio().own is None


def test_a_currency_without_a_market_is_refused_with_an_example(dispatcher: Dispatcher) -> None:
    assert text_of(dispatcher.respond(said("/settings currency GBP"))) == "settings_value_currency"
    assert text_of(dispatcher.respond(said("/settings zone Nowhere"))) == "settings_value_zone"
    assert text_of(dispatcher.respond(said("/settings colour blue"))) == "settings_usage"


def test_without_any_such_market_the_page_says_where_to_name_one(fake_units: Units) -> None:
    text, *buttons = page(build(fake_units), "currency")
    assert "app.currency_pair" in text
    assert buttons == ["‹ Back"]


def test_the_page_is_reached_by_its_button(dispatcher: Dispatcher) -> None:
    press = replace(pressed(encode(ShowSettings("currency"))), is_private=True)
    (reply,) = dispatcher.respond(press).replies
    assert reply.payload == {"page": "currency"}


def test_why_a_currency_cannot_be_counted_in_is_said_as_it_is(
    dispatcher: Dispatcher,
) -> None:
    offered = dispatcher.respond(said("/settings currency GBP")).replies[0].payload["values"]
    assert isinstance(offered, dict)
    assert "EUR" in str(offered["offered"])
    for_others = dispatcher.respond(said("/settings currency EUR", VIEWER.user_id))
    assert text_of(for_others) == "settings_currency_owner"


def test_without_any_such_market_the_command_says_so(fake_units: Units) -> None:
    bench = build(fake_units)
    desk = Dispatcher(
        bench.assembled.desk, options=ChatOptions(), clock=bench.wall, source="telegram"
    )
    assert text_of(desk.respond(said("/settings currency EUR"))) == "settings_currency_none"
