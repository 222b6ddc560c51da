"""From a walk-forward to its picture's view: returns become curves, choices become steps."""

from datetime import UTC, datetime

import numpy as np

from bot.charts.number_format import UNKNOWN, NumberFormat
from bot.charts.views import Theme
from bot.charts.views_backtest import Curve, Curves, Figure
from bot.charts.views_walkforward import Drift, WalkForwardPicture
from engine.domain.desk import Json
from engine.domain.values import to_ms
from engine.kernel import Floats, Ints
from engine.proof.daily import DAY_MS
from engine.proof.figures import earned, returns_of
from engine.proof.walkforward.walked import WalkForward, growth, market_returns
from engine.proof.walkforward.windows import Mode
from main.reports.walkforward import value

_POINTS = 1_000
_NUMBERS = NumberFormat()


def picture_of(
    walked: WalkForward,
    *,
    theme: Theme = "dark",
    zone_name: str = "UTC",
    notes: tuple[str, ...] = (),
) -> WalkForwardPicture:
    """Return the picture of a stitched result beside buy-and-hold."""
    figures, market = earned(walked), returns_of(market_returns(walked.days))
    return WalkForwardPicture(
        title=walked.strategy.version,
        subtitle=_subtitle(walked),
        currency="start = 100",
        return_fraction=float(str(figures["return_fraction"])),
        curves=_curves(walked),
        borders_ms=tuple(to_ms(one.window.test_from) for one in walked.windows[1:]),
        window_returns=tuple(one.return_fraction for one in walked.windows),
        drifts=_drifts(walked),
        figures=_figures(figures, market),
        notes=notes,
        zone_name=zone_name,
        theme=theme,
    )


def _subtitle(walked: WalkForward) -> str:
    symbols = walked.days.symbols
    markets = symbols[0] if len(symbols) == 1 else f"{len(symbols)} markets"
    mode = walked.procedure.mode
    how = "fixed parameters" if mode is Mode.FIXED else f"{mode} training"
    return f"{markets}, {walked.strategy.timeframe} candles, {len(walked.windows)} windows, {how}"


def _curves(walked: WalkForward) -> Curves:
    first = datetime.combine(walked.days.first_day, datetime.min.time(), UTC)
    days = len(walked.days.returns)
    # Even steps, counted from the end: an uneven one would be drawn as a hole in the data.
    kept = np.arange(days, -1, -max(1, -(-days // _POINTS)), dtype=np.int64)[::-1]
    return Curves(
        time_ms=to_ms(first) + kept * DAY_MS,
        lines=(
            _curve(walked.strategy.version, walked.days.returns, kept),
            _curve("equal weights daily, as volatile", _scaled_market(walked), kept),
        ),
    )


def _scaled_market(walked: WalkForward) -> Floats:
    """The market held at the strategy's volatility: at its own, the strategy would look flat."""
    market, own = market_returns(walked.days), float(np.std(walked.days.returns))
    wide = float(np.std(market))
    return market * (own / wide) if own > 0.0 and wide > 0.0 else market


def _curve(name: str, returns: Floats, kept: Ints) -> Curve:
    path = 100.0 * growth(returns)
    fall = 1.0 - path / np.maximum.accumulate(path)
    return Curve(name=name, equity_quote=path[kept], drawdown_fraction=fall[kept])


def _figures(figures: dict[str, Json], market: dict[str, Json]) -> tuple[Figure, ...]:
    shown = (
        ("Sharpe", _ratio(figures["sharpe"])),
        ("Deepest drawdown", _percent(figures["max_drawdown_fraction"])),
        ("Trades", str(figures["trades"])),
        ("Profit factor", _ratio(figures["profit_factor"])),
        ("Sharpe, market", _ratio(market["sharpe"])),
        ("Drawdown, market", _percent(market["max_drawdown_fraction"])),
    )
    return tuple(Figure(name=name, text=text) for name, text in shown)


def _ratio(number: Json) -> str:
    return _NUMBERS.plain(number, 2) if isinstance(number, int | float) else UNKNOWN


def _percent(number: Json) -> str:
    return _NUMBERS.percent(-float(number)) if isinstance(number, int | float) else UNKNOWN


def _drifts(walked: WalkForward) -> tuple[Drift, ...]:
    """The parameters that did not stay the same, by their place among the values searched."""
    axes = walked.procedure.axes(walked.strategy).axes
    changed = {name: of for name, of in walked.drift.items() if len(set(of)) > 1}
    return tuple(
        Drift(
            name=name,
            heights=tuple(axes[name].index(one) / max(1, len(axes[name]) - 1) for one in of),
            texts=tuple(value(one).replace("-", "−") for one in of),
        )
        for name, of in changed.items()
    )
