"""OpenAI's chat completions: JSON and server-sent events.

``modern`` behaves like OpenAI itself (refuses ``max_tokens``), otherwise like the many compatible
servers. Neither holds to a schema: the script says what it says, as servers that ignore schemas do.
"""

import json
from collections.abc import AsyncIterator

from aiohttp import web

from tests.servers.llm.behaviours import Behaviour, Refuse, Say, Truncate
from tests.servers.llm.loopback import Json, LoopbackServer, pieces, schema_flaw, spoken, tokens

_CREATED = 1_790_000_000


class OpenAiServer(LoopbackServer):
    """``POST /v1/chat/completions``."""

    route = "/v1/chat/completions"

    def __init__(self, *script: Behaviour, key: str = "sk-test", modern: bool = False) -> None:
        super().__init__(*script)
        self._key = key
        self._modern = modern

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1"

    def refuse_request(self, headers: dict[str, str], body: Json) -> web.Response | None:
        if headers.get("authorization") != f"Bearer {self._key}":
            shown = headers.get("authorization", "").removeprefix("Bearer ")
            return self.error(401, "invalid_request_error", f"Incorrect API key provided: {shown}.")
        if not body.get("model") or not body.get("messages"):
            return self.error(400, "invalid_request_error", "you must provide model and messages")
        if self._modern and "max_tokens" in body:
            message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return self.error(400, "invalid_request_error", message)
        wanted = body.get("response_format", {})
        if wanted.get("type") == "json_schema" and wanted["json_schema"].get("strict"):
            flaw = schema_flaw(wanted["json_schema"].get("schema"))
            if flaw:
                return self.error(400, "invalid_request_error", f"Invalid schema: {flaw}")
        return None

    def error(self, status: int, kind: str, message: str) -> web.Response:
        error = {"message": message, "type": kind or "server_error", "param": None, "code": kind}
        return web.json_response({"error": error}, status=status)

    def answer(self, body: Json, behaviour: Behaviour) -> Json:
        refused = isinstance(behaviour, Refuse)
        text = spoken(behaviour)
        message: Json = {
            "role": "assistant",
            "content": None if refused else text,
            "refusal": text if refused else None,
        }
        used_in, used_out = tokens(behaviour)
        return {
            "id": "chatcmpl-loopback",
            "object": "chat.completion",
            "created": _CREATED,
            "model": _claimed(body, behaviour),
            "choices": [
                {
                    "index": 0,
                    "message": message,
                    "logprobs": None,
                    "finish_reason": _finish(behaviour),
                }
            ],
            "usage": {
                "prompt_tokens": used_in,
                "completion_tokens": used_out,
                "total_tokens": used_in + used_out,
            },
        }

    async def frames(self, body: Json, behaviour: Behaviour) -> AsyncIterator[bytes]:
        field = "refusal" if isinstance(behaviour, Refuse) else "content"
        yield _event(body, behaviour, {"role": "assistant", "content": ""}, None)
        for piece in pieces(spoken(behaviour)):
            yield _event(body, behaviour, {field: piece}, None)
        yield _event(body, behaviour, {}, _finish(behaviour))
        if body.get("stream_options", {}).get("include_usage"):
            used_in, used_out = tokens(behaviour)
            chunk = _chunk(body, behaviour) | {
                "choices": [],
                "usage": {
                    "prompt_tokens": used_in,
                    "completion_tokens": used_out,
                    "total_tokens": used_in + used_out,
                },
            }
            yield f"data: {json.dumps(chunk)}\n\n".encode()
        yield b"data: [DONE]\n\n"


def _finish(behaviour: Behaviour) -> str:
    return "length" if isinstance(behaviour, Truncate) else "stop"


def _claimed(body: Json, behaviour: Behaviour) -> str:
    said = behaviour.model if isinstance(behaviour, Say) else ""
    return said or str(body["model"])


def _chunk(body: Json, behaviour: Behaviour) -> Json:
    return {
        "id": "chatcmpl-loopback",
        "object": "chat.completion.chunk",
        "created": _CREATED,
        "model": _claimed(body, behaviour),
    }


def _event(body: Json, behaviour: Behaviour, delta: Json, finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    chunk = _chunk(body, behaviour) | {"choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n".encode()
