"""A chat service to measure against: the few calls of the Bot API that the desk makes, on loopback.

    python -m main.bench.chat_service          → its port as the first line of stdout

It accepts everything at once, draws no limits, and notes when each call was complete, on the
machine's monotonic clock, so that another process can subtract its own times. ``POST /press`` lets
somebody press a button; ``GET /log?after=N`` tells what came in since.
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Mapping

from aiohttp import web

_MAX_BODY = 20 * 2**20
_SENDS = frozenset({"sendmessage", "sendphoto", "senddocument"})
_CHAT = {"type": "private", "first_name": "Somebody"}
_BOT = {"id": 1, "is_bot": True, "first_name": "Desk", "username": "bench_desk_bot"}
_PHOTO = {"file_id": "p", "file_unique_id": "p", "width": 900, "height": 1200}

type Json = dict[str, object]


class ChatService:
    """One bot's chats."""

    def __init__(self) -> None:
        self._log: list[Json] = []
        self._updates: list[Json] = []
        self._numbers = itertools.count(1)
        self._pressed = asyncio.Event()

    def application(self) -> web.Application:
        """The routes."""
        app = web.Application(client_max_size=_MAX_BODY)
        app.router.add_route("*", "/bot{token:[^/]+}/{method:[^/]+}", self._call)
        app.router.add_post("/press", self._press)
        app.router.add_get("/log", self._tell)
        return app

    async def _call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"].lower()
        given = {**request.query, **{k: str(v) for k, v in (await request.post()).items()}}
        if method == "getupdates":
            return _ok(await self._wait_for_updates(given))
        message_id = int(given.get("message_id") or 0)
        if method in _SENDS:
            message_id = next(self._numbers)
        self._note(method, given, message_id)
        if method == "getme":
            return _ok(_BOT)
        if method in _SENDS or method.startswith("edit"):
            return _ok(_message(given, message_id, has_photo=method != "sendmessage"))
        return _ok(True)

    def _note(self, method: str, given: Mapping[str, str], message_id: int) -> None:
        markup = json.loads(given.get("reply_markup") or "{}")
        buttons = [one for row in markup.get("inline_keyboard", ()) for one in row]
        self._log.append(
            {
                "at_s": time.monotonic(),
                "method": method,
                "chat_id": int(given.get("chat_id") or 0),
                "message_id": message_id,
                "query_id": given.get("callback_query_id", ""),
                "buttons": {one["text"]: one["callback_data"] for one in buttons},
            }
        )

    async def _wait_for_updates(self, given: Mapping[str, str]) -> list[Json]:
        after = int(given.get("offset") or 0)
        self._updates = [one for one in self._updates if int(str(one["update_id"])) >= after]
        if not self._updates:
            self._pressed.clear()
            try:
                await asyncio.wait_for(self._pressed.wait(), float(given.get("timeout") or 0))
            except TimeoutError:
                return []
        return list(self._updates)

    async def _press(self, request: web.Request) -> web.Response:
        given = await request.json()
        number = next(self._numbers)
        self._updates.append(
            {
                "update_id": number,
                "callback_query": {
                    "id": str(number),
                    "from": {"id": given["chat_id"], "is_bot": False, "first_name": "Somebody"},
                    "message": _message(given, given["message_id"], has_photo=True),
                    "chat_instance": "1",
                    "data": given["data"],
                },
            }
        )
        self._pressed.set()
        return web.json_response({"query_id": str(number), "at_s": time.monotonic()})

    async def _tell(self, request: web.Request) -> web.Response:
        return web.json_response(self._log[int(request.query["after"]) :])


def _message(given: Mapping[str, object], message_id: int, *, has_photo: bool) -> Json:
    body: Json = {
        "message_id": message_id,
        "date": int(time.time()),  # noqa: TID251 - the service has a clock of its own
        "chat": {"id": int(str(given.get("chat_id") or 0)), **_CHAT},
        "from": _BOT,
    }
    return body | ({"photo": [_PHOTO]} if has_photo else {"text": "…"})


def _ok(result: object) -> web.Response:
    return web.json_response({"ok": True, "result": result})


async def main() -> None:
    """Serve until the process is ended."""
    runner = web.AppRunner(ChatService().application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)  # noqa: T201 - the answer to whoever started it
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
