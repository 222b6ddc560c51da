"""Flood limits: sliding windows over what was sent, with the wait a refusal asks for.

The documented rates are about one message a second in a chat, 20 a minute in a group and 30 a
second over all chats. The real service lets short bursts pass; `chat_burst` says how many.
Edits cost nothing unless `count_edits`.
"""

import math
from collections import defaultdict, deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What may be sent; None switches a limit off."""

    chat_per_s: float | None = 1.0
    chat_burst: int = 1
    group_per_min: int | None = 20
    global_per_s: int | None = 30
    count_edits: bool = False


class FloodControl:
    """Counts sends per chat and overall; not thread-safe, the world's lock covers it."""

    def __init__(self, rates: Rates | None) -> None:
        self.rates = rates
        self._sent: defaultdict[object, deque[float]] = defaultdict(deque)

    def retry_after_s(self, chat_id: int, *, is_group: bool, count: int, now_s: float) -> int:
        """Count `count` messages and return 0, or count nothing and return the seconds to wait."""
        windows = self._windows(chat_id, is_group=is_group)
        wait_s = max(
            (self._wait_s(key, limit, span_s, count, now_s) for key, limit, span_s in windows),
            default=0.0,
        )
        if wait_s > 0:
            return max(1, math.ceil(wait_s))
        for key, _, _ in windows:
            self._sent[key].extend([now_s] * count)
        return 0

    def _windows(self, chat_id: int, *, is_group: bool) -> list[tuple[object, int, float]]:
        rates = self.rates
        if rates is None:
            return []
        windows: list[tuple[object, int, float]] = []
        if rates.chat_per_s is not None:
            windows.append((chat_id, rates.chat_burst, rates.chat_burst / rates.chat_per_s))
        if rates.group_per_min is not None and is_group:
            windows.append((("group", chat_id), rates.group_per_min, 60.0))
        if rates.global_per_s is not None:
            windows.append(("all", rates.global_per_s, 1.0))
        return windows

    def _wait_s(self, key: object, limit: int, span_s: float, count: int, now_s: float) -> float:
        sent = self._sent[key]
        while sent and sent[0] <= now_s - span_s:
            sent.popleft()
        over = len(sent) + count - limit
        if over <= 0 or not sent:
            return 0.0
        # An album larger than the limit passes once the window is empty, as it must somehow.
        return sent[min(over, len(sent)) - 1] + span_s - now_s
