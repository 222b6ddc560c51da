"""A circuit breaker: a provider that keeps failing is left alone for a while.

closed → (``failures`` in a row, or a named ``retry_after``) → open until a moment → one trial call
→ closed or open again. Time is a monotonic number of seconds handed in by the caller.
"""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Breaker:
    """State of one provider; not shared between event loops."""

    failures: int
    cooldown_s: float
    _in_a_row: int = 0
    _open_until_s: float = 0.0
    _trial_running: bool = False

    def allows(self, now_s: float) -> bool:
        """Whether a call may start now; after a rest only one trial is let through."""
        if now_s < self._open_until_s:
            return False
        if self._in_a_row < self.failures:
            return True
        if self._trial_running:
            return False
        self._trial_running = True
        return True

    def succeeded(self) -> None:
        """The provider answered: forget its failures."""
        self._in_a_row = 0
        self._trial_running = False

    def failed(self, now_s: float, retry_after_s: float | None = None) -> None:
        """Count a failure; rest at once for as long as the provider asked for."""
        self._in_a_row += 1
        self._trial_running = False
        if self._in_a_row >= self.failures:
            self._open_until_s = now_s + self.cooldown_s
        if retry_after_s is not None:
            self._open_until_s = max(self._open_until_s, now_s + retry_after_s)

    def abandoned(self) -> None:
        """The call was cancelled before it told anything about the provider."""
        self._trial_running = False

    def resting_s(self, now_s: float) -> float:
        """Seconds until the next call is allowed, 0 when it is."""
        return max(0.0, self._open_until_s - now_s)
