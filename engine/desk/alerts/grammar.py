"""Reads what a person writes after ``/alert``; what is no alert is a ``Misread`` that says why.

    alert     = condition { option }
    condition = market relation number              BTC/USDT > 70000
              | market ("+" | "-") number "%" span   BTC/USDT +5% 24h
              | measure relation ( number | measure ) rsi(ETH/USDT,1h) < 30
              | "drawdown" relation share            drawdown > 5%
              | "stop_distance" [ market ] relation share
              | ( "opened" | "closed" | "stopped" ) [ market ]
    measure   = name [ "(" argument { "," argument } ")" ] | name { argument }
    argument  = market | "any" | timeframe | bars | span
    name      = "price" | "close" | "high" | "low" | "sma" | "ema" | "bb_upper" | "bb_middle"
              | "bb_lower" | "rsi" | "stoch_k" | "stoch_d" | "score" | "macd" | "macd_signal"
              | "macd_histogram" | "atr" | "volume" | "change"
    relation  = ">" | "<" | "above" | "below" and their like, in English, German and Spanish
    number    = as engine.domain.typed reads it, with "k" or "m" for thousands and millions, "%"
                for a share, "x" for a multiple
    option    = "once" | "repeat" | "every" pause | "until" YYYY-MM-DD
    span      = hours or days: 24h, 7d          pause = 90s, 15m, 4h, 2d

- Arguments may stand in any order, and words that carry nothing ("when", "the price of") are
  passed over. Everything else must mean something: a word that does not is named.
- Without a timeframe an indicator is that of the desk's own one. The second measure of a comparison
  is of the same market and timeframe, so only its length is written: ``ema(BTC/USDT,1h,20) >
  ema(50)``. A price against a measure is the close against it: what moves by bars is compared on
  bars.
- What ``Alert.text`` writes reads back as the same alert.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from engine.desk.alerts.spelling import spelled
from engine.domain.alert_measures import (
    ANY,
    LONGEST_LENGTH_BARS,
    LONGEST_SPAN_H,
    Condition,
    Measure,
    Measured,
    Relation,
    Source,
    Unit,
)
from engine.domain.errors import InvalidValueError
from engine.domain.market import Symbol, Timeframe
from engine.domain.typed import read_number

LONGEST_TEXT = 200
_ABOVE = "> >= above over higher greater exceeds reaches über ueber oberhalb encima sobre arriba"
_BELOW = "< <= below under lower less unter unterhalb debajo bajo menos"
_RELATIONS = dict.fromkeys(_ABOVE.split(), Relation.ABOVE) | dict.fromkeys(
    _BELOW.split(), Relation.BELOW
)
_FILLERS = (
    "alert me tell when if is the a an of at on in to price crosses cross goes rises falls gets "
    "than position distance wenn der die das von preis kurs steigt fällt cuando si el la de precio "
    "por sube baja"
)
_PASSED_OVER = frozenset(_FILLERS.split())
_NAMES = {str(name): name for name in Measured} | {
    "stoch": Measured.STOCH_K,
    "ma": Measured.SMA,
    "bollinger_upper": Measured.BB_UPPER,
    "bollinger_lower": Measured.BB_LOWER,
    "upper_band": Measured.BB_UPPER,
    "lower_band": Measured.BB_LOWER,
    "macd_hist": Measured.MACD_HISTOGRAM,
    "vol": Measured.VOLUME,
    "stop": Measured.STOP_DISTANCE,
    "open": Measured.OPENED,
}
_ANY_WORDS = (ANY, "*", "all", "every_market")
NUMBER_MARKS = "km%x"
_SIGNED_SHARE = re.compile(r"[+-]\d\S*%", re.ASCII)
_PAUSE = re.compile(r"(\d{1,7})([smhd])", re.ASCII)
_SPAN = re.compile(r"(\d{1,4})([hd])", re.ASCII)
_LENGTH = re.compile(r"\d{1,6}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SCALE = {"k": Decimal(1_000), "m": Decimal(1_000_000)}
_SUFFIX = {Unit.SHARE: "%", Unit.TIMES: "x"}
_LONGEST_PAUSE_S = 30 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Misread:
    """What was wrong, by the name of its sentence, and the word that was."""

    reason: str
    word: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWish:
    """An alert as it was written."""

    condition: Condition
    once: bool = False
    cooldown_s: int | None = None
    expires_on: date | None = None


class _Stop(Exception):  # noqa: N818 - leaves the reader with a value, and never the module
    def __init__(self, reason: str, word: str = "") -> None:
        super().__init__(reason)
        self.misread = Misread(reason=reason, word=word[:40])


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertReader:
    """Reads alerts on these markets; ``timeframe`` is the desk's own, ``today`` the UTC day."""

    symbols: Sequence[Symbol]
    timeframe: Timeframe
    today: date

    def read(self, text: str) -> AlertWish | Misread:
        """What a text asks for."""
        if len(text) > LONGEST_TEXT:
            return Misread(reason="too_long")
        words = spelled(text)
        try:
            body, options = self._options(words)
            condition = self._condition(body)
        except _Stop as stop:
            return stop.misread
        if condition.is_event and "cooldown_s" in options:
            return Misread(reason="event_has_no_pause", word=condition.measure.name)
        return AlertWish(condition=condition, **options)

    @property
    def frames(self) -> tuple[Timeframe, ...]:
        """Timeframes whose bars there are: the desk's own, and what whole numbers of them make."""
        own = self.timeframe.ms
        return tuple(one for one in Timeframe if one.ms % own == 0)

    def _options(self, words: list[str]) -> tuple[list[str], dict[str, Any]]:
        """The words of the condition, and what stands behind them."""
        found: dict[str, Any] = {}
        starts = [k for k, word in enumerate(words) if word in ("once", "repeat", "every", "until")]
        first = starts[0] if starts else len(words)
        rest = words[first:]
        while rest:
            name, *rest = rest
            if name in ("once", "repeat"):
                found["once"] = name == "once"
                continue
            value, *rest = rest or [""]
            if name == "every":
                found["cooldown_s"] = _pause(value)
            elif name == "until":
                found["expires_on"] = self._day(value)
            else:
                raise _Stop("unknown_word", name)
        return words[:first], found

    def _day(self, word: str) -> date:
        try:
            day = date.fromisoformat(word) if _DAY.fullmatch(word) else None
        except ValueError:
            day = None
        if day is None:
            raise _Stop("bad_day", word)
        if day < self.today:
            raise _Stop("day_past", word)
        return day

    def _condition(self, words: list[str]) -> Condition:
        words = [word for word in words if word not in _PASSED_OVER]
        if not words:
            raise _Stop("empty")
        place = next((k for k, word in enumerate(words) if word in _RELATIONS), None)
        if place is None:
            return self._without_relation(words)
        relation, right = _RELATIONS[words[place]], words[place + 1 :]
        if not words[:place]:
            raise _Stop("nothing_measured", words[place])
        left = self._measure(words[:place])
        if left.name.trait.source is Source.EVENTS:
            raise _Stop("event_has_no_line", left.name)
        if not right:
            raise _Stop("no_line", words[place])
        if _is_measure(right[0]):
            return self._compared(left, relation, right)
        if len(right) > 1 and right[1].upper() != (left.symbol and left.symbol.quote):
            raise _Stop("unknown_word", right[1])
        return _checked(left, relation, line=_line(right[0], left))

    def _without_relation(self, words: list[str]) -> Condition:
        """An event, or a move: ``BTC/USDT +5% 24h``."""
        signed = [word for word in words if _SIGNED_SHARE.fullmatch(word)]
        if signed:
            return self._move([word for word in words if word != signed[0]], signed[0])
        measure = self._measure(words)
        if measure.name.trait.source is not Source.EVENTS:
            raise _Stop("no_relation", " ".join(words))
        return Condition(measure=measure)

    def _move(self, words: list[str], signed: str) -> Condition:
        spanned = [word for word in words if _SPAN.fullmatch(word)]
        if len(spanned) != 1:
            raise _Stop("no_span", signed)
        measure = self._measure(["change", *words])
        share = _number(signed) / 100
        relation = Relation.ABOVE if share > 0 else Relation.BELOW
        return _checked(measure, relation, line=share)

    def _compared(self, left: Measure, relation: Relation, right: list[str]) -> Condition:
        """The other side stands on the same bars, whatever of them is written again."""
        other = self._measure(right, like=left)
        if left.name is Measured.PRICE and other.timeframe is not None:
            left = Measure(name=Measured.CLOSE, symbol=left.symbol, timeframe=other.timeframe)
        if left.timeframe is None or other.timeframe is None:
            raise _Stop("not_comparable", right[0])
        if (left.symbol, left.timeframe) != (other.symbol, other.timeframe):
            raise _Stop("other_bars", other.text)
        if left.name.trait.unit is not other.name.trait.unit or left == other:
            raise _Stop("not_comparable", right[0])
        return _checked(left, relation, other=other)

    def _measure(self, words: list[str], *, like: Measure | None = None) -> Measure:
        """One measure from its name and arguments, in whatever order."""
        names = [word for word in words if _is_measure(word)]
        if len(names) > 1:
            raise _Stop("unknown_word", names[1])
        parts = _Arguments(self, [word for word in words if word not in names])
        name = _NAMES[names[0]] if names else Measured.PRICE
        if not names and parts.strange:
            is_call = len(words) > 1 and parts.symbol is not None
            is_second = _symbol(self.symbols, parts.strange) is not None
            reason = "unknown_measure" if is_call else "unknown_symbol"
            raise _Stop("unknown_word" if is_second else reason, parts.strange)
        if parts.strange:
            looks_like_market = "/" in parts.strange or parts.symbol is None
            raise _Stop("unknown_symbol" if looks_like_market else "unknown_word", parts.strange)
        if name is Measured.PRICE and parts.timeframe is not None:
            name = Measured.CLOSE
        return self._built(name, parts, like)

    def _built(self, name: Measured, parts: "_Arguments", like: Measure | None) -> Measure:
        trait = name.trait
        symbol = parts.symbol or (like.symbol if like and not parts.is_any else None)
        on_market = trait.source in (Source.BARS, Source.SCORES, Source.PRICES)
        if on_market and symbol is None and not parts.is_any and like is None:
            raise _Stop("no_market", name)
        if name is Measured.PRICE and symbol is None:
            raise _Stop("any_price", ANY)
        if name is Measured.DRAWDOWN and symbol is not None:
            raise _Stop("unknown_word", str(symbol))
        is_change = name is Measured.CHANGE
        takes_frame = trait.source is Source.BARS and not is_change
        frame = parts.timeframe
        if takes_frame and frame is None:
            frame = (like.timeframe if like else None) or self.timeframe
        if frame is not None and not takes_frame and not is_change:
            raise _Stop("unknown_word", frame)
        if parts.span_h is not None and parts.timeframe is None and not is_change:
            raise _Stop("unknown_timeframe", f"{parts.span_h}h")
        return Measure(
            name=name,
            symbol=symbol,
            timeframe=frame if takes_frame else None,
            length_bars=_length(name, parts),
            span_h=self._span(parts) if is_change else None,
        )

    def _span(self, parts: "_Arguments") -> int:
        if parts.span_h is None:
            raise _Stop("no_span", "change")
        is_whole = parts.span_h * _SECONDS["h"] * 1_000 % self.timeframe.ms == 0
        if not is_whole or not 1 <= parts.span_h <= LONGEST_SPAN_H:
            raise _Stop("bad_span", f"{parts.span_h}h")
        return parts.span_h


class _Arguments:
    """The arguments of one measure, each recognised by how it is written."""

    def __init__(self, reader: AlertReader, words: Sequence[str]) -> None:
        self.symbol: Symbol | None = None
        self.is_any = False
        self.timeframe: Timeframe | None = None
        self.length: int | None = None
        self.span_h: int | None = None
        self.strange = ""
        for word in words:
            if not self._take(reader, word) and not self.strange:
                self.strange = word

    def _take(self, reader: AlertReader, word: str) -> bool:
        is_new = self.symbol is None and not self.is_any
        if is_new and word in _ANY_WORDS:
            self.is_any = True
            return True
        if is_new and (symbol := _symbol(reader.symbols, word)) is not None:
            self.symbol = symbol
            return True
        if self.length is None and _LENGTH.fullmatch(word):
            self.length = int(word)
            return True
        return self._take_time(reader, word)

    def _take_time(self, reader: AlertReader, word: str) -> bool:
        if self.timeframe is not None or self.span_h is not None or not _PAUSE.fullmatch(word):
            return False
        span = _SPAN.fullmatch(word)
        if span is not None:
            self.span_h = int(span[1]) * (24 if span[2] == "d" else 1)
        if word in set(Timeframe):
            self.timeframe = Timeframe(word)
            if self.timeframe not in reader.frames:
                raise _Stop("timeframe_not_kept", word)
        elif span is None:
            raise _Stop("unknown_timeframe", word)
        return True


def _is_measure(word: str) -> bool:
    return word in _NAMES


def _symbol(symbols: Sequence[Symbol], word: str) -> Symbol | None:
    wanted = word.upper()
    by_base = next((symbol for symbol in symbols if symbol.base == wanted), None)
    if by_base is not None:
        return by_base
    by_name = next((symbol for symbol in symbols if str(symbol) == wanted), None)
    if by_name is not None:
        return by_name
    try:
        symbol = Symbol.parse(wanted)
    except InvalidValueError:
        return None
    return symbol if symbol in symbols else None


def _length(name: Measured, parts: _Arguments) -> int | None:
    usual = name.trait.length_bars
    if usual is None:
        if parts.length is not None:
            raise _Stop("takes_no_length", name)
        return None
    if parts.length is None:
        if name.trait.needs_length:
            raise _Stop("needs_length", name)
        return usual
    if not 2 <= parts.length <= LONGEST_LENGTH_BARS:  # noqa: PLR2004 - one bar has no average
        raise _Stop("bad_length", str(parts.length))
    return parts.length


def _line(word: str, measure: Measure) -> Decimal:
    """A number in the unit of what is measured."""
    number = _number(word)
    suffix = word[-1] if word[-1] in NUMBER_MARKS else ""
    unit = measure.name.trait.unit
    wanted = _SUFFIX.get(unit, "")
    if wanted and suffix != wanted:
        raise _Stop("needs_percent" if wanted == "%" else "needs_times", word)
    if not wanted and suffix in ("%", "x"):
        raise _Stop("no_suffix", word)
    if suffix in _SCALE and unit is Unit.POINTS:
        raise _Stop("bad_number", word)
    return number / 100 if unit is Unit.SHARE else number * _SCALE.get(suffix, Decimal(1))


def _number(word: str) -> Decimal:
    number = read_number(word, marks=NUMBER_MARKS)
    if not isinstance(number, Decimal):
        raise _Stop("bad_number" if number is None else "two_readings", word)
    return number


def _pause(word: str) -> int:
    match = _PAUSE.fullmatch(word)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 0 < seconds <= _LONGEST_PAUSE_S:
        raise _Stop("bad_pause", word)
    return seconds


def _checked(
    measure: Measure,
    relation: Relation,
    *,
    line: Decimal | None = None,
    other: Measure | None = None,
) -> Condition:
    try:
        return Condition(measure=measure, relation=relation, line=line, other=other)
    except InvalidValueError as err:
        raise _Stop("line_out_of_range", f"{line}") from err
