"""From the desk's views to the pictures' views: ``Decimal`` and text become floats and arrays.

A picture that cannot be made (no bars, times out of order) is ``None``: the message goes without.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import structlog

from bot.charts import draw_backtest, draw_card, draw_chart, draw_portfolio, draw_proof
from bot.charts.cone_view import cone_of, years
from bot.charts.views import (
    Bands,
    Bars,
    CardPicture,
    ChartPicture,
    Cone,
    Contribution,
    Equity,
    Floats,
    Holding,
    Levels,
    Line,
    Macd,
    PortfolioPicture,
    Profit,
    Rsi,
    Side,
    Theme,
)
from bot.charts.views_backtest import BacktestPicture
from bot.charts.views_proof import ProofPicture
from bot.messages.rendered import Picture, Telling
from bot.messages.words import Words
from engine.domain.decisions import Decision
from engine.domain.market import CandleSeries
from engine.domain.projection import ChartProjection, HitRate
from engine.domain.reasons import ActionCode
from engine.domain.values import to_ms
from engine.domain.views import ChartView, PortfolioView

_log = structlog.get_logger()
_FULL_SCORE = 100.0
_PERIODS = ("today", "week", "all")


def draw(picture: Picture) -> bytes:
    """Draw a picture as PNG; slow, for a worker."""
    if isinstance(picture, CardPicture):
        return draw_card(picture)
    if isinstance(picture, PortfolioPicture):
        return draw_portfolio(picture)
    if isinstance(picture, BacktestPicture):
        return draw_backtest(picture)
    if isinstance(picture, ProofPicture):
        return draw_proof(picture)
    return draw_chart(picture)


def card_picture(telling: Telling, decision: Decision, chart: ChartView) -> Picture | None:
    """The picture of an opportunity."""
    score = decision.score
    if score is None or not len(chart.bars):
        return None
    badges = _badges(telling, is_simulated=chart.simulated)
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


def chart_picture(telling: Telling, chart: ChartView) -> Picture | None:
    """The picture of a market on one timeframe."""
    if not len(chart.bars):
        return None
    try:
        return ChartPicture(
            **_market(telling, chart),
            badges=_badges(telling, is_simulated=chart.simulated),
            cone=_cone(telling.words, chart.projection),
        )
    except ValueError as err:
        _log.warning("picture_not_made", symbol=str(chart.symbol), detail=str(err))
        return None


def portfolio_picture(telling: Telling, view: PortfolioView) -> Picture | None:
    """The picture of the money."""
    held = view.portfolio
    words = telling.words
    points = {to_ms(point.at): float(point.equity_quote) for point in view.equity}
    points[to_ms(held.at)] = float(held.equity_quote)
    times = sorted(points)
    start = float(view.start_equity_quote)
    try:
        return PortfolioPicture(
            currency=held.quote,
            equity_quote=float(held.equity_quote),
            equity=Equity(
                time_ms=np.array(times, np.int64),
                equity_quote=np.array([points[ms] for ms in times], np.float64),
            ),
            periods=tuple(
                Profit(
                    name=words.raw(f"pnl.{name}"),
                    amount_quote=float(view.pnl_quote[name]),
                    fraction=float(view.pnl_quote[name]) / start if start else None,
                )
                for name in _PERIODS
                if name in view.pnl_quote
            ),
            holdings=(
                Holding(
                    name=words.raw("portfolio.cash"),
                    value_quote=float(held.cash_quote),
                    is_cash=True,
                ),
                *(
                    Holding(name=h.position.symbol.base, value_quote=float(h.value_quote))
                    for h in held.holdings
                ),
            ),
            positions=tuple(
                Profit(name=str(h.position.symbol), amount_quote=float(h.pnl_quote))
                for h in held.holdings
            ),
            badges=(
                *_badges(telling, is_simulated=view.simulated),
                words.raw(f"mode.{view.mode}"),
            ),
            zone_name=words.zone_name,
            theme=_theme(telling),
            words=words.chart_words(),
        )
    except ValueError as err:
        _log.warning("picture_not_made", subject="portfolio", detail=str(err))
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


def _badges(telling: Telling, *, is_simulated: bool) -> tuple[str, ...]:
    return (telling.words.raw("card.badge_simulated"),) if is_simulated else ()


def _theme(telling: Telling) -> Theme:
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
        "theme": _theme(telling),
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
