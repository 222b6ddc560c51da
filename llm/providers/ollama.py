"""A local Ollama through the official client.

The client has no time-out of its own and lets four unrelated kinds of error through (its own
``ResponseError``, ``ConnectionError``, httpx's, and ``ValueError`` for answers it cannot read): all
are translated here. ``format`` carries the schema; the server may still ignore it.
"""

from typing import TYPE_CHECKING

from llm.errors import (
    ModelAnswerError,
    ModelError,
    ModelRejectedError,
    ModelUnavailableError,
    Usage,
)
from llm.policy import ProviderName, ProviderOptions
from llm.providers.base import ModelReply, ModelRequest, OffLoop, is_transient

if TYPE_CHECKING:
    from ollama import AsyncClient, ChatResponse, ResponseError

_NOT_FOUND = 404


class OllamaProvider:
    """One model of an Ollama server."""

    name: ProviderName = "ollama"

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
        import httpx  # noqa: PLC0415 - loaded by the client above, off the loop
        from ollama import ResponseError  # noqa: PLC0415 - likewise

        try:
            answer = await client.chat(
                model=self.model,
                messages=[{"role": "system", "content": request.system}, *request.turns],
                format=dict(request.schema),
                options={"temperature": 0, "num_predict": request.max_output_tokens},
                stream=False,
            )
        except ResponseError as err:
            raise _translated(err, self.model) from err
        except ConnectionError as err:
            raise ModelUnavailableError(self.name, "cannot be reached", free=True) from err
        except httpx.HTTPError as err:
            raise ModelUnavailableError(self.name, f"{type(err).__name__}: {err}") from err
        except (ValueError, TypeError, AttributeError, RecursionError) as err:
            raise ModelAnswerError(self.name, f"not Ollama's protocol: {err}") from err
        return _reply(answer)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client.built is not None:
            await self._client.built.close()  # type: ignore[no-untyped-call]  # untyped in the vendor's package

    def _build(self) -> "AsyncClient":
        from ollama import AsyncClient  # noqa: PLC0415 - the import takes time

        key = self._options.api_key.get_secret_value()
        headers = {"authorization": f"Bearer {key}"} if key else None
        return AsyncClient(host=self._options.base_url, headers=headers)


def _reply(answer: "ChatResponse") -> ModelReply:
    text = answer.message.content or ""
    usage = Usage(input_tokens=answer.prompt_eval_count or 0, output_tokens=answer.eval_count or 0)
    if not answer.done:
        raise ModelAnswerError("ollama", "the answer is not finished", usage=usage, raw=text)
    if answer.done_reason == "length":
        raise ModelAnswerError("ollama", "truncated at the output limit", usage=usage, raw=text)
    return ModelReply(text=text, model=answer.model or "", usage=usage)


def _translated(err: "ResponseError", model: str) -> ModelError:
    detail = f"HTTP {err.status_code}: {err.error}"
    if is_transient(err.status_code):
        return ModelUnavailableError("ollama", detail, free=True)
    if err.status_code == _NOT_FOUND:
        detail = f"{detail}; `ollama pull {model}` fetches it"
    return ModelRejectedError("ollama", detail, free=True)
