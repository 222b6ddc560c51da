import subprocess
import sys
from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from engine.ports import Narrator
from llm import DeskNarrator, build_gateway
from llm.memory import MemoryLlmStore
from llm.policy import LlmPolicy, OpenAiOptions
from tests.unit.llm.samples import StillClock


def test_the_default_calls_nobody() -> None:
    assert LlmPolicy().providers == ()


def test_a_plain_section_becomes_the_policy() -> None:
    section = {
        "providers": ["ollama", "openai"],
        "openai": {"api_key": "sk-1"},
        "daily_budget_usd": "0.25",
    }
    policy = TypeAdapter(LlmPolicy).validate_python(section)
    assert policy.providers == ("ollama", "openai")
    assert policy.openai.api_key.get_secret_value() == "sk-1"
    assert policy.openai.model == OpenAiOptions().model
    assert policy.daily_budget_usd == Decimal("0.25")


@pytest.mark.parametrize(
    "section",
    [{"provider": []}, {"openai": {"modle": "x"}}, {"providers": ["gemini"]}],
)
def test_unknown_keys_and_providers_are_refused(section: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(LlmPolicy).validate_python(section)


def test_half_a_price_is_refused() -> None:
    with pytest.raises(ValueError, match="both input and output"):
        OpenAiOptions(input_usd_per_mtok=Decimal(1))


@pytest.mark.parametrize(
    "wrong",
    [
        {"daily_budget_usd": Decimal(-1)},
        {"alert_deadline_s": 0.0},
        {"warn_at_fraction": Decimal(2)},
        {"breaker_failures": 0},
        {"providers": ("ollama", "ollama")},
        {"purpose_budget_usd": {"explain": Decimal(-1)}},
    ],
)
def test_impossible_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be"):
        LlmPolicy(**wrong)  # type: ignore[arg-type]  # wrong on purpose


async def test_building_needs_no_vendor_and_keeps_the_order() -> None:
    policy = LlmPolicy(providers=("openai", "anthropic", "ollama"))
    gateway = build_gateway(policy, MemoryLlmStore(), StillClock())
    assert [status.name for status in gateway.status()] == ["openai", "anthropic", "ollama"]
    await gateway.aclose()


def test_no_vendor_package_is_imported_before_the_first_call() -> None:
    code = (
        "import sys, llm; from engine.clock import SystemClock; "
        "from llm.memory import MemoryLlmStore; "
        "policy = llm.LlmPolicy(providers=('openai', 'anthropic', 'ollama'));"
        "llm.build_gateway(policy, MemoryLlmStore(), SystemClock());"
        "print({'openai', 'anthropic', 'ollama', 'httpx', 'httpx2', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_narrator_is_the_desks_port() -> None:
    port: Narrator = DeskNarrator()
    assert port is not None
