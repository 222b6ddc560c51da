"""Limits on how often a venue is called, shared by everything that calls it.

``CallSpacing`` is the client's own pace, between any two calls. ``CallWindow`` is for venues whose
limit is stricter than that pace: ``wait_for_slot`` before each call returns at once until the
window is full, then sleeps until its oldest call has left it. A window, not a fixed interval,
because a scan of all symbols comes as a burst once per bar: spacing the calls evenly would delay
the decision although the minute's allowance is not used up.
"""

import threading
from collections import deque
from collections.abc import Callable


class CallWindow:
    """At most ``calls`` in any ``window_s`` seconds, over all threads.

    ``monotonic`` and ``sleep`` are given so that a test can run an hour in a moment.
    """

    def __init__(
        self,
        *,
        calls: int,
        window_s: float,
        monotonic: Callable[[], float],
        sleep: Callable[[float], object],
    ) -> None:
        self._calls = calls
        self._window_s = window_s
        self._monotonic = monotonic
        self._sleep = sleep
        self._starts: deque[float] = deque()
        self._lock = threading.Lock()

    def wait_for_slot(self) -> float:
        """Take a slot; returns the seconds spent waiting for it."""
        waited_s = 0.0
        while (wait_s := self._take()) > 0:
            self._sleep(wait_s)
            waited_s += wait_s
        return waited_s

    def _take(self) -> float:
        """Take a slot and return 0, or return how long until one is free."""
        with self._lock:
            now = self._monotonic()
            while self._starts and self._starts[0] <= now - self._window_s:
                self._starts.popleft()
            if len(self._starts) < self._calls:
                self._starts.append(now)
                return 0.0
            return self._starts[0] + self._window_s - now


class CallSpacing:
    """Keeps the distance between the starts of calls, over all threads and connections.

    The pace of ccxt's own throttle, which knows only the calls of one exchange object: a call of
    weight w starts no earlier than w times the venue's ``rateLimit`` after the one before it.
    """

    def __init__(self, *, monotonic: Callable[[], float], sleep: Callable[[float], object]) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._last = float("-inf")
        self._lock = threading.Lock()

    def wait_turn(self, distance_s: float) -> None:
        """Return when a call may start that keeps ``distance_s`` seconds from the last one."""
        with self._lock:
            now = self._monotonic()
            self._last = max(now, self._last + distance_s)
            wait_s = self._last - now
        if wait_s > 0:
            self._sleep(wait_s)
