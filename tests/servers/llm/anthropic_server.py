"""Anthropic's messages: JSON and server-sent events."""

import json
from collections.abc import AsyncIterator

from aiohttp import web

from tests.servers.llm.behaviours import Behaviour, Refuse, Say, Truncate
from tests.servers.llm.loopback import Json, LoopbackServer, pieces, schema_flaw, spoken, tokens

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class AnthropicServer(LoopbackServer):
    """``POST /v1/messages``."""

    route = "/v1/messages"

    def __init__(self, *script: Behaviour, key: str = "sk-ant-test") -> None:
        super().__init__(*script)
        self._key = key

    def refuse_request(self, headers: dict[str, str], body: Json) -> web.Response | None:
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if self._key not in (headers.get("x-api-key"), bearer):
            return self.error(401, "", "invalid api key")
        if "anthropic-version" not in headers:
            return self.error(400, "", "anthropic-version: header is required")
        for field in ("model", "max_tokens", "messages"):
            if not body.get(field):
                return self.error(400, "", f"{field}: Field required")
        roles = [message["role"] for message in body["messages"]]
        if set(roles) - {"user", "assistant"}:
            return self.error(400, "", "messages: Unexpected role; use the top-level system")
        if "temperature" in body:
            return self.error(400, "", "temperature: Extra inputs are not permitted")
        schema = body.get("output_config", {}).get("format", {}).get("schema")
        flaw = schema_flaw(schema) if schema is not None else None
        return self.error(400, "", f"output_config.format.schema: {flaw}") if flaw else None

    def error(self, status: int, kind: str, message: str) -> web.Response:
        error = {"type": kind or _KINDS.get(status, "api_error"), "message": message}
        body = {"type": "error", "error": error, "request_id": "req_loopback"}
        return web.json_response(body, status=status)

    def answer(self, body: Json, behaviour: Behaviour) -> Json:
        used_in, used_out = tokens(behaviour)
        refused = isinstance(behaviour, Refuse)
        return _message(body, behaviour) | {
            "content": [] if refused else [{"type": "text", "text": spoken(behaviour)}],
            "stop_reason": _stop(behaviour),
            "usage": {"input_tokens": used_in, "output_tokens": used_out},
        }

    async def frames(self, body: Json, behaviour: Behaviour) -> AsyncIterator[bytes]:
        used_in, used_out = tokens(behaviour)
        usage = {"input_tokens": used_in, "output_tokens": 1}
        message = _message(body, behaviour) | {"content": [], "stop_reason": None, "usage": usage}
        yield _event("message_start", message=message)
        block = {"type": "text", "text": ""}
        yield _event("content_block_start", index=0, content_block=block)
        for piece in pieces(spoken(behaviour)):
            delta = {"type": "text_delta", "text": piece}
            yield _event("content_block_delta", index=0, delta=delta)
        yield _event("content_block_stop", index=0)
        stop = {"stop_reason": _stop(behaviour), "stop_sequence": None}
        yield _event("message_delta", delta=stop, usage={"output_tokens": used_out})
        yield _event("message_stop")


def _stop(behaviour: Behaviour) -> str:
    match behaviour:
        case Truncate():
            return "max_tokens"
        case Refuse():
            return "refusal"
        case _:
            return "end_turn"


def _message(body: Json, behaviour: Behaviour) -> Json:
    said = behaviour.model if isinstance(behaviour, Say) else ""
    return {
        "id": "msg_loopback",
        "type": "message",
        "role": "assistant",
        "model": said or body["model"],
        "stop_sequence": None,
    }


def _event(kind: str, **fields: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()
