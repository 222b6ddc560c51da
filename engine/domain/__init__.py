"""The words of the trade, as frozen values that validate themselves.

Imports the standard library only. Money, prices of orders and quantities are ``Decimal``; time is
aware UTC; ids are types made from inputs. Candles are the one exception to Decimal: they are
observations, published with at most fifteen significant digits, which a float64 carries exactly
(see ``docs/decisions/0003-candles-are-floats.md``).
"""
