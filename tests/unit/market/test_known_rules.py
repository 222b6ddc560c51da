"""What is known of a venue's rules when it does not answer."""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.domain.errors import UnknownSymbolError, VenueUnavailableError
from engine.domain.market import MarketRules, OrderBook, Quote, Symbol
from engine.market.known_rules import keep_rules, known_rules, presumed, recall_rules
from tests.fakes.units import FakeUnits

BTC, ETH = Symbol("BTC", "USDT"), Symbol("ETH", "USDT")


def rules(symbol: Symbol, **changes: Decimal | None) -> MarketRules:
    made = MarketRules(
        symbol=symbol,
        tick_size=Decimal("0.010"),
        lot_size=Decimal("1e-5"),
        min_quantity=Decimal("0.0001"),
        min_notional_quote=Decimal(5),
        taker_fee_bps=Decimal("7.5"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the names are those of MarketRules


class Venue:
    """Its markets, or an error."""

    def __init__(self, *markets: MarketRules, is_down: bool = False) -> None:
        self.markets = {one.symbol: one for one in markets}
        self.is_down = is_down

    def rules(self, symbol: Symbol) -> MarketRules:
        if self.is_down:
            raise VenueUnavailableError("v", "no connection")
        if symbol not in self.markets:
            raise UnknownSymbolError("v", f"does not trade {symbol}")
        return self.markets[symbol]

    def quote(self, symbol: Symbol) -> Quote | None:
        raise AssertionError(symbol)

    def order_book(self, symbol: Symbol) -> OrderBook | None:
        raise AssertionError(symbol)


def test_what_a_venue_said_is_known_when_it_is_away() -> None:
    units = FakeUnits()
    heard = known_rules(units, "v", [BTC], source=Venue(rules(BTC)))
    assert heard.is_heard
    away = known_rules(units, "v", [BTC, ETH], source=Venue(is_down=True))
    assert away.rules == {BTC: rules(BTC), ETH: presumed(ETH)}
    assert not away.is_heard
    assert str(away.away) == "v: no connection"


def test_without_a_source_nobody_is_asked() -> None:
    known = known_rules(FakeUnits(), "v", [BTC], source=None)
    assert (known.rules, known.is_heard, known.away) == ({BTC: presumed(BTC)}, False, None)


def test_a_market_that_has_ended_keeps_its_rules_and_an_unheard_one_is_an_error() -> None:
    units = FakeUnits()
    keep_rules(units, "v", {BTC: rules(BTC)})
    assert known_rules(units, "v", [BTC], source=Venue()).rules == {BTC: rules(BTC)}
    with pytest.raises(UnknownSymbolError):
        known_rules(units, "v", [BTC, ETH], source=Venue())


def test_rules_are_kept_beside_others_and_apart_from_other_venues() -> None:
    units = FakeUnits()
    keep_rules(units, "v", {BTC: rules(BTC)})
    keep_rules(units, "v", {ETH: rules(ETH, maker_fee_bps=Decimal(0))})
    keep_rules(units, "w", {BTC: rules(BTC, tick_size=Decimal(1))})
    assert recall_rules(units, "v") == {
        BTC: rules(BTC),
        ETH: rules(ETH, maker_fee_bps=Decimal(0)),
    }
    assert str(recall_rules(units, "v")[BTC].tick_size) == "0.010"


@pytest.mark.parametrize("damaged", [7, {"BTC/USDT": 3}, {"BTC/USDT": {"tick_size": "x"}}])
def test_a_damaged_note_is_as_good_as_none(damaged: object) -> None:
    units = FakeUnits()
    with units() as unit:
        unit.desk.put_note("market_rules:v", damaged)  # type: ignore[arg-type]  # damaged on purpose
        unit.commit()
    assert recall_rules(units, "v") == {}
