"""One conversation with one provider: its state, its results, and what they cost.

Internal to the gateway; kept apart because nothing here waits or remembers.
"""

import asyncio
import hashlib
import json
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Self

from engine.domain.desk import Json
from llm.breaker import Breaker
from llm.errors import ModelError, Usage
from llm.policy import LlmPolicy
from llm.ports import BudgetGrant
from llm.prices import Price, price_of
from llm.providers.base import Message, ModelReply, ModelRequest, Provider
from llm.schema import parse
from llm.tasks import Checked, Outcome, Task, Verdict

_SHORTEST_CALL_S = 0.05
# Waiting for exactly the named time can wake an instant early, by the clock's resolution.
WAKE_MARGIN_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A provider with its price and its breaker."""

    provider: Provider
    price: Price | None
    breaker: Breaker

    @classmethod
    def of(cls, provider: Provider, policy: LlmPolicy) -> Self:
        """A line as the policy wants it."""
        breaker = Breaker(failures=policy.breaker_failures, cooldown_s=policy.breaker_cooldown_s)
        price = price_of(provider.name, policy.options_of(provider.name))
        return cls(provider=provider, price=price, breaker=breaker)

    def outcome[T](self, value: T | None, verdict: Verdict) -> Outcome[T]:
        """An outcome that names this provider."""
        return Outcome(
            value=value, verdict=verdict, provider=self.provider.name, model=self.provider.model
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result[T]:
    """What one call came to."""

    verdict: Verdict
    reply: ModelReply | None = None
    checked: Checked[T] | None = None
    error: Exception | None = None
    retry_in_s: float | None = None

    @property
    def value(self) -> T | None:
        """What may be used of the answer."""
        return self.checked.value if self.checked else None

    @property
    def raw(self) -> str:
        """The answer as it came, for the audit."""
        if self.reply is not None:
            return self.reply.text
        return self.error.raw if isinstance(self.error, ModelError) else ""

    @property
    def usage(self) -> Usage | None:
        """The bill, where one was stated."""
        if self.reply is not None:
            return self.reply.usage
        return self.error.usage if isinstance(self.error, ModelError) else None

    @property
    def report(self) -> Json:
        """The grounding report as plain JSON."""
        report: Json = json.loads(json.dumps(self.checked.report)) if self.checked else None
        return report

    def cost_usd(self, price: Price | None, grant: BudgetGrant) -> Decimal:
        """The bill; nothing for a call that was certainly free; else all that was set aside."""
        if self.usage is not None and price is not None:
            return price.cost_usd(self.usage)
        free = self.error.free if isinstance(self.error, ModelError) else True
        return Decimal(0) if free else grant.amount_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt[T]:
    """A request to one provider, to be over by ``end_s`` of the loop's time.

    ``origin`` is the request before any repair: the one the answer is kept under.
    """

    task: Task[T]
    line: Line
    request: ModelRequest
    origin: ModelRequest
    end_s: float

    @classmethod
    def first(cls, task: Task[T], line: Line, request: ModelRequest, end_s: float) -> Self:
        """The attempt that opens the conversation."""
        return cls(task=task, line=line, request=request, origin=request, end_s=end_s)

    def repaired(self, result: Result[T]) -> "Attempt[T]":
        """The same conversation with the bad answer and what is wrong with it."""
        assert result.checked is not None
        turns = (
            *self.request.messages,
            Message(role="assistant", content=result.raw),
            Message(role="user", content=result.checked.repair),
        )
        return replace(self, request=replace(self.request, messages=turns))

    def left_s(self) -> float:
        """Seconds left."""
        return max(0.0, self.end_s - asyncio.get_running_loop().time())

    def has_time_for(self, wait_s: float) -> bool:
        """Whether another call makes sense after a wait."""
        return self.left_s() > wait_s + WAKE_MARGIN_S + _SHORTEST_CALL_S


def judged[T](task: Task[T], reply: ModelReply) -> Result[T]:
    """Parse and check an answer."""
    try:
        checked = task.check(parse(reply.text, task.schema))
    except ValueError as err:
        return Result(verdict=Verdict.BAD_ANSWER, reply=reply, error=err)
    verdict = Verdict.GROUNDED if checked.is_good else Verdict.UNGROUNDED
    return Result(verdict=verdict, reply=reply, checked=checked)


def kept[T](task: Task[T], raw: str | None) -> Checked[T] | None:
    """A kept answer if it still passes; checked again, so a damaged cache tells no untruth."""
    if raw is None:
        return None
    try:
        checked = task.check(parse(raw, task.schema))
    except ValueError:
        return None
    return checked if checked.is_good else None


def cache_key[T](task: Task[T], provider: Provider, request: ModelRequest) -> str:
    """Hash of everything that shapes the answer."""
    parts = {
        "provider": provider.name,
        "model": provider.model,
        "prompt": [task.prompt.name, task.prompt.version],
        "request": request.canonical(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
