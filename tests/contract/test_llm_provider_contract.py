"""Every model provider over the wire, and every store of the gateway, against one contract.

Providers are the vendors' unmodified clients talking to loopback servers. A store is added by
subclassing ``LlmStoreContract`` with a ``store`` fixture.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pydantic import SecretStr

from db.llm_store import SqlLlmStore
from db.unit_of_work import SqlUnits
from engine.domain.desk import AuditEvent
from llm.errors import (
    ModelAnswerError,
    ModelError,
    ModelRefusedError,
    ModelRejectedError,
    ModelUnavailableError,
    Usage,
)
from llm.memory import MemoryLlmStore
from llm.policy import AnthropicOptions, OllamaOptions, OpenAiOptions
from llm.ports import BudgetGrant, BudgetRequest, LlmStore
from llm.providers.anthropic import AnthropicProvider
from llm.providers.base import Message, ModelRequest, Provider, complete_within
from llm.providers.ollama import OllamaProvider
from llm.providers.openai import OpenAiProvider
from llm.schema import STRING, array, closed_object
from tests.servers.llm import (
    AnthropicServer,
    Behaviour,
    Cut,
    Drip,
    Garbage,
    Hang,
    OllamaServer,
    OpenAiServer,
    Refuse,
    Say,
    Status,
    Truncate,
)
from tests.servers.llm.loopback import LoopbackServer

REQUEST = ModelRequest(
    messages=(
        Message(role="system", content="Explain."),
        Message(role="user", content='{"facts": []}'),
    ),
    schema_name="explain",
    schema=closed_object(sentences=array(STRING)),
    max_output_tokens=500,
)
VENDORS = ("openai", "anthropic", "ollama")
HOSTED = pytest.mark.parametrize("rig", ["openai", "anthropic"], indirect=True)


@dataclass
class Rig:
    """A provider and the server it talks to, started with a script."""

    vendor: str
    stack: ExitStack
    server: LoopbackServer | None = None

    def provider(self, *script: Behaviour) -> Provider:
        """The vendor's provider before a server that will behave as scripted."""
        match self.vendor:
            case "openai":
                server: LoopbackServer = OpenAiServer(*script)
            case "anthropic":
                server = AnthropicServer(*script)
            case _:
                server = OllamaServer(*script)
        self.server = self.stack.enter_context(server)
        return self.at(self.server.base_url)

    def at(self, base_url: str, key: str | None = None, model: str | None = None) -> Provider:
        """The vendor's provider at an address."""
        match self.vendor:
            case "openai":
                return OpenAiProvider(
                    OpenAiOptions(
                        model=model or "gpt-5-nano",
                        base_url=base_url,
                        api_key=SecretStr(key or "sk-test"),
                    )
                )
            case "anthropic":
                return AnthropicProvider(
                    AnthropicOptions(
                        model=model or "claude-haiku-5-5",
                        base_url=base_url,
                        api_key=SecretStr(key or "sk-ant-test"),
                    )
                )
            case _:
                return OllamaProvider(OllamaOptions(model=model or "llama3.2", base_url=base_url))


@pytest.fixture(params=VENDORS)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with ExitStack() as stack:
        yield Rig(request.param, stack)


async def failure(provider: Provider, deadline_s: float = 5.0) -> ModelError:
    """The error a call ends in."""
    try:
        with pytest.raises(ModelError) as caught:
            await complete_within(provider, REQUEST, deadline_s)
    finally:
        await provider.aclose()
    return caught.value


async def test_an_answer_comes_with_its_model_and_its_bill(rig: Rig) -> None:
    provider = rig.provider(Say('{"sentences": []}', input_tokens=321, output_tokens=45))
    reply = await complete_within(provider, REQUEST, 5)
    await provider.aclose()
    assert reply.text == '{"sentences": []}'
    assert reply.model == provider.model
    assert reply.usage == Usage(input_tokens=321, output_tokens=45)


@HOSTED  # Ollama echoes the model it was asked for
async def test_the_model_reported_is_the_servers_word_not_ours(rig: Rig) -> None:
    provider = rig.provider(Say("{}", model="another-model"))
    reply = await complete_within(provider, REQUEST, 5)
    await provider.aclose()
    assert reply.model == "another-model"


async def test_the_schema_and_the_output_limit_travel_with_the_request(rig: Rig) -> None:
    provider = rig.provider(Say("{}"))
    await complete_within(provider, REQUEST, 5)
    await provider.aclose()
    assert rig.server is not None
    body = rig.server.requests[0].body
    where = {
        "openai": lambda: (body["response_format"]["json_schema"]["schema"], body["max_tokens"]),
        "anthropic": lambda: (body["output_config"]["format"]["schema"], body["max_tokens"]),
        "ollama": lambda: (body["format"], body["options"]["num_predict"]),
    }
    assert where[rig.vendor]() == (REQUEST.schema, 500)


async def test_rate_limited_is_transient_and_free(rig: Rig) -> None:
    error = await failure(rig.provider(Status(429, {"retry-after": "7"}, "rate_limit_error")))
    assert isinstance(error, ModelUnavailableError)
    assert error.free
    assert rig.server is not None
    assert len(rig.server.requests) == 1, "the vendor's client must not retry"


@HOSTED  # Ollama's client keeps no headers of an error
async def test_the_named_wait_is_passed_on(rig: Rig) -> None:
    error = await failure(rig.provider(Status(429, {"retry-after": "7"})))
    assert isinstance(error, ModelUnavailableError)
    assert error.retry_after_s == 7


@pytest.mark.parametrize("code", [500, 502, 503, 529])
async def test_a_server_error_is_transient(rig: Rig, code: int) -> None:
    error = await failure(rig.provider(Status(code)))
    assert isinstance(error, ModelUnavailableError)
    assert rig.server is not None
    assert len(rig.server.requests) == 1


@pytest.mark.parametrize("code", [400, 401, 403, 404, 413, 422])
async def test_a_refused_request_is_permanent_and_free(rig: Rig, code: int) -> None:
    error = await failure(rig.provider(Status(code)))
    assert isinstance(error, ModelRejectedError)
    assert error.free


@HOSTED  # a local Ollama has no keys
async def test_a_wrong_key_is_permanent(rig: Rig) -> None:
    rig.provider(Say("{}"))
    assert rig.server is not None
    error = await failure(rig.at(rig.server.base_url, key="sk-wrong"))
    assert isinstance(error, ModelRejectedError)


@pytest.mark.parametrize("behaviour", [Hang(), Drip()], ids=["hang", "drip"])
async def test_the_deadline_is_total_whatever_the_server_does(
    rig: Rig, behaviour: Behaviour
) -> None:
    provider = rig.provider(Say("{}"), behaviour)
    await complete_within(provider, REQUEST, 30)
    began_s = asyncio.get_running_loop().time()
    error = await failure(provider, deadline_s=0.3)
    took_s = asyncio.get_running_loop().time() - began_s
    assert isinstance(error, ModelUnavailableError)
    assert not error.free, "the provider may bill what we stopped waiting for"
    assert took_s < 5


async def test_a_cut_answer_is_transient_and_may_have_cost(rig: Rig) -> None:
    error = await failure(rig.provider(Cut('{"sentences": ["half of an answer"]}')))
    assert isinstance(error, ModelUnavailableError)
    assert not error.free


async def test_nobody_listening_is_transient_and_free(rig: Rig) -> None:
    error = await failure(rig.at("http://127.0.0.1:9"))
    assert isinstance(error, ModelUnavailableError)
    assert error.free


async def test_a_truncated_answer_is_bad_and_billed(rig: Rig) -> None:
    error = await failure(rig.provider(Truncate('{"sentences": ["half')))
    assert isinstance(error, ModelAnswerError)
    assert error.usage == Usage(input_tokens=120, output_tokens=40)


@HOSTED  # Ollama can only refuse in words, which the schema check rejects
async def test_a_refusal_is_its_own_error(rig: Rig) -> None:
    error = await failure(rig.provider(Refuse()))
    assert isinstance(error, ModelRefusedError)
    assert error.usage is not None


@pytest.mark.parametrize(
    "garbage",
    [
        Garbage(),
        Garbage(b"", "application/json"),
        Garbage(b"[1, 2]", "application/json"),
        Garbage(b"{}", "application/json"),
        Garbage(b'{"choices": [], "content": {}, "message": 7}', "application/json"),
        Garbage(b"[" * 100_000, "application/json"),
        Garbage(b"\xff\xfe\x00", "application/json"),
    ],
    ids=["html", "empty", "list", "no-fields", "wrong-types", "deep", "bytes"],
)
async def test_garbage_is_a_bad_answer(rig: Rig, garbage: Garbage) -> None:
    error = await failure(rig.provider(garbage))
    assert isinstance(error, ModelAnswerError)


async def test_an_unknown_ollama_model_names_the_remedy() -> None:
    with OllamaServer(Say("{}")) as server:
        provider = OllamaProvider(OllamaOptions(model="missing", base_url=server.base_url))
        error = await failure(provider)
    assert isinstance(error, ModelRejectedError)
    assert "ollama pull missing" in str(error)


class LlmStoreContract:
    """What every ``LlmStore`` must do; subclasses give the ``store`` fixture."""

    DAY = date(2026, 11, 2)
    AT = datetime(2026, 11, 2, 9, tzinfo=UTC)

    @staticmethod
    def want(
        amount: str, *, day: date = DAY, purpose: str = "explain", cap: str = "1", own: str = "1"
    ) -> BudgetRequest:
        return BudgetRequest(
            day=day,
            purpose=purpose,
            amount_usd=Decimal(amount),
            day_limit_usd=Decimal(cap),
            purpose_limit_usd=Decimal(own),
            warn_at_usd=Decimal(cap) * Decimal("0.8"),
        )

    async def granted(self, store: LlmStore, request: BudgetRequest) -> BudgetGrant:
        grant = await store.reserve(request)
        assert grant is not None
        return grant

    async def test_an_unknown_key_is_not_kept(self, store: LlmStore) -> None:
        assert await store.cached("k") is None

    async def test_a_kept_reply_comes_back_and_can_be_replaced(self, store: LlmStore) -> None:
        await store.keep("k", "first", self.AT)
        await store.keep("k", "größer ≥", self.AT)
        assert await store.cached("k") == "größer ≥"

    async def test_a_sum_equal_to_the_limit_is_inside_it(self, store: LlmStore) -> None:
        await self.granted(store, self.want("0.6"))
        await self.granted(store, self.want("0.4"))
        assert await store.reserve(self.want("0.000001")) is None

    async def test_twenty_parallel_calls_cannot_overspend(self, store: LlmStore) -> None:
        grants = await asyncio.gather(*(store.reserve(self.want("0.3")) for _ in range(20)))
        assert sum(grant is not None for grant in grants) == 3
        assert await store.spent_usd(self.DAY) == Decimal("0.9")

    async def test_settling_frees_what_was_not_spent(self, store: LlmStore) -> None:
        grant = await self.granted(store, self.want("1"))
        await store.settle(grant.reservation_id, Decimal("0.000123"))
        assert await store.spent_usd(self.DAY) == Decimal("0.000123")
        await self.granted(store, self.want("0.9"))

    async def test_a_second_settlement_does_nothing(self, store: LlmStore) -> None:
        grant = await self.granted(store, self.want("1"))
        await store.settle(grant.reservation_id, Decimal("0.5"))
        await store.settle(grant.reservation_id, Decimal(0))
        await store.settle("no such reservation", Decimal(9))
        assert await store.spent_usd(self.DAY) == Decimal("0.5")

    async def test_a_bill_above_its_reservation_counts_in_full(self, store: LlmStore) -> None:
        grant = await self.granted(store, self.want("0.9"))
        await store.settle(grant.reservation_id, Decimal("1.2"))
        assert await store.spent_usd(self.DAY) == Decimal("1.2")
        assert await store.reserve(self.want("0.01")) is None

    async def test_free_calls_are_granted_even_when_all_is_spent(self, store: LlmStore) -> None:
        await self.granted(store, self.want("1"))
        await self.granted(store, self.want("0"))

    async def test_every_day_starts_afresh(self, store: LlmStore) -> None:
        await self.granted(store, self.want("1"))
        await self.granted(store, self.want("1", day=date(2026, 11, 3)))

    async def test_a_purpose_has_its_own_limit_inside_the_days(self, store: LlmStore) -> None:
        await self.granted(store, self.want("0.2", purpose="sentiment", own="0.2"))
        assert await store.reserve(self.want("0.1", purpose="sentiment", own="0.2")) is None
        await self.granted(store, self.want("0.8"))
        assert await store.spent_usd(self.DAY, "sentiment") == Decimal("0.2")
        assert await store.spent_usd(self.DAY) == Decimal(1)

    async def test_the_warning_comes_once_a_day(self, store: LlmStore) -> None:
        warnings = [
            (await self.granted(store, self.want(amount))).warning
            for amount in ("0.7", "0.1", "0.1", "0.1")
        ]
        assert warnings == [False, True, False, False]

    async def test_an_audit_event_is_taken(self, store: LlmStore) -> None:
        event = AuditEvent(
            at=self.AT, actor="llm", action="llm.explain", subject="d1", detail={"n": 1}
        )
        await store.append(event)


class TestMemoryLlmStore(LlmStoreContract):
    @pytest.fixture
    def store(self) -> MemoryLlmStore:
        return MemoryLlmStore()


class TestSqlLlmStore(LlmStoreContract):
    @pytest.fixture
    def store(self, database_url: str) -> Iterator[LlmStore]:
        units = SqlUnits(database_url)
        yield SqlLlmStore(units, grant=BudgetGrant)
        units.close()
