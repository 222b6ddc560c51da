"""Trading rules guessed from candles, for venues that only exist as stored candles. Pure.

Prices → the decimals they were published with → tick; highest price → a lot worth about a tenth of
a quote unit to one. The rehearsal and the backtest must use the same rules, so both take them from
here, once, over the whole series: whoever compares a truncated run with a full one derives once and
hands the rules to both.
"""

from decimal import Decimal
from math import floor, log10

import numpy as np

from engine.domain.errors import DataError
from engine.domain.market import CandleSeries, MarketRules, Symbol
from engine.market.columns import Columns, Floats

_MOST_DECIMALS = 12
# Synthetic prices have all the digits of a float; nine are finer than any venue's.
_SIGNIFICANT_DIGITS = 9
_MIN_NOTIONAL_QUOTE = Decimal(5)


def derive_rules(symbol: Symbol, series: CandleSeries) -> MarketRules:
    """Tick from the decimals seen, lot from the price; fees and spread are left to the settings.

    The lot is the largest power of ten worth at most one quote unit at the highest price, at most
    one coin; the minimum notional is 5. ``DataError`` for a series without bars.
    """
    if not len(series):
        raise DataError(f"no candles of {symbol} to derive trading rules from")
    columns = Columns.of(series)
    highest = float(columns.high.max())
    lot = Decimal(1).scaleb(min(0, -_ceil_log10(highest)))
    return MarketRules(
        symbol=symbol,
        tick_size=Decimal(1).scaleb(-_price_decimals(columns, highest)),
        lot_size=lot,
        min_quantity=lot,
        min_notional_quote=_MIN_NOTIONAL_QUOTE,
    )


def _price_decimals(columns: Columns, highest: float) -> int:
    """Fewest decimals that write every price, at most nine significant digits of the highest."""
    most = min(_MOST_DECIMALS, max(0, _SIGNIFICANT_DIGITS - 1 - floor(log10(highest))))
    prices = columns.values[:4]
    return next((d for d in range(most) if all(_fits(column, d) for column in prices)), most)


def _fits(column: Floats, decimals: int) -> bool:
    """Whether every value is the float nearest to a decimal with so many places."""
    return bool(np.array_equal(np.round(column, decimals), column))


def _ceil_log10(value: float) -> int:
    """Smallest n with ``value <= 10**n``, from the decimal text so that 1000 gives exactly 3."""
    _, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    return exponent + len(digits) - (1 if digits == (1,) else 0)
