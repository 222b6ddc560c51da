"""The pictures of backtests and verdicts, from stored results.

A result that holds no curve that can be drawn gives no picture: its message goes without.
"""

from dataclasses import fields, replace
from math import isfinite

import numpy as np
import structlog

from bot.charts.backtest_view import backtest_picture as picture_of_document
from bot.charts.views import Floats, Theme
from bot.charts.views_backtest import BacktestLabels, Curve, Curves
from bot.charts.views_proof import ProofPicture, Verdict
from bot.messages.markup import plain
from bot.messages.played import Played
from bot.messages.rendered import Picture, Telling
from bot.messages.verdicts import criterion_name, criterion_text, stale_line, trials_line
from bot.messages.words import Words
from engine.domain.proof import Criterion, Proof
from engine.domain.research import ProofView
from engine.domain.values import to_ms

_log = structlog.get_logger()
_DAY_MS = 86_400_000


def backtest_picture(telling: Telling, played: Played, mark: str) -> Picture | None:
    """The picture of a finished backtest; ``mark`` says whether the version is proved."""
    words = telling.words
    badges = (words.raw("card.badge_simulated"),) if played.is_simulated else ()
    try:
        view = picture_of_document(
            played.document,
            theme=_theme(telling),
            zone_name=words.zone_name,
            badges=(*badges, plain(mark)),
            words=words.chart_words(),
            labels=backtest_labels(words),
        )
    except (KeyError, TypeError, ValueError) as err:
        _log.warning("picture_not_made", subject="backtest", detail=str(err))
        return None
    return replace(view, subtitle=plain(played.described(words)))


def proof_picture(telling: Telling, view: ProofView) -> Picture | None:
    """The picture of a verdict; one about another state of the version never looks like a pass."""
    words, proof = telling.words, view.proof
    if proof is None:
        return None
    passed = proof.passed and view.is_current
    try:
        return ProofPicture(
            title=view.strategy_version,
            word=words.raw("proof.word_passed" if passed else "proof.word_failed"),
            passed=passed,
            verdicts=tuple(_shown(words, one) for one in proof.criteria),
            limit=words.raw("proof.limit"),
            notes=_proof_notes(words, view, proof),
            curves=_stitched(view, proof),
            curve_title=words.raw("proof.curve"),
            zone_name=words.zone_name,
            theme=_theme(telling),
            words=words.chart_words(),
            labels=backtest_labels(words),
        )
    except ValueError as err:
        _log.warning("picture_not_made", subject="proof", detail=str(err))
        return None


def backtest_labels(words: Words) -> BacktestLabels:
    """The fixed words of these pictures in a language."""
    names = [field.name for field in fields(BacktestLabels)]
    return BacktestLabels(**{name: words.raw(f"chart_backtest.{name}") for name in names})


def _theme(telling: Telling) -> Theme:
    return "light" if telling.options.theme == "light" else "dark"


def _shown(words: Words, one: Criterion) -> Verdict:
    ratio = None
    if one.value is not None and one.limit and isfinite(one.limit):
        ratio = one.value / one.limit
    return Verdict(
        name=plain(criterion_name(words, one)),
        text=criterion_text(words, one),
        passed=one.passed,
        ratio=ratio,
    )


def _proof_notes(words: Words, view: ProofView, proof: Proof) -> tuple[str, ...]:
    data = words(
        "proof.data",
        count=len(proof.symbols),
        timeframe=proof.timeframe,
        start=f"{proof.data_from:%Y-%m-%d}",
        end=f"{proof.data_to:%Y-%m-%d}",
    )
    trials = trials_line(words, view)
    stale = () if view.is_current else (plain(stale_line(words, view)),)
    return (*stale, plain(data), plain(trials))


def _stitched(view: ProofView, proof: Proof) -> Curves | None:
    """What one unit of money became out of sample, and its losses from the peak."""
    if not view.daily_returns:
        return None
    growth: Floats = np.concatenate(([1.0], np.cumprod(1.0 + np.array(view.daily_returns))))
    peaks = np.maximum.accumulate(growth)
    fall = np.where(peaks > 0, 1.0 - growth / peaks, 0.0)
    times = to_ms(proof.data_from) + _DAY_MS * np.arange(len(growth), dtype=np.int64)
    curve = Curve(name=view.strategy_version, equity_quote=growth, drawdown_fraction=fall)
    return Curves(time_ms=times, lines=(curve,))
