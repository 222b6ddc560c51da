"""What every provider does: messages and a schema in, text and a bill out.

request → vendor's client → raw reply, or one of the errors of ``llm/errors``. Three choices:
the vendor's clients never retry (``max_retries=0``), because a retry costs money and time that the
gateway accounts for; each call has one total deadline here, because the clients' time-outs count
per read (a dripping server outlives them) and Ollama's has none; clients are imported and built at
the first call, off the event loop, because the imports take seconds.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from engine.domain.values import require
from llm.errors import ModelAnswerError, ModelUnavailableError, Usage
from llm.policy import ProviderName

_RAW_CHARS = 20_000
_TOO_EARLY_OR_BUSY = frozenset({408, 409, 425, 429})
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of the conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One call: the first message is the system's, the rest alternate from the user's."""

    messages: tuple[Message, ...]
    schema_name: str
    schema: Mapping[str, object]
    max_output_tokens: int

    def __post_init__(self) -> None:
        """A system message comes first and only there."""
        roles = [message.role for message in self.messages]
        expected = roles[:1] == ["system"] and "system" not in roles[1:] and len(roles) > 1
        require(expected, "messages", "system, user, …", roles)

    @property
    def system(self) -> str:
        """The standing instructions."""
        return self.messages[0].content

    @property
    def turns(self) -> list[dict[str, str]]:
        """The messages after the system's, as plain dictionaries."""
        return [{"role": m.role, "content": m.content} for m in self.messages[1:]]

    def canonical(self) -> str:
        """The request as canonical JSON: equal requests give equal text."""
        return json.dumps(
            {
                "messages": [{"role": m.role, "content": m.content} for m in self.messages],
                "schema_name": self.schema_name,
                "schema": self.schema,
                "max_output_tokens": self.max_output_tokens,
            },
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReply:
    """A complete answer: its text, the model that says it wrote it, and the bill."""

    text: str
    model: str
    usage: Usage


class Provider(Protocol):
    """One model behind one vendor's client.

    ``complete`` returns a whole answer or raises a ``ModelError``; it never retries and sets no
    deadline of its own (``complete_within`` does). ``aclose`` may be called twice.
    """

    @property
    def name(self) -> ProviderName:
        """Which vendor's protocol it speaks."""
        ...

    @property
    def model(self) -> str:
        """The model it asks for."""
        ...

    async def complete(self, request: ModelRequest) -> ModelReply:
        """One whole answer, or a ``ModelError``."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


async def complete_within(
    provider: Provider, request: ModelRequest, deadline_s: float
) -> ModelReply:
    """Complete, or be unavailable after ``deadline_s`` in total, whatever the client is doing."""
    try:
        async with asyncio.timeout(deadline_s):
            return await provider.complete(request)
    except TimeoutError as err:
        raise ModelUnavailableError(
            provider.name, f"no complete answer within {deadline_s:.1f} s"
        ) from err


class OffLoop[T]:
    """Builds a thing once, in a thread, at the first need; parallel callers share the one built."""

    def __init__(self, build: Callable[[], T]) -> None:
        self._build = build
        self._lock = asyncio.Lock()
        self.built: T | None = None

    async def get(self) -> T:
        """The thing, built if it is not yet."""
        async with self._lock:
            if self.built is None:
                self.built = await asyncio.to_thread(self._build)
        return self.built


def is_transient(status: int) -> bool:
    """Whether an HTTP status says that the same request may succeed later."""
    return status in _TOO_EARLY_OR_BUSY or status >= _SERVER_ERROR


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds from ``retry-after-ms`` or ``retry-after``; a date there is ignored."""
    for name, scale in (("retry-after-ms", 1_000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / scale
        except (KeyError, ValueError):
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None


class Body:
    """A JSON body read defensively: a missing or mistyped field is a bad answer, not a crash."""

    def __init__(self, provider: str, raw: str) -> None:
        self._provider = provider
        self.raw = raw[:_RAW_CHARS]
        try:
            self._root: object = json.loads(raw)
        except (ValueError, RecursionError) as err:
            raise self.bad("not JSON") from err

    def bad(self, detail: str, usage: Usage | None = None) -> ModelAnswerError:
        """The error that says what is wrong with this body."""
        return ModelAnswerError(self._provider, detail, usage=usage, raw=self.raw)

    def at(self, *path: str | int) -> object:
        """The value at a path, or ``None`` where the path ends early."""
        node = self._root
        for step in path:
            if isinstance(step, str) and isinstance(node, dict):
                node = node.get(step)
            elif isinstance(step, int) and isinstance(node, list) and step < len(node):
                node = node[step]
            else:
                return None
        return node

    def text(self, *path: str | int) -> str:
        """The string at a path; anything else is a bad answer."""
        value = self.at(*path)
        if not isinstance(value, str):
            raise self.bad(f"{'.'.join(map(str, path))} is missing")
        return value

    def usage(self, input_path: tuple[str, ...], output_path: tuple[str, ...]) -> Usage | None:
        """The bill, or ``None`` when the body states none that makes sense."""
        counts = (self.at(*input_path), self.at(*output_path))
        if not all(isinstance(n, int) and n >= 0 for n in counts):
            return None
        tokens_in, tokens_out = counts
        assert isinstance(tokens_in, int)
        assert isinstance(tokens_out, int)
        return Usage(input_tokens=tokens_in, output_tokens=tokens_out)
