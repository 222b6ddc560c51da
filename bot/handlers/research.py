"""Backtests and proofs: the commands, and the buttons under what they led to.

A job's message is queued by the desk together with the job, so that neither is ever there without
the other; these handlers only say why there is none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.handlers.asking import Ask, Response, note, tell
from bot.messages.callbacks import CancelResearch, RepeatResearch
from engine.domain.market import Timeframe
from engine.domain.research import BacktestWish, ResearchOutcome

_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{1,2}))?(?:-([0-9]{1,2}))?")
_MOST_DAYS = 2
_NAME_CHARS = 60


@dataclass(frozen=True, slots=True)
class Misread:
    """A word of a command that means nothing, and the notice that says so."""

    notice: str
    word: str


def backtest(ask: Ask) -> Response:
    """Queue a backtest: ``/backtest [strategy] [timeframe] [from] [to]``."""
    wish = read_wish(ask.args)
    if isinstance(wish, Misread):
        return note(wish.notice, word=wish.word)
    outcome = ask.desk.request_backtest(
        wish,
        ask.person.user_id,
        chat_id=ask.incoming.chat_id,
        request_id=ask.request_id,
    )
    if outcome.done:
        return Response()
    return note(f"research_{outcome.reason}", **_values(outcome, wish.strategy))


def proof(ask: Ask) -> Response:
    """Show the verdict about a version: ``/proof [version]``."""
    version = " ".join(ask.args)[:_NAME_CHARS]
    if ask.desk.proof(version or None) is None:
        known = ", ".join(ask.desk.strategy_versions())
        return note("research_unknown_strategy", strategy=version, known=known)
    return tell("proof", version=version)


def cancel_research(ask: Ask, pressed: CancelResearch) -> Response:
    """End a job."""
    outcome = ask.desk.cancel_research(pressed.job_id, ask.person.user_id)
    return _pressed(ask, outcome, "cancelled")


def repeat_research(ask: Ask, pressed: RepeatResearch) -> Response:
    """Ask the same again, or for its proof."""
    outcome = ask.desk.repeat_research(
        pressed.job_id, pressed.kind, ask.person.user_id, chat_id=ask.incoming.chat_id
    )
    return _pressed(ask, outcome, "queued")


def read_wish(words: Sequence[str]) -> BacktestWish | Misread:
    """What the words of a command ask for; a day may be a year or a month, meaning its first."""
    found: dict[str, Any] = {}
    days: list[date] = []
    for word in words:
        day = _day(word)
        if isinstance(day, Misread):
            return day
        is_frame = word.lower() in set(Timeframe)
        name = "timeframe" if is_frame else "strategy"
        if day is not None and len(days) < _MOST_DAYS:
            days.append(day)
        elif day is None and name not in found:
            found[name] = Timeframe(word.lower()) if is_frame else word[:_NAME_CHARS]
        else:
            return Misread("backtest_usage", word[:_NAME_CHARS])
    found |= zip(("start", "end"), days, strict=False)
    return BacktestWish(**found)


def _day(word: str) -> date | Misread | None:
    """A day, or ``None`` for a word that is not written like one."""
    match = _DAY.fullmatch(word)
    if match is None:
        return None
    year, month, day = (int(part) if part else 1 for part in match.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return Misread("backtest_day", word)


def _pressed(ask: Ask, outcome: ResearchOutcome, done: str) -> Response:
    name = done if outcome.done else outcome.reason
    told = ask.said(f"notices.research_{name}", **_values(outcome, ""))
    return Response(answer=told, is_alert=not outcome.done)


def _values(outcome: ResearchOutcome, strategy: str) -> dict[str, Any]:
    return {"limit": outcome.limit, "known": ", ".join(outcome.known), "strategy": strategy}
