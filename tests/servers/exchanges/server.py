"""The machinery shared by all loopback exchanges: a thread, routes, faults, a request log.

Flow: request → log → fault, if one is due for this path → the venue's handler → reply.

aiohttp runs in a thread of its own so that blocking clients (ccxt over requests) and async ones can
be tested alike. Handlers are plain functions that run in that thread one after another; tests touch
the same data from their own thread under the same lock.
"""

import asyncio
import json
import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Self

from aiohttp import web

from tests.servers.exchanges.faults import (
    Drip,
    Fault,
    Hang,
    Html,
    MangleRows,
    RateLimited,
    Raw,
    Reset,
    ServerError,
)
from tests.servers.exchanges.market import Levels, Listing, MarketData, Number, Row, Stats

type Handler = Callable[["Call"], "Reply"]

_START_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as a handler sees it; ``groups`` are the named parts of its path."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: ``data`` becomes JSON unless it is text already."""

    data: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    @property
    def body(self) -> str:
        """What goes over the wire."""
        return self.data if isinstance(self.data, str) else json.dumps(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One line of the request log."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    at_s: float


class ProtocolError(Exception):
    """A handler refuses a request with the venue's own error."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.body)
        self.reply = reply


@dataclass(slots=True)
class _Pending:
    pattern: re.Pattern[str]
    fault: Fault
    left: int


class ExchangeServer(ABC):
    """A loopback exchange; use it as a context manager.

    ``now_ms`` is the venue's clock (real time by default) and decides which bars exist and which
    one is forming; ``monotonic`` drives its rate limits. ``port`` may be set before the
    server is entered; 0 takes any that is free.
    """

    ccxt_id: str
    candle_path: str  # what to hand to ``fail`` to spoil candles
    secret_names: Sequence[str] = ()  # headers never kept in the log

    def __init__(
        self,
        *,
        now_ms: Callable[[], int] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.port = 0
        self.now_ms = now_ms or (lambda: int(time.time() * 1000))
        self.monotonic = monotonic
        self.data = MarketData()
        self.base_url = ""
        self._lock = threading.RLock()
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self._faults: list[_Pending] = []
        self._log: list[Logged] = []
        self._mangle: Callable[[list[Row]], list[Row]] | None = None
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name=f"{self.ccxt_id}-server")
        self.add_routes()

    # The test's side.

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(_START_TIMEOUT_S):
            raise TimeoutError(f"{self.ccxt_id} server did not start in {_START_TIMEOUT_S} s")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def list_market(self, listing: Listing) -> None:
        """Add a market."""
        with self._lock:
            self.data.listings[listing.symbol] = listing

    def set_candles(self, symbol: str, timeframe: str, rows: Iterable[Sequence[Number]]) -> None:
        """Set the candles of a listed symbol, ``(open_ms, open, high, low, close, volume)``."""
        with self._lock:
            self.data.set_rows(symbol, timeframe, rows)

    def set_stats(self, symbol: str, stats: Stats) -> None:
        """Fix the ticker of a symbol instead of deriving it from its candles."""
        with self._lock:
            self.data.set_stats(symbol, stats)

    def set_book(self, symbol: str, *, bids: Levels, asks: Levels) -> None:
        """Fix the book of a symbol."""
        with self._lock:
            self.data.set_book(symbol, bids, asks)

    def fail(self, path: str, fault: Fault, *, times: int = 1) -> None:
        """Spoil the next ``times`` requests whose path contains ``path`` (a regex)."""
        with self._lock:
            self._faults.append(_Pending(re.compile(path), fault, times))

    def heal(self) -> None:
        """Forget all faults that are still due."""
        with self._lock:
            self._faults.clear()

    def forget_requests(self) -> None:
        """Empty the request log."""
        with self._lock:
            self._log.clear()

    def requests(self, path: str = "") -> tuple[Logged, ...]:
        """The requests so far whose path contains ``path`` (a regex), oldest first."""
        with self._lock:
            return tuple(line for line in self._log if re.search(path, line.path))

    # The venue's side.

    @abstractmethod
    def add_routes(self) -> None:
        """Register the venue's handlers with ``route``."""

    @abstractmethod
    def rate_limit_reply(self, fault: RateLimited) -> Reply:
        """The venue's own "too many requests"."""

    @abstractmethod
    def not_found_reply(self, call: Call) -> Reply:
        """The venue's answer to an address it does not have."""

    def route(self, method: str, pattern: str, handler: Handler) -> None:
        """Answer ``method`` on paths that match ``pattern`` entirely."""
        self._routes.append((method, re.compile(pattern), handler))

    def rows(self, symbol: str, timeframe: str) -> list[Row]:
        """Visible candles of a symbol."""
        return self.data.visible(symbol, timeframe, self.now_ms())

    def mangled(self, rows: list[Row]) -> list[Row]:
        """The page about to be sent, spoiled if a fault asks for it."""
        return self._mangle(rows) if self._mangle and rows else rows

    def _answer(self, call: Call) -> Reply:
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(call.path)
            if match and method == call.method:
                try:
                    return handler(_with_groups(call, match.groupdict()))
                except ProtocolError as refusal:
                    return refusal.reply
        return self.not_found_reply(call)

    def _due(self, path: str) -> Fault | None:
        for pending in self._faults:
            if pending.left > 0 and pending.pattern.search(path):
                pending.left -= 1
                return pending.fault
        return None

    def _reply(self, call: Call, fault: Fault | None) -> Reply:
        match fault:
            case Html():
                return Reply(data=fault.body, status=fault.status, content_type="text/html")
            case RateLimited():
                return self.rate_limit_reply(fault)
            case ServerError():
                page = f"<html><body><h1>{fault.status} Server Error</h1></body></html>"
                return Reply(data=page, status=fault.status, content_type="text/html")
            case Raw():
                return Reply(
                    data=fault.body,
                    status=fault.status,
                    headers=fault.headers,
                    content_type=fault.content_type,
                )
            case MangleRows():
                self._mangle = fault.change
        try:
            return self._answer(call)
        finally:
            self._mangle = None

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        call = Call(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            headers=request.headers,
            body=await request.read(),
        )
        with self._lock:
            self._log.append(self._logged(call))
            fault = self._due(call.path)
            reply = self._reply(call, fault)
        return await self._send(request, reply, fault)

    def _logged(self, call: Call) -> Logged:
        hidden = {name.lower() for name in self.secret_names}
        kept = {name: value for name, value in call.headers.items() if name.lower() not in hidden}
        return Logged(
            method=call.method,
            path=call.path,
            query=call.query,
            headers=kept,
            at_s=self.monotonic(),
        )

    async def _send(
        self, request: web.Request, reply: Reply, fault: Fault | None
    ) -> web.StreamResponse:
        headers = {"Date": formatdate(self.now_ms() / 1000, usegmt=True), **reply.headers}
        match fault:
            case Hang():
                await asyncio.sleep(fault.seconds)
            case Reset() if request.transport is not None:
                request.transport.abort()
            case Drip():
                return await _drip(request, reply, fault.interval_s)
        response = web.Response(
            text=reply.body,
            status=reply.status,
            headers=headers,
            content_type=reply.content_type,
        )
        response.enable_compression()
        return response

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self._loop.run_until_complete(self._listen(runner))
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.run_until_complete(_cancel_rest())
        self._loop.close()

    async def _listen(self, runner: web.AppRunner) -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        host, port = runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}"


def required(call: Call, name: str, refusal: Callable[[str], Reply]) -> str:
    """A query parameter, or the venue's error for a missing one."""
    value = call.query.get(name, "")
    if not value:
        raise ProtocolError(refusal(name))
    return value


def _with_groups(call: Call, groups: Mapping[str, str]) -> Call:
    return Call(
        method=call.method,
        path=call.path,
        query=call.query,
        headers=call.headers,
        body=call.body,
        groups=groups,
    )


async def _drip(request: web.Request, reply: Reply, interval_s: float) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status)
    response.content_type = reply.content_type
    await response.prepare(request)
    for byte in reply.body.encode():
        await response.write(bytes([byte]))
        await asyncio.sleep(interval_s)
    return response


async def _cancel_rest() -> None:
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
