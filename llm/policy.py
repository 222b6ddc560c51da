"""The options of the ``[llm]`` section, as frozen values beside the code that uses them.

The shape is that of the configuration file: ``providers`` names the order of attempts, and each
provider has its own sub-section. Nothing here reads the environment; keys arrive as ``SecretStr``
and are opened only where the vendor's client is built.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import SecretStr

from engine.domain.values import require, require_not_negative

ProviderName = Literal["openai", "ollama", "anthropic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderOptions:
    """One provider: which model, where, with which key, at which price.

    ``input_usd_per_mtok`` and ``output_usd_per_mtok`` are US dollars per million tokens; both
    override the built-in table. A model whose price is unknown is not called.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    model: str
    base_url: str
    api_key: SecretStr = field(default_factory=lambda: SecretStr(""))
    input_usd_per_mtok: Decimal | None = None
    output_usd_per_mtok: Decimal | None = None

    def __post_init__(self) -> None:
        """Prices come in pairs and are not negative."""
        prices = (self.input_usd_per_mtok, self.output_usd_per_mtok)
        require(prices.count(None) != 1, "model price", "both input and output, or neither", prices)
        for price in prices:
            if price is not None:
                require_not_negative("model price", price)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAiOptions(ProviderOptions):
    """OpenAI, or any server that speaks its chat completions at ``base_url``."""

    model: str = "gpt-5.4-nano"
    base_url: str = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnthropicOptions(ProviderOptions):
    """Anthropic's messages."""

    model: str = "claude-haiku-5-5"
    base_url: str = "https://api.anthropic.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaOptions(ProviderOptions):
    """A local Ollama; its tokens are free unless a price is set."""

    model: str = "llama3.2"
    base_url: str = "http://127.0.0.1:11434"


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmPolicy:
    """How models are used. The defaults call none: every text is then the template.

    ``daily_budget_usd`` counts per UTC day over all purposes; 0 allows free models only.
    ``purpose_budget_usd`` caps single purposes inside it. At ``warn_at_fraction`` of the budget one
    warning is logged. ``alert_deadline_s`` and ``chat_deadline_s`` are the total time a card or a
    chat answer may wait for words, retries and further providers included. A provider that failed
    ``breaker_failures`` times in a row rests for ``breaker_cooldown_s``.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    providers: tuple[ProviderName, ...] = ()
    openai: OpenAiOptions = field(default_factory=OpenAiOptions)
    anthropic: AnthropicOptions = field(default_factory=AnthropicOptions)
    ollama: OllamaOptions = field(default_factory=OllamaOptions)
    daily_budget_usd: Decimal = Decimal("1.00")
    purpose_budget_usd: dict[str, Decimal] = field(default_factory=dict)
    warn_at_fraction: Decimal = Decimal("0.8")
    alert_deadline_s: float = 20.0
    chat_deadline_s: float = 45.0
    max_output_tokens: int = 2_000
    breaker_failures: int = 3
    breaker_cooldown_s: float = 60.0

    def __post_init__(self) -> None:
        """Budgets are not negative; deadlines and counts are positive; no provider twice."""
        require_not_negative("daily_budget_usd", self.daily_budget_usd)
        for purpose, cap in self.purpose_budget_usd.items():
            require_not_negative(f"purpose_budget_usd.{purpose}", cap)
        require(0 < self.warn_at_fraction <= 1, "warn_at_fraction", "0 to 1", self.warn_at_fraction)
        for name in ("alert_deadline_s", "chat_deadline_s", "breaker_cooldown_s"):
            require(getattr(self, name) > 0, name, "> 0", getattr(self, name))
        for name in ("max_output_tokens", "breaker_failures"):
            require(getattr(self, name) >= 1, name, ">= 1", getattr(self, name))
        unique = len(set(self.providers)) == len(self.providers)
        require(unique, "providers", "each named once", self.providers)

    def options_of(self, name: ProviderName) -> ProviderOptions:
        """The options of one provider."""
        options: dict[ProviderName, ProviderOptions] = {
            "openai": self.openai,
            "anthropic": self.anthropic,
            "ollama": self.ollama,
        }
        return options[name]
