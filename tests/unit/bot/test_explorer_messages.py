"""The screens of a walk on the market: what they say, where their buttons lead, and back."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.channel import CAPTION_LIMIT, Button
from bot.charts.views import CardPicture, ChartPicture
from bot.charts.views_explorer import BoardPicture, FramesPicture, WhyPicture
from bot.messages.callbacks import decode
from bot.messages.callbacks_explorer import (
    Look,
    OpenCard,
    OpenChart,
    OpenCosts,
    OpenList,
    OpenWhy,
    Overlay,
    write_wish,
)
from bot.messages.figures import Measured, figures
from bot.messages.markup import plain, shown_length
from bot.messages.registry import RENDERERS
from bot.messages.rendered import Rendered
from bot.messages.words import Words
from bot.policy import LANGUAGES
from engine.domain.decisions import CheckRecord, Decision
from engine.domain.desk import Controls, Json, Mode
from engine.domain.explorer import Direction, Order, Wish
from engine.domain.market import Symbol, Timeframe
from engine.domain.reasons import CheckCode, ReasonCode, RouteCode, VerdictCode
from engine.strategy.policy import EntryPolicy
from tests.fakes.desk_builder import AUTOMATIC, BTC, ETH, OWNER, START, Bench, build, rising
from tests.fakes.units import FakeUnits
from tests.servers.telegram.entities import format_text
from tests.unit.bot.harness import scored
from tests.unit.bot.test_renderers import telling
from tests.unit.desk.test_explorer import scanned, stored

D = Decimal
EN = Words.of("en", "Europe/Berlin")
STRICT = replace(AUTOMATIC, entry=EntryPolicy(min_rank_fraction=1.0))


def shown(bench: Bench, kind: str, language: str = "en", **payload: Json) -> Rendered:
    rendered = RENDERERS[kind](telling(bench, language, payload=payload))
    assert rendered is not None
    assert shown_length(rendered.text) <= CAPTION_LIMIT
    format_text(rendered.text, "HTML", None)
    assert all(len(one.data.encode()) <= 64 and one.text for one in buttons(rendered))
    return rendered


def buttons(rendered: Rendered) -> list[Button]:
    return [one for row in rendered.keyboard for one in row]


def labels(rendered: Rendered) -> list[str]:
    return [one.text for one in buttons(rendered)]


def leads(rendered: Rendered, label: str) -> Any:  # noqa: ANN401 - any kind of button
    """Where the button of this label leads."""
    return decode(next(one.data for one in buttons(rendered) if one.text == label))


def keep(bench: Bench, decision: Decision) -> None:
    with bench.units() as unit:
        unit.decisions.add(decision)
        unit.commit()


# The list


def test_the_list_says_what_is_left_out_and_offers_every_filter(fake_units: FakeUnits) -> None:
    rendered = shown(scanned(fake_units), "opportunities")
    assert isinstance(rendered.picture, BoardPicture)
    head = plain(rendered.text).split("\n")[0]
    assert head == "Strongest signals · 1h · long and short · by score · 2 of 2 markets"
    assert rendered.picture.filters == head.removeprefix("Strongest signals · ")
    found = labels(rendered)
    assert sorted(label[2:] for label in found[:2]) == ["BTC", "ETH"]
    assert found[2:] == [
        "· 1h ·",
        "4h",
        "· All ·",
        "▲ Long",
        "▼ Short",
        "Proved",
        "↓ Score",
    ]


def test_a_filter_keeps_the_others_and_begins_at_the_first_page(fake_units: FakeUnits) -> None:
    wish = Wish(search="USDT", order=Order.NAME, page=3)
    rendered = shown(scanned(fake_units), "opportunities", list=write_wish(wish))
    first = replace(wish, page=0)
    assert leads(rendered, "▼ Short") == OpenList(replace(first, direction=Direction.SHORT))
    assert leads(rendered, "Proved") == OpenList(replace(first, proven_only=True))
    assert leads(rendered, "↓ Name") == OpenList(replace(first, order=Order.SCORE))
    assert leads(rendered, "4h") == OpenList(replace(first, timeframe=Timeframe.H4))
    assert leads(rendered, "✖ USDT") == OpenList(replace(first, search=""))
    # The desk's own timeframe is the one that needs no name.
    assert leads(rendered, "· 1h ·") == OpenList(first)


def test_a_row_leads_to_its_card_and_every_screen_back_to_just_this_list(
    fake_units: FakeUnits,
) -> None:
    bench = scanned(fake_units)
    wish = Wish(direction=Direction.ALL, search="BTC")
    listed = shown(bench, "opportunities", list=write_wish(wish))
    to_card = leads(listed, "1 BTC")
    assert isinstance(to_card, OpenCard)
    assert to_card.behind == wish
    payload: dict[str, Json] = {
        "symbol": "BTC/USDT",
        "timeframe": "1h",
        "at": START.isoformat(),
        "list": write_wish(wish),
    }
    for kind in ("found", "why", "chart", "costs"):
        screen = shown(bench, kind, "en", **payload, amount="1000")
        assert leads(screen, "‹ List") == OpenList(wish)
        ways = [decode(one.data) for one in buttons(screen)]
        assert all(getattr(way, "behind", wish) == wish for way in ways)


def test_without_a_list_behind_there_is_no_way_back(fake_units: FakeUnits) -> None:
    assert "‹ List" not in labels(shown(scanned(fake_units), "why", symbol="BTC/USDT"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("wish", "english"),
    [
        (Wish(search="XYZ"), "Nothing passes these filters (2 markets are scored)."),
        (Wish(proven_only=True), "Nothing is proved: the strategy's verdict has not passed."),
    ],
)
def test_an_empty_list_says_why_and_keeps_its_buttons(
    wish: Wish, english: str, language: str, fake_units: FakeUnits
) -> None:
    rendered = shown(scanned(fake_units), "opportunities", language, list=write_wish(wish))
    assert language != "en" or english in rendered.text
    assert len(labels(rendered)) >= 7
    assert isinstance(rendered.picture, BoardPicture)
    assert rendered.picture.empty


def test_pages_turn_both_ways(fake_units: FakeUnits) -> None:
    symbols = tuple(Symbol(f"C{number:02}", "USDT") for number in range(19))
    bench = build(fake_units, symbols=symbols, bars=rising())
    bench.assembled.scanner.scan(START)
    middle = shown(bench, "opportunities", list=write_wish(Wish(page=1)))
    assert leads(middle, "‹ Back") == OpenList(Wish(page=0))
    assert leads(middle, "Next ›") == OpenList(Wish(page=2))
    assert "page 2 of 3" in middle.text


def test_longest_names_still_have_a_button_each(fake_units: FakeUnits) -> None:
    symbols = tuple(Symbol(f"{'A' * 30}{number:02}", "B" * 32) for number in range(9))
    bench = build(fake_units, symbols=symbols, bars=rising())
    bench.assembled.scanner.scan(START)
    rendered = shown(bench, "opportunities", list=write_wish(Wish(search="A" * 16)))
    to_card = leads(rendered, labels(rendered)[0])
    assert to_card.ref.place(symbols).symbol in symbols


# Why


def test_why_names_the_gate_its_figures_and_what_it_lacked(fake_units: FakeUnits) -> None:
    bench = build(fake_units)
    checks = tuple(
        CheckRecord(
            name=code.label,
            value=D("2.0") if code is CheckCode.NET_EDGE else D(0),
            limit=D("5.0") if code is CheckCode.NET_EDGE else D(1),
            verdict=VerdictCode.FAILED if code is CheckCode.NET_EDGE else VerdictCode.PASSED,
        )
        for code in CheckCode
    )
    keep(
        bench,
        replace(
            scored(bench.decide()),
            route=RouteCode.REFUSE,
            reason=ReasonCode.EDGE_TOO_SMALL,
            checks=checks,
        ),
    )
    rendered = shown(bench, "why", symbol="BTC/USDT")
    text = plain(rendered.text)
    assert "Not traded: the edge after costs is too small" in text
    assert "Stopped by: edge after costs, lower bound (2 bps, needs 5 bps)" in text
    assert "It lacked 3 bps: edge after costs, lower bound" in text
    assert "Costs 55 bps for 500.00 USDT: fees 40 + spread 10 + slippage 5" in text
    picture = rendered.picture
    assert isinstance(picture, WhyPicture)
    assert picture.score == 74.12
    assert [part.code for part in picture.parts] == ["RSI", "MACD"]
    assert picture.gates[-1].mark == "failed"
    assert {gate.mark for gate in picture.gates[:-1]} == {"passed"}
    assert picture.note == ""


def test_below_the_threshold_it_says_how_far_and_what_would_have_followed(
    fake_units: FakeUnits,
) -> None:
    bench = build(fake_units, policies=STRICT, bars=rising(), price="106")
    bench.assembled.scanner.scan(START)
    rendered = shown(bench, "why", symbol="BTC/USDT")
    text = plain(rendered.text)
    score = stored(bench).score
    assert score is not None
    missing = D(100) - score.points
    assert f"It lacked {EN.number(missing, 1)} points of score" in text
    assert "With that, a person would have been asked: the edge is not measured" in text
    assert "Costs " in text
    picture = rendered.picture
    assert isinstance(picture, WhyPicture)
    assert picture.needed == 100
    assert [gate.mark for gate in picture.gates if not gate.is_supposed] == ["failed", "passed"]
    assert picture.note == "Grey: as if the score had passed, with nothing held"


def test_a_close_under_the_kill_switch_says_so_and_a_desk_that_alerts_asks_nobody(
    fake_units: FakeUnits,
) -> None:
    bench = build(fake_units, policies=STRICT, bars=rising(), price="106", mode=Mode.ALERT)
    bench.assembled.desk.controls.kill(OWNER)
    bench.assembled.scanner.scan(START)
    with bench.units() as unit:
        unit.desk.put_controls(Controls())
        unit.commit()
    rendered = shown(bench, "why", symbol="BTC/USDT")
    text = plain(rendered.text)
    assert "With that, it would still have failed: kill switch (on)" in text
    assert "The desk only alerts: nobody would have been asked, nothing bought" in text
    assert "a person would have been asked" not in text
    assert isinstance(rendered.picture, WhyPicture)
    switch = next(gate for gate in rendered.picture.gates if gate.name == "kill switch")
    assert (switch.figures, switch.mark, switch.is_supposed) == ("on", "failed", False)


def test_a_desk_that_alerts_says_that_nobody_would_have_been_asked(fake_units: FakeUnits) -> None:
    bench = build(fake_units, policies=STRICT, bars=rising(), price="106", mode=Mode.ALERT)
    bench.assembled.scanner.scan(START)
    text = plain(shown(bench, "why", symbol="BTC/USDT").text)
    assert "The desk only alerts: nobody would have been asked, nothing bought" in text
    assert "a person would have been asked" not in text


def test_a_close_of_which_nothing_is_stored_says_recomputed(fake_units: FakeUnits) -> None:
    bench = scanned(fake_units)
    at = START - timedelta(hours=30)
    rendered = shown(bench, "why", symbol="BTC/USDT", timeframe="1h", at=at.isoformat())
    assert "recomputed now from the candles by score-1, as if nothing had been held" in plain(
        rendered.text
    )
    assert isinstance(rendered.picture, WhyPicture)
    assert "recomputed" in rendered.picture.badges
    assert "Bar closed 2026-03-01 07:00, Europe/Berlin" in rendered.picture.moment
    assert labels(rendered) == ["‹ Earlier", "Later ›", "Chart", "Costs", "Card"]
    later = leads(rendered, "Later ›")
    assert isinstance(later, OpenWhy)
    place = later.ref.place((BTC, ETH))
    assert place is not None
    assert place.at == at + timedelta(hours=1)


def test_the_newest_close_has_no_later_one(fake_units: FakeUnits) -> None:
    assert "Later ›" not in labels(shown(scanned(fake_units), "why", symbol="BTC/USDT"))


def test_of_a_time_before_all_candles_nothing_is_known(fake_units: FakeUnits) -> None:
    rendered = shown(
        scanned(fake_units),
        "why",
        symbol="BTC/USDT",
        timeframe="1h",
        at="2001-01-01T00:00:00+00:00",
    )
    assert "No decision and no candles of BTC/USDT at 2001-01-01 01:00" in rendered.text


@pytest.mark.parametrize(
    ("name", "value", "limit", "told"),
    [
        ("rank", "0.931", "0.99", "93.10 %, needs 99.00 %"),
        ("min_score", "41.3", "66", "41.3, needs 66.0"),
        ("direction", "-41.3", "0", "down"),
        ("kill_switch", "1", "0", "on"),
        ("desk_paused", "0", "0", "off"),
        ("data_fresh", "1", "0", "late"),
        ("symbol_rule", "2", "1", "forbidden"),
        ("cooldown", "5400000", "0", "1.5 h left"),
        ("cooldown", "0", "0", "none"),
        ("duplicate", "1", "0", "one"),
        ("daily_count", "7", "6", "7 of 6"),
        ("daily_loss", "0.0312", "0.03", "3.12 %, at most 3.00 %"),
        ("drawdown", "0.1", "0.15", "10.00 %, at most 15.00 %"),
        ("risk_size", "50.5", "100", "50.50 USDT, at most 100.00 USDT"),
        ("clamps", "5000", "49.3", "5 BTC, needs 0.05 BTC"),
        ("cost", "55.2", "150", "55 bps, at most 150 bps"),
        ("net_edge", "-12", "5", "−12 bps, needs 5 bps"),
        ("net_edge", None, "5", "not measured, needs 5 bps"),
        ("cost", None, None, "–"),
    ],
)
def test_every_gate_is_told_in_its_own_unit(
    name: str, value: str | None, limit: str | None, told: str
) -> None:
    gate = CheckRecord(
        name=name,
        value=None if value is None else D(value),
        limit=None if limit is None else D(limit),
        verdict=VerdictCode.PASSED,
    )
    assert figures(EN, gate, Measured(BTC, D("0.001"))) == told


# Charts


def test_overlays_are_switched_one_by_one_and_kept_over_a_swap(fake_units: FakeUnits) -> None:
    bench = scanned(fake_units)
    look = Look(Timeframe.H1, Overlay.BANDS | Overlay.STOCH)
    rendered = shown(bench, "chart", symbol="BTC/USDT", look=look.code)
    picture = rendered.picture
    assert isinstance(picture, ChartPicture)
    assert picture.bands is not None
    assert picture.stoch is not None
    assert (picture.averages, picture.rsi, picture.macd, picture.cone) == ((), None, None, None)
    assert not picture.has_volume
    # No bars shorter than the desk's are stored: there is no button that would show nothing.
    assert labels(rendered)[:3] == ["· 1h ·", "4h", "1d"]
    assert labels(rendered)[3:11] == [
        "✓ Bands",
        "MA",
        "Volume",
        "RSI",
        "MACD",
        "✓ Stoch",
        "Projection",
        "▦ Sheet",
    ]
    assert {"Why", "Costs", "Card"} <= set(labels(rendered))
    to_h4 = leads(rendered, "4h")
    assert isinstance(to_h4, OpenChart)
    assert to_h4.look == Look(Timeframe.H4, look.overlays)
    assert leads(rendered, "MA").look == look.toggled(Overlay.AVERAGES)


def test_a_chart_without_further_wishes_shows_the_usual(fake_units: FakeUnits) -> None:
    picture = shown(scanned(fake_units), "chart", symbol="BTC/USDT").picture
    assert isinstance(picture, ChartPicture)
    assert picture.timeframe == "1h"
    assert picture.stoch is None
    assert None not in (picture.bands, picture.rsi, picture.macd, picture.cone)


def test_the_sheet_shows_several_timeframes_in_one_picture(fake_units: FakeUnits) -> None:
    bench = scanned(fake_units, bars=2_600)
    rendered = shown(bench, "chart", symbol="BTC/USDT", look=Look(None).code)
    assert isinstance(rendered.picture, FramesPicture)
    assert [one.timeframe for one in rendered.picture.charts] == ["1h", "4h", "1d"]
    assert "· ▦ Sheet ·" in labels(rendered)
    assert "✓ Projection" not in labels(rendered)
    text = plain(rendered.text)
    assert "BTC/USDT on several timeframes" in text
    # The day ended at midnight UTC, which is 01:00 in Berlin: its price is not that of now.
    assert "1d: 94.4023, closed 2026-03-02 01:00 (+25.60 % over 60 bars)" in text
    assert "1h: 93.1818, closed 2026-03-02 13:00" in text
    assert rendered.picture.notes == (
        "60 bars to 2026-03-02 13:00",
        "60 bars to 2026-03-02 13:00",
        "60 bars to 2026-03-02 01:00",
    )


def test_a_chart_of_the_past_offers_no_projection(fake_units: FakeUnits) -> None:
    at = (START - timedelta(hours=5)).isoformat()
    rendered = shown(
        scanned(fake_units), "chart", symbol="BTC/USDT", timeframe="1h", at=at, look="d5f"
    )
    assert "up to 2026-03-02 08:00" in plain(rendered.text)
    assert not any("Projection" in label for label in labels(rendered))


# Cards and costs


def test_a_card_that_is_walked_to_asks_nothing_but_leads_to_its_question(
    fake_units: FakeUnits,
) -> None:
    bench = build(fake_units)
    decision = scored(bench.decide())
    bench.propose(decision)
    rendered = shown(bench, "found", symbol="BTC/USDT", timeframe="1h", at=_at(decision))
    assert isinstance(rendered.picture, CardPicture)
    assert labels(rendered) == ["Chart", "Why", "Costs", "❓ Question"]
    assert "BTC/USDT LONG · score 74" in plain(rendered.text)


def test_the_costs_are_told_in_parts_in_money_and_as_the_edge_that_beats_them(
    fake_units: FakeUnits,
) -> None:
    rendered = shown(scanned(fake_units), "costs", symbol="BTC/USDT", amount="1000")
    text = plain(rendered.text)
    # One deep level on either side: no slippage but the least, 1 bps each way.
    assert "BTC/USDT: a round trip of 1,000.00 USDT at 100.00" in text
    assert "fees: 40.0 bps = 4.00 USDT" in text
    assert "spread: 10.0 bps = 1.00 USDT" in text
    assert "slippage: 2.0 bps = 0.20 USDT" in text
    assert "Total 52.0 bps = 5.20 USDT" in text
    assert "Needs an edge above" in text
    assert rendered.picture is None
    assert labels(rendered)[:4] == ["100", "· 1,000 ·", "10,000", "100,000"]
    to_more = leads(rendered, "10,000")
    assert isinstance(to_more, OpenCosts)
    assert to_more.amount_quote == 10_000


@pytest.mark.parametrize("amount", ["", "x", "0", "-5", "NaN", "Infinity"])
def test_a_garbled_amount_is_answered_with_an_example(amount: str, fake_units: FakeUnits) -> None:
    rendered = shown(build(fake_units), "costs", symbol="BTC/USDT", amount=amount)
    assert "Example: /costs BTC/USDT 1000" in rendered.text


def _at(decision: Decision) -> str:
    return decision.closed_at.isoformat()
