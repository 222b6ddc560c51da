"""What can go wrong between a client and an exchange; injected by path and count.

A fault either replaces the answer (``Html``, ``RateLimited``, ``ServerError``, ``Raw``), breaks the
connection (``Hang``, ``Drip``, ``Reset``) or spoils the candle rows before the venue's own encoding
(``MangleRows``), so that a spoiled row looks as that venue would have sent it.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.servers.exchanges.market import Row

MAINTENANCE_PAGE = (
    "<!DOCTYPE html><html><head><title>We'll be back soon</title></head>"
    "<body><h1>Scheduled maintenance</h1></body></html>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Html:
    """A web page instead of an answer, by default with status 200."""

    status: int = 200
    body: str = MAINTENANCE_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimited:
    """The venue's own "too many requests"; Binance bans an address with 418."""

    retry_after_s: int = 1
    status: int = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerError:
    """The venue's front end is up and what is behind it is not."""

    status: int = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Any answer at all."""

    body: str
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """Nothing is answered for ``seconds``; the client should have given up by then."""

    seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drip:
    """The answer arrives one byte each ``interval_s``: no single read ever times out."""

    interval_s: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """The connection is dropped after the request was read."""


@dataclass(frozen=True, slots=True)
class MangleRows:
    """Candle rows pass through ``change`` before they are encoded."""

    change: Callable[[list[Row]], list[Row]]


type Fault = Html | RateLimited | ServerError | Raw | Hang | Drip | Reset | MangleRows


def nan_close(rows: list[Row]) -> list[Row]:
    """The last close is not a number."""
    *head, (at, opened, high, low, _, volume) = rows
    return [*head, (at, opened, high, low, "NaN", volume)]


def negative_low(rows: list[Row]) -> list[Row]:
    """The last low is below zero."""
    *head, (at, opened, high, _, close, volume) = rows
    return [*head, (at, opened, high, "-1.5", close, volume)]


def duplicate_row(rows: list[Row]) -> list[Row]:
    """The last row comes twice."""
    return [*rows, rows[-1]]


def shuffled(rows: list[Row]) -> list[Row]:
    """Rows in an arbitrary, fixed order."""
    mixed = list(rows)
    random.Random(7).shuffle(mixed)
    return mixed


def future_row(rows: list[Row]) -> list[Row]:
    """One more row, a year ahead of the last."""
    at, *rest = rows[-1]
    return [*rows, (at + 365 * 86_400_000, *rest)]  # type: ignore[list-item]


def empty_page(_: list[Row]) -> list[Row]:
    """No rows, although there are some."""
    return []
