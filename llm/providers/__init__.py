"""The vendors' clients behind one protocol, built from the policy."""

from llm.policy import LlmPolicy, ProviderName, ProviderOptions
from llm.providers.anthropic import AnthropicProvider
from llm.providers.base import Provider
from llm.providers.ollama import OllamaProvider
from llm.providers.openai import OpenAiProvider


def build_providers(policy: LlmPolicy) -> tuple[Provider, ...]:
    """The configured providers in the order of attempts; no vendor's package is imported yet."""
    return tuple(_build(name, policy.options_of(name)) for name in policy.providers)


def _build(name: ProviderName, options: ProviderOptions) -> Provider:
    match name:
        case "openai":
            return OpenAiProvider(options)
        case "anthropic":
            return AnthropicProvider(options)
        case "ollama":
            return OllamaProvider(options)
