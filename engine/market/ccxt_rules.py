"""A venue's trading rules, read from ccxt's market record.

Flow: market record, and the last price where steps depend on it → ``MarketRules``.

ccxt states precision in three ways (``precisionMode``): as a step, as decimal places, or as
significant digits. Significant digits (Bitfinex: five) make the step follow the price, so the step
at the last price is taken; it is one digit too fine once the price has grown tenfold, and the venue
then cuts the digit. Quantities on such venues count decimal places all the same.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from engine.domain.errors import InvalidValueError
from engine.domain.market import MarketRules, Symbol

# ccxt's constants (base/decimal_to_precision.py), repeated so as not to load ccxt for them.
DECIMAL_PLACES = 2
SIGNIFICANT_DIGITS = 3

_FINEST = Decimal("1e-8")
_BPS = 10_000


def market_rules(
    symbol: Symbol,
    market: Mapping[str, Any],
    precision_mode: int,
    last_price: Callable[[], Decimal],
) -> MarketRules:
    """Rules of one market; ``last_price`` is asked only where the tick size depends on it."""
    precision = market.get("precision") or {}
    limits = market.get("limits") or {}
    return MarketRules(
        symbol=symbol,
        tick_size=_tick_size(precision.get("price"), precision_mode, last_price),
        lot_size=_lot_size(precision.get("amount"), precision_mode),
        min_quantity=_minimum(limits, "amount"),
        min_notional_quote=_minimum(limits, "cost"),
        maker_fee_bps=_fee_bps(market, "maker"),
        taker_fee_bps=_fee_bps(market, "taker"),
    )


def traded_symbol(market: Mapping[str, Any]) -> Symbol | None:
    """The symbol of a spot market that is open; ``None`` too for codes that are none of ours."""
    if not market.get("spot") or market.get("active") is False:
        return None
    try:
        return Symbol(market["base"], market["quote"])
    except InvalidValueError:  # lower case, signs
        return None


def _tick_size(value: Any, mode: int, last_price: Callable[[], Decimal]) -> Decimal:  # noqa: ANN401 - int or float
    if value is None:
        return _FINEST
    if mode == SIGNIFICANT_DIGITS:
        # 3,100.5 has its first digit at 10³; with five digits the last one is at 10⁻¹.
        first_digit = last_price().adjusted()
        return max(Decimal(1).scaleb(first_digit - int(value) + 1), _FINEST)
    return _step(value, places=mode == DECIMAL_PLACES)


def _lot_size(value: Any, mode: int) -> Decimal:  # noqa: ANN401 - int or float
    if value is None:
        return _FINEST
    return _step(value, places=mode in {DECIMAL_PLACES, SIGNIFICANT_DIGITS})


def _step(value: Any, *, places: bool) -> Decimal:  # noqa: ANN401 - int or float
    return Decimal(1).scaleb(-int(value)) if places else Decimal(str(value))


def _minimum(limits: Mapping[str, Any], name: str) -> Decimal:
    return Decimal(str((limits.get(name) or {}).get("min") or 0))


def _fee_bps(market: Mapping[str, Any], side: str) -> Decimal | None:
    rate = market.get(side)
    if rate is None or market.get("percentage") is False:
        return None
    return Decimal(str(rate)) * _BPS
