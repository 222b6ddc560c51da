"""Views of the explorer to draw, and the ways to bend them."""

from dataclasses import replace
from typing import Any

import numpy as np

from bot.charts.views import Bars, Stoch
from bot.charts.views_explorer import (
    BoardPicture,
    BoardRow,
    FramesPicture,
    GateRow,
    Mark,
    Part,
    WhyPicture,
)
from tests.unit.bot.charts import samples

_PARTS = (
    ("MACD", 0.23, 18.2),
    ("RSI", 0.19, 12.1),
    ("STOCH", 0.13, -6.4),
    ("BB", 0.13, 9.0),
    ("MA", 0.13, 6.1),
    ("VOL", 0.07, 0.0),
    ("ATR", 0.06, -2.2),
    ("HL", 0.06, 4.5),
)
_GATES: tuple[tuple[str, str, Mark], ...] = (
    ("kill switch", "off", "passed"),
    ("your rule for this market", "asks", "asked"),
    ("loss today", "0.00 %, at most 3.00 %", "passed"),
    ("amount at risk", "50.00 USDT, at most 100.00 USDT", "passed"),
    ("costs", "55 bps, at most 150 bps", "passed"),
    ("edge after costs, lower bound", "not measured, needs 5 bps", "unknown"),
    ("size after limits", "–", "unreached"),
)


def why(**changes: Any) -> WhyPicture:  # noqa: ANN401 - fields of the view
    view = WhyPicture(
        symbol="BTC/USDT",
        timeframe="1h",
        moment="Bar closed 2026-03-02 13:00, Europe/Berlin",
        verdict="Not traded: the score is below the threshold",
        score=41.3,
        side="long",
        needed=66.0,
        needed_text="needs 66",
        parts=tuple(
            Part(code=code, points=points, weight_fraction=weight)
            for code, weight, points in _PARTS
        ),
        gates_title="Gates, in order",
        gates=(
            GateRow(name="rank of the score", figures="93.10 %, needs 99.00 %", mark="failed"),
            GateRow(name="direction (spot only buys)", figures="up", mark="passed"),
            *(
                GateRow(name=name, figures=figures, mark=mark, is_supposed=True)
                for name, figures, mark in _GATES
            ),
        ),
        note="Grey: as if the score had passed, with nothing held",
        badges=("simulated market", "recomputed"),
    )
    return replace(view, **changes)


def board(**changes: Any) -> BoardPicture:  # noqa: ANN401 - fields of the view
    rows = (
        ("BTC/USDT", 74.1, "a person is asked"),
        ("ETH/USDT", -61.2, "the signal points down, and spot is never sold short"),
        ("SOL/USDT", 12.0, "the score is below the threshold"),
        ("DOGE/USDT", 0.3, "the score is below the threshold"),
    )
    view = BoardPicture(
        title="Strongest signals",
        filters="1h · long and short · by score · 4 of 23 markets · page 1 of 3",
        rows=tuple(
            BoardRow(
                number=number,
                symbol=symbol,
                timeframe="1h",
                score=score,
                needed=66.0,
                note=note,
                time="13:00",
            )
            for number, (symbol, score, note) in enumerate(rows, start=1)
        ),
        empty="Nothing passes these filters",
        needed_text="│ the score that is needed",
        zone_text="Time in Europe/Berlin",
        badges=("simulated market",),
    )
    return replace(view, **changes)


def frames(**changes: Any) -> FramesPicture:  # noqa: ANN401 - fields of each chart
    """Four timeframes of 60 bars each."""
    charts = []
    for seed, (name, hours) in enumerate((("15m", 0.25), ("1h", 1), ("4h", 4), ("1d", 24))):
        shown = samples.bars(60, seed=seed)
        step = int(hours * samples.HOUR_MS)
        steps = (shown.open_ms - shown.open_ms[0]) // samples.HOUR_MS
        shown = replace(shown, open_ms=samples.START_MS + step * steps)
        fields = {"zone_name": "Europe/Berlin", "badges": ("simulated market",), **changes}
        charts.append(samples.chart(shown, timeframe=name, **fields))
    return FramesPicture(charts=tuple(charts))


def stoch(of: Bars) -> Stoch:
    turn = np.arange(len(of)) / 8
    return Stoch(label="STOCH 14/3/3", k=50 + 48 * np.sin(turn), d=50 + 44 * np.sin(turn - 0.4))
