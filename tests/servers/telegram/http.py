"""The HTTP edge: request → parameters → fault or method → answer, every call logged.

`/bot<token>/<method>` and `/file/bot<token>/<path>`, as in the public service. Files can be failed
like methods, under the name `download`.
"""

import asyncio
import json
import time
import traceback
from collections.abc import Mapping

from aiohttp import BodyPartReader, MultipartReader, StreamReader, web
from aiohttp.base_protocol import BaseProtocol

from tests.servers.telegram.errors import ApiError, Json
from tests.servers.telegram.faults import Fault
from tests.servers.telegram.media import MAX_UPLOAD_BYTES
from tests.servers.telegram.methods import GET_UPDATES, METHODS, READ_ONLY
from tests.servers.telegram.model import Call, now_utc
from tests.servers.telegram.params import Params, Upload
from tests.servers.telegram.polling import Polling
from tests.servers.telegram.world import World

DOWNLOAD = "download"
_BODY_LIMIT = MAX_UPLOAD_BYTES + 1024 * 1024
_TRICKLE_STEPS = 10


class Gateway:
    """Answers one bot's requests; runs on the server's event loop."""

    def __init__(self, world: World, token: str, polling: Polling) -> None:
        self._world = world
        self._token = token
        self._polling = polling

    def application(self) -> web.Application:
        """Return the routes."""
        app = web.Application(client_max_size=_BODY_LIMIT)
        app.router.add_route("*", "/bot{token:[^/]+}/{method:[^/]+}", self._api)
        app.router.add_get("/file/bot{token:[^/]+}/{path:.+}", self._file)
        app.router.add_route("*", "/{rest:.*}", _nowhere)
        return app

    async def _api(self, request: web.Request) -> web.StreamResponse:
        try:
            params = await _read_params(request)
        except ApiError as err:
            return _json_response(err.code, err.as_json())
        call = self._open_call(request.match_info["method"], params)
        if request.match_info["token"] != self._token:
            return await self._deliver(request, call, None, ApiError(401, "Unauthorized"))
        try:
            return await self._answer(request, call, params)
        # A bug of this server, or of a test's own predicate, must fail the test and not pass for
        # a 500 of Telegram's.
        except Exception as err:  # noqa: BLE001
            return await self._deliver(request, call, None, self._crash(call, err))

    async def _answer(self, request: web.Request, call: Call, params: Params) -> web.StreamResponse:
        fault = self._strike(call)
        if self._world.is_down():
            return self._cut(request, call, "outage")
        result: object = None
        if fault is None or fault.effect:
            try:
                result = await self._run(call, params)
            except ApiError as err:
                result = err
        if self._world.is_down():
            return self._cut(request, call, "outage")
        return await self._deliver(request, call, fault, result)

    def _strike(self, call: Call) -> Fault | None:
        with self._world.changed:
            if self._world.is_down():
                return None
            fault = self._world.faults.take(call.method, call.params)
            call.fault = fault.name if fault else None
            return fault

    async def _run(self, call: Call, params: Params) -> object:
        name = call.method.lower()
        if name == GET_UPDATES:
            return await self._polling.get_updates(params)
        method = METHODS.get(name)
        if method is None:
            raise ApiError(404, "Not Found: method not found")
        with self._world.changed:
            result = method(self._world, params)
            call.effect = name not in READ_ONLY
            return result

    async def _deliver(
        self, request: web.Request, call: Call, fault: Fault | None, result: object
    ) -> web.StreamResponse:
        status, body = _envelope(call.method, result)
        if fault is None:
            self._close_call(call, status, body)
            return _json_response(status, body)
        await asyncio.sleep(fault.wait_s)
        if fault.drop:
            return self._cut(request, call, "fault")
        self._close_call(call, fault.status or status, body, outcome="fault")
        if fault.status is not None:
            return web.Response(
                status=fault.status, body=fault.body, content_type=fault.content_type
            )
        if fault.trickle_s:
            return await _trickle(request, status, body, fault.trickle_s)
        return _json_response(status, body)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        call = self._open_call(DOWNLOAD, Params(values={"path": path}))
        fault = self._strike(call)
        if self._world.is_down():
            return self._cut(request, call, "outage")
        if fault is not None:
            return await self._deliver(request, call, fault, ApiError(404, "Not Found"))
        file = next((f for f in self._world.files.values() if f.path == path), None)
        if file is None or request.match_info["token"] != self._token:
            return await self._deliver(request, call, None, ApiError(404, "Not Found"))
        self._close_call(call, 200, {"ok": True, "bytes": len(file.data)})
        return web.Response(body=file.data, content_type="application/octet-stream")

    def _crash(self, call: Call, error: Exception) -> ApiError:
        trace = "".join(traceback.format_exception(error))
        with self._world.changed:
            self._world.crashes.append(f"{call.method} {call.params}\n{trace}")
        return ApiError(500, "Internal Server Error: the test server itself failed")

    def _open_call(self, method: str, params: Params) -> Call:
        with self._world.changed:
            call = Call(
                number=len(self._world.calls) + 1,
                method=method,
                params=dict(params.values),
                files={name: upload.data for name, upload in params.files.items()},
                at=now_utc(),
                started_s=time.monotonic(),
            )
            self._world.calls.append(call)
            self._world.changed.notify_all()
            return call

    def _close_call(
        self, call: Call, status: int | None, body: Json | None, *, outcome: str | None = None
    ) -> None:
        with self._world.changed:
            call.took_s = time.monotonic() - call.started_s
            call.status = status
            call.response = body
            call.outcome = outcome or ("ok" if status == 200 else "refused")
            self._world.changed.notify_all()

    def _cut(self, request: web.Request, call: Call, outcome: str) -> web.StreamResponse:
        self._close_call(call, None, None, outcome=outcome)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


def _envelope(method: str, result: object) -> tuple[int, Json]:
    if isinstance(result, ApiError):
        return result.code, result.as_json()
    body: Json = {"ok": True, "result": result}
    if method.lower() == "deletewebhook":
        body["description"] = "Webhook is already deleted"
    return 200, body


def _json_response(status: int, body: Json) -> web.Response:
    return web.json_response(body, status=status)


async def _nowhere(request: web.Request) -> web.Response:
    return _json_response(404, ApiError(404, "Not Found").as_json())


async def _trickle(
    request: web.Request, status: int, body: Json, seconds: float
) -> web.StreamResponse:
    raw = json.dumps(body).encode()
    response = web.StreamResponse(status=status)
    response.content_type = "application/json"
    response.content_length = len(raw)
    await response.prepare(request)
    step = max(1, len(raw) // _TRICKLE_STEPS)
    try:
        for at in range(0, len(raw), step):
            await response.write(raw[at : at + step])
            await asyncio.sleep(seconds / _TRICKLE_STEPS)
        await response.write_eof()
    except ConnectionError:
        return response  # the caller lost patience, which is what the fault is for
    return response


async def _read_params(request: web.Request) -> Params:
    if (request.content_length or 0) > _BODY_LIMIT:
        raise ApiError(413, "Request Entity Too Large")
    values = dict(request.query)
    files: dict[str, Upload] = {}
    kind = request.content_type
    if kind == "multipart/form-data":
        await _read_multipart(request, values, files)
    elif kind == "application/x-www-form-urlencoded":
        values |= {k: str(v) for k, v in (await request.post()).items()}
    elif kind == "application/json" and request.can_read_body:
        values |= _flatten(await request.json())
    return Params(values, files)


async def _read_multipart(
    request: web.Request, values: dict[str, str], files: dict[str, Upload]
) -> None:
    # From a whole body: reading one that is still arriving warns, now and then, of a deprecation
    # inside the library, and warnings are errors here.
    loop = asyncio.get_running_loop()
    body = StreamReader(BaseProtocol(loop), _BODY_LIMIT, loop=loop)
    body.feed_data(await request.read())
    body.feed_eof()
    async for part in MultipartReader(request.headers, body):
        if not isinstance(part, BodyPartReader) or not part.name:
            continue
        data = bytes(await part.read(decode=True))
        if part.filename is None:
            values[part.name] = data.decode()
        else:
            mime = part.headers.get("Content-Type", "application/octet-stream")
            files[part.name] = Upload(part.filename, mime, data)


def _flatten(body: Mapping[str, object]) -> dict[str, str]:
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in body.items()}
