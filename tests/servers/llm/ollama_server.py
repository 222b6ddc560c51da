"""Ollama's chat: one JSON document, or newline-delimited JSON (its default)."""

import json
from collections.abc import AsyncIterator

from aiohttp import web

from tests.servers.llm.behaviours import Behaviour, Say, Truncate
from tests.servers.llm.loopback import Json, LoopbackServer, pieces, spoken, tokens

_CREATED = "2026-11-02T09:00:00.000000Z"


class OllamaServer(LoopbackServer):
    """``POST /api/chat`` with one pulled model. It has no way to refuse but in words."""

    route = "/api/chat"
    stream_type = "application/x-ndjson"

    def __init__(self, *script: Behaviour, pulled: str = "llama3.2") -> None:
        super().__init__(*script)
        self._pulled = pulled

    def wants_stream(self, body: Json) -> bool:
        return bool(body.get("stream", True))

    def refuse_request(self, headers: dict[str, str], body: Json) -> web.Response | None:  # noqa: ARG002 - asks for no key
        if body.get("model") != self._pulled:
            return self.error(404, "", f"model '{body.get('model')}' not found")
        wanted = body.get("format")
        if wanted not in (None, "", "json") and not isinstance(wanted, dict):
            return self.error(400, "", 'invalid format: expected "json" or a JSON schema')
        return None

    def error(self, status: int, kind: str, message: str) -> web.Response:  # noqa: ARG002 - has no kinds
        return web.json_response({"error": message}, status=status)

    def answer(self, body: Json, behaviour: Behaviour) -> Json:
        message = {"role": "assistant", "content": spoken(behaviour)}
        return _head(body) | {"message": message} | _end(behaviour)

    async def frames(self, body: Json, behaviour: Behaviour) -> AsyncIterator[bytes]:
        for piece in pieces(spoken(behaviour)):
            message = {"role": "assistant", "content": piece}
            yield _line(_head(body) | {"message": message, "done": False})
        last = {"role": "assistant", "content": ""}
        yield _line(_head(body) | {"message": last} | _end(behaviour))


def _head(body: Json) -> Json:
    return {"model": body["model"], "created_at": _CREATED}


def _end(behaviour: Behaviour) -> Json:
    said = behaviour if isinstance(behaviour, Say) else Say("")
    used_in, used_out = tokens(said)
    return {
        "done": True,
        "done_reason": "length" if isinstance(behaviour, Truncate) else "stop",
        "total_duration": 1_000_000,
        "load_duration": 1_000,
        "prompt_eval_count": used_in,
        "prompt_eval_duration": 1_000,
        "eval_count": used_out,
        "eval_duration": 1_000,
    }


def _line(frame: Json) -> bytes:
    return json.dumps(frame).encode() + b"\n"
