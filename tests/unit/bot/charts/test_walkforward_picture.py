"""The picture of a walk-forward: what it says, that nothing overlaps, what it refuses."""

import struct
from dataclasses import replace

import numpy as np
import pytest

from bot.charts.views import Theme
from bot.charts.views_backtest import Curve, Curves, Figure
from bot.charts.views_walkforward import Drift, WalkForwardPicture
from bot.charts.walkforward import compose, draw_walkforward
from tests.unit.bot.charts.reading import outside, overlaps, texts

DAY_MS = 86_400_000
NEW_YEAR_MS = 1_514_764_800_000
WINDOWS = 6


def curve(name: str, seed: int, days: int) -> Curve:
    steps = np.random.default_rng(seed).normal(0.0005, 0.01, days - 1)
    path = 100.0 * np.concatenate(([1.0], np.cumprod(1.0 + steps)))
    return Curve(
        name=name, equity_quote=path, drawdown_fraction=1.0 - path / np.maximum.accumulate(path)
    )


def picture(*, windows: int = WINDOWS, days: int = 900) -> WalkForwardPicture:
    span = days // windows
    return WalkForwardPicture(
        title="score-1",
        subtitle=f"8 markets, 1h candles, {windows} windows, anchored training",
        currency="start = 100",
        return_fraction=0.25,
        curves=Curves(
            time_ms=NEW_YEAR_MS + np.arange(days, dtype=np.int64) * DAY_MS,
            lines=(curve("score-1", 1, days), curve("buy and hold, as volatile", 2, days)),
        ),
        borders_ms=tuple(NEW_YEAR_MS + k * span * DAY_MS for k in range(1, windows)),
        window_returns=tuple(0.094 * (-1) ** k for k in range(windows)),
        drifts=tuple(
            Drift(
                name=name,
                heights=tuple(k % 3 / 2 for k in range(windows)),
                texts=tuple(f"{2.5 + k % 3}" for k in range(windows)),
            )
            for name in ("exits.stop_atr_multiple", "weights.learned_share")
        ),
        figures=(Figure(name="Sharpe", text="0.79"), Figure(name="Trades", text="448")),
    )


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_it_is_a_png_of_a_phones_width(theme: Theme) -> None:
    png = draw_walkforward(replace(picture(), theme=theme))
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">I", png[16:20]) == (1080,)


def test_windows_parameters_and_figures_are_told() -> None:
    said = [text for text, _ in texts(compose(picture()))]
    for words in ("score-1", "Sharpe", "0.79", "exits.stop_atr_multiple", "+25.0 %"):
        assert words in said
    assert said.count("+9.4 %") == said.count("−9.4 %") == WINDOWS // 2
    assert said.count("2.5") == 2 * WINDOWS // 3


@pytest.mark.parametrize("windows", [1, 2, 8, 40])
def test_nothing_overlaps_or_leaves_the_picture(windows: int) -> None:
    sheet = compose(picture(windows=windows))
    assert overlaps(sheet) == []
    assert outside(sheet) == []


def test_without_drift_the_picture_is_shorter() -> None:
    whole, bare = compose(picture()), compose(replace(picture(), drifts=()))
    assert bare.size_px[1] < whole.size_px[1]


def test_what_does_not_fit_together_is_refused() -> None:
    with pytest.raises(ValueError, match="6 windows have 5 borders"):
        replace(picture(), borders_ms=())
    short = Drift(name="a", heights=(0.5,), texts=("1",))
    with pytest.raises(ValueError, match="1 values, 6 windows"):
        replace(picture(), drifts=(short,))
    with pytest.raises(ValueError, match="2 texts"):
        Drift(name="a", heights=(0.5,), texts=("1", "2"))
