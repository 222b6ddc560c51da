"""What a person writes is read as they mean it, or they are told why not.

What is shown reads back.
"""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.words import load_texts
from bot.policy import LANGUAGES
from engine.desk.alerts.grammar import LONGEST_TEXT, AlertReader, AlertWish, Misread
from engine.domain.alert_measures import Condition, Measure, Measured, Relation, Source, Unit
from engine.domain.alerts import pause_text
from engine.domain.errors import InvalidValueError
from engine.domain.market import Symbol, Timeframe

TODAY = date(2026, 3, 2)
SYMBOLS = tuple(
    Symbol(base, "USDT") for base in ("BTC", "ETH", "1INCH", "HIGH", "OPEN", "$A._-", "ANY", "ON")
)
READER = AlertReader(symbols=SYMBOLS, timeframe=Timeframe.H1, today=TODAY)


def read(text: str) -> str:
    """The condition as it is written back."""
    wish = READER.read(text)
    assert isinstance(wish, AlertWish), wish
    return wish.condition.text


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("BTC/USDT > 70000", "BTC/USDT > 70000"),
        ("btc above 70k", "BTC/USDT > 70000"),
        ("BTC>70_000", None),
        ("btc>70,000", None),
        ("BTC/USDT über 51.609,42 once", "BTC/USDT > 51609.42"),
        ("btc por encima de 51.609,42", "BTC/USDT > 51609.42"),
        ("btc > 51,609.42 USDT", "BTC/USDT > 51609.42"),
        ("btc > 70 000 USDT", "BTC/USDT > 70000"),
        ("btc > 1.234.567", "BTC/USDT > 1234567"),
        ("btc > 70,5k", "BTC/USDT > 70500"),
        ("eth > 2.3450", "ETH/USDT > 2.3450"),
        ("btc < 0,125", "BTC/USDT < 0.125"),
        ("drawdown > 5,5 %", "drawdown > 5.5%"),
        ("btc −2,5 % 24h", "change(BTC/USDT,24h) < -2.5%"),
        ("rsi btc,4h,7 < 30,5", "rsi(BTC/USDT,4h,7) < 30.5"),
        ("btc < 1.50", "BTC/USDT < 1.5"),
        ("btc > $1.2m", "BTC/USDT > 1200000"),
        ("btc over 70000 USDT", "BTC/USDT > 70000"),
        ("when the price of btc goes above 70k", "BTC/USDT > 70000"),
        ("BTC über 70k", "BTC/USDT > 70000"),
        ("btc debajo de 60k", "BTC/USDT < 60000"),
        ("btc-usdt > 5", "BTC/USDT > 5"),
        ("1inch > 0.5", "1INCH/USDT > 0.5"),
        ("$A._-/USDT > 1", "$A._-/USDT > 1"),
        ("on/usdt > 1", "ON/USDT > 1"),
        ("any/usdt > 1", "ANY/USDT > 1"),
        ("BTC/USDT +5% 24h", "change(BTC/USDT,24h) > 5%"),
        ("btc -2.5% 7d", "change(BTC/USDT,7d) < -2.5%"),
        ("change(btc,48h) > 0%", "change(BTC/USDT,2d) > 0%"),
        ("btc 4h > 70000", "close(BTC/USDT,4h) > 70000"),
        ("rsi(ETH/USDT,1h) < 30", "rsi(ETH/USDT,1h) < 30"),
        ("rsi eth < 30", "rsi(ETH/USDT,1h) < 30"),
        ("eth rsi(4h, 7) < 30", "rsi(ETH/USDT,4h,7) < 30"),
        ("rsi(eth,1h,14) < 30", "rsi(ETH/USDT,1h) < 30"),
        ("rsi(any,1h) < 30", "rsi(any,1h) < 30"),
        ("rsi(*) < 30", "rsi(any,1h) < 30"),
        ("macd(btc) crosses above macd_signal", "macd(BTC/USDT,1h) > macd_signal"),
        ("macd(btc,1d) > 0", "macd(BTC/USDT,1d) > 0"),
        ("macd(btc,1d) > -12.5", "macd(BTC/USDT,1d) > -12.5"),
        ("btc > bb_upper(4h)", "close(BTC/USDT,4h) > bb_upper"),
        ("close(btc) < lower_band", "close(BTC/USDT,1h) < bb_lower"),
        ("ema(BTC/USDT,1h,20) > ema(50)", "ema(BTC/USDT,1h,20) > ema(50)"),
        ("sma btc 50 > sma 200", "sma(BTC/USDT,1h,50) > sma(200)"),
        ("close(btc,1d) > high", "close(BTC/USDT,1d) > high"),
        ("close(btc,1d) > high(55)", "close(BTC/USDT,1d) > high(55)"),
        ("high(HIGH/USDT,1h) > 5", "high(HIGH/USDT,1h) > 5"),
        ("atr(btc) > 500", "atr(BTC/USDT,1h) > 500"),
        ("stoch(btc) < 20", "stoch_k(BTC/USDT,1h) < 20"),
        ("stoch_k(btc) > stoch_d", "stoch_k(BTC/USDT,1h) > stoch_d"),
        ("score(btc) < -60", "score(BTC/USDT) < -60"),
        ("volume(BTC/USDT,1h) > 3x", "volume(BTC/USDT,1h) > 3x"),
        ("vol btc > 2.5×", "volume(BTC/USDT,1h) > 2.5x"),
        ("drawdown > 5%", "drawdown > 5%"),
        ("distance to stop < 1%", "stop_distance < 1%"),
        ("stop distance btc < 0.5%", "stop_distance(BTC/USDT) < 0.5%"),
        ("position opened", "opened"),
        ("closed btc", "closed(BTC/USDT)"),
        ("stopped(ETH/USDT)", "stopped(ETH/USDT)"),
    ],
)
def test_what_a_person_writes(said: str, meant: str | None) -> None:
    if meant is None:
        assert isinstance(READER.read(said), Misread)
    else:
        assert read(said) == meant
        assert read(meant) == meant


def test_options_stand_behind_the_condition() -> None:
    wish = READER.read("BTC/USDT > 70000 once every 90m until 2026-03-02")
    assert isinstance(wish, AlertWish)
    assert (wish.once, wish.cooldown_s, wish.expires_on) == (True, 5400, TODAY)
    plain = READER.read("btc > 1 repeat")
    assert isinstance(plain, AlertWish)
    assert (plain.once, plain.cooldown_s, plain.expires_on) == (False, None, None)


WRONG = {
    "": "empty",
    "when the price": "empty",
    "btc": "no_relation",
    "btc eth": "unknown_word",
    "> 5": "nothing_measured",
    "btc >": "no_line",
    "doge > 5": "unknown_symbol",
    "DOGE/USDT > 5": "unknown_symbol",
    "rsi(doge/usdt) < 30": "unknown_symbol",
    "rsy(btc) < 30": "unknown_measure",
    "rsi < 30": "no_market",
    "any > 5": "any_price",
    "btc > abc": "bad_number",
    "btc > 1e9": "bad_number",
    "btc > ٣": "bad_number",
    "btc > NaN": "bad_number",
    "btc > 7 0": "unknown_word",
    "btc > 70.000": "two_readings",
    "btc über 70.000": "two_readings",
    "btc > 1,234k": "two_readings",
    "btc +1.500% 24h": "two_readings",
    "btc > 70.000.5": "bad_number",
    "btc > 70,00,5": "bad_number",
    "btc > 5%": "no_suffix",
    "rsi(btc) < 30x": "no_suffix",
    "rsi(btc) < 1k": "bad_number",
    "btc > -5": "line_out_of_range",
    "btc > 0": "line_out_of_range",
    "rsi(btc) < 130": "line_out_of_range",
    "rsi(btc) < 0": "line_out_of_range",
    "drawdown > 100%": "line_out_of_range",
    "drawdown > 5": "needs_percent",
    "volume(btc) > 3": "needs_times",
    "drawdown btc > 5%": "unknown_word",
    "rsi(btc,15m) < 30": "timeframe_not_kept",
    "rsi(btc,3h) < 30": "unknown_timeframe",
    "rsi(btc,30m) < 30": "unknown_timeframe",
    "rsi(btc,1000) < 30": "bad_length",
    "rsi(btc,1) < 30": "bad_length",
    "sma(btc) > 5": "needs_length",
    "macd(btc,12) > 0": "takes_no_length",
    "btc +5%": "no_span",
    "change(btc) > 5%": "no_span",
    "btc +5% 60d": "bad_span",
    "macd(btc) > rsi": "not_comparable",
    "close(btc) > close": "not_comparable",
    "btc > rsi(eth)": "other_bars",
    "ema(btc,20) > ema(eth,50)": "other_bars",
    "score(btc) > rsi": "not_comparable",
    "opened > 5": "event_has_no_line",
    "opened every 4h": "event_has_no_pause",
    "btc > 5 every": "bad_pause",
    "btc > 5 every day": "bad_pause",
    "btc > 5 every 0s": "bad_pause",
    "btc > 5 until tomorrow": "bad_day",
    "btc > 5 until 2026-02-30": "bad_day",
    "btc > 5 until 2026-03-01": "day_past",
    "btc > 5 once more": "unknown_word",
    "x" * (LONGEST_TEXT + 1): "too_long",
}


@pytest.mark.parametrize(("said", "reason"), WRONG.items())
def test_wrong_input_says_what_was_wrong(said: str, reason: str) -> None:
    misread = READER.read(said)
    assert isinstance(misread, Misread)
    assert misread.reason == reason


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_way_to_be_wrong_has_a_sentence_with_an_example(language: str) -> None:
    texts = load_texts(language)
    for reason in WRONG.values():
        assert "/alert " in texts[f"notices.alert_{reason}"]


def test_every_example_is_one() -> None:
    reader = AlertReader(symbols=SYMBOLS, timeframe=Timeframe.H1, today=TODAY)
    for name, text in load_texts("en").items():
        if name.startswith(("notices.alert_", "alerts.help_")) and "/alert " in text:
            example = text.rpartition("/alert ")[2].partition("<")[0].replace("{word}", "opened")
            example = example.replace("&gt;", ">").replace("&lt;", "<").partition(", or")[0]
            assert isinstance(reader.read(example), AlertWish), text


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    wish = READER.read(text)
    assert isinstance(wish, Misread) or read(wish.condition.text) == wish.condition.text


_ANY_WORDS = (
    "btc eth > < rsi ema close price volume drawdown opened any 1h 4h 20 50 +5% 24h 30 3x 5% once "
    "every 2h until 2026-04-01 ( ) ,"
)
WORDS = st.sampled_from(_ANY_WORDS.split())


@given(st.lists(WORDS, max_size=9).map(" ".join))
def test_any_order_of_words_is_read_or_refused(text: str) -> None:
    wish = READER.read(text)
    assert isinstance(wish, Misread) or read(wish.condition.text) == wish.condition.text


def _lines(unit: Unit) -> st.SearchStrategy[Decimal]:
    places = {Unit.SHARE: 6, Unit.PRICE: 12}.get(unit, 4)
    return st.decimals(-200_000, 200_000, allow_nan=False, allow_infinity=False, places=places)


@st.composite
def measures(draw: st.DrawFn, name: Measured) -> Measure:
    trait = name.trait
    is_optional = name is not Measured.PRICE
    symbols = st.sampled_from(SYMBOLS) | (st.none() if is_optional else st.nothing())
    is_framed = trait.source is Source.BARS and name is not Measured.CHANGE
    return Measure(
        name=name,
        symbol=None if name is Measured.DRAWDOWN else draw(symbols),
        timeframe=draw(st.sampled_from(READER.frames)) if is_framed else None,
        length_bars=draw(st.integers(2, 400)) if trait.length_bars is not None else None,
        span_h=draw(st.integers(1, 720)) if name is Measured.CHANGE else None,
    )


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    measure = draw(st.sampled_from(Measured).flatmap(measures))
    trait = measure.name.trait
    if trait.source is Source.EVENTS:
        return Condition(measure=measure)
    relation = draw(st.sampled_from(Relation))
    if measure.timeframe is not None and draw(st.booleans()):
        alike = [n for n in Measured if n.trait.unit is trait.unit and n is not Measured.PRICE]
        framed = [n for n in alike if n.trait.source is Source.BARS and n is not Measured.CHANGE]
        other = draw(st.sampled_from(framed).flatmap(measures))
        other = Measure(
            name=other.name,
            symbol=measure.symbol,
            timeframe=measure.timeframe,
            length_bars=other.length_bars,
        )
        if other != measure:
            return Condition(measure=measure, relation=relation, other=other)
    line = draw(_lines(trait.unit).filter(lambda one: _fits(measure, relation, one)))
    return Condition(measure=measure, relation=relation, line=line)


def _fits(measure: Measure, relation: Relation, line: Decimal) -> bool:
    try:
        Condition(measure=measure, relation=relation, line=line)
    except InvalidValueError:
        return False
    return True


@given(
    conditions(),
    st.booleans(),
    st.none() | st.integers(1, 30 * 86_400),
    st.none() | st.dates(min_value=TODAY),
)
def test_what_is_shown_reads_back_as_the_same_alert(
    condition: Condition, once: bool, cooldown_s: int | None, until: date | None
) -> None:
    pause = None if condition.is_event else cooldown_s
    text = condition.text
    text += " once" if once else ""
    text += f" every {pause_text(pause)}" if pause is not None else ""
    text += f" until {until.isoformat()}" if until is not None else ""
    expected = AlertWish(condition=condition, once=once, cooldown_s=pause, expires_on=until)
    assert READER.read(text) == expected
