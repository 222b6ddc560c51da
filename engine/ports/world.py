"""The world outside: time, secrets, venues, and words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from engine.domain.decisions import Decision
from engine.domain.ids import IntentId
from engine.domain.market import MarketRules, OrderBook, Quote, Symbol, Timeframe
from engine.domain.orders import OrderIntent, OrderReport


class Clock(Protocol):
    """Reads the time."""

    def now(self) -> datetime:
        """The present moment, aware UTC; never goes back."""
        ...


class TokenSource(Protocol):
    """Makes secrets that cannot be guessed (approval tokens, pairing codes)."""

    def token(self) -> str:
        """At least 72 bits as 12 or more URL-safe characters."""
        ...


class CandleSource(Protocol):
    """A venue's raw candle rows. Nothing in them is trusted: the firewall reads them next."""

    def raw_candles(
        self, symbol: Symbol, timeframe: Timeframe, *, since: datetime | None, limit: int
    ) -> Sequence[object]:
        """Rows as the venue gave them, ``[ms, open, high, low, close, volume]`` where it is sane.

        Order is not promised, the forming bar may be among them, and the list may be empty. Raises
        ``VenueUnavailableError`` (try later), ``VenueAnswerError``, ``UnknownSymbolError``,
        ``UnsupportedTimeframeError``.
        """
        ...


class MarketData(Protocol):
    """Prices of now."""

    def quote(self, symbol: Symbol) -> Quote | None:
        """Best prices, or ``None`` when there is no fresh price. Raises ``VenueError``."""
        ...

    def order_book(self, symbol: Symbol) -> OrderBook | None:
        """Resting orders, or ``None`` when the venue shows none. Raises ``VenueError``."""
        ...

    def rules(self, symbol: Symbol) -> MarketRules:
        """Steps, minimums and fees. Raises ``UnknownSymbolError``."""
        ...


class Broker(Protocol):
    """Where orders go. Exactly one component calls it: the order gateway."""

    def submit(self, intent: OrderIntent) -> OrderReport:
        """Send an order; its id is the client order id. Never raises for a refusal by the venue.

        Sending the same intent again returns the first one's report and does nothing. Raises
        ``VenueUnavailableError`` when it is not known whether the order arrived.
        """
        ...

    def cancel(self, order_id: IntentId) -> OrderReport:
        """Cancel what is left of an order; a finished or unknown order is reported as it is."""
        ...

    def amend_stop(self, order_id: IntentId, stop_price: Decimal) -> OrderReport:
        """Move the stop of a resting protection."""
        ...

    def lookup(self, order_id: IntentId) -> OrderReport | None:
        """What became of an order, or ``None`` if the venue never saw it."""
        ...

    def balances(self) -> Mapping[str, Decimal]:
        """Total balance by currency; currencies without one are absent."""
        ...


class Narrator(Protocol):
    """Puts a finished decision into words; never decides, and falls back to a template."""

    async def explain(self, decision: Decision, *, language: str) -> "Narration":
        """Two or three sentences in ``language`` (``en``, ``de``, ``es``)."""
        ...


class Narration(Protocol):
    """Words about a decision, and where they come from."""

    @property
    def text(self) -> str:
        """Plain text, already grounded; not yet escaped for any chat."""
        ...

    @property
    def is_from_model(self) -> bool:
        """Whether a language model wrote it (else the template)."""
        ...
