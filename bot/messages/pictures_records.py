"""Pictures of the records: the money, a closed trade, the veto ledger.

A picture that cannot be made (no bars, times out of order) is ``None``: the message goes without.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import structlog

from bot.charts.views import Equity, Floats, Holding, PortfolioPicture, Profit, Times
from bot.charts.views_records import Mark, TradePicture, VetoPicture
from bot.messages.amounts import in_r, own_line
from bot.messages.callbacks_explorer import Overlay
from bot.messages.markup import plain
from bot.messages.pictures import badges_of, chart_picture, theme_of
from bot.messages.rendered import Telling
from engine.domain.records import CurvePoint, CurveView, TradeView
from engine.domain.shadows import VetoView
from engine.domain.values import to_ms
from engine.domain.views import ChartView, PortfolioView

_log = structlog.get_logger()
_PERIODS = ("today", "week", "month", "all")
_MS = timedelta(milliseconds=1)


def portfolio_picture(
    telling: Telling, view: PortfolioView, curve: CurveView | None = None
) -> PortfolioPicture | None:
    """The picture of the money; with a ``curve`` its period, else the whole history."""
    held, words = view.portfolio, telling.words
    points = curve.points if curve else _whole(view)
    start = float(view.start_equity_quote)
    try:
        return PortfolioPicture(
            currency=held.quote,
            equity_quote=float(held.equity_quote),
            note=plain(own_line(words, view.own, held.equity_quote)),
            equity=Equity(
                time_ms=_times([point.at for point in points]),
                equity_quote=np.array([float(point.equity_quote) for point in points]),
                drawdown_fraction=np.array([point.deepest_fraction for point in points])
                if curve
                else None,
            ),
            hold_quote=_hold(points),
            hold_name=words.raw("records.hold"),
            stretch=words.raw(f"records.stretch_{curve.period}") if curve else "",
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
                    Holding(name=one.symbol.base, value_quote=float(one.value_quote))
                    for one in view.positions
                ),
            ),
            positions=tuple(
                Profit(
                    name=str(one.symbol),
                    amount_quote=float(one.pnl_quote),
                    fraction=float(one.pnl_fraction),
                )
                for one in view.positions
            ),
            badges=(
                *badges_of(telling, is_simulated=view.simulated),
                words.raw(f"mode.{view.mode}"),
            ),
            zone_name=words.zone_name,
            theme=theme_of(telling),
            words=words.chart_words(),
        )
    except ValueError as err:
        _log.warning("picture_not_made", subject="portfolio", detail=str(err))
        return None


def trade_picture(telling: Telling, view: TradeView, chart: ChartView) -> TradePicture | None:
    """A closed trade on its market."""
    drawn = chart_picture(
        telling, chart, Overlay.BANDS | Overlay.AVERAGES | Overlay.VOLUME | Overlay.RSI
    )
    if drawn is None:
        return None
    trade, words = view.trade, telling.words
    quote = trade.symbol.quote
    try:
        return TradePicture(
            chart=drawn,
            entry=Mark(
                time_ms=to_ms(trade.opened_at),
                price=float(trade.entry_price),
                name=words.raw("records.mark_in"),
            ),
            exit=Mark(
                # What filled inside a bar counts as its close: it belongs to the bar before.
                time_ms=to_ms(trade.closed_at - _MS),
                price=float(trade.exit_price),
                name=words.raw("records.mark_out"),
            ),
            result=words.money(trade.pnl_quote, quote, signed=True),
            note=words.percent(view.pnl_fraction, digits=2, signed=True)
            + (f" · {in_r(words, view.r_multiple)}" if view.r_multiple is not None else ""),
            is_won=trade.pnl_quote > 0,
        )
    except ValueError as err:
        _log.warning("picture_not_made", trade=trade.id, detail=str(err))
        return None


def veto_picture(
    telling: Telling, view: VetoView, *, title: str, subtitle: str, is_simulated: bool
) -> VetoPicture | None:
    """What saying no was worth; ``None`` before anything has ended."""
    if not view.results:
        return None
    words = telling.words
    try:
        return VetoPicture(
            time_ms=_times([one.closed_at or one.vetoed_at for one in view.results]),
            saved_quote=np.array([-float(one.pnl_quote) for one in view.results]),
            currency=view.quote,
            heading=words.raw("veto.picture_heading"),
            title=title,
            subtitle=subtitle,
            sum_name=words.raw("veto.picture_sum"),
            each_name=words.raw("veto.picture_each"),
            zone_name=words.zone_name,
            badges=badges_of(telling, is_simulated=is_simulated),
            theme=theme_of(telling),
            words=words.chart_words(),
        )
    except ValueError as err:
        _log.warning("picture_not_made", subject="veto", detail=str(err))
        return None


def _whole(view: PortfolioView) -> tuple[CurvePoint, ...]:
    """The view's own curve and the equity of now; falls are found by the drawing."""
    held = view.portfolio
    points = [(one.at, one.equity_quote) for one in view.equity if one.at < held.at]
    return tuple(
        CurvePoint(at=at, equity_quote=equity, deepest_fraction=0.0, hold_quote=None)
        for at, equity in (*points, (held.at, held.equity_quote))
    )


def _hold(points: Sequence[CurvePoint]) -> Floats | None:
    known = [point.hold_quote for point in points]
    if any(one is None for one in known):
        return None
    return np.array([float(one) for one in known if one is not None])


def _times(moments: Sequence[datetime]) -> Times:
    """Milliseconds, moved apart by one where two are the same: a picture wants them to rise."""
    rising: list[int] = []
    for moment in moments:
        ms = to_ms(moment)
        rising.append(ms if not rising or ms > rising[-1] else rising[-1] + 1)
    return np.array(rising, np.int64)
