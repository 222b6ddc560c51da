"""Jobs that look after the records: they may take long, so they have a thread of their own."""

from concurrent.futures import Executor
from datetime import timedelta

from engine.desk.delivery.tidy import Tidier
from engine.schedule.jobs import Job
from main.compose import OpenDesk

_TIDY_EVERY_S = 3_600.0


def keeping_jobs(desk: OpenDesk, thread: Executor) -> tuple[Job, ...]:
    """Read the audit trail through, and delete old messages."""
    settings, assembled = desk.settings, desk.assembled
    days = settings.database.keep_messages_days
    tidier = Tidier(assembled.context, timedelta(days=days) if days else None)
    return (
        Job(
            name="chain",
            every_s=settings.schedule.health_every_s,
            work=assembled.chain.look,
            thread=thread,
        ),
        Job(name="tidy", every_s=_TIDY_EVERY_S, work=tidier.look, thread=thread),
    )
