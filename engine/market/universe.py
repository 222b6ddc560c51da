"""Which symbols the desk watches: today the explicit list of the settings."""

from collections.abc import Iterable

from engine.domain.errors import ConfigurationError, InvalidValueError
from engine.domain.market import Symbol


def explicit_universe(texts: Iterable[str]) -> tuple[Symbol, ...]:
    """Symbols in the order given, each once; ``ConfigurationError`` for none or a misspelt one."""
    symbols: dict[Symbol, None] = {}
    for text in texts:
        try:
            symbols[Symbol.parse(text)] = None
        except InvalidValueError as error:
            raise ConfigurationError(f"symbols: {error}") from error
    if not symbols:
        raise ConfigurationError('symbols: name at least one, for example ["BTC/USDT"]')
    return tuple(symbols)
