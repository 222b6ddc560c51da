"""The part all model servers share: a thread with an event loop, a random port, a script."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.servers.llm.behaviours import Behaviour, Cut, Drip, Garbage, Hang, Say, Status, Truncate

type Json = dict[str, Any]

_START_S = 10.0
_PIECE = 7


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: Json


class LoopbackServer:
    """Serves scripted behaviours; subclasses give the vendor's routes, checks and shapes."""

    route = "/"

    def __init__(self, *script: Behaviour) -> None:
        self._script = list(script)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._port = 0
        self.requests: list[Seen] = []

    @property
    def origin(self) -> str:
        """``http://127.0.0.1:port``."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """What the vendor's client wants as its base address."""
        return self.origin

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(_START_S):
            raise RuntimeError("loopback server did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_START_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_post(self.route, self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._port = runner.addresses[0][1]
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()
        await asyncio.sleep(0)  # lets closed connections let go of their sockets

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            body: Json = json.loads(raw)
        except ValueError:
            return self.error(400, "invalid_request_error", "body is not JSON")
        self.requests.append(Seen(request.path, headers, body))
        refusal = self.refuse_request(headers, body)
        if refusal is not None:
            return refusal
        behaviour = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        return await self._behave(request, body, behaviour)

    async def _behave(
        self, request: web.Request, body: Json, behaviour: Behaviour
    ) -> web.StreamResponse:
        match behaviour:
            case Status():
                answer = self.error(behaviour.code, behaviour.error_type, behaviour.message)
                answer.headers.update(behaviour.headers)
                return answer
            case Hang():
                await self._stop.wait()
                return web.Response(status=503)
            case Garbage():
                return web.Response(
                    body=behaviour.body, headers={"content-type": behaviour.content_type}
                )
            case Drip():
                return await self._drip(request, behaviour)
            case _ if self.wants_stream(body):
                return await self._stream(request, body, behaviour)
            case Cut():
                return await self._cut(request, json.dumps(self.answer(body, Say(behaviour.text))))
            case _:
                if isinstance(behaviour, Say):
                    await asyncio.sleep(behaviour.delay_s)
                return web.json_response(self.answer(body, behaviour))

    async def _drip(self, request: web.Request, behaviour: Drip) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "application/json"})
        await response.prepare(request)
        while not self._stop.is_set():
            try:
                await response.write(b" ")
            except ConnectionError:
                break
            await asyncio.sleep(behaviour.every_s)
        return response

    async def _cut(self, request: web.Request, whole: str) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"content-type": "application/json", "content-length": str(len(whole))}
        )
        await response.prepare(request)
        await response.write(whole[: len(whole) // 2].encode())
        assert request.transport is not None
        request.transport.abort()
        return response

    async def _stream(
        self, request: web.Request, body: Json, behaviour: Behaviour
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": self.stream_type})
        await response.prepare(request)
        shown = Say(behaviour.text) if isinstance(behaviour, Cut) else behaviour
        frames = [frame async for frame in self.frames(body, shown)]
        if isinstance(behaviour, Cut):
            frames = frames[: len(frames) // 2]
        for frame in frames:
            await response.write(frame)
        if isinstance(behaviour, Cut):
            assert request.transport is not None
            request.transport.abort()
        return response

    stream_type = "text/event-stream"

    def wants_stream(self, body: Json) -> bool:
        """Whether the client asked for a stream."""
        return bool(body.get("stream", False))

    def refuse_request(self, headers: dict[str, str], body: Json) -> web.Response | None:
        """The vendor's answer to a request that is not of its protocol."""
        raise NotImplementedError

    def error(self, status: int, kind: str, message: str) -> web.Response:
        """The vendor's error body."""
        raise NotImplementedError

    def answer(self, body: Json, behaviour: Behaviour) -> Json:
        """The vendor's whole answer to ``Say``, ``Truncate`` or ``Refuse``."""
        raise NotImplementedError

    def frames(self, body: Json, behaviour: Behaviour) -> AsyncIterator[bytes]:
        """The vendor's stream of the same."""
        raise NotImplementedError


def pieces(text: str) -> list[str]:
    """A text cut up as a stream would."""
    return [text[i : i + _PIECE] for i in range(0, len(text), _PIECE)]


def spoken(behaviour: Behaviour) -> str:
    """The words of a behaviour that has any."""
    assert isinstance(behaviour, Say | Truncate) or hasattr(behaviour, "text")
    return str(getattr(behaviour, "text", ""))


def tokens(behaviour: Behaviour) -> tuple[int, int]:
    """Input and output tokens of a behaviour."""
    said = behaviour if isinstance(behaviour, Say) else Say("")
    return said.input_tokens, said.output_tokens


def schema_flaw(schema: object) -> str | None:
    """What strict structured output refuses: open objects and optional fields, at any depth."""
    if not isinstance(schema, dict):
        return "schema must be an object"
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return "'additionalProperties' is required to be supplied and to be false."
        if sorted(schema.get("required", [])) != sorted(schema.get("properties", {})):
            return "'required' is required to be supplied and to be an array including every key."
    inner = [*schema.get("properties", {}).values(), *filter(None, [schema.get("items")])]
    return next((flaw for part in inner if (flaw := schema_flaw(part))), None)
