"""The language model: it puts finished decisions into words and never decides.

``DeskNarrator`` is the front; ``build_narrator`` wires it from the policy, a store and a clock. No
vendor's package is imported before the first call.
"""

from engine.ports import Clock
from llm.gateway import Gateway
from llm.narrator import DeskNarrator, Narration
from llm.policy import LlmPolicy
from llm.ports import LlmStore
from llm.providers import build_providers

__all__ = [
    "DeskNarrator",
    "Gateway",
    "LlmPolicy",
    "LlmStore",
    "Narration",
    "build_gateway",
    "build_narrator",
]


def build_gateway(policy: LlmPolicy, store: LlmStore, clock: Clock) -> Gateway:
    """The gateway over the configured providers. ``clock`` is the system's: budgets are per day."""
    return Gateway(policy=policy, providers=build_providers(policy), store=store, clock=clock)


def build_narrator(policy: LlmPolicy, gateway: Gateway | None) -> DeskNarrator:
    """The narrator; without a gateway, or with one that has no provider, it uses the template."""
    return DeskNarrator(gateway, deadline_s=policy.alert_deadline_s)
