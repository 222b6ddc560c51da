"""ccxt's errors as this project's.

Flow: the exception of a ccxt call and the headers of its last answer → a leaf of ``VenueError``.

Whether to try again is decided by the class: only ``VenueUnavailableError`` is transient. Python's
own errors out of ccxt's parsers mean that the answer lacked what the venue's protocol promises.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from engine.domain.errors import (
    UnknownSymbolError,
    VenueAnswerError,
    VenueError,
    VenueRejectedError,
    VenueUnavailableError,
)

# What ccxt's parsers raise when a field is missing or of another type.
PARSER_ERRORS = (TypeError, LookupError, ValueError, AttributeError, ArithmeticError)

_MAX_DETAIL = 240


def translate(
    venue: str, err: Exception, headers: Mapping[str, str] | None, fallback_wait: timedelta
) -> VenueError:
    """The project's error for ``err``; ``fallback_wait`` serves rate limits that name no wait."""
    import ccxt  # noqa: PLC0415 - 2 s; only a desk with a real venue pays for it

    detail = plain(err)
    if isinstance(err, PARSER_ERRORS):
        return VenueAnswerError(venue, f"an answer that cannot be read ({detail})")
    if isinstance(err, ccxt.RateLimitExceeded | ccxt.DDoSProtection):
        wait = wait_named_in(headers or {}) or fallback_wait
        return VenueUnavailableError(venue, detail, retry_after=wait)
    if isinstance(err, ccxt.BadResponse):
        return VenueAnswerError(venue, detail)
    if isinstance(err, ccxt.OperationFailed):
        told = f"{_how_it_failed(err)}{detail}"
        after = wait_named_in(headers or {}, rate_limit=False)
        return VenueUnavailableError(venue, told, retry_after=after)
    if isinstance(err, ccxt.BadSymbol):
        return UnknownSymbolError(venue, detail)
    return VenueRejectedError(venue, detail)


def _how_it_failed(err: Exception) -> str:
    """In front of ccxt's words, which are the address alone where no answer came."""
    import ccxt  # noqa: PLC0415 - loaded by whoever raised it
    from requests.exceptions import ConnectionError as NoConnectionError  # noqa: PLC0415 - with ccxt

    if isinstance(err, ccxt.RequestTimeout):
        return "no answer in time: "
    return "no connection: " if isinstance(err.__cause__, NoConnectionError) else ""


def plain(err: Exception) -> str:
    """One line for a person: no query strings (a signed one carries a signature), not endless."""
    text = re.sub(r"\?\S+", "", str(err)) or type(err).__name__
    line = " ".join(text.split())
    return line if len(line) <= _MAX_DETAIL else f"{line[:_MAX_DETAIL]}…"


def wait_named_in(headers: Mapping[str, str], *, rate_limit: bool = True) -> timedelta | None:
    """How long an answer asks to wait: ``Retry-After``, or KuCoin's reset header (milliseconds).

    KuCoin sends its reset header with every answer, so it counts only where a limit was hit.
    """
    if value := headers.get("Retry-After"):
        return _retry_after(value)
    reset_ms = headers.get("gw-ratelimit-reset", "")
    if rate_limit and reset_ms.isdigit():
        return timedelta(milliseconds=int(reset_ms))
    return None


def _retry_after(value: str) -> timedelta | None:
    """Seconds; the other form, a date (RFC 9110, 10.2.3), is used by no venue and not read."""
    return timedelta(seconds=int(value)) if value.strip().isdigit() else None


def server_date(headers: Mapping[str, str] | None) -> datetime | None:
    """The time an answer was made, to the second, from its ``Date`` header."""
    value = (headers or {}).get("Date")
    if not value:
        return None
    try:
        return parsedate_to_datetime(value).astimezone(UTC)
    except ValueError:
        return None


def holds_a_list(answer: Any) -> bool:  # noqa: ANN401 - parsed JSON of a venue
    """Whether an answer has rows at all; ``{}`` must not pass for "no candles"."""
    if isinstance(answer, list):
        return True
    return isinstance(answer, dict) and any(holds_a_list(value) for value in answer.values())
