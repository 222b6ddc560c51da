"""Loopback servers that speak the model vendors' protocols, for unmodified vendor clients.

``with OpenAiServer(Say("…")) as server:`` serves on a random port of 127.0.0.1 from a thread of its
own. Behaviours are taken in turn; the last one repeats. ``server.requests`` holds what arrived.
"""

from tests.servers.llm.anthropic_server import AnthropicServer
from tests.servers.llm.behaviours import (
    Behaviour,
    Cut,
    Drip,
    Garbage,
    Hang,
    Refuse,
    Say,
    Status,
    Truncate,
)
from tests.servers.llm.ollama_server import OllamaServer
from tests.servers.llm.openai_server import OpenAiServer

__all__ = [
    "AnthropicServer",
    "Behaviour",
    "Cut",
    "Drip",
    "Garbage",
    "Hang",
    "OllamaServer",
    "OpenAiServer",
    "Refuse",
    "Say",
    "Status",
    "Truncate",
]
