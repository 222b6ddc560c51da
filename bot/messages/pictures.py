"""From the desk's views to the pictures' views: ``Decimal`` and text become floats and arrays.

A picture that cannot be made (no bars, times out of order) is ``None``: the message goes without.
"""

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import structlog

from bot.charts import (
    draw_backtest,
    draw_board,
    draw_card,
    draw_chart,
    draw_frames,
    draw_portfolio,
    draw_proof,
    draw_trade,
    draw_veto,
    draw_why,
)
from bot.charts.cone_view import cone_of, years
from bot.charts.qr import QrPicture, draw_qr
from bot.charts.views import (
    Bands,
    Bars,
    CardPicture,
    ChartPicture,
    Cone,
    Contribution,
    Floats,
    Levels,
    Line,
    Macd,
    PortfolioPicture,
    Rsi,
    Side,
    Stoch,
    Theme,
)
from bot.charts.views_backtest import BacktestPicture
from bot.charts.views_explorer import BoardPicture, FramesPicture, WhyPicture
from bot.charts.views_proof import ProofPicture
from bot.charts.views_records import TradePicture, VetoPicture
from bot.messages.callbacks_explorer import USUAL, Overlay
from bot.messages.rendered import Picture, Telling
from bot.messages.words import Words
from engine.domain.decisions import Decision
from engine.domain.market import CandleSeries
from engine.domain.projection import ChartProjection, HitRate
from engine.domain.reasons import ActionCode
from engine.domain.views import ChartView

_log = structlog.get_logger()
_FULL_SCORE = 100.0
_HIDDEN: tuple[tuple[Overlay, str, object], ...] = (
    (Overlay.BANDS, "bands", None),
    (Overlay.AVERAGES, "averages", ()),
    (Overlay.RSI, "rsi", None),
    (Overlay.MACD, "macd", None),
)
"""What a chart goes without when an overlay is off."""


_DRAWN: dict[type, Callable[[Any], bytes]] = {
    CardPicture: draw_card,
    ChartPicture: draw_chart,
    PortfolioPicture: draw_portfolio,
    BacktestPicture: draw_backtest,
    ProofPicture: draw_proof,
    BoardPicture: draw_board,
    WhyPicture: draw_why,
    FramesPicture: draw_frames,
    QrPicture: draw_qr,
    TradePicture: draw_trade,
    VetoPicture: draw_veto,
}


def draw(picture: Picture) -> bytes:
    """Draw a picture as PNG; slow, for a worker."""
    return _DRAWN[type(picture)](picture)


def card_picture(telling: Telling, decision: Decision, chart: ChartView) -> Picture | None:
    """The picture of an opportunity."""
    score = decision.score
    if score is None or not len(chart.bars):
        return None
    badges = badges_of(telling, is_simulated=chart.simulated)
    if decision.lacks_edge:
        badges = (*badges, telling.words.raw("card.badge_uncalibrated"))
    try:
        return CardPicture(
            **_market(telling, chart),
            badges=badges,
            side=_side(decision),
            score=min(_FULL_SCORE, float(score.points)),
            contributions=tuple(
                Contribution(code=one.code, points=float(one.points)) for one in score.contributions
            ),
        )
    except ValueError as err:
        _log.warning("picture_not_made", decision=decision.id, detail=str(err))
        return None


def chart_picture(
    telling: Telling, chart: ChartView, overlays: Overlay = USUAL
) -> ChartPicture | None:
    """The picture of a market on one timeframe, with what of it is wanted."""
    if not len(chart.bars):
        return None
    shown = _market(telling, chart)
    for overlay, name, nothing in _HIDDEN:
        if overlay not in overlays:
            shown[name] = nothing
    try:
        return ChartPicture(
            **shown,
            badges=badges_of(telling, is_simulated=chart.simulated),
            cone=_cone(telling.words, chart.projection) if Overlay.CONE in overlays else None,
            stoch=_stoch(chart) if Overlay.STOCH in overlays else None,
            has_volume=Overlay.VOLUME in overlays,
        )
    except ValueError as err:
        _log.warning("picture_not_made", symbol=str(chart.symbol), detail=str(err))
        return None


def _cone(words: Words, view: ChartProjection | None) -> Cone | None:
    """What may come, and what is known about such bands: measured elsewhere, here, or not yet."""
    if view is None:
        return None
    level = words.percent(Decimal(repr(view.level)), digits=0)
    here = _counts(words, view.own) if view.own else {}
    if view.measured is None:
        name = "band_here" if here else "band_unmeasured"
        return cone_of(view, label=_told(words, name, level=level, **here))
    label = _told(
        words,
        "band_hit",
        level=level,
        share=words.percent(Decimal(repr(view.measured.fraction)), digits=0),
        n=words.number(Decimal(view.measured.n), 0),
        years=years(view.measured),
    )
    return cone_of(view, label=label, note=_told(words, "band_here_too", **here) if here else "")


def _counts(words: Words, rate: HitRate) -> dict[str, str]:
    return {"inside": words.number(Decimal(rate.inside), 0), "n": words.number(Decimal(rate.n), 0)}


def _told(words: Words, name: str, **values: str) -> str:
    return words.raw(f"chart_message.{name}").format(**values)


def badges_of(telling: Telling, *, is_simulated: bool) -> tuple[str, ...]:
    """States of a picture that nobody must miss."""
    return (telling.words.raw("card.badge_simulated"),) if is_simulated else ()


def theme_of(telling: Telling) -> Theme:
    """The background that the owner has chosen."""
    return "light" if telling.options.theme == "light" else "dark"


def _side(decision: Decision) -> Side:
    if decision.action is ActionCode.EXIT:
        return "close"
    return "short" if decision.score is not None and decision.score.direction < 0 else "long"


def _market(telling: Telling, chart: ChartView) -> dict[str, Any]:
    """The fields that all pictures of a market share."""
    columns = {name: _floats(values) for name, values in chart.columns.items()}
    return {
        "symbol": str(chart.symbol),
        "timeframe": str(chart.timeframe),
        "bars": _bars(chart.bars),
        "zone_name": telling.words.zone_name,
        "price_unit": chart.symbol.quote,
        "volume_unit": chart.symbol.base,
        "bands": _bands(columns),
        "averages": tuple(
            Line(label=label, values=columns[name])
            for name, label in (("ma_fast", "MA 50"), ("ma_slow", "MA 200"))
            if name in columns and np.isfinite(columns[name]).any()
        ),
        "rsi": Rsi(label="RSI 14", values=columns["rsi"]) if "rsi" in columns else None,
        "macd": _macd(columns),
        "levels": Levels(**{name: _price(chart.levels.get(name)) for name in _LEVELS}),
        "theme": theme_of(telling),
        "words": telling.words.chart_words(),
    }


_LEVELS = ("entry", "stop", "target")


def _price(value: Decimal | None) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) and number > 0 else None


def _bands(columns: dict[str, Floats]) -> Bands | None:
    names = ("bb_lower", "bb_middle", "bb_upper")
    if not all(name in columns for name in names):
        return None
    lower, middle, upper = (columns[name] for name in names)
    return Bands(label="BB 20, 2σ", lower=lower, middle=middle, upper=upper)


def _macd(columns: dict[str, Floats]) -> Macd | None:
    names = ("macd", "macd_signal", "macd_histogram")
    if not all(name in columns for name in names):
        return None
    line, signal, histogram = (columns[name] for name in names)
    return Macd(label="MACD 12/26/9", line=line, signal=signal, histogram=histogram)


def _stoch(chart: ChartView) -> Stoch | None:
    if not {"stoch_k", "stoch_d"} <= chart.columns.keys():
        return None
    k, d = (_floats(chart.columns[name]) for name in ("stoch_k", "stoch_d"))
    return Stoch(label="STOCH 14/3/3", k=k, d=d)


def _floats(values: Sequence[float]) -> Floats:
    return np.array(values, np.float64)


def _bars(series: CandleSeries) -> Bars:
    return Bars(
        open_ms=np.array(series.open_ms, np.int64),
        open=_floats(series.open),
        high=_floats(series.high),
        low=_floats(series.low),
        close=_floats(series.close),
        volume=_floats(series.volume),
    )
