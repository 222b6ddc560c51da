"""The one way to a model.

cache → for each provider in order: budget reserve → breaker → call → parse → ground → settle cost →
audit → the first grounded answer, else nothing (and the caller shows its template).

- One deadline bounds the whole of it. Every provider still to be tried keeps an equal share of the
  time left, so that a first one that hangs does not use up the second one's time.
- Money is reserved at the most a call can cost, in one atomic step, and corrected afterwards. A
  call that may have been billed without saying how much keeps its whole reservation.
- A transient failure is tried once more if the wait fits, an ungrounded answer is repaired once;
  each of these is a call of its own, budgeted and audited.
- ``ask`` does not raise for anything a model or the store does: the outcome says what happened.
  Time is the world's: give it the system clock even where the market's clock is simulated.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import structlog

from engine.domain.desk import AuditEvent, Json
from engine.domain.errors import CryptotraderError
from engine.ports import Clock
from llm.attempts import WAKE_MARGIN_S, Attempt, Line, Result, cache_key, judged, kept
from llm.errors import ModelAnswerError, ModelError, ModelRejectedError, ModelUnavailableError
from llm.policy import LlmPolicy
from llm.ports import BudgetGrant, BudgetRequest, LlmStore
from llm.providers.base import Message, ModelRequest, Provider, complete_within
from llm.tasks import Outcome, Task, Verdict

_log = structlog.get_logger()

# Kept back from the calls so that the last settlement and audit fit inside the deadline.
_CLOSING_FRACTION = 0.05
_PAUSE_BEFORE_RETRY_S = 0.25
_REDACTED = "[redacted]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderStatus:
    """One provider as ``/status`` and ``doctor`` show it."""

    name: str
    model: str
    price_known: bool
    resting_s: float


class Gateway:
    """Asks the configured providers within budget and time; not shared between event loops."""

    def __init__(
        self, *, policy: LlmPolicy, providers: Sequence[Provider], store: LlmStore, clock: Clock
    ) -> None:
        self._policy = policy
        self._store = store
        self._clock = clock
        self._lines = [Line.of(provider, policy) for provider in providers]
        secrets = (policy.options_of(name).api_key.get_secret_value() for name in policy.providers)
        self._secrets = [secret for secret in secrets if secret]

    async def ask[T](self, task: Task[T]) -> Outcome[T]:
        """The first grounded answer within ``task.deadline_s``, or an outcome that says why not."""
        if not self._lines:
            return Outcome(value=None, verdict=Verdict.NO_PROVIDER)
        try:
            async with asyncio.timeout(task.deadline_s):
                return await self._answer(task)
        except TimeoutError:
            outcome: Outcome[T] = Outcome(value=None, verdict=Verdict.DEADLINE)
        except CryptotraderError as err:
            _log.warning("llm_store_failed", purpose=task.purpose, error=str(err))
            outcome = Outcome(value=None, verdict=Verdict.STORE_FAILED)
        _log.warning("llm_gave_up", subject=task.subject, verdict=outcome.verdict)
        return outcome

    async def spent_today_usd(self) -> Decimal:
        """Settled and reserved money of this UTC day."""
        return await self._store.spent_usd(self._clock.now().date())

    def status(self) -> tuple[ProviderStatus, ...]:
        """The providers in order."""
        now_s = asyncio.get_running_loop().time()
        return tuple(
            ProviderStatus(
                name=line.provider.name,
                model=line.provider.model,
                price_known=line.price is not None,
                resting_s=line.breaker.resting_s(now_s),
            )
            for line in self._lines
        )

    async def aclose(self) -> None:
        """Close the providers' connections."""
        for line in self._lines:
            await line.provider.aclose()

    async def _answer[T](self, task: Task[T]) -> Outcome[T]:
        request = ModelRequest(
            messages=(
                Message(role="system", content=task.prompt.text),
                Message(role="user", content=task.data),
            ),
            schema_name=task.prompt.name,
            schema=task.schema,
            max_output_tokens=self._policy.max_output_tokens,
        )
        kept = await self._kept(task, request)
        if kept is not None:
            return kept
        loop = asyncio.get_running_loop()
        end_s = loop.time() + task.deadline_s * (1 - _CLOSING_FRACTION)
        outcome: Outcome[T] = Outcome(value=None, verdict=Verdict.NO_PROVIDER)
        for index, line in enumerate(self._lines):
            share_s = (end_s - loop.time()) / (len(self._lines) - index)
            attempt = Attempt.first(task, line, request, loop.time() + share_s)
            outcome = await self._converse(attempt)
            if outcome.value is not None:
                break
        return outcome

    async def _kept[T](self, task: Task[T], request: ModelRequest) -> Outcome[T] | None:
        """A kept answer of any provider; checked again, so a damaged cache tells no untruth."""
        for line in self._lines:
            raw = await self._store.cached(cache_key(task, line.provider, request))
            checked = kept(task, raw)
            if checked is not None:
                return line.outcome(checked.value, Verdict.CACHED)
        return None

    async def _converse[T](self, attempt: Attempt[T]) -> Outcome[T]:
        """Call, call again after a transient failure, ask for one repair, trim."""
        first = await self._call(attempt)
        if first.retry_in_s is not None and attempt.has_time_for(first.retry_in_s):
            await asyncio.sleep(first.retry_in_s + WAKE_MARGIN_S)
            first = await self._call(attempt)
        if first.checked is None or first.checked.is_good or not attempt.has_time_for(0):
            return attempt.line.outcome(first.value, first.verdict)
        second = await self._call(attempt.repaired(first))
        if second.verdict is Verdict.GROUNDED:
            return attempt.line.outcome(second.value, second.verdict)
        rest = second.value if second.value is not None else first.value
        verdict = Verdict.UNGROUNDED if rest is None else Verdict.TRIMMED
        return attempt.line.outcome(rest, verdict)

    async def _call[T](self, attempt: Attempt[T]) -> Result[T]:
        """One call: reserve, breaker, complete, parse, ground, settle, keep, audit."""
        started_at = self._clock.now()
        began_s = asyncio.get_running_loop().time()
        grant = await self._reserve(attempt, started_at)
        if isinstance(grant, Verdict):
            result: Result[T] = Result(verdict=grant)
            cost_usd = Decimal(0)
        else:
            result = await self._complete(attempt)
            cost_usd = result.cost_usd(attempt.line.price, grant)
            await self._store.settle(grant.reservation_id, cost_usd)
            if result.verdict is Verdict.GROUNDED:
                key = cache_key(attempt.task, attempt.line.provider, attempt.origin)
                await self._store.keep(key, result.raw, started_at)
        took_s = asyncio.get_running_loop().time() - began_s
        await self._audit(attempt, result, cost_usd, started_at, took_s)
        return result

    async def _reserve[T](self, attempt: Attempt[T], now: datetime) -> BudgetGrant | Verdict:
        price, policy = attempt.line.price, self._policy
        if price is None:
            return Verdict.UNKNOWN_PRICE
        purpose = attempt.task.purpose
        limit = policy.daily_budget_usd
        grant = await self._store.reserve(
            BudgetRequest(
                day=now.date(),
                purpose=purpose,
                amount_usd=price.ceiling_usd(attempt.request),
                day_limit_usd=limit,
                purpose_limit_usd=policy.purpose_budget_usd.get(purpose, limit),
                warn_at_usd=limit * policy.warn_at_fraction,
            )
        )
        if grant is None:
            return Verdict.OVER_BUDGET
        if grant.warning:
            _log.warning("llm_budget_nearly_spent", day=str(now.date()), limit_usd=str(limit))
        return grant

    async def _complete[T](self, attempt: Attempt[T]) -> Result[T]:
        line, loop = attempt.line, asyncio.get_running_loop()
        if not line.breaker.allows(loop.time()):
            return Result(verdict=Verdict.RESTING)
        try:
            reply = await complete_within(line.provider, attempt.request, attempt.left_s())
        except ModelUnavailableError as err:
            line.breaker.failed(loop.time(), err.retry_after_s)
            _log.warning("llm_unavailable", error=self._redact(str(err)))
            wait_s = _PAUSE_BEFORE_RETRY_S if err.retry_after_s is None else err.retry_after_s
            return Result(verdict=Verdict.UNAVAILABLE, error=err, retry_in_s=wait_s)
        except ModelRejectedError as err:
            line.breaker.failed(loop.time(), self._policy.breaker_cooldown_s)
            _log.warning("llm_rejected", error=self._redact(str(err)))
            return Result(verdict=Verdict.REJECTED, error=err)
        except ModelError as err:
            line.breaker.succeeded()
            bad = isinstance(err, ModelAnswerError)
            return Result(verdict=Verdict.BAD_ANSWER if bad else Verdict.REFUSED, error=err)
        except asyncio.CancelledError:
            line.breaker.abandoned()
            raise
        line.breaker.succeeded()
        return judged(attempt.task, reply)

    async def _audit[T](
        self,
        attempt: Attempt[T],
        result: Result[T],
        cost_usd: Decimal,
        started_at: datetime,
        took_s: float,
    ) -> None:
        task, reply = attempt.task, result.reply
        detail: dict[str, Json] = {
            "prompt": f"{task.prompt.name}-v{task.prompt.version}",
            "provider": attempt.line.provider.name,
            "model_asked": attempt.line.provider.model,
            "model_reported": reply.model if reply else "",
            "verdict": result.verdict.value,
            "request": self._redact(attempt.request.canonical()),
            "answer": self._redact(result.raw),
            "error": self._redact(str(result.error or "")),
            "grounding": result.report,
            "input_tokens": result.usage.input_tokens if result.usage else None,
            "output_tokens": result.usage.output_tokens if result.usage else None,
            "cost_usd": str(cost_usd),
            "took_ms": round(took_s * 1000),
        }
        event = AuditEvent(
            at=started_at,
            actor="llm",
            action=f"llm.{task.purpose}",
            subject=task.subject,
            detail=detail,
        )
        await self._store.append(event)

    def _redact(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _REDACTED)
        return text
