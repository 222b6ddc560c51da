"""What the person of the pictures says and presses, by task: the script of all screens.

A scene is played at a desk of its own: while a question was open, or at the end. Each ``keep``
makes a phone; the sheets of ``SHEETS`` say which phones stand side by side.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import pyotp

from docs.pictures.talk import Talk
from engine.desk.delivery.jobs import KnownJob, announce
from engine.desk.research_jobs import ResearchJobs
from engine.desk.tell import tell_notice
from engine.domain.desk import JobRun, Json
from main import proving
from main.research import do_job

type When = Literal["asked", "ended"]
_LOOKS = 240
"""Minutes in which a price is looked at until it crosses a line."""

type Play = Callable[[Talk], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Something to play, on which desk, and the phones that come of it.

    The person has ``missed`` what the desk had to tell for so long.
    """

    when: When
    play: Play
    phones: tuple[str, ...]
    missed: timedelta = timedelta(0)


async def _shot(talk: Talk, name: str, title: str, *texts: str) -> None:
    """Say all of these and keep what came of it."""
    talk.begin()
    for text in texts:
        await talk.say(text)
    talk.keep(name, title)


async def _tap(talk: Talk, name: str, title: str, *labels: str) -> None:
    """Press all of these and keep what came of it."""
    talk.begin()
    for label in labels:
        await talk.press(label)
    talk.keep(name, title)


async def _approve(talk: Talk) -> None:
    talk.keep("question", "a question")
    await _shot(talk, "inbox", "all open questions", "/approvals")
    talk.begin()
    await talk.press("buttons.approve", is_picture=True)
    talk.keep("approved", "Approve")


async def _reject(talk: Talk) -> None:
    await _tap(talk, "reasons", "Reject asks why", "buttons.reject")
    await _tap(talk, "rejected", "and takes a reason", "reject_reasons.signal")


async def _return(talk: Talk) -> None:
    talk.keep("backlog", "after an outage")


async def _expire(talk: Talk) -> None:
    talk.begin()
    await talk.pass_time(hours=3)
    await talk.do(talk.stage.assembled.questions.expire)
    talk.keep("expired", "nobody answered")


async def _start(talk: Talk) -> None:
    await _shot(talk, "welcome", "/start", "/start")
    await _shot(talk, "help", "/help", "/help")
    await _shot(talk, "status", "/status", "/status")
    await _shot(talk, "settings", "/settings", "/settings")
    await _tap(talk, "languages", "Language", "settings.button_language")


async def _explore(talk: Talk) -> None:
    await _shot(talk, "list", "/opportunities", "/opportunities")
    await _shot(talk, "why", "/why SOL", "/why SOL")
    await _shot(talk, "costs", "/costs SOL 1000", "/costs SOL 1000")
    await _shot(talk, "chart", "/chart SOL", "/chart SOL")
    await _tap(talk, "chart-all", "every overlay", "overlays.stoch")
    await _tap(talk, "frames", "Sheet", "overlays.sheet")


async def _money(talk: Talk) -> None:
    talk.begin()
    await talk.say("/buy ETH 900")
    await talk.press("buttons.buy")
    talk.keep("bought", "/buy ETH 900")
    await _shot(talk, "portfolio", "/portfolio", "/portfolio")
    await _tap(talk, "week", "1W", "stretches.week")
    await _shot(talk, "positions", "/positions", "/positions")
    await _tap(talk, "stops", "Move stop", "buttons.stop")
    await talk.press("buttons.back")
    await _tap(talk, "closed", "Close", "buttons.close")


async def _records(talk: Talk) -> None:
    await _shot(talk, "trades", "/trades", "/trades")
    await _tap(talk, "trade", "a trade", "4 SOL")
    await _tap(talk, "evidence", "its evidence", "buttons.evidence")
    await _shot(talk, "pnl", "/pnl", "/pnl", "/export")
    await _shot(talk, "veto", "/veto", "/veto")


async def _alerts(talk: Talk) -> None:
    await _shot(talk, "wrong", "what is wrong is said", "/alert BTC", "/alert")
    await _shot(talk, "alert", "/alert", "/alert BTC/USDT > 50100", "/alert BTC/USDT < 49950")
    await talk.say("/chart SOL")
    await _tap(talk, "lines", "lines to choose from", "buttons.alert")
    await _shot(talk, "alerts", "/alerts", "/alerts")
    talk.begin()
    before = talk.count()
    for _ in range(_LOOKS):
        if talk.count() > before:
            break
        await talk.pass_time(minutes=1)
        await talk.do(lambda: _look(talk))
    talk.keep("fired", "a line is crossed")
    await _shot(talk, "watch", "/watch SOL", "/watch SOL", "/watch BTC")


def _look(talk: Talk) -> None:
    """What the engine does every few seconds."""
    talk.stage.assembled.prices.poll()
    talk.stage.assembled.alert_watcher.look()


async def _calm(talk: Talk) -> None:
    talk.begin()
    await talk.say("/settings")
    await talk.press("settings.button_quiet")
    talk.keep("loudness", "what is loud")
    await _shot(talk, "quiet", "/quiet 22:30 7", "/quiet 22:30 7")
    await _shot(talk, "mute", "/mute", "/mute SOL 2h")
    await _shot(talk, "digest", "/digest", "/digest")
    talk.begin()
    await talk.do(lambda: _trouble(talk))
    talk.keep("trouble", "a failure")
    await _shot(talk, "jobs", "/jobs", "/jobs")


def _trouble(talk: Talk) -> None:
    """The jobs of an engine, one of which has just failed."""
    now = talk.stage.clock.now()
    with talk.stage.units() as unit:
        names = (("closes", 5.0), ("alerts", 15.0), ("digest", 60.0), ("backup", 86_400.0))
        announce(unit, [KnownJob(name=name, every_s=s, may_run_now=True) for name, s in names])
        for name, _ in names:
            ok = name != "backup"
            detail = "done" if ok else "no space left on device"
            unit.desk.put_job_run(
                JobRun(name=name, finished_at=now, ok=ok, detail=detail, failures=0 if ok else 1)
            )
        values: dict[str, Json] = {"name": "backup", "detail": "no space left on device"}
        tell_notice(unit, "job_failed", values, cause="backup", at=now)
        unit.commit()


async def _change(talk: Talk) -> None:
    await _shot(talk, "mode", "/mode", "/mode")
    await _shot(talk, "limits", "/limits", "/limits")
    await _shot(talk, "weights", "/weights", "/weights", "/strategy")
    talk.begin()
    await talk.say("/limits max_open_positions 6")
    talk.keep("change", "more risk is asked")
    await _shot(talk, "people", "/people", "/people", "/invite viewer")


async def _factor(talk: Talk) -> None:
    await _shot(talk, "totp", "/totp", "/totp")
    view = talk.stage.assembled.desk.factors.setup(talk.user.id)
    assert view is not None  # it was begun just now
    app = pyotp.TOTP(view.secret.reveal())
    talk.begin()
    await talk.say(app.at(talk.stage.clock.now()))
    talk.keep("confirmed", "the first code")
    await talk.pass_time(seconds=60)
    talk.begin()
    await talk.say("/limits max_open_positions 6")
    await talk.press("buttons.approve")
    talk.keep("code", "a code is wanted")
    talk.begin()
    await talk.say(app.at(talk.stage.clock.now()))
    talk.keep("done", "and the change is made")


async def _research(talk: Talk) -> None:
    talk.begin()
    await talk.say("/backtest")
    talk.keep("queued", "/backtest")
    talk.begin()
    await talk.do(lambda: _work(talk))
    talk.keep("backtest", "its result")
    await talk.press("buttons.prove")
    talk.begin()
    await talk.do(lambda: _work(talk))
    talk.keep("proving", "Prove")
    await _shot(talk, "proof", "/proof", "/proof")


def _work(talk: Talk) -> None:
    """What the worker beside the desk does: the job that waits, to its end."""
    proving.now = talk.stage.clock.now  # a verdict bears its date, and pictures know no today
    jobs = ResearchJobs(talk.stage.units, talk.stage.clock)
    job = jobs.take()
    assert job is not None  # it was queued just now
    jobs.finish(job, do_job(talk.stage.settings, talk.stage.units, job, lambda _: None))


async def _switches(talk: Talk) -> None:
    talk.begin()
    for text in ("/pause", "/status", "/resume", "/kill", "/kill off", "/rearm"):
        await talk.say(text)
    talk.keep("switches", "the switches")


SCENES: Mapping[str, Scene] = {
    "approve": Scene(when="asked", play=_approve, phones=("question", "inbox", "approved")),
    "reject": Scene(when="asked", play=_reject, phones=("reasons", "rejected")),
    "expire": Scene(when="asked", play=_expire, phones=("expired",)),
    "return": Scene(when="ended", play=_return, phones=("backlog",), missed=timedelta(days=5)),
    "start": Scene(
        when="ended", play=_start, phones=("welcome", "help", "status", "settings", "languages")
    ),
    "explore": Scene(
        when="ended", play=_explore, phones=("list", "why", "costs", "chart", "chart-all", "frames")
    ),
    "money": Scene(
        when="ended",
        play=_money,
        phones=("bought", "portfolio", "week", "positions", "stops", "closed"),
    ),
    "records": Scene(
        when="ended", play=_records, phones=("trades", "trade", "evidence", "pnl", "veto")
    ),
    "alerts": Scene(
        when="ended", play=_alerts, phones=("wrong", "alert", "lines", "alerts", "fired", "watch")
    ),
    "calm": Scene(
        when="ended", play=_calm, phones=("loudness", "quiet", "mute", "digest", "trouble", "jobs")
    ),
    "change": Scene(
        when="ended", play=_change, phones=("mode", "limits", "weights", "change", "people")
    ),
    "factor": Scene(when="ended", play=_factor, phones=("totp", "confirmed", "code", "done")),
    "research": Scene(
        when="ended", play=_research, phones=("queued", "backtest", "proving", "proof")
    ),
    "switches": Scene(when="ended", play=_switches, phones=("switches",)),
}
