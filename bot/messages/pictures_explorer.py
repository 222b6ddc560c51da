"""From the explorer's views to its pictures: lists, explanations, several timeframes.

A picture that cannot be made is ``None``: the message goes without.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from bot.charts.timeaxis import zone_text
from bot.charts.views import Side
from bot.charts.views_explorer import (
    BoardPicture,
    BoardRow,
    FramesPicture,
    GateRow,
    Mark,
    Part,
    WhyPicture,
)
from bot.messages.callbacks_explorer import Overlay
from bot.messages.figures import figures, measured_of
from bot.messages.markup import plain
from bot.messages.pictures import badges_of, chart_picture, theme_of
from bot.messages.rendered import Telling
from bot.messages.words import Words, addends
from engine.domain.decisions import CheckRecord
from engine.domain.explorer import FramesView, OpportunitiesView, WhyView
from engine.domain.reasons import ActionCode, VerdictCode
from engine.domain.values import to_ms
from engine.domain.views import ChartView

_log = structlog.get_logger()
_MARKS: dict[VerdictCode, Mark] = {
    VerdictCode.NOT_REACHED: "unreached",
    VerdictCode.PASSED: "passed",
    VerdictCode.FAILED: "failed",
    VerdictCode.UNKNOWN: "unknown",
    VerdictCode.ASK: "asked",
}


def why_picture(telling: Telling, view: WhyView, *, verdict: str) -> WhyPicture | None:
    """The picture of an explained close."""
    words, decision = telling.words, view.decision
    score = decision.score
    needed = None if view.needed_score is None else float(view.needed_score)
    closed = words(
        "why.bar_closed",
        time=words.moment(decision.closed_at),
        zone=_zone(words, decision.closed_at),
    )
    gates = _gates(telling, view)
    try:
        return WhyPicture(
            symbol=str(decision.symbol),
            timeframe=str(decision.timeframe),
            moment=plain(closed),
            verdict=verdict,
            score=None if score is None else float(score.signed),
            side=_side(view),
            needed=needed,
            needed_text=_needed_text(words, view),
            parts=_parts(view),
            gates_title=words.raw("why.gates"),
            gates=gates,
            note=words.raw("why.supposed") if any(gate.is_supposed for gate in gates) else "",
            badges=_badges(telling, view),
            theme=theme_of(telling),
            words=words.chart_words(),
        )
    except ValueError as err:
        _log.warning("picture_not_made", decision=decision.id, detail=str(err))
        return None


def board_picture(
    telling: Telling, view: OpportunitiesView, *, notes: Sequence[str], filters: str, empty: str
) -> BoardPicture | None:
    """The picture of a page of the list; ``notes`` are as many as there are rows."""
    words = telling.words
    try:
        return BoardPicture(
            title=words.raw("opportunities.title"),
            filters=filters,
            rows=tuple(
                BoardRow(
                    number=number,
                    symbol=str(row.symbol),
                    timeframe=str(row.timeframe),
                    score=float(row.signed_score),
                    needed=None if row.needed_score is None else float(row.needed_score),
                    note=note,
                    time=plain(words.minute(row.closed_at)),
                )
                for number, (row, note) in enumerate(zip(view.rows, notes, strict=True), start=1)
            ),
            empty=empty,
            needed_text=words.raw("opportunities.needed"),
            zone_text=_zone_text(words, view),
            badges=badges_of(telling, is_simulated=view.simulated),
            theme=theme_of(telling),
            words=words.chart_words(),
        )
    except ValueError as err:
        _log.warning("picture_not_made", subject="opportunities", detail=str(err))
        return None


def _needed_text(words: Words, view: WhyView) -> str:
    """What the score has to reach, with as many digits as the score itself is told."""
    needed = view.needed_score
    return "" if needed is None else plain(words("why.needs", needed=words.number(needed, 1)))


def _zone_text(words: Words, view: OpportunitiesView) -> str:
    """The zone of the times in the list, with its distance to UTC at the newest of them."""
    latest = max((row.closed_at for row in view.rows), default=None)
    return f"{words.raw('chart.time_in')} {_zone(words, latest)}"


def _zone(words: Words, moment: datetime | None) -> str:
    zone = ZoneInfo(words.zone_name)
    return zone.key if moment is None else zone_text(to_ms(moment), zone)


def _parts(view: WhyView) -> tuple[Part, ...]:
    """What each indicator gave, rounded as in the message: the figures add up to the score."""
    score = view.decision.score
    if score is None:
        return ()
    ranked = sorted(score.contributions, key=lambda one: -abs(one.points))
    shown = addends([one.points for one in ranked], score.signed, 1)
    return tuple(
        Part(code=one.code, points=float(points), weight_fraction=float(one.weight))
        for one, points in zip(ranked, shown, strict=True)
    )


def frames_picture(telling: Telling, view: FramesView, overlays: Overlay) -> FramesPicture | None:
    """The picture of a market on several timeframes; panels below the price are left out."""
    drawn = [chart_picture(telling, chart, overlays & ~Overlay.CONE) for chart in view.charts]
    shown = [(one, chart) for one, chart in zip(drawn, view.charts, strict=True) if one is not None]
    if not shown:
        return None
    return FramesPicture(
        charts=tuple(one for one, _ in shown),
        notes=tuple(_pane(telling.words, chart) for _, chart in shown),
    )


def _pane(words: Words, view: ChartView) -> str:
    """How much one timeframe shows, and when its last bar closed: not all of them at once."""
    closed = view.bars.candle(-1).closed_at(view.timeframe)
    return plain(words("chart_message.pane", count=len(view.bars), time=words.moment(closed)))


def _gates(telling: Telling, view: WhyView) -> tuple[GateRow, ...]:
    """Gates in order; those never reached are told as they would have gone, where that is known."""
    if not view.is_traded:
        return ()
    beyond = {gate.name: gate for gate in view.beyond.gates} if view.beyond else {}
    return tuple(_gate(telling, view, gate, beyond.get(gate.name)) for gate in view.gates)


def _gate(
    telling: Telling, view: WhyView, gate: CheckRecord, supposed: CheckRecord | None
) -> GateRow:
    words = telling.words
    is_supposed = gate.verdict is VerdictCode.NOT_REACHED and supposed is not None
    shown = supposed if is_supposed and supposed is not None else gate
    return GateRow(
        name=plain(words.named("gates", shown.name)),
        figures=figures(words, shown, measured_of(view)),
        mark=_MARKS[shown.verdict],
        is_supposed=is_supposed,
    )


def _side(view: WhyView) -> Side:
    if view.decision.action is ActionCode.EXIT:
        return "close"
    score = view.decision.score
    return "short" if score is not None and score.direction < 0 else "long"


def _badges(telling: Telling, view: WhyView) -> tuple[str, ...]:
    badges = badges_of(telling, is_simulated=view.simulated)
    if view.decision.lacks_edge and view.is_traded:
        badges = (*badges, telling.words.raw("card.badge_uncalibrated"))
    if view.is_recomputed and view.is_traded:
        badges = (*badges, telling.words.raw("why.badge_recomputed"))
    return badges
