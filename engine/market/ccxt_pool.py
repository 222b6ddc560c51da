"""A few ccxt exchanges of one venue, so that several questions can be under way at once.

``lend`` → a connection that nobody else uses → back. ccxt's synchronous client makes one call at a
time: its headers, its last answer and its sockets belong to the call under way. So every call
borrows a whole exchange object. What the venue limits is shared: every request of every connection
takes its turn in one ``CallSpacing`` and passes ``gate`` last of all, after every pause.

Connections are opened when they are first needed: a command that asks for one price has one.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from engine.domain.errors import VenueUnavailableError
from engine.market.ccxt_client import Deadline, Turnstile, VenueSettings, open_exchange

_SHARED = (
    "id",
    "markets",
    "markets_by_id",
    "symbols",
    "ids",
    "currencies",
    "currencies_by_id",
    "baseCurrencies",
    "quoteCurrencies",
    "codes",
    "options",
)
"""What ccxt's ``set_markets_from_exchange`` reads of the exchange that has loaded the markets."""


class Connection:
    """One ccxt exchange, its deadline, and which edition of the markets it knows."""

    def __init__(self, settings: VenueSettings, turnstile: Turnstile) -> None:
        self.deadline = Deadline()
        self.exchange = open_exchange(settings, self.deadline, turnstile)
        self.edition = 0


class ConnectionPool:
    """At most ``settings.connections`` exchanges, each lent to one call at a time."""

    def __init__(self, settings: VenueSettings, turnstile: Turnstile) -> None:
        self._settings = settings
        self._turnstile = turnstile
        self._changed = threading.Condition()
        self._is_closed = False
        self._markets: Any = None
        self._edition = 0
        self._all = [Connection(settings, turnstile)]
        self._idle = list(self._all)

    @property
    def described(self) -> Any:  # noqa: ANN401 - ccxt is untyped
        """An exchange to read ccxt's description of the venue from."""
        return self._all[0].exchange

    @property
    def markets(self) -> Any:  # noqa: ANN401 - ccxt is untyped
        """The markets that were loaded last, by symbol; ``None`` before."""
        return self._markets and self._markets.markets

    @contextmanager
    def lend(self, patience_s: float) -> Iterator[Connection]:
        """A connection for one call; ``VenueUnavailableError`` if none is free in time."""
        connection = self._take(patience_s)
        try:
            self._teach(connection)
            yield connection
        finally:
            with self._changed:
                if self._is_closed:
                    connection.exchange.close()
                self._idle.append(connection)
                self._changed.notify()

    def learn(self, connection: Connection) -> None:
        """Share the markets that a connection, still borrowed, has just loaded."""
        exchange = connection.exchange
        with self._changed:
            self._markets = SimpleNamespace(**{name: getattr(exchange, name) for name in _SHARED})
            self._edition += 1
            connection.edition = self._edition

    def close(self) -> None:
        """Let all connections go; those that are lent go when they come back."""
        with self._changed:
            self._is_closed = True
            for connection in self._idle:
                connection.exchange.close()
            self._changed.notify_all()

    def _take(self, patience_s: float) -> Connection:
        with self._changed:
            if not self._idle and len(self._all) < self._settings.connections:
                self._all.append(Connection(self._settings, self._turnstile))
                return self._all[-1]
            if not self._changed.wait_for(lambda: self._idle, max(0.0, patience_s)):
                raise VenueUnavailableError(self._settings.label, "is busy with other questions")
            return self._idle.pop()

    def _teach(self, connection: Connection) -> None:
        with self._changed:
            markets, edition = self._markets, self._edition
        if connection.edition != edition:
            connection.exchange.set_markets_from_exchange(markets)
            connection.edition = edition
