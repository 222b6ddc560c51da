"""When the next message may go out: sliding windows over what was sent.

A message is counted when it is let through, not when its answer arrives, and the windows are a
little longer than documented, so that the network's jitter does not squeeze two of them together.
"""

from collections import defaultdict, deque

from bot.policy import Rates

_SPARE = 1.04
_MINUTE_S = 60.0


class Pacer:
    """Counts messages per chat, per group and over all. Seconds come from one monotonic clock."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._sent: defaultdict[str, deque[float]] = defaultdict(deque)
        self._not_before_s: dict[int, float] = {}

    def wait_s(self, chat_id: int, now_s: float) -> float:
        """How long until a message to this chat may go."""
        waits = [
            self._window_wait_s(key, limit, span_s, now_s)
            for key, limit, span_s in self._windows(chat_id)
        ]
        return max(*waits, self._not_before_s.get(chat_id, now_s) - now_s, 0.0)

    def count(self, chat_id: int, now_s: float) -> None:
        """Note that a message goes now."""
        for key, _, _ in self._windows(chat_id):
            self._sent[key].append(now_s)

    def hold(self, chat_id: int, until_s: float) -> None:
        """Send nothing to this chat before then (the service asked to wait)."""
        self._not_before_s[chat_id] = max(until_s, self._not_before_s.get(chat_id, until_s))

    def held(self, now_s: float) -> frozenset[int]:
        """The chats that the service has asked to wait for."""
        return frozenset(chat for chat, until_s in self._not_before_s.items() if until_s > now_s)

    def _windows(self, chat_id: int) -> list[tuple[str, int, float]]:
        rates = self._rates
        windows = [
            ("all", rates.global_per_s, _SPARE),
            (f"chat {chat_id}", 1, _SPARE / rates.chat_per_s),
        ]
        if chat_id < 0:
            windows.append((f"group {chat_id}", rates.group_per_min, _SPARE * _MINUTE_S))
        return windows

    def _window_wait_s(self, key: str, limit: int, span_s: float, now_s: float) -> float:
        sent = self._sent[key]
        while sent and sent[0] <= now_s - span_s:
            sent.popleft()
        return 0.0 if len(sent) < limit else sent[len(sent) - limit] + span_s - now_s
