"""What a gate saw beside what it wanted, in the unit of that gate: "93.1 %, needs 99.0 %"."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from bot.messages.markup import plain
from bot.messages.words import Words
from engine.domain.decisions import CheckRecord
from engine.domain.explorer import DIRECTION_GATE, RANK_GATE, SCORE_GATE, WhyView, distance_of
from engine.domain.market import Symbol
from engine.domain.reasons import CheckCode, RuleCode

_SWITCHES = (CheckCode.KILL_SWITCH.label, CheckCode.DESK_PAUSED.label)
_FRACTIONS = (RANK_GATE, CheckCode.DAILY_LOSS.label, CheckCode.DRAWDOWN.label)
_BPS = (CheckCode.COST.label, CheckCode.NET_EDGE.label)
_AT_LEAST = (RANK_GATE, SCORE_GATE, CheckCode.NET_EDGE.label, CheckCode.CLAMPS.label)
_MORE_DIGITS = 2
_PERCENT_DIGITS = 2
_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000


@dataclass(frozen=True, slots=True)
class Measured:
    """What figures are of: money and coins of a market, and the step of its quantities if known."""

    symbol: Symbol
    lot_size: Decimal | None = None


def figures(words: Words, gate: CheckRecord, of: Measured) -> str:
    """The figures of a gate as plain text, "–" where it has none."""
    if gate.value is None:
        is_edge = gate.name == CheckCode.NET_EDGE.label and gate.limit is not None
        return _unmeasured(words, gate, of) if is_edge else "–"
    special = _special(words, gate.name, gate.value)
    if special is not None:
        return special
    value = _measure(words, gate.name, gate.value, of)
    if gate.limit is None:
        return value
    limit = _measure(words, gate.name, gate.limit, of)
    if value == limit and gate.value != gate.limit:
        # What failed by a hair must not look as if it had passed.
        value = _measure(words, gate.name, gate.value, of, more=_MORE_DIGITS)
        limit = _measure(words, gate.name, gate.limit, of, more=_MORE_DIGITS)
    if gate.name == CheckCode.DAILY_COUNT.label:
        name = "of"
    else:
        name = "at_least" if gate.name in _AT_LEAST else "at_most"
    return plain(
        words(
            f"figures.{name}",
            value=value,
            limit=limit,
        )
    )


def measured_of(view: WhyView) -> Measured:
    """What the figures of an explanation are of."""
    return Measured(view.decision.symbol, view.lot_size)


def missing(words: Words, gate: CheckRecord, of: Measured) -> str | None:
    """How far a gate was from passing, with its unit; ``None`` where that is no distance."""
    distance = distance_of(gate)
    if distance is None or gate.name == DIRECTION_GATE or _is_switch(gate.name):
        return None
    if gate.name in _FRACTIONS:
        # The distance of two percentages is none itself.
        points = words.number(distance * 100, _PERCENT_DIGITS)
        return plain(words("figures.percentage_points", count=points))
    return _measure(words, gate.name, distance, of)


def _is_switch(name: str) -> bool:
    switches = (CheckCode.DATA_FRESH, CheckCode.SYMBOL_RULE, CheckCode.DUPLICATE)
    return name in (*_SWITCHES, *(code.label for code in switches))


def _unmeasured(words: Words, gate: CheckRecord, of: Measured) -> str:
    assert gate.limit is not None  # the caller has looked
    limit = _measure(words, gate.name, gate.limit, of)
    return plain(words("figures.unmeasured", limit=limit))


def _special(words: Words, name: str, value: Decimal) -> str | None:
    """Gates whose value is a state and no amount."""
    if name == DIRECTION_GATE:
        key = "up" if value > 0 else "down" if value < 0 else "flat"
    elif name in _SWITCHES:
        key = "on" if value else "off"
    elif name == CheckCode.DATA_FRESH.label:
        key = "late" if value else "in_time"
    elif name == CheckCode.SYMBOL_RULE.label:
        key = RuleCode(int(value)).label
    elif name == CheckCode.DUPLICATE.label:
        key = "one" if value else "none"
    elif name == CheckCode.COOLDOWN.label:
        return _rest(words, value)
    else:
        return None
    return words.raw(f"figures.{key}")


def _rest(words: Words, rest_ms: Decimal) -> str:
    if rest_ms <= 0:
        return words.raw("figures.none")
    return plain(words("figures.left", time=_duration(words, rest_ms)))


def _coins(words: Words, lots: Decimal, of: Measured) -> str:
    """A size that the check counted in lots."""
    if of.lot_size is None:
        return plain(words("figures.lots", count=words.number(lots, 0)))
    # What is needed may lie between two lots; the next whole one is the least that passes.
    whole = lots.to_integral_value(rounding=ROUND_CEILING)
    return f"{words.quantity(whole * of.lot_size)} {of.symbol.base}"


def _duration(words: Words, rest_ms: Decimal) -> str:
    if rest_ms < _HOUR_MS:
        return plain(words("figures.minutes", count=words.number(rest_ms / _MINUTE_MS, 0)))
    return plain(words("figures.hours", count=words.number(rest_ms / _HOUR_MS, 1)))


def _measure(words: Words, name: str, value: Decimal, of: Measured, *, more: int = 0) -> str:
    if name in _FRACTIONS:
        return words.percent(value, digits=_PERCENT_DIGITS + more)
    if name in _BPS:
        return f"{words.number(value, more)} bps" if more else words.bps(value)
    if name == SCORE_GATE:
        return words.number(value, 1 + more)
    if name == CheckCode.RISK_SIZE.label:
        return words.money(value, of.symbol.quote)
    if name == CheckCode.CLAMPS.label:
        return _coins(words, value, of)
    if name == CheckCode.COOLDOWN.label:
        return _duration(words, value)
    return words.quantity(value)
