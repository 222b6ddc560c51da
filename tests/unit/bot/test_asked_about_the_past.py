"""Questions about the past are answered about the past, or not at all."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.handlers.asking import Response
from bot.handlers.dispatch import Dispatcher
from bot.handlers.intents import understand
from bot.handlers.when import moment
from bot.messages.markup import plain
from bot.messages.why import whole_sentences
from bot.policy import LANGUAGES, ChatOptions
from engine.desk.narrate import keep_words
from engine.domain.changes import ChangeKind, ChangeWish
from engine.domain.desk import Mode
from engine.domain.explorer import Place
from engine.domain.reasons import RouteCode
from tests.fakes.desk_builder import BTC, ETH, OWNER, START, Bench, build, rising
from tests.fakes.units import FakeUnits
from tests.unit.bot.harness import scored
from tests.unit.bot.test_dispatch import said
from tests.unit.bot.test_explorer_messages import STRICT, keep, shown
from tests.unit.desk.test_explorer import scanned, stored

ZONE = "Europe/Berlin"


def asked(bench: Bench, text: str) -> Response:
    desk = Dispatcher(
        bench.assembled.desk,
        options=ChatOptions(zone_name=ZONE),
        clock=bench.wall,
        source="telegram",
    )
    return desk.respond(said(text))


def fact(response: Response, name: str) -> object:
    (reply,) = response.replies
    return reply.payload.get(name)


def sold_once(units: FakeUnits) -> Bench:
    """A purchase that was closed by hand at ``START``."""
    bench = build(units)
    bench.approve(bench.ask())
    done = bench.assembled.desk.close(BTC, OWNER.user_id, request_id="close-1")
    assert done.done
    return bench


@pytest.mark.parametrize(
    "text",
    [
        "why didn't you buy ETH yesterday at 14:00?",
        "Warum hast du ETH gestern um 14 Uhr nicht gekauft?",
        "¿Por qué no compraste ETH ayer a las 14:00?",
    ],
)
def test_a_question_about_yesterday_is_answered_about_yesterday(
    text: str, fake_units: FakeUnits
) -> None:
    response = asked(scanned(fake_units), text)
    assert fact(response, "symbol") == "ETH/USDT"
    assert fact(response, "at") == "2026-03-01T13:00:00+00:00"


THEN = datetime(2024, 3, 7, 18, 20, tzinfo=UTC)
"""19:20 in Berlin, a Thursday."""

UNREAD = """
why not ETH on the 3rd at 14:00?
warum nicht ETH am 3. um 14 Uhr?
¿por qué no ETH el 3 a las 14?
why not ETH on 03-01-2024 14:00
warum nicht ETH am 03-01-2024 um 14:00
por qué no ETH 03-01-2024
why not ETH on Mon at 14:00
warum nicht ETH am Mi um 14:00
por qué no ETH el mié a las 14
why not ETH on Tue 14:00
warum nicht ETH Di 14:00
por qué no ETH el mar a las 14:00
why not ETH 3 days earlier at 9:00
warum nicht ETH 3 Tage früher um 9:00
por qué no ETH 3 días antes
why not ETH the week before at 14:00
warum nicht ETH vorige Woche um 14 Uhr
¿por qué no ETH la semana anterior a las 14?
why not ETH two days before yesterday at 9:00
warum nicht ETH zwei Tage vor gestern um 9:00
por qué no ETH dos días antes de ayer a las 9:00
why not ETH at 14:00 in New York
warum nicht ETH um 14:00 in New York
por qué no ETH a las 14:00 en Nueva York
why not ETH at 14:00 CET
warum nicht ETH um 14:00 MEZ
por qué no ETH a las 14:00, hora local
why not ETH at 14?
warum nicht ETH um halb drei?
por qué no ETH a las dos y media
why not ETH a few hours ago
warum nicht ETH vor ein paar Stunden?
por qué no ETH hace unas horas
why ETH earlier?
warum ETH vorhin?
¿por qué ETH antes?
why not ETH early today
warum nicht ETH heute früh
por qué no ETH hoy temprano
why was ETH refused in 2024
warum kein ETH in 2024
por qué no ETH en 2024
why not ETH at 25:00
warum nicht ETH um 25:00
por qué no ETH a las 25:00
why not ETH at 14:60
warum nicht ETH um 14:60
por qué no ETH a las 14:60
why not ETH since yesterday
warum nicht ETH seit gestern
por qué no ETH desde ayer
why not ETH between 14:00 and 16:00
warum nicht ETH von 14:00 bis 16:00
por qué no ETH de 14:00 a 16:00
why not ETH in May
warum nicht ETH im Mai
por qué no ETH en mayo
warum nicht ETH am Tag vor vorgestern
"""


@pytest.mark.parametrize("text", UNREAD.strip().splitlines())
def test_a_question_about_a_time_is_never_answered_about_another(text: str) -> None:
    command = understand(text, (BTC, ETH))
    assert command is not None
    market, *when = command.args
    assert (command.command, market) == ("why", "ETH/USDT")
    assert when, "answered about now"
    assert moment(when, zone_name=ZONE, now=THEN) is None


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("why not ETH at 2.05pm", "2024-03-07 14:05"),
        ("why not ETH at 10.10pm yesterday", "2024-03-06 22:10"),
        ("why not ETH on 3 Mar at 14:00", "2024-03-03 14:00"),
        ("warum nicht ETH am 3. März um 14 Uhr", "2024-03-03 14:00"),
        ("¿por qué no ETH el 3 de marzo a las 14?", "2024-03-03 14:00"),
        ("why not ETH Sept 3 14:00", "2023-09-03 14:00"),
        ("why not ETH at 14:00 UTC", "2024-03-07 15:00"),
        ("warum nicht ETH um 14:00 UTC", "2024-03-07 15:00"),
        ("por qué no ETH a las 14:00 UTC", "2024-03-07 15:00"),
        ("why not ETH on 2024-03-01 14:00 UTC", "2024-03-01 15:00"),
        ("warum nicht ETH um 14.30?", "2024-03-07 14:30"),
        ("warum nicht ETH um 14 Uhr 30", "2024-03-07 14:30"),
        ("por qué no ETH a las 14h30", "2024-03-07 14:30"),
    ],
)
def test_a_time_is_read_as_it_is_written(text: str, at: str) -> None:
    command = understand(text, (BTC, ETH))
    assert command is not None
    found = moment(command.args[1:], zone_name=ZONE, now=THEN)
    assert found == datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(ZONE))


@pytest.mark.parametrize(
    "text",
    [
        "what costs ETH 14:00",
        "Kosten ETH gestern",
        "costes de ETH ayer",
        "chart of ETH yesterday",
        "Grafik ETH gestern um 14 Uhr",
        "gráfico de ETH ayer",
        "pnl yesterday",
        "pnl 2024",
        "Gewinn letzte Woche",
        "ganancias de ayer",
        "trades yesterday",
        "balance at 9",
        "/pnl yesterday",
        "/portfolio gestern",
        "/chart ETH ayer",
    ],
)
def test_what_only_answers_about_now_says_so_and_what_looks_back(
    text: str, fake_units: FakeUnits
) -> None:
    assert fact(asked(scanned(fake_units), text), "text") == "now_only"


def test_a_time_that_cannot_be_read_is_quoted_as_it_was_written(fake_units: FakeUnits) -> None:
    response = asked(scanned(fake_units), "Warum kein ETH gestern früh?")
    assert fact(response, "values") == {"when": "gestern früh"}


@pytest.mark.parametrize("text", ["why not ETH last Tuesday?", "why no ETH yesterday morning?"])
def test_a_time_that_cannot_be_read_is_named_and_not_left_out(
    text: str, fake_units: FakeUnits
) -> None:
    response = asked(scanned(fake_units), text)
    assert fact(response, "text") == "why_when"


def test_a_time_without_a_market_asks_for_the_market(fake_units: FakeUnits) -> None:
    response = asked(scanned(fake_units), "why did you do nothing yesterday")
    assert fact(response, "text") == "why_which"


@pytest.mark.parametrize(
    "text",
    [
        "why did you sell BTC?",
        "Warum hast du BTC heute verkauft?",
        "¿Por qué vendiste BTC?",
        "why did you sell?",
        "/why BTC sold",
        "/why BTC sold today",
    ],
)
def test_a_question_about_a_sale_shows_the_sale(text: str, fake_units: FakeUnits) -> None:
    bench = sold_once(fake_units)
    (reply,) = asked(bench, text).replies
    assert (reply.kind, reply.payload["trade_id"]) == ("trade", bench.trades()[0].id)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("why did you sell ETH?", "sold_none"),
        ("why did you sell BTC yesterday?", "sold_not_then"),
        ("why did you sell BTC last Tuesday?", "why_when"),
    ],
)
def test_a_sale_that_was_not_is_not_made_up(text: str, answer: str, fake_units: FakeUnits) -> None:
    assert fact(asked(sold_once(fake_units), text), "text") == answer


def test_before_the_first_sale_it_is_said_that_nothing_was_sold(fake_units: FakeUnits) -> None:
    assert fact(asked(build(fake_units), "why did you sell?"), "text") == "sold_nothing"


# The mode of then


def alerting(units: FakeUnits) -> Bench:
    bench = build(units, policies=STRICT, bars=rising(), price="106", mode=Mode.ALERT)
    bench.assembled.scanner.scan(START)
    return bench


def test_the_past_is_not_explained_by_the_mode_of_now(fake_units: FakeUnits) -> None:
    bench = alerting(fake_units)
    newest = plain(shown(bench, "why", symbol="BTC/USDT").text)
    assert "The desk only alerts" in newest
    bench.advance(hours=2)
    past = plain(shown(bench, "why", symbol="BTC/USDT", timeframe="1h", at=START.isoformat()).text)
    assert "The desk only alerts" not in past
    assert "a person would have been asked" not in past
    assert "With that, only the edge would have been open: it is not measured" in past


def test_a_mode_that_was_changed_since_the_close_is_not_that_of_the_close(
    fake_units: FakeUnits,
) -> None:
    bench = build(fake_units, policies=STRICT, bars=rising(), price="106")
    bench.assembled.scanner.scan(START)
    bench.advance(minutes=10)
    wish = ChangeWish(kind=ChangeKind.MODE, value="alert")
    bench.assembled.desk.changes.propose(wish, OWNER.user_id, request_id="m")
    bench.advance(minutes=10)
    view = bench.assembled.desk.explorer.why(Place(symbol=BTC), "en")
    assert view is not None
    assert bench.assembled.context.mode is Mode.ALERT
    assert view.alert_only is None


def test_an_order_tells_that_the_desk_traded_whatever_it_does_now(fake_units: FakeUnits) -> None:
    bench = build(fake_units)
    decision = scored(bench.decide())
    bench.propose(decision)
    alerts = bench.restart(mode=Mode.ALERT)
    place = alerts.assembled.desk.explorer.find(decision.id)
    assert place is not None
    view = alerts.assembled.desk.explorer.why(place, "en")
    assert view is not None
    assert view.alert_only is False


# The words of a model


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_template_is_not_told_behind_the_lines_that_say_the_same(
    language: str, fake_units: FakeUnits
) -> None:
    bench = scanned(fake_units)
    assert "BTC/USDT in" not in shown(bench, "why", language, symbol="BTC/USDT").text


def test_the_words_of_a_model_end_with_a_sentence_and_write_percent_as_the_lines_do(
    fake_units: FakeUnits,
) -> None:
    bench = scanned(fake_units)
    said_by_it = "The score of 20.8% is weak. " * 30
    keep_words(
        bench.assembled.context, stored(bench).id, said_by_it, is_from_model=True, language="en"
    )
    text = plain(shown(bench, "why", symbol="BTC/USDT").text)
    assert text.endswith("The score of 20.8 % is weak.")
    assert "20.8%" not in text


def test_half_a_sentence_is_never_told() -> None:
    assert whole_sentences("One of 1.5. Two is longer.", 15) == "One of 1.5."
    assert whole_sentences("A sentence without an end", 10) == ""
    assert whole_sentences("Short.", 10) == "Short."


def test_an_entry_that_was_proposed_is_told_with_its_stop(fake_units: FakeUnits) -> None:
    bench = build(fake_units)
    keep(bench, replace(scored(bench.decide(target="110")), route=RouteCode.ASK))
    text = plain(shown(bench, "why", symbol="BTC/USDT").text)
    assert "stop 95.00 (−5.0 %)" in text
    assert "target 110.00 (+10.0 %)" in text


def test_a_history_is_named_that_bars_are_counted_in(fake_units: FakeUnits) -> None:
    text = plain(shown(scanned(fake_units), "why", symbol="BTC/USDT").text)
    assert "of 405,240 bars of the strategy's reference history" in text
