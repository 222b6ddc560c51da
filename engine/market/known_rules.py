"""The trading rules of a venue's markets, remembered, so that a desk can start while it is away.

venue → ``ask_rules`` → ``keep_rules`` (a note in the database) → after a restart ``recall_rules``.
A start must not depend on somebody else's server: positions have stops, and people ask for them.

Choices:
- What was never heard is presumed with the finest steps there are and without minimums. That is
  enough to hold and to leave a position; the composition root lets nothing be entered meanwhile.
- A market that the venue has ended keeps the rules it had: who holds it must still get at its stop.
  One that was never known is an error, because it is most likely misspelt.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

import structlog

from engine.domain.desk import Json
from engine.domain.errors import InvalidValueError, UnknownSymbolError, VenueError
from engine.domain.market import MarketRules, Symbol
from engine.ports import MarketData, Units

_log = structlog.get_logger()
_FINEST = Decimal("1e-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRules:
    """Rules of every market watched: the venue's own, or remembered and presumed ones.

    ``away`` is why the venue was not heard, if it was asked.
    """

    rules: Mapping[Symbol, MarketRules]
    is_heard: bool = False
    away: VenueError | None = None


def known_rules(
    units: Units, venue: str, symbols: Sequence[Symbol], *, source: MarketData | None
) -> KnownRules:
    """The rules of the venue, kept for later; what is known without it where it does not answer.

    Without a ``source`` nobody is asked. ``UnknownSymbolError`` for a market that the venue does
    not have and that was never known.
    """
    known = recall_rules(units, venue)
    remembered = {symbol: known.get(symbol) or presumed(symbol) for symbol in symbols}
    if source is None:
        return KnownRules(rules=remembered)
    try:
        rules = ask_rules(source, symbols, known)
    except UnknownSymbolError:
        raise
    except VenueError as err:
        _log.warning("venue_away", venue=venue, detail=str(err))
        return KnownRules(rules=remembered, away=err)
    keep_rules(units, venue, rules)
    return KnownRules(rules=rules, is_heard=True)


def ask_rules(
    market: MarketData, symbols: Iterable[Symbol], known: Mapping[Symbol, MarketRules]
) -> dict[Symbol, MarketRules]:
    """The venue's own rules of now; passes ``VenueError``."""
    return {symbol: _asked(market, symbol, known.get(symbol)) for symbol in symbols}


def presumed(symbol: Symbol) -> MarketRules:
    """What is taken for a market's rules before its venue has ever been heard."""
    return MarketRules(
        symbol=symbol,
        tick_size=_FINEST,
        lot_size=_FINEST,
        min_quantity=Decimal(0),
        min_notional_quote=Decimal(0),
    )


def recall_rules(units: Units, venue: str) -> dict[Symbol, MarketRules]:
    """What was kept last; empty for a venue that was never heard, or a note that is damaged."""
    with units(read_only=True) as unit:
        noted = unit.desk.note(_key(venue))
    if not isinstance(noted, dict):
        return {}
    try:
        return {rules.symbol: rules for rules in map(_read, noted.items())}
    except (InvalidValueError, TypeError, ArithmeticError):
        _log.warning("rules_not_recalled", venue=venue)
        return {}


def keep_rules(units: Units, venue: str, rules: Mapping[Symbol, MarketRules]) -> None:
    """Remember them beside those of markets that are not watched now; writes only what is new."""
    known = recall_rules(units, venue)
    merged = {**known, **rules}
    if merged == known:
        return
    noted: dict[str, Json] = {str(symbol): _written(one) for symbol, one in merged.items()}
    with units() as unit:
        unit.desk.put_note(_key(venue), noted)
        unit.commit()


def _asked(market: MarketData, symbol: Symbol, known: MarketRules | None) -> MarketRules:
    try:
        return market.rules(symbol)
    except UnknownSymbolError as err:
        if known is None:
            raise
        _log.warning("market_has_ended", symbol=str(symbol), detail=str(err))
        return known


def _key(venue: str) -> str:
    return f"market_rules:{venue}"


def _written(rules: MarketRules) -> dict[str, Json]:
    numbers = asdict(rules)
    del numbers["symbol"]
    return {name: None if number is None else str(number) for name, number in numbers.items()}


def _read(noted: tuple[str, Json]) -> MarketRules:
    symbol, numbers = noted
    if not isinstance(numbers, dict):
        raise InvalidValueError("market rules", "numbers by name", numbers)
    read = {name: None if text is None else Decimal(str(text)) for name, text in numbers.items()}
    return MarketRules(symbol=Symbol.parse(symbol), **read)  # type: ignore[arg-type]  # the names are those of MarketRules
