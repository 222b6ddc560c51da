"""Anthropic's messages through the official client.

The schema travels as ``output_config.format``. The body is read as JSON by our own hands, because
the client builds its models without validating them. No temperature is sent: the client's
signatures no longer have one. Thinking blocks are skipped; their tokens are in the bill.
"""

from typing import TYPE_CHECKING, Any

from llm.errors import (
    ModelError,
    ModelRefusedError,
    ModelRejectedError,
    ModelUnavailableError,
    Usage,
)
from llm.policy import ProviderName, ProviderOptions
from llm.providers.base import Body, ModelReply, ModelRequest, OffLoop, is_transient, retry_after_s

if TYPE_CHECKING:
    from anthropic import APIError, AsyncAnthropic

_CUT = frozenset({"max_tokens", "model_context_window_exceeded"})


class AnthropicProvider:
    """One Claude model."""

    name: ProviderName = "anthropic"

    def __init__(self, options: ProviderOptions) -> None:
        self._options = options
        self._client = OffLoop(self._build)

    @property
    def model(self) -> str:
        """The model asked for."""
        return self._options.model

    async def complete(self, request: ModelRequest) -> ModelReply:
        """One answer; see ``Provider``."""
        client = await self._client.get()
        from anthropic import APIError  # noqa: PLC0415 - imported by the client above, off the loop

        try:
            answer = await client.messages.with_raw_response.create(**self._call(request))
        except APIError as err:
            raise _translated(err) from err
        return _reply(Body(self.name, await answer.text()))

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client.built is not None:
            await self._client.built.close()

    def _build(self) -> "AsyncAnthropic":
        from anthropic import AsyncAnthropic  # noqa: PLC0415 - the import takes seconds

        return AsyncAnthropic(
            api_key=self._options.api_key.get_secret_value(),
            base_url=self._options.base_url,
            max_retries=0,
        )

    def _call(self, request: ModelRequest) -> dict[str, Any]:
        return {
            "model": self.model,
            "system": request.system,
            "messages": request.turns,
            "max_tokens": request.max_output_tokens,
            "output_config": {"format": {"type": "json_schema", "schema": request.schema}},
        }


def _reply(body: Body) -> ModelReply:
    usage = _usage(body)
    reason = body.at("stop_reason")
    if reason == "refusal":
        raise ModelRefusedError("anthropic", "declined", usage=usage, raw=body.raw)
    if reason in _CUT:
        raise body.bad(f"truncated: {reason}", usage)
    blocks = body.at("content")
    texts = [
        block["text"]
        for block in (blocks if isinstance(blocks, list) else [])
        if isinstance(block, dict)
        and block.get("type") == "text"
        and isinstance(block.get("text"), str)
    ]
    if not texts:
        raise body.bad("no text in the answer", usage)
    if usage is None:
        raise body.bad("usage is missing")
    return ModelReply(text="".join(texts), model=str(body.at("model")), usage=usage)


def _usage(body: Body) -> Usage | None:
    """Input is billed in three parts: fresh, written to the prompt cache, read from it."""
    usage = body.usage(("usage", "input_tokens"), ("usage", "output_tokens"))
    if usage is None:
        return None
    cached = [
        body.at("usage", "cache_creation_input_tokens"),
        body.at("usage", "cache_read_input_tokens"),
    ]
    extra = sum(n for n in cached if isinstance(n, int) and n > 0)
    return Usage(input_tokens=usage.input_tokens + extra, output_tokens=usage.output_tokens)


def _translated(err: "APIError") -> ModelError:
    from anthropic import APIConnectionError, APIStatusError  # noqa: PLC0415 - loaded by the caller

    if isinstance(err, APIStatusError):
        detail = f"HTTP {err.status_code}: {err.message}"
        if is_transient(err.status_code):
            wait_s = retry_after_s(err.response.headers)
            return ModelUnavailableError("anthropic", detail, retry_after_s=wait_s, free=True)
        return ModelRejectedError("anthropic", detail, free=True)
    detail = f"{type(err).__name__}: {err.message}"
    if isinstance(err, APIConnectionError):
        return ModelUnavailableError("anthropic", detail, free=_never_connected(err))
    return ModelUnavailableError("anthropic", detail)


def _never_connected(err: "APIError") -> bool:
    """Whether the request cannot have reached the server, hence cost nothing."""
    import httpx2  # noqa: PLC0415 - the client's own transport, loaded by it

    return isinstance(err.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout)
