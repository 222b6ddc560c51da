"""What tests of venue adapters share: steady candles, a clock moved by hand, an opened venue."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from engine.market.ccxt_client import VenueSettings
from engine.market.ccxt_venue import CcxtVenue
from tests.servers.exchanges.market import TIMEFRAME_MS, Row
from tests.servers.exchanges.server import ExchangeServer


def steady_rows(
    timeframe: str, *, first_ms: int, count: int, empty: tuple[int, ...] = ()
) -> list[Row]:
    """``count`` bars: bar i goes from 100 + i to 101 + i; those in ``empty`` trade nothing."""
    step = TIMEFRAME_MS[timeframe]
    return [
        (first_ms + i * step, 100 + i, f"{101 + i}.5", 99 + i, 101 + i, 0 if i in empty else 10)
        for i in range(count)
    ]


@dataclass(slots=True)
class HandTime:
    """Monotonic seconds that pass only in ``sleep``."""

    now_s: float = 1000.0
    sleeps: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        """The present second."""
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.sleeps.append(seconds)
        self.now_s += seconds


class ServerClock:
    """The desk's clock, set to the venue's."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms

    def now(self) -> datetime:
        """The venue's present moment."""
        return datetime.fromtimestamp(self._now_ms() / 1000, UTC)


def open_venue(
    server: ExchangeServer, *, hand_time: HandTime | None = None, **settings: object
) -> CcxtVenue:
    """A ``CcxtVenue`` on a loopback server, without ccxt's own pacing; close it afterwards."""
    values: dict[str, Any] = {
        "id": server.ccxt_id,
        "base_url": server.base_url,
        "timeout_s": 5.0,
        "throttle": False,
    }
    return CcxtVenue(
        VenueSettings(**(values | settings)),
        clock=ServerClock(server.now_ms),
        monotonic=hand_time.monotonic if hand_time else time.monotonic,
        sleep=hand_time.sleep if hand_time else None,
    )
