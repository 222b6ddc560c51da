"""How long work reports how far it is, without knowing who shows it."""

from dataclasses import dataclass
from typing import Protocol

from engine.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """``done`` of ``total`` units; ``eta_s`` seconds remain, ``None`` before there is a pace."""

    label: str
    done: int
    total: int
    eta_s: float | None


class Progress(Protocol):
    """Told after every step."""

    def __call__(self, step: Step, /) -> None:
        """Show or ignore it; called from the thread that works."""
        ...


def silent(_step: Step, /) -> None:
    """A listener that does not care."""


class Pace:
    """Turns "so many done" into a ``Step`` with the remaining time, at the average pace so far."""

    def __init__(self, *, label: str, total: int, clock: Clock, progress: Progress) -> None:
        self._label = label
        self._total = total
        self._clock = clock
        self._progress = progress
        self._began = clock.now()

    def at(self, done: int) -> None:
        """Report that ``done`` of the total are done."""
        elapsed_s = (self._clock.now() - self._began).total_seconds()
        eta_s = elapsed_s * (self._total - done) / done if done else None
        self._progress(Step(label=self._label, done=done, total=self._total, eta_s=eta_s))
