"""What is typed behind a command is the amount that was meant, or it is asked back."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.channel import Incoming
from bot.handlers.asking import Response
from bot.handlers.dispatch import Dispatcher
from bot.messages.callbacks import encode
from bot.messages.callbacks_alerts import SetLevel, market_code
from bot.messages.markup import plain
from bot.messages.words import Words
from bot.policy import ChatOptions
from engine.domain.alert_measures import Relation
from engine.domain.market import Symbol
from engine.ports import Units
from engine.strategy.policy import TradingPolicy
from tests.fakes.desk_builder import OWNER, Bench, build

BTC = Symbol("BTC", "USDT")


@pytest.fixture
def bench(fake_units: Units) -> Bench:
    # A desk that takes every size there is here: what fits is told elsewhere.
    roomy = replace(TradingPolicy().risk, max_symbol_fraction=0.5)
    return build(fake_units, policies=TradingPolicy(risk=roomy))


@pytest.fixture
def dispatcher(bench: Bench) -> Dispatcher:
    return Dispatcher(
        bench.assembled.desk, options=ChatOptions(), clock=bench.wall, source="telegram"
    )


def said(text: str) -> Incoming:
    return Incoming(
        update_id=1, user_id=OWNER.user_id, user_name="A", chat_id=OWNER.user_id, text=text
    )


def told(response: Response, language: str = "en") -> str:
    (reply,) = response.replies
    values = reply.payload["values"]
    assert isinstance(values, dict)
    return plain(Words.of(language, "UTC")(f"notices.{reply.payload['text']}", **values))


TYPED = (
    "/buy BTC 1.000",
    "/buy BTC 1,000 USDT",
    "/costs btc 1.000",
    "/stop btc 70.000",
    "/size btc 1.000",
    "/size btc 30.500%",
    "/size btc 30,500 %",
    "/limits totp_above_quote 1.000",
    "/limits max_risk_fraction 1.000%",
    "/alert btc über 70.000",
    "/alert btc > 2.345",
)


@pytest.mark.parametrize("text", TYPED)
def test_two_readings_are_asked_back_and_nothing_is_done(
    text: str, dispatcher: Dispatcher, bench: Bench
) -> None:
    bench.ask()
    before = bench.actions()
    response = dispatcher.respond(said(text))
    assert text_of(response).endswith("two_readings")
    assert bench.actions() == before


def text_of(response: Response) -> str:
    return str(response.replies[0].payload["text"])


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "“70.000” can mean 70 or 70000. Write 70 or 70000."),
        ("de", "„70.000“ kann 70 oder 70000 heißen. Schreib 70 oder 70000."),
        ("es", "«70.000» puede ser 70 o 70000. Escribe 70 o 70000."),
    ],
)
def test_one_line_names_both_readings(language: str, sentence: str, dispatcher: Dispatcher) -> None:
    assert told(dispatcher.respond(said("/stop BTC 70.000")), language) == sentence
    alert = told(dispatcher.respond(said("/alert btc > 70.000")), language)
    assert "70000" in alert
    assert alert.partition(".")[0] == sentence.partition(".")[0]


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("1000", "1000"),
        ("30,5", "30.5"),
        ("30.5 usdt", "30.5"),
        ("1.000,50", "1000.5"),
        ("1,000.50 USDT", "1000.5"),
        ("1 000,5 USDT", "1000.5"),
        ("1\u202f000", "1000"),
        ("12,75", "12.75"),
    ],
)
@pytest.mark.parametrize("command", ["buy", "costs"])
def test_an_amount_with_one_reading_is_taken(
    command: str, typed: str, amount: str, dispatcher: Dispatcher
) -> None:
    (reply,) = dispatcher.respond(said(f"/{command} BTC {typed}")).replies
    assert amount in (reply.payload.get("amount_quote"), reply.payload.get("amount"))


def test_less_than_one_is_an_amount_too(dispatcher: Dispatcher) -> None:
    (reply,) = dispatcher.respond(said("/costs BTC 0,125")).replies
    assert reply.payload["amount"] == "0.125"


@pytest.mark.parametrize("typed", ["-5", "+5", "0", "0,0", "1e3", "nan", "1" * 13, "5 EUR", "5%"])
@pytest.mark.parametrize("command", ["buy", "costs"])
def test_what_is_no_amount_is_named(command: str, typed: str, dispatcher: Dispatcher) -> None:
    response = dispatcher.respond(said(f"/{command} BTC {typed}"))
    assert text_of(response) == f"{command}_amount"
    assert typed in told(response)


@pytest.mark.parametrize("typed", ["1e3", "1_000", "1,00,0", "1" * 40])
def test_a_limit_that_is_no_number_is_not_asked_about(typed: str, dispatcher: Dispatcher) -> None:
    response = dispatcher.respond(said(f"/limits totp_above_quote {typed}"))
    assert text_of(response) == "limits_usage"


def test_a_button_on_a_line_with_three_decimals_sets_that_line(
    dispatcher: Dispatcher, bench: Bench
) -> None:
    button = SetLevel(Relation.ABOVE, Decimal("2.345"), market_code(BTC))
    pressed = replace(said(""), data=encode(button), callback_id="1", message_id=5)
    dispatcher.respond(pressed)
    with bench.assembled.context.units(read_only=True) as unit:
        (made,) = unit.alerts.of(OWNER.user_id)
    assert made.condition.line == Decimal("2.345")
    assert made.condition.text == "BTC/USDT > 2.3450"


@pytest.mark.parametrize(
    ("typed", "quantity"),
    [
        ("300", "3"),
        ("300 USDT", "3"),
        ("300 usdt", "3"),
        ("3 BTC", "3"),
        ("2.5 btc", "2.5"),
        ("5 BTC", "5"),
        ("60%", "3"),
    ],
)
def test_a_size_is_an_amount_a_share_or_a_quantity_of_what_is_bought(
    typed: str, quantity: str, dispatcher: Dispatcher, bench: Bench
) -> None:
    bench.ask()  # 5 BTC at 100 USDT
    assert text_of_said(dispatcher.respond(said(f"/size BTC {typed}"))) == "press.filled"
    (fill,) = bench.fills()
    assert fill.quantity == Decimal(quantity)


def test_a_quantity_of_a_cheap_coin_is_not_an_amount(fake_units: Units) -> None:
    doge = Symbol("DOGE", "USDT")
    bench = build(fake_units, symbols=(doge,), price="0.50")
    bench.market.set_price(doge, "0.50", half_spread="0.01", depth="100000")
    bench.ask(doge, quantity="1000", price="0.50", stop="0.40")
    dispatcher = Dispatcher(
        bench.assembled.desk, options=ChatOptions(), clock=bench.wall, source="telegram"
    )
    dispatcher.respond(said("/size DOGE 300 DOGE"))
    (fill,) = bench.fills()
    assert fill.quantity == 300


@pytest.mark.parametrize("typed", ["6 BTC", "501 USDT", "500.01"])
def test_no_unit_buys_more_than_was_asked(typed: str, dispatcher: Dispatcher, bench: Bench) -> None:
    asked = bench.ask()
    response = dispatcher.respond(said(f"/size BTC {typed}"))
    assert text_of_said(response) == "press.more_than_asked"
    assert bench.pending() == (asked,)


@pytest.mark.parametrize("typed", ["300 EUR", "300 ETH", "3 BTC USDT", "300 USD", "huh", "-3 BTC"])
@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_another_currency_is_answered_with_examples(
    typed: str, language: str, dispatcher: Dispatcher, bench: Bench
) -> None:
    asked = bench.ask()
    response = dispatcher.respond(said(f"/size BTC {typed}"))
    assert text_of(response) == "size_amount"
    sentence = told(response, language)
    assert typed in sentence
    assert "/size BTC/USDT 2 BTC" in sentence
    assert bench.pending() == (asked,)
    assert bench.fills() == ()


def text_of_said(response: Response) -> str:
    (reply,) = response.replies
    assert reply.kind == "said"
    return text_of(response)
