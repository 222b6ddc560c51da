from decimal import Decimal

import pytest

from llm.errors import Usage
from llm.policy import AnthropicOptions, OllamaOptions, OpenAiOptions
from llm.prices import price_of
from llm.providers.base import Message, ModelRequest
from llm.schema import STRING, closed_object


def test_a_known_model_has_its_listed_price() -> None:
    price = price_of("openai", OpenAiOptions(model="gpt-4.1"))
    assert price is not None
    # 1,000 tokens in at 2 USD and 500 out at 8 USD per million: 0.002 + 0.004
    assert price.cost_usd(Usage(input_tokens=1_000, output_tokens=500)) == Decimal("0.006")


@pytest.mark.parametrize("model", ["gpt-5-2025-08-07", "gpt-5"])
def test_a_snapshot_costs_what_its_family_costs(model: str) -> None:
    assert price_of("openai", OpenAiOptions(model=model)) is not None


def test_an_anthropic_snapshot_costs_what_its_family_costs() -> None:
    dated = price_of("anthropic", AnthropicOptions(model="claude-haiku-4-5-20251001"))
    assert dated == price_of("anthropic", AnthropicOptions(model="claude-haiku-4-5"))


def test_an_unknown_model_has_no_price() -> None:
    assert price_of("openai", OpenAiOptions(model="gpt-99-surprise")) is None


def test_a_set_price_overrides_the_table() -> None:
    options = OpenAiOptions(
        model="gpt-99-surprise",
        input_usd_per_mtok=Decimal(1),
        output_usd_per_mtok=Decimal(2),
    )
    price = price_of("openai", options)
    assert price is not None
    cost = price.cost_usd(Usage(input_tokens=1_000_000, output_tokens=1_000_000))
    assert cost == 3


def test_the_owners_ollama_is_free() -> None:
    price = price_of("ollama", OllamaOptions(model="anything"))
    assert price is not None
    assert price.cost_usd(Usage(input_tokens=10**9, output_tokens=10**9)) == 0


def test_the_ceiling_counts_every_byte_and_all_the_output() -> None:
    price = price_of("openai", OpenAiOptions(model="gpt-4.1"))
    assert price is not None
    request = ModelRequest(
        messages=(Message(role="system", content="s"), Message(role="user", content="ü" * 1_000)),
        schema_name="x",
        schema=closed_object(a=STRING),
        max_output_tokens=100,
    )
    # at least 2,000 bytes at 2 USD and 100 tokens at 8 USD per million
    assert price.ceiling_usd(request) > Decimal("0.0048")
