"""A real trading venue through ccxt: the one place where the desk asks it for market data.

Flow: ask → wait for a slot → a ccxt connection of its own → translated error or domain value.

Deliberate choices:

* Blocking, because ccxt's synchronous client holds no event loop; the caller runs it in a thread.
* Several calls may be under way, each on a connection of its own (``ccxt_pool``), from as many
  threads. What the venue limits holds over all of them: pace, window, and a wait it has named.
* Only transient errors are retried, with growing pauses, within one deadline that covers all
  attempts. A wait that the venue names is honoured; while it lasts, no call leaves the house (an
  address that keeps calling through a 429 is banned with a 418). Those already on their way cannot
  be called back; those that only waited for their turn are.
* A venue that has not answered through a whole deadline is left alone for a moment (``Rest``):
  calls fail at once, then one read's time is risked on a single try, and the moment grows.
* Candle rows leave here unvalidated: judging them is the firewall's task.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog

from engine.domain.errors import (
    InvalidValueError,
    UnknownSymbolError,
    UnsupportedTimeframeError,
    VenueAnswerError,
    VenueError,
    VenueUnavailableError,
)
from engine.domain.market import BookLevel, MarketRules, OrderBook, Quote, Symbol, Timeframe
from engine.domain.values import from_ms, to_ms
from engine.market.ccxt_client import VenueSettings, habits_of
from engine.market.ccxt_errors import PARSER_ERRORS, holds_a_list, server_date, translate
from engine.market.ccxt_pool import Connection, ConnectionPool
from engine.market.ccxt_rules import market_rules, traded_symbol
from engine.market.pacing import CallSpacing, CallWindow
from engine.market.rest import Rest
from engine.ports import Clock

_log = structlog.get_logger()

_ATTEMPTS = 4
_FIRST_PAUSE_S = 0.5
_BOOK_LEVELS = 100
_DEFAULT_PAGE = 500
# A margin below the venue's own count: our clock and its clock do not start a minute together.
_SPARE_CALLS = 2
_WINDOW_S = 61.0
_MARKETS_MAX_AGE_S = 24 * 3600.0
_QUOTE_MAX_AGE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer[T]:
    """What ccxt made of an answer, its JSON, and its headers."""

    value: T
    json: Any
    headers: Mapping[str, str] | None


class CcxtVenue:
    """Market data of any exchange that ccxt knows; a ``CandleSource`` and a ``MarketData``.

    May be asked from several threads. ``clock`` stamps prices that carry no time and tells stale
    ones. ``monotonic`` and ``sleep`` are for tests. ``quote_max_age`` is how old a price may be.
    Close it to let its connections go.
    """

    def __init__(
        self,
        settings: VenueSettings,
        *,
        clock: Clock,
        quote_max_age: timedelta = _QUOTE_MAX_AGE,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._quote_max_age = quote_max_age
        self._monotonic = monotonic
        self._closed = threading.Event()
        self._sleep = sleep or self._closed.wait
        self._habits = habits_of(settings.id)
        self._spacing = CallSpacing(monotonic=monotonic, sleep=self._pause)
        self._pool = ConnectionPool(settings, self)
        self._exchange = self._pool.described
        self._lock = threading.Lock()
        self._blocked_until = 0.0
        self._rest = Rest(monotonic)
        self._loading = threading.Lock()
        self._markets_at: float | None = None
        self._candle_window = self._window()

    @property
    def name(self) -> str:
        """The venue's configured name."""
        return self._settings.label

    @property
    def max_candles(self) -> int:
        """Rows in a full page; asking ``raw_candles`` for more gives no more."""
        if self._habits.candle_page:
            return self._habits.candle_page
        features = (self._exchange.features or {}).get("spot") or {}
        return int((features.get("fetchOHLCV") or {}).get("limit") or _DEFAULT_PAGE)

    @property
    def lanes(self) -> int:
        """How many questions for candles to ask at once; a connection is left for prices."""
        return max(1, self._settings.connections - 1)

    def close(self) -> None:
        """Let connections go and end pauses; calls after it raise ``VenueUnavailableError``."""
        self._closed.set()
        self._pool.close()

    def wait_turn(self, distance_s: float) -> None:
        """The pace of all connections together, see ``Turnstile``."""
        self._spacing.wait_turn(distance_s)

    def gate(self) -> None:
        """No request leaves after a close, or while the venue wants to be left alone."""
        self._refuse_when_closed()
        wait_s = self._blocked_until - self._monotonic()
        if wait_s > 0:
            raise self._blocked(wait_s)

    def symbols(self) -> tuple[Symbol, ...]:
        """Spot markets open for trading, sorted. Raises ``VenueError``."""
        markets = self._markets().values()
        found = (traded_symbol(market) for market in markets)
        return tuple(sorted(symbol for symbol in found if symbol is not None))

    def raw_candles(
        self, symbol: Symbol, timeframe: Timeframe, *, since: datetime | None, limit: int
    ) -> Sequence[object]:
        """Rows as the venue gave them, see ``CandleSource``; at most ``max_candles``."""
        if timeframe.value not in (self._exchange.timeframes or {}):
            raise UnsupportedTimeframeError(self.name, f"has no candles of {timeframe.value}")
        self._market(symbol)
        start = None if since is None else to_ms(since)
        size = min(limit, self.max_candles)
        answer = self._call(
            "candles",
            lambda on: on.exchange.fetch_ohlcv(str(symbol), timeframe.value, start, size),
            window=self._candle_window,
        )
        if not holds_a_list(answer.json):
            raise VenueAnswerError(self.name, f"candles of {symbol}: an answer without rows")
        return tuple(answer.value)

    def quote(self, symbol: Symbol) -> Quote | None:
        """Best prices; ``None`` when a side is missing or the price is too old.

        Venues whose ticker carries no bid and ask are asked for their book.
        """
        ticker = self._ticker(symbol)
        at, last = self._time_of(ticker), ticker.get("last")
        if not last or self._clock.now() - at > self._quote_max_age:
            return None
        bid, ask = ticker.get("bid"), ticker.get("ask")
        if not bid or not ask:
            book = self.order_book(symbol)
            if book is None or not book.bids or not book.asks:
                return None
            bid, ask = book.bids[0].price, book.asks[0].price
        return self._built(
            lambda: Quote(
                symbol=symbol,
                at=at,
                bid=Decimal(str(bid)),
                ask=Decimal(str(ask)),
                last=Decimal(str(last)),
            )
        )

    def order_book(self, symbol: Symbol) -> OrderBook | None:
        """Up to a hundred levels a side; ``None`` when both sides are empty."""
        self._market(symbol)
        limit = self._habits.book_limit
        book = self._call(
            "order book", lambda on: on.exchange.fetch_order_book(str(symbol), limit)
        ).value
        if not book["bids"] and not book["asks"]:
            return None
        return self._built(
            lambda: OrderBook(
                symbol=symbol,
                at=self._time_of(book),
                bids=_levels(book["bids"]),
                asks=_levels(book["asks"]),
            )
        )

    def rules(self, symbol: Symbol) -> MarketRules:
        """Steps, minimums and fees of a market; see ``ccxt_rules`` for how they are read."""
        market = self._market(symbol)
        return self._built(
            lambda: market_rules(
                symbol, market, self._exchange.precisionMode, lambda: self._last_price(symbol)
            )
        )

    def server_time(self) -> datetime:
        """The venue's clock; to the second where only the answer's date is known."""
        if self._exchange.has.get("fetchTime"):
            return from_ms(int(self._call("time", lambda on: on.exchange.fetch_time()).value))
        date = server_date(self._call("status", lambda on: on.exchange.fetch_status()).headers)
        if date is None:
            raise VenueAnswerError(self.name, "tells no time")
        return date

    def _window(self) -> CallWindow | None:
        per_minute = self._habits.candle_calls_per_minute
        if per_minute is None:
            return None
        return CallWindow(
            calls=per_minute - _SPARE_CALLS,
            window_s=_WINDOW_S,
            monotonic=self._monotonic,
            sleep=self._pause,
        )

    def _markets(self) -> Mapping[str, Mapping[str, Any]]:
        """All markets, read anew once a day; old ones serve while the venue is away.

        One call reads them. Others wait for it if there are none yet, and use the old ones else.
        """
        if self._are_old() and self._loading.acquire(blocking=self._markets_at is None):
            try:
                if self._are_old():  # nobody has read them while this call waited
                    self._load_markets(known=self._markets_at is not None)
                    self._markets_at = self._monotonic()
            finally:
                self._loading.release()
        markets: Mapping[str, Mapping[str, Any]] = self._pool.markets
        return markets

    def _are_old(self) -> bool:
        read_at = self._markets_at
        return read_at is None or self._monotonic() - read_at > _MARKETS_MAX_AGE_S

    def _load_markets(self, *, known: bool) -> None:
        def load(on: Connection) -> None:
            on.exchange.load_markets(reload=True)
            self._pool.learn(on)

        try:
            self._call("markets", load)
        except VenueError as err:
            if not known:
                raise
            _log.warning("venue_markets_kept", venue=self.name, error=str(err))

    def _market(self, symbol: Symbol) -> Mapping[str, Any]:
        market = self._markets().get(str(symbol))
        if market is None or not market.get("spot"):
            raise UnknownSymbolError(self.name, f"does not trade {symbol}")
        return market

    def _ticker(self, symbol: Symbol) -> Mapping[str, Any]:
        self._market(symbol)
        answer = self._call("ticker", lambda on: on.exchange.fetch_ticker(str(symbol)))
        ticker: Mapping[str, Any] = answer.value
        return ticker

    def _last_price(self, symbol: Symbol) -> Decimal:
        price = self._ticker(symbol).get("last")
        if not price:
            raise VenueAnswerError(self.name, f"{symbol} has no price to tell its tick size from")
        return Decimal(str(price))

    def _time_of(self, answer: Mapping[str, Any]) -> datetime:
        moment = answer.get("timestamp")
        return from_ms(int(moment)) if moment else self._clock.now()

    def _built[T](self, build: Callable[[], T]) -> T:
        """A domain value from the venue's figures, which may be impossible."""
        try:
            return build()
        except (InvalidValueError, *PARSER_ERRORS) as err:
            raise VenueAnswerError(self.name, f"impossible figures: {err}") from err

    def _call[T](
        self, what: str, ask: Callable[[Connection], T], *, window: CallWindow | None = None
    ) -> _Answer[T]:
        """The answer to a question; retries transient errors within the deadline."""
        self._refuse_while_it_rests()
        count, is_doubtful = self._rest.count, self._rest.is_doubtful
        patience_s = self._settings.timeout_s if is_doubtful else self._settings.deadline_s
        attempts = 1 if is_doubtful else _ATTEMPTS
        ends_at = self._monotonic() + patience_s
        for attempt in range(1, attempts + 1):
            if window is not None:
                ends_at += window.wait_for_slot()
            self._wait_out_a_block(ends_at)
            try:
                answer = self._once(ask, ends_at)
            except VenueUnavailableError as err:
                pause_s = self._pause_after(err, attempt)
                if attempt == attempts or self._monotonic() + pause_s >= ends_at:
                    if err.retry_after is None:
                        self._rest.begin(count)
                    raise
                _log.warning(
                    "venue_retry", venue=self.name, what=what, attempt=attempt, error=err.detail
                )
                self._pause(pause_s)
            else:
                self._rest.end()
                return answer
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _refuse_while_it_rests(self) -> None:
        left_s = self._rest.left_s
        if left_s > 0:
            detail = f"does not answer; asked again in {left_s:.0f} s"
            raise VenueUnavailableError(self.name, detail)

    def _once[T](self, ask: Callable[[Connection], T], ends_at: float) -> _Answer[T]:
        with self._pool.lend(ends_at - self._monotonic()) as on:
            self._refuse_when_closed()
            exchange, left_s = on.exchange, ends_at - self._monotonic()
            on.deadline.start(left_s)
            exchange.timeout = max(1, int(min(self._settings.timeout_s, left_s) * 1000))
            exchange.last_json_response = exchange.last_response_headers = None
            try:
                value = ask(on)
            except (_base_error(), *PARSER_ERRORS) as err:
                raise self._translated(err, exchange.last_response_headers) from err
            return _Answer(
                value=value,
                json=exchange.last_json_response,
                headers=exchange.last_response_headers,
            )

    def _translated(self, err: Exception, headers: Mapping[str, str] | None) -> VenueError:
        fallback = timedelta(seconds=self._habits.rate_limit_wait_s)
        translated = translate(self.name, err, headers, fallback)
        if isinstance(translated, VenueUnavailableError) and translated.retry_after is not None:
            wait_s = translated.retry_after.total_seconds()
            with self._lock:
                self._blocked_until = max(self._blocked_until, self._monotonic() + wait_s)
        return translated

    def _pause_after(self, err: VenueUnavailableError, attempt: int) -> float:
        if err.retry_after is not None:
            return err.retry_after.total_seconds()
        return _FIRST_PAUSE_S * 2.0 ** (attempt - 1)

    def _wait_out_a_block(self, ends_at: float) -> None:
        wait_s = self._blocked_until - self._monotonic()
        if wait_s <= 0:
            return
        if self._blocked_until >= ends_at:
            raise self._blocked(wait_s)
        self._pause(wait_s)

    def _blocked(self, wait_s: float) -> VenueUnavailableError:
        return VenueUnavailableError(
            self.name,
            f"asked to be left alone for another {wait_s:.0f} s",
            retry_after=timedelta(seconds=wait_s),
        )

    def _pause(self, seconds: float) -> None:
        self._sleep(seconds)
        self._refuse_when_closed()

    def _refuse_when_closed(self) -> None:
        if self._closed.is_set():
            raise VenueUnavailableError(self.name, "is closed")


def _base_error() -> type[Exception]:
    import ccxt  # noqa: PLC0415 - loaded with the exchange already

    found: type[Exception] = ccxt.BaseError
    return found


def _levels(rows: Sequence[Sequence[Any]]) -> tuple[BookLevel, ...]:
    return tuple(
        BookLevel(price=Decimal(str(row[0])), quantity=Decimal(str(row[1])))
        for row in rows[:_BOOK_LEVELS]
    )
