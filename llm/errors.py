"""What can go wrong with a model, as leaves of the project's error tree.

::

    ServiceError
    └── ModelError                  any failure of one provider
        ├── ModelUnavailableError   transient: time-out, dropped connection, 429, 5xx; try later
        ├── ModelRejectedError      permanent: bad key, unknown model, malformed request
        ├── ModelAnswerError        it answered, but not with what was asked (cut, not JSON)
        └── ModelRefusedError       it understood and declined

Raised by ``llm/providers``, handled by ``llm/gateway``; a person never sees them, they see the
template. Each carries what the failure cost, because a budget must count failures too.
"""

from dataclasses import dataclass

from engine.domain.errors import ServiceError

_DETAIL_CHARS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens one call was billed for; thinking tokens count as output."""

    input_tokens: int
    output_tokens: int


class ModelError(ServiceError):
    """A model failed us.

    ``usage`` is the bill when the provider stated one. Without a bill ``free`` says whether the
    call certainly cost nothing; when it may have cost something the whole reservation is kept.
    ``raw`` is the answer as it came, for the audit.
    """

    def __init__(
        self,
        provider: str,
        detail: str,
        *,
        usage: Usage | None = None,
        free: bool = False,
        raw: str = "",
    ) -> None:
        super().__init__(f"{provider}: {detail[:_DETAIL_CHARS]}")
        self.provider = provider
        self.usage = usage
        self.free = free
        self.raw = raw


class ModelUnavailableError(ModelError):
    """Transient. ``retry_after_s`` when the provider named it."""

    def __init__(
        self,
        provider: str,
        detail: str,
        *,
        retry_after_s: float | None = None,
        free: bool = False,
    ) -> None:
        super().__init__(provider, detail, free=free)
        self.retry_after_s = retry_after_s


class ModelRejectedError(ModelError):
    """Permanent: the same request will fail again until a person changes something."""


class ModelAnswerError(ModelError):
    """The answer is truncated, not JSON, or not of the schema."""


class ModelRefusedError(ModelError):
    """The model declined to answer."""
