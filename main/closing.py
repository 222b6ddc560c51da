"""The closes that are due, between the clock, the venue and the desk.

a timer → bars are collected here, which may take as long as the venue takes → the desk's thread
does the rest. A simulated market is held from before its close until nobody is asked any more, and
answers at once: everything happens in one place. Other timeframes are collected beside it.
"""

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor

from engine.desk.closes import CloseKeeper
from engine.desk.frames import FurtherFrames
from engine.domain.errors import VenueUnavailableError
from engine.domain.values import to_ms
from engine.market.collect import Collected
from engine.schedule.jobs import Job
from main.compose import OpenDesk, held_time_key, settle_delay

_FRAMES_EVERY_S = 15.0
WAITING = "waiting for the venue"
"""What a job says that has nothing to do before the venue is heard."""


class _StoppingError(Exception):
    """The desk ends; what was to be done is found again at the next start."""


class DueCloses:
    """Runs closes from a timer; nothing until ``open``, nothing new after ``stop``.

    ``worker`` is the desk's thread. Of a real venue ``run`` is called on another one.
    """

    def __init__(self, desk: OpenDesk, *, worker: Executor) -> None:
        self._desk = desk
        self._worker = worker
        self._context = desk.assembled.context
        self._keeper = CloseKeeper(
            self._context, desk.assembled.cycle, settle_delay=settle_delay(desk)
        )
        self._is_open = False
        self._is_stopping = threading.Event()
        self._held_ms: int | None = None
        self._collected: tuple[Collected, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether closes are decided."""
        return self._is_open

    def open(self) -> None:
        """History is there: closes may be decided."""
        self._is_open = True

    def stop(self) -> None:
        """Begin no close any more; its bars may have been cut off."""
        self._is_stopping.set()

    def run(self) -> str:
        """Run what is due; a simulated market waits for the desk, and for people."""
        if not self._is_open:
            return WAITING
        clock = self._desk.market.simulated
        if clock is not None and not clock.is_held:
            clock.hold()
        try:
            self._on_desk(self._desk.assembled.desk.changes.take_up)
            reports = self._keeper.run_due(self._on_desk)
        except (CancelledError, _StoppingError):
            return "stopped"
        finally:
            if clock is not None and self._is_asking():
                self._note_held_time()
            elif clock is not None:
                clock.release()
        if reports:
            self._collected = reports[-1].collected
        late = sum(not one.is_fresh for report in reports for one in report.collected)
        return f"{len(reports)} closes, {late} markets late"

    def check_market(self) -> str:
        """A venue of which nothing came at the newest close is a failure that people see."""
        late = [one for one in self._collected if not one.is_fresh]
        if late and len(late) == len(self._collected):
            detail = f"no candle of any market at {late[0].due_close:%Y-%m-%d %H:%M} UTC"
            raise VenueUnavailableError(self._context.venue, f"{detail}; {late[0].detail}")
        return f"{len(late)} markets late"

    def _on_desk[T](self, work: Callable[[], T]) -> T:
        """Do it where the desk is; a close that a stop has cut off is not begun."""
        if self._desk.market.simulated is not None:
            return work()
        if self._is_stopping.is_set():
            raise _StoppingError
        return self._worker.submit(work).result()

    def _note_held_time(self) -> None:
        """So that a press in another process is priced at the moment the market stands at."""
        held_ms = to_ms(self._context.clock.now())
        if held_ms == self._held_ms:
            return
        with self._desk.units() as unit:
            unit.desk.put_note(held_time_key(self._context.venue), held_ms)
            unit.commit()
        self._held_ms = held_ms

    def _is_asking(self) -> bool:
        with self._desk.units(read_only=True) as unit:
            return bool(unit.approvals.pending())


def frame_jobs(desk: OpenDesk, closes: DueCloses, thread: Executor) -> tuple[Job, ...]:
    """Candles beside the strategy's; a simulated market's are made from its own."""
    if desk.market.simulated is not None:
        return ()
    wanted = desk.settings.venue(desk.market.name).timeframes
    frames = FurtherFrames(desk.assembled.context, desk.collector.collect, wanted)

    def work() -> str:
        return frames.look() if closes.is_open else WAITING

    return (Job(name="frames", every_s=_FRAMES_EVERY_S, work=work, thread=thread),)
