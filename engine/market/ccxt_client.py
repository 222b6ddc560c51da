"""Builds a synchronous ccxt exchange that goes where it is told and says when it is lied to.

Flow: ``VenueSettings`` → ccxt class by id → addresses redirected → venue habits → ready exchange.

Deliberate choices:

* ``base_url`` replaces scheme, host and port in the whole ``urls`` tree, not in ``urls["api"]``
  alone: test and demo addresses must not lead out either. Only pure information stays.
* ccxt takes an answer that is not JSON (a maintenance page with status 200) for an empty one. The
  exchange made here refuses it, since "no candles" and "no answer" lead to different actions.
* ccxt drops candle rows without a usable time. Here they stay, for the firewall to quarantine.
* ccxt's throttle knows one exchange object. Several of them share the venue's limits, so that each
  request passes a turnstile given from outside, the last time when it is about to leave.
* A read time-out does not bound a call: an answer that drips never times out. Bodies are therefore
  read against a deadline. (The header lines are not: they are bounded by the read time-out each.)
* The venue habits below were found by trying; a user's ``options`` win over them.
"""

import difflib
import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from engine.domain.errors import ConfigurationError
from engine.domain.values import require

# Parts of ccxt's ``urls`` that are for reading, never for calling.
_INFORMATION = frozenset({"logo", "doc", "fees", "referral", "api_management"})
_CHUNK_BYTES = 65_536
_CLIENT_FAULT = 400
_SERVER_FAULT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSettings:
    """One venue as ``CcxtVenue`` needs it; secrets are plain text here and never shown.

    ``id`` is ccxt's, ``name`` what people and the database call it. ``base_url`` replaces
    scheme://host:port of every REST address, ``ws_base_url`` of every websocket address.
    ``timeout_s`` bounds one read, ``deadline_s`` a call with all its retries. ``options`` go to
    ccxt. ``throttle`` off disables the pace that ccxt knows of: for a server that is not the venue.
    ``connections`` is how many questions may be under way at once.
    """

    id: str
    name: str = ""
    base_url: str | None = None
    ws_base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float = 10.0
    deadline_s: float = 30.0
    throttle: bool = True
    connections: int = 8

    def __post_init__(self) -> None:
        """Times and counts are positive and addresses have a host."""
        require(self.connections >= 1, "connections", ">= 1", self.connections)
        require(self.timeout_s > 0, "timeout_s", "> 0", self.timeout_s)
        require(self.deadline_s > 0, "deadline_s", "> 0", self.deadline_s)
        for what in ("base_url", "ws_base_url"):
            url = getattr(self, what)
            require(url is None or bool(urlsplit(url).netloc), what, "scheme://host[:port]", url)

    @property
    def label(self) -> str:
        """What to call the venue in messages."""
        return self.name or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What ccxt's description of a venue does not say, or says wrongly for our use.

    ``candle_calls_per_minute`` where ccxt's pace exceeds the venue's limit; ``candle_page`` where a
    full page would lose rows; ``book_limit`` a depth the venue accepts; ``rate_limit_wait_s`` where
    it does not say how long to wait.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    candle_calls_per_minute: int | None = None
    candle_page: int | None = None
    book_limit: int | None = None
    rate_limit_wait_s: float = 10.0


HABITS: Mapping[str, Habits] = {
    # With keys set, margin lists would be asked for too: a key without that right could not start.
    "binance": Habits(
        options={"fetchMarkets": {"types": ["spot"]}, "fetchMargins": False}, book_limit=100
    ),
    # R0 is a list of single orders: P0 adds them up per price, so 100 rows reach deeper.
    "bitfinex": Habits(
        options={"fetchOrderBook": {"precision": "P0"}},
        candle_calls_per_minute=30,
        book_limit=100,
        rate_limit_wait_s=60.0,
    ),
    # The end of a range counts, so that 1,500 bars' time may hold 1,501 rows; the venue keeps the
    # newest 1,500 and the first one asked for would be lost.
    "kucoin": Habits(
        options={"fetchMarkets": {"types": ["spot"], "fetchTickersFees": False}},
        candle_page=1499,
        book_limit=100,
    ),
}


def habits_of(exchange_id: str) -> Habits:
    """The venue's habits, or none."""
    return HABITS.get(exchange_id, Habits())


class Deadline:
    """When the call under way must be over; ``monotonic`` seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._at = float("inf")

    def start(self, seconds: float) -> None:
        """The call begins now and has ``seconds``."""
        self._at = self._monotonic() + seconds

    @property
    def left_s(self) -> float:
        """Seconds left; negative when over."""
        return self._at - self._monotonic()


class Turnstile(Protocol):
    """What every request of a venue passes; it may wait, and it may raise ``VenueError``."""

    def wait_turn(self, distance_s: float) -> None:
        """Return when a request may start that keeps this distance from the one before it."""
        ...

    def gate(self) -> None:
        """Called when a request is about to leave the house."""
        ...


class _Open:
    """A turnstile that lets everything pass."""

    def wait_turn(self, distance_s: float) -> None:
        """Do not wait."""

    def gate(self) -> None:
        """Let it go."""


def open_exchange(
    settings: VenueSettings, deadline: Deadline, turnstile: Turnstile | None = None
) -> Any:  # noqa: ANN401 - ccxt is untyped
    """A ready ccxt exchange; ``ConfigurationError`` for an id that ccxt does not know."""
    exchange = _strict(_class_of(settings.id), turnstile or _Open())(
        {
            "apiKey": settings.api_key or "",
            "secret": settings.secret or "",
            "password": settings.password or "",
            "timeout": int(settings.timeout_s * 1000),
            "enableRateLimit": settings.throttle,
            "enableLastJsonResponse": True,
            "enableLastResponseHeaders": True,
        }
    )
    exchange.urls = redirected(
        exchange.urls, base_url=settings.base_url, ws_base_url=settings.ws_base_url
    )
    habits = habits_of(settings.id)
    exchange.options = exchange.deep_extend(
        exchange.options, dict(habits.options), dict(settings.options)
    )
    exchange.session.hooks["response"].append(_reader(deadline))
    return exchange


def redirected(urls: Any, *, base_url: str | None, ws_base_url: str | None) -> Any:  # noqa: ANN401 - nested JSON
    """A copy of ccxt's ``urls`` with every callable address moved, each keeping its path."""
    if isinstance(urls, Mapping):
        return {
            key: value
            if key in _INFORMATION
            else redirected(value, base_url=base_url, ws_base_url=ws_base_url)
            for key, value in urls.items()
        }
    if isinstance(urls, list):
        return [redirected(url, base_url=base_url, ws_base_url=ws_base_url) for url in urls]
    return _moved(urls, base_url, ws_base_url) if isinstance(urls, str) else urls


def _moved(url: str, base_url: str | None, ws_base_url: str | None) -> str:
    parts = urlsplit(url)
    target = ws_base_url if parts.scheme in {"ws", "wss"} else base_url
    if target is None or not parts.netloc:
        return url
    query = f"?{parts.query}" if parts.query else ""
    return f"{target.rstrip('/')}{parts.path}{query}"


def _class_of(exchange_id: str) -> type[Any]:
    import ccxt  # noqa: PLC0415 - 2 s; only a desk with a real venue pays for it

    if exchange_id in ccxt.exchanges:
        found: type[Any] = getattr(ccxt, exchange_id)
        return found
    near = difflib.get_close_matches(exchange_id, ccxt.exchanges, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ConfigurationError(f"venues.{exchange_id}: ccxt knows no such exchange{hint}")


def _strict(base: type[Any], turnstile: Turnstile) -> type[Any]:
    """``base`` that paces with others, refuses what is not JSON, and keeps every candle row."""
    import ccxt  # noqa: PLC0415 - loaded by _class_of already

    def throttle(self: Any, cost: float | None = None) -> None:  # noqa: ANN401 - ccxt's signature
        turnstile.wait_turn(self.rateLimit * (1 if cost is None else cost) / 1000)

    def fetch(self: Any, *args: Any, **named: Any) -> Any:  # noqa: ANN401 - ccxt's signature
        turnstile.gate()
        return base.fetch(self, *args, **named)

    def handle_errors(self: Any, *args: Any) -> Any:  # noqa: ANN401 - ccxt's signature
        code, _, url, method, _, _, answer, *_ = args
        where = f"{self.id} {method} {url}"
        if answer is None and code >= _SERVER_FAULT:
            raise ccxt.ExchangeNotAvailable(f"{where} answered {code}")
        if answer is None and code < _CLIENT_FAULT:
            raise ccxt.BadResponse(f"{where} answered something that is not JSON")
        try:
            return base.handle_errors(self, *args)
        except ccxt.ExchangeError as err:
            if answer:
                raise
            raise ccxt.BadResponse(f"{where} answered nothing") from err

    def parse_ohlcvs(
        self: Any,  # noqa: ANN401 - ccxt's signature
        ohlcvs: Any,  # noqa: ANN401 - ccxt's signature
        market: Any = None,  # noqa: ANN401 - ccxt's signature
        _timeframe: str = "1m",
        since: int | None = None,
        limit: int | None = None,
        _tail: bool | None = None,  # noqa: FBT001 - ccxt's signature
    ) -> list[Any]:
        rows = [self.parse_ohlcv(row, market) for row in ohlcvs or ()]
        return _asked_for(rows, since, limit)

    own = (throttle, fetch, handle_errors, parse_ohlcvs)
    return type(base.__name__, (base,), {method.__name__: method for method in own})


def _asked_for(rows: list[Any], since: int | None, limit: int | None) -> list[Any]:
    """The rows of the range, oldest first; rows without a time come along at the end."""
    timed = sorted((row for row in rows if isinstance(row[0], int)), key=lambda row: row[0])
    untimed = [row for row in rows if not isinstance(row[0], int)]
    if since is not None:
        wanted = [row for row in timed if row[0] >= since]
        return wanted[:limit] + untimed
    return (timed[-limit:] if limit else timed) + untimed


def _reader(deadline: Deadline) -> Callable[..., None]:
    """A requests hook, called between headers and body, that reads the body within the deadline."""
    import ccxt  # noqa: PLC0415 - loaded by _class_of already
    from urllib3.exceptions import HTTPError, ReadTimeoutError  # noqa: PLC0415 - comes with ccxt

    def read(response: Any, *_: object, **__: object) -> None:  # noqa: ANN401 - requests' response
        body = io.BytesIO()
        try:
            while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
                body.write(chunk)
                if deadline.left_s <= 0:
                    response.close()
                    raise ccxt.RequestTimeout(f"{response.url} took longer than the call may take")
        except ReadTimeoutError as err:
            raise ccxt.RequestTimeout(f"{response.url} stopped in the middle of an answer") from err
        except HTTPError as err:
            raise ccxt.NetworkError(f"{response.url} broke off in the middle of an answer") from err
        body.seek(0)
        response.raw = body

    return read
