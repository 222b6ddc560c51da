"""OpenAI's chat completions, or any server that speaks them, through the official client.

The body is read as JSON by our own hands (``with_raw_response``): the client builds its models
without validating them, so a foreign server's answer could be half an object. OpenAI itself wants
``max_completion_tokens`` and refuses ``max_tokens`` for its newer models; other servers know only
the older name, so the address decides. No temperature is sent: newer models refuse it.
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
    from openai import APIError, AsyncOpenAI

_OFFICIAL = "https://api.openai.com"
_NO_KEY = "none"


class OpenAiProvider:
    """One model behind an OpenAI-compatible address."""

    name: ProviderName = "openai"

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
        from openai import APIError  # noqa: PLC0415 - imported by the client above, off the loop

        try:
            answer = await client.chat.completions.with_raw_response.create(**self._call(request))
        except APIError as err:
            raise _translated(err) from err
        return _reply(Body(self.name, answer.text))

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client.built is not None:
            await self._client.built.close()

    def _build(self) -> "AsyncOpenAI":
        from openai import AsyncOpenAI  # noqa: PLC0415 - the import takes seconds

        return AsyncOpenAI(
            api_key=self._options.api_key.get_secret_value() or _NO_KEY,
            base_url=self._options.base_url,
            max_retries=0,
        )

    def _call(self, request: ModelRequest) -> dict[str, Any]:
        official = self._options.base_url.startswith(_OFFICIAL)
        return {
            "model": self.model,
            "messages": [{"role": "system", "content": request.system}, *request.turns],
            "response_format": {
                "type": "json_schema",
                "json_schema": {
                    "name": request.schema_name,
                    "schema": request.schema,
                    "strict": True,
                },
            },
            "max_completion_tokens" if official else "max_tokens": request.max_output_tokens,
        }


def _reply(body: Body) -> ModelReply:
    usage = body.usage(("usage", "prompt_tokens"), ("usage", "completion_tokens"))
    finish = body.at("choices", 0, "finish_reason")
    refusal = body.at("choices", 0, "message", "refusal")
    if finish == "content_filter" or refusal:
        raise ModelRefusedError("openai", f"declined: {refusal}", usage=usage, raw=body.raw)
    if finish == "length":
        raise body.bad("truncated at the output limit", usage)
    text = body.text("choices", 0, "message", "content")
    return ModelReply(text=text, model=str(body.at("model")), usage=usage or _unbilled(body, text))


def _unbilled(body: Body, text: str) -> Usage:
    """Local servers may state no bill: bytes are an upper bound of tokens."""
    return Usage(input_tokens=len(body.raw.encode()), output_tokens=len(text.encode()))


def _translated(err: "APIError") -> ModelError:
    from openai import APIConnectionError, APIStatusError  # noqa: PLC0415 - loaded by the caller

    if isinstance(err, APIStatusError):
        detail = f"HTTP {err.status_code}: {err.message}"
        if is_transient(err.status_code) and err.code != "insufficient_quota":
            wait_s = retry_after_s(err.response.headers)
            return ModelUnavailableError("openai", detail, retry_after_s=wait_s, free=True)
        return ModelRejectedError("openai", detail, free=True)
    detail = f"{type(err).__name__}: {err.message}"
    if isinstance(err, APIConnectionError):
        return ModelUnavailableError("openai", detail, free=_never_connected(err))
    return ModelUnavailableError("openai", detail)


def _never_connected(err: "APIError") -> bool:
    """Whether the request cannot have reached the server, hence cost nothing."""
    import httpx2  # noqa: PLC0415 - the client's own transport, loaded by it

    return isinstance(err.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout)
