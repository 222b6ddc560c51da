"""One frozen settings tree; the only reader of the environment.

TOML file, ``.env`` and environment → ``layers`` → one checked tree → ``Settings``. Every value
remembers where it came from. The engine's policies are nested by import; what bot, llm and db need
is written down here once more as plain sections, which ``main`` hands on.
"""

from config.loading import Loaded, load
from config.settings import Settings

__all__ = ["Loaded", "Settings", "load"]
