"""Backtests and proofs from the chat: queued, worked off in a process of their own, told by edit.

Every test starts `cryptotrader run` and does only what a person can do; what came of it is read
from the chat, the database and the system's list of processes. Where a test has to act in the
middle of a job, its worker is held still (SIGSTOP) from its birth and let go in slices of a few
milliseconds until it says that it runs: a job may be over before anybody looks twice.
"""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from db.unit_of_work import SqlUnits
from engine.domain.desk import AuditEvent
from engine.domain.proof import ResearchJob, ResearchState
from tests.scenario.telegram_process import START_S, Home, Running
from tests.servers.telegram import SENDS, Message, TelegramServer, User

pytestmark = pytest.mark.timeout(240)

_CANCEL, _PROVE, _AGAIN = "✖ Cancel", "🔬 Prove", "↻ Again"
_STOPS_WITHIN_S = 10.0
_SLICE_S = 0.02


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    with TelegramServer() as running:
        yield running


@pytest.fixture
def ann(server: TelegramServer) -> User:
    return server.user("Ann")


@pytest.fixture
def vic(server: TelegramServer) -> User:
    return server.user("Vic")


@pytest.fixture
def home(server: TelegramServer, ann: User, vic: User, database_url: str, tmp_path: Path) -> Home:
    """A desk that never asks anything, so that its chat is about research only."""
    return Home(
        folder=tmp_path,
        database_url=database_url,
        server=server,
        owners=(ann,),
        settings={"telegram": {"viewers": [vic.id]}, "strategy": {"min_score": 100.0}},
    )


def jobs(home: Home) -> list[ResearchJob]:
    """All jobs, oldest first."""
    with closing(SqlUnits(home.database_url)) as units, units(read_only=True) as unit:
        return list(reversed(unit.research.recent(100)))


def states(home: Home) -> list[ResearchState]:
    return [job.state for job in jobs(home)]


def audited(home: Home, job: ResearchJob) -> list[str]:
    """What the trail says was done with a job."""
    with closing(SqlUnits(home.database_url)) as units, units(read_only=True) as unit:
        events: list[AuditEvent] = [line.event for line in unit.audit.about(job.id)]
    return [event.action for event in events]


def ready(desk: Running, user: User) -> None:
    """Wait until history is filled and the jobs run."""

    def runs() -> bool:
        return any("The desk runs" in message.text for message in user.chat.messages())

    desk.until(lambda: runs() or None, START_S)


def asks(desk: Running, user: User, text: str = "/backtest") -> Message:
    """The message of the job that a command led to."""
    before = {message.message_id for message in user.chat.messages()}
    user.sends(user.chat, text)

    def found() -> Message | None:
        new = [m for m in user.chat.messages() if m.from_bot and m.message_id not in before]
        return next((m for m in new if "Backtest" in m.text), None)

    return desk.until(found)


def until_shown(desk: Running, message: Message, text: str) -> Message:
    desk.until(lambda: text in desk.server.current(message).text or None, START_S)
    return desk.server.current(message)


def workers(desk: Running) -> list[int]:
    """Processes of the system that the desk has started for research."""
    children = Path(f"/proc/{desk.process.pid}/task").glob("*/children")
    numbers = {int(pid) for file in children for pid in file.read_text().split()}
    return [pid for pid in numbers if "spawn_main" in _words_of(pid)]


def _words_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def frozen_worker(home: Home, desk: Running) -> int:
    """The worker in the middle of a job, held still; it is killed by whoever ends it."""
    (pid,) = desk.until(lambda: workers(desk) or None, START_S)
    os.kill(pid, signal.SIGSTOP)
    ends_at = time.monotonic() + START_S
    with closing(SqlUnits(home.database_url)) as units:
        while not _runs(units):
            assert time.monotonic() < ends_at, "the worker began no job"
            os.kill(pid, signal.SIGCONT)
            time.sleep(_SLICE_S)
            os.kill(pid, signal.SIGSTOP)
    return pid


def _runs(units: SqlUnits) -> bool:
    with units(read_only=True) as unit:
        return len(unit.research.running()) > 0


def test_a_backtest_is_one_message_from_the_queue_to_the_picture(
    home: Home, server: TelegramServer, ann: User
) -> None:
    with home.run() as desk:
        ready(desk, ann)
        asked = asks(desk, ann)
        done = until_shown(desk, asked, "buy and hold")
        sent = len(server.calls(*SENDS, chat=ann.chat))
        for _ in range(2):
            ann.presses(done, _AGAIN).wait_answer(30)
        desk.until(lambda: states(home) == [ResearchState.DONE] * 2 or None, START_S)
        desk.until(lambda: not workers(desk) or None, START_S)
        desk.stop()

    shown = [version.text for version in done.versions]
    assert "Queued" in shown[0]
    assert any("Running" in text for text in shown)
    assert [version.file is not None for version in done.versions][-1]
    assert done.versions[0].file is None
    assert done.labels == (_PROVE, _AGAIN)
    assert all(word in done.text for word in ("Sharpe", "drawdown", "trades", "costs", "unproven"))
    assert "simulated market" in done.text
    assert server.calls(outcome="refused") == []
    assert len(server.calls(*SENDS, chat=ann.chat)) == sent + 1
    first = jobs(home)[0]
    assert audited(home, first) == ["research_requested", "research_started", "research_done"]
    assert first.requested_by == ann.id


def test_a_job_can_be_cancelled_while_it_waits_and_while_it_runs(home: Home, ann: User) -> None:
    with home.run() as desk:
        ready(desk, ann)
        running = asks(desk, ann)
        pid = frozen_worker(home, desk)
        waiting = asks(desk, ann)
        ann.presses(waiting, _CANCEL)
        until_shown(desk, waiting, "Cancelled")
        until_shown(desk, running, "Running")
        ann.presses(running, _CANCEL)
        late = ann.forges(running, running.button(_CANCEL).data or "")
        ended = until_shown(desk, running, "Cancelled")
        desk.until(lambda: not is_alive(pid) or None)
        third = asks(desk, ann)
        until_shown(desk, third, "buy and hold")
        desk.stop()

    assert ended.labels == (_AGAIN,)
    assert late.wait_answer(1).text in ("It has ended already.", "Working on it …")
    assert states(home) == [ResearchState.CANCELLED] * 2 + [ResearchState.DONE]


def test_a_desk_that_is_killed_takes_its_worker_along_and_ends_the_job_after_a_restart(
    home: Home, ann: User
) -> None:
    with home.run() as desk:
        ready(desk, ann)
        asked = asks(desk, ann)
        pid = frozen_worker(home, desk)
        desk.kill()
        desk.server.wait_for(lambda: not is_alive(pid) or None, _STOPS_WITHIN_S)
    assert states(home) == [ResearchState.RUNNING]
    with home.run() as desk:
        done = until_shown(desk, asked, "buy and hold")
        desk.stop()

    assert done.photo is not None
    actions = audited(home, jobs(home)[0])
    assert actions.count("research_started") == 2
    assert actions.count("research_done") == 1


def test_a_desk_that_is_stopped_ends_its_worker_at_once_and_goes_on_later(
    home: Home, ann: User
) -> None:
    with home.run() as desk:
        ready(desk, ann)
        asked = asks(desk, ann)
        pid = frozen_worker(home, desk)
        desk.process.send_signal(signal.SIGTERM)
        assert desk.process.wait(_STOPS_WITHIN_S) == 0
        assert not is_alive(pid)
    with home.run() as desk:
        assert until_shown(desk, asked, "buy and hold").photo is not None
        desk.stop()


def test_a_worker_that_is_killed_ends_its_job_with_a_reason(home: Home, ann: User) -> None:
    with home.run() as desk:
        ready(desk, ann)
        asked = asks(desk, ann)
        os.kill(frozen_worker(home, desk), signal.SIGKILL)
        failed = until_shown(desk, asked, "Failed")
        desk.stop()

    assert "signal 9" in failed.text
    assert failed.labels == (_AGAIN,)
    assert states(home) == [ResearchState.FAILED]


def test_who_may_ask_what(home: Home, server: TelegramServer, ann: User, vic: User) -> None:
    eve = server.user("Eve")
    with home.run() as desk:
        ready(desk, ann)
        for text in ("/backtest", "/proof"):
            eve.sends(eve.chat, text)
        vic.sends(vic.chat, "/backtest")
        desk.message(vic, "does not allow /backtest")
        vic.sends(vic.chat, "/proof")
        unproven = desk.message(vic, "unproven")
        ann.sends(ann.chat, "/proof nonsense-7")
        unknown = desk.message(ann, "nonsense-7")
        ann.sends(ann.chat, "/backtest nonsense-7 4h")
        desk.until(lambda: not server.pending_updates or None)
        ann.sends(ann.chat, "/backtest 2022-13-01")
        desk.message(ann, "2022-13-01 is no day")
        ann.sends(ann.chat, "/status")
        status = desk.message(ann, "Proof: unproven")
        desk.stop()

    assert server.messages(eve.chat) == []
    assert "score-1" in unproven.text
    assert "There are: score-1" in unknown.text
    assert "Running" in status.text
    assert jobs(home) == []


def test_a_proof_is_asked_for_by_a_button_and_shown_from_then_on(home: Home, ann: User) -> None:
    """Forty days of a simulated market prove nothing, and that is a verdict, too."""
    with home.run() as desk:
        ready(desk, ann)
        played = until_shown(desk, asks(desk, ann), "buy and hold")
        ann.presses(played, _PROVE)
        verdict = until_shown(desk, desk.message(ann, "🔬"), "not proved")
        ann.sends(ann.chat, "/proof")
        shown = desk.until(
            lambda: next(
                (m for m in ann.chat.messages() if m.from_bot and m.text.startswith("✖")), None
            )
        )
        ann.sends(ann.chat, "/status")
        desk.message(ann, "Proof: unproven (failed")
        desk.stop()

    assert verdict.photo is not None
    assert shown.photo is not None
    assert "✖ Trades 0 (≥ 100)" in verdict.text
    # One, seen twice; or two, if a bar closed between the backtest and the proof.
    assert re.search(r"Trials counted: [12]\b", shown.text)
    assert [job.kind for job in jobs(home)] == ["backtest", "prove"]


def test_a_period_without_candles_ends_the_job_with_its_reason(home: Home, ann: User) -> None:
    with home.run() as desk:
        ready(desk, ann)
        failed = until_shown(desk, asks(desk, ann, "/backtest 2050"), "Failed")
        desk.stop()

    assert "candles" in failed.text
    assert failed.labels == (_AGAIN,)
