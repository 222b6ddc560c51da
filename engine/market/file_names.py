"""Which candle files there are, and which market and timeframe a file's name speaks of.

``BTC_USDT-1h.parquet``, ``BTC_USDT-1h-anything.csv.gz``, freqtrade's ``ETH_USDT-5m.feather``. The
name wins; flags fill in what it does not say, and a contradiction is refused, since a flag over a
whole folder would else pour several markets into one.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from engine.domain.errors import DataError, InvalidValueError, UsageError
from engine.domain.market import Symbol, Timeframe

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".feather")

_NAME = re.compile(r"(?P<pair>[^-]+)-(?P<timeframe>\d+[smhdwM])(?:-(?P<rest>.+))?")
_PAIR_PARTS = 2
# What freqtrade appends to files of derivatives.
_DERIVATIVES = frozenset({"futures", "mark", "index", "premiumindex", "funding_rate"})


def find_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Candle files among the paths, folders searched to the bottom, sorted and each once.

    Other files in folders are passed over. ``UsageError`` for a path that does not exist.
    """
    found: set[Path] = set()
    for path in paths:
        if path.is_dir():
            found.update(p for p in path.rglob("*") if p.is_file() and _suffix(p))
        elif path.exists():
            found.add(path)
        else:
            raise UsageError(f"no such file or folder: {path}")
    return tuple(sorted(found))


def identify(
    path: Path, *, symbol: Symbol | None = None, timeframe: Timeframe | None = None
) -> tuple[Symbol, Timeframe]:
    """Market and timeframe of a file; ``DataError`` where name and flags do not give both."""
    suffix = _suffix(path)
    if not suffix:
        raise DataError(f"{path}: not one of {', '.join(SUFFIXES)}")
    match = _NAME.fullmatch(path.name[: -len(suffix)])
    named = _named(path, match) if match else (None, None)
    return (
        _agreed(path, "symbol", named[0], symbol),
        _agreed(path, "timeframe", named[1], timeframe),
    )


def file_name(symbol: Symbol, timeframe: Timeframe, suffix: str) -> str:
    """The name that ``identify`` understands, for example ``BTC_USDT-1h.parquet``."""
    return f"{symbol.base}_{symbol.quote}-{timeframe}{suffix}"


def _suffix(path: Path) -> str | None:
    name = path.name.lower()
    return next((s for s in sorted(SUFFIXES, key=len, reverse=True) if name.endswith(s)), None)


def _named(path: Path, match: re.Match[str]) -> tuple[Symbol, Timeframe]:
    parts = match["pair"].split("_")
    kind = (match["rest"] or "").lower()
    if len(parts) > _PAIR_PARTS or kind in _DERIVATIVES:
        raise DataError(
            f"{path}: holds a derivative ({kind or match['pair']}); only spot is traded"
        )
    try:
        return Symbol.parse(match["pair"]), Timeframe(match["timeframe"])
    except InvalidValueError as error:
        raise DataError(f"{path}: {error}") from error
    except ValueError as error:
        known = ", ".join(Timeframe)
        raise DataError(f"{path}: timeframe {match['timeframe']} is not one of {known}") from error


def _agreed[T](path: Path, what: str, named: T | None, given: T | None) -> T:
    """What name or flag says; both must not say different things."""
    if named is not None and given is not None and named != given:
        raise DataError(f"{path}: the name says {named}, the flag says {given}")
    value = named if named is not None else given
    if value is None:
        raise DataError(f"{path}: no {what} in the name; rename it like BTC_USDT-1h.csv or give it")
    return value
