"""Backtests and proofs: the one message of a job, and what is known about a version."""

from decimal import Decimal

from bot.channel import Keyboard
from bot.messages.callbacks import CancelResearch, RepeatResearch
from bot.messages.markup import Html, one_line
from bot.messages.pictures_research import backtest_picture, proof_picture
from bot.messages.played import Played
from bot.messages.rendered import Picture, Rendered, Telling, button, lines
from bot.messages.verdicts import (
    criterion_name,
    criterion_text,
    drift_line,
    proof_mark,
    stale_line,
    trials_line,
)
from bot.messages.words import Words
from engine.domain.proof import Criterion, ResearchJob, ResearchState
from engine.domain.research import ProofView, ResearchView

_BAR = 10


def render_research(telling: Telling) -> Rendered | None:
    """The job of ``payload["job_id"]`` as it stands."""
    view = telling.desk.research(telling.text("job_id"))
    if view is None:
        return None
    words, job = telling.words, view.job
    return Rendered(
        text=lines(_head(words, job), *_body(words, view)),
        keyboard=_keyboard(telling, job),
        picture=_picture(telling, view),
        picture_name=f"{job.kind}-{job.parameters.get('version')}-{job.id[:8]}",
    )


def _picture(telling: Telling, view: ResearchView) -> Picture | None:
    job = view.job
    if job.state is not ResearchState.DONE or not telling.wants_picture:
        return None
    if job.kind != "prove":
        return backtest_picture(
            telling, Played(job.result or {}), proof_mark(telling.words, view.proof)
        )
    return proof_picture(telling, view.verdict) if view.verdict else None


def render_proof(telling: Telling) -> Rendered | None:
    """What is known about ``payload["version"]``."""
    view = telling.desk.proof(telling.text("version") or None)
    if view is None:
        return None
    words, proof = telling.words, view.proof
    if proof is None:
        return Rendered(
            text=lines(
                words("proof.head_none", version=view.strategy_version),
                words("proof.none"),
            )
        )
    return Rendered(
        text=lines(*_verdict(words, view)),
        picture=proof_picture(telling, view) if telling.wants_picture else None,
        picture_name=f"proof-{view.strategy_version}",
    )


def _verdict(words: Words, view: ProofView) -> list[Html]:
    proof = view.proof
    assert proof is not None  # the caller has looked
    found = [_proof_head(words, view)]
    if not view.is_current:
        found.append(stale_line(words, view))
    found += [_criterion(words, one) for one in proof.criteria]
    found.append(
        words(
            "proof.data",
            count=len(proof.symbols),
            timeframe=proof.timeframe,
            start=f"{proof.data_from:%Y-%m-%d}",
            end=f"{proof.data_to:%Y-%m-%d}",
        )
    )
    found.append(trials_line(words, view))
    found.append(drift_line(words, view.drift))
    return found


def _proof_head(words: Words, view: ProofView) -> Html:
    proof = view.proof
    assert proof is not None  # the caller has looked
    passed = proof.passed and view.is_current
    return words(
        "proof.head_passed" if passed else "proof.head_failed",
        version=view.strategy_version,
        date=f"{proof.made_at:%Y-%m-%d}",
    )


def _criterion(words: Words, one: Criterion) -> Html:
    mark = {True: "✅", False: "✖", None: "❔"}[one.passed]
    name, text = criterion_name(words, one), one_line(criterion_text(words, one))
    return Html(f"{mark} {name} {text}")


def _head(words: Words, job: ResearchJob) -> Html:
    asked, played = Played(job.parameters), Played(job.result or {})
    start, end = asked.text("from"), asked.text("to")
    parts = [played.version or asked.text("version")]
    if not played.version:
        parts += [asked.text("timeframe"), f"{start or '…'} – {end or '…'}" if start or end else ""]
    what = " · ".join(part for part in parts if part)
    return words(f"research.head_{job.kind}", what=what)


def _body(words: Words, view: ResearchView) -> list[Html]:
    job = view.job
    match job.state:
        case ResearchState.QUEUED:
            return [words("research.queued", ahead=view.ahead)]
        case ResearchState.RUNNING:
            return _running(words, job)
        case ResearchState.FAILED:
            return [words("research.failed", error=one_line(job.error))]
        case ResearchState.CANCELLED:
            return [words("research.cancelled")]
        case ResearchState.DONE if job.kind == "prove":
            return _proved(words, view)
        case ResearchState.DONE:
            played = Played(job.result or {})
            simulated = [words("card.simulated")] if played.is_simulated else []
            marks = Html(" · ".join((*simulated, proof_mark(words, view.proof))))
            return [*_result(words, played), marks]


def _running(words: Words, job: ResearchJob) -> list[Html]:
    share = Decimal(job.done) / job.total if job.total else Decimal(0)
    filled = int(share * _BAR)
    return [
        words("research.running", share=words.percent(share, digits=0)),
        Html("▓" * filled + "░" * (_BAR - filled)),
    ]


def _proved(words: Words, view: ResearchView) -> list[Html]:
    if view.verdict is None:
        return [words("proof.none")]
    return _verdict(words, view.verdict)


def _result(words: Words, played: Played) -> list[Html]:
    held = ("benchmarks", "buy_and_hold")
    return [
        played.described(words),
        words(
            "research.earned",
            change=played.percent(words, "metrics", "return_fraction", signed=True),
            start=played.money(words, "start_equity"),
            final=played.money(words, "final_equity"),
            hold=played.percent(words, *held, "return_fraction", signed=True),
        ),
        words(
            "research.figures",
            growth=played.percent(words, "metrics", "cagr_fraction", signed=True),
            sharpe=played.ratio(words, "metrics", "sharpe_daily"),
            drawdown=played.percent(words, "metrics", "max_drawdown_fraction"),
            hold=played.percent(words, *held, "max_drawdown_fraction"),
        ),
        words(
            "research.trades",
            count=played.count(words, "metrics", "trades"),
            won=played.percent(words, "metrics", "win_rate_fraction"),
            costs=played.costs(words),
        ),
    ]


def _keyboard(telling: Telling, job: ResearchJob) -> Keyboard:
    if not telling.may_decide:
        return ()
    raw = telling.words.raw
    if not job.state.is_final:
        return ((button(raw("buttons.cancel"), CancelResearch(job.id)),),)
    again = button(raw("buttons.again"), RepeatResearch(job.id, job.kind))
    if job.kind == "backtest" and job.state is ResearchState.DONE:
        return ((button(raw("buttons.prove"), RepeatResearch(job.id, "prove")), again),)
    return ((again,),)
