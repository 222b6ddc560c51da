"""What is asked of the gateway and what comes back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from llm.prompts import Prompt
from llm.schema import Schema


class Verdict(StrEnum):
    """What became of a question to a model."""

    GROUNDED = "grounded"
    CACHED = "cached"
    TRIMMED = "trimmed"  # bad sentences were dropped after a repair failed
    UNGROUNDED = "ungrounded"
    BAD_ANSWER = "bad_answer"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    REJECTED = "rejected"
    RESTING = "resting"  # the breaker is open
    OVER_BUDGET = "over_budget"
    UNKNOWN_PRICE = "unknown_price"
    DEADLINE = "deadline"
    STORE_FAILED = "store_failed"
    NO_PROVIDER = "no_provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked[T]:
    """A parsed answer held against the facts.

    ``value`` is what may be used: of a good answer all, of a bad one what is left, ``None`` for
    nothing. ``repair`` asks the model to write again. ``report`` goes to the audit.
    """

    is_good: bool
    value: T | None
    repair: str
    report: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task[T]:
    """One question: why it is asked (``purpose``, ``subject``), what, and how to check the answer.

    ``check`` gets the parsed answer, which has the shape of ``schema``. ``data`` is the user
    message; foreign text in it must be JSON.
    """

    purpose: str
    subject: str
    prompt: Prompt
    data: str
    schema: Schema
    deadline_s: float
    check: Callable[[object], Checked[T]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome[T]:
    """The answer, or ``None`` and why there is none."""

    value: T | None
    verdict: Verdict
    provider: str = ""
    model: str = ""
