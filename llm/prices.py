"""What a call costs, and the most it can cost.

Prices are US dollars per million tokens, from the vendors' public lists in November 2026. An
unknown model has no price and is not called: zero would be a guess in the wrong direction. A
snapshot (``gpt-5-2025-08-07``) costs what its family costs.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from llm.errors import Usage
from llm.policy import ProviderName, ProviderOptions
from llm.providers.base import ModelRequest

_MILLION = Decimal(1_000_000)
# What servers add to a request unseen: role markers, and instructions they write for a schema.
_OVERHEAD_TOKENS = 1_000
_SNAPSHOT = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2})$")

_KNOWN = {
    ("anthropic", "claude-haiku-5-5"): ("0.10", "0.50"),
    ("anthropic", "claude-haiku-4-5"): ("1", "5"),
    ("anthropic", "claude-sonnet-5-5"): ("2", "10"),
    ("anthropic", "claude-sonnet-5"): ("2", "10"),
    ("anthropic", "claude-sonnet-4-6"): ("3", "15"),
    ("anthropic", "claude-sonnet-4-5"): ("3", "15"),
    ("anthropic", "claude-opus-5-5"): ("4", "20"),
    ("anthropic", "claude-opus-5"): ("5", "25"),
    ("openai", "gpt-5.5"): ("5", "30"),
    ("openai", "gpt-5.4"): ("2.50", "15"),
    ("openai", "gpt-5.4-mini"): ("0.75", "4.50"),
    ("openai", "gpt-5.4-nano"): ("0.20", "1.25"),
    ("openai", "gpt-5.1"): ("1.25", "10"),
    ("openai", "gpt-5"): ("1.25", "10"),
    ("openai", "gpt-5-mini"): ("0.25", "2"),
    ("openai", "gpt-5-nano"): ("0.05", "0.40"),
    ("openai", "gpt-4.1"): ("2", "8"),
    ("openai", "gpt-4.1-mini"): ("0.40", "1.60"),
    ("openai", "gpt-4.1-nano"): ("0.10", "0.40"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars per million tokens."""

    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal

    def cost_usd(self, usage: Usage) -> Decimal:
        """The exact bill of one call."""
        spent = (
            usage.input_tokens * self.input_usd_per_mtok
            + usage.output_tokens * self.output_usd_per_mtok
        )
        return spent / _MILLION

    def ceiling_usd(self, request: ModelRequest) -> Decimal:
        """The most the call can cost: no token is shorter than one byte of its text."""
        return self.cost_usd(
            Usage(
                input_tokens=len(request.canonical().encode()) + _OVERHEAD_TOKENS,
                output_tokens=request.max_output_tokens,
            )
        )


def price_of(name: ProviderName, options: ProviderOptions) -> Price | None:
    """The configured price, else the known one, else nothing; the owner's own Ollama is free."""
    if options.input_usd_per_mtok is not None and options.output_usd_per_mtok is not None:
        return Price(
            input_usd_per_mtok=options.input_usd_per_mtok,
            output_usd_per_mtok=options.output_usd_per_mtok,
        )
    if name == "ollama":
        return Price(input_usd_per_mtok=Decimal(0), output_usd_per_mtok=Decimal(0))
    known = _KNOWN.get((name, _SNAPSHOT.sub("", options.model)))
    if known is None:
        return None
    return Price(input_usd_per_mtok=Decimal(known[0]), output_usd_per_mtok=Decimal(known[1]))
