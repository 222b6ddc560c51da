"""A verdict as a picture: everything readable, whatever the figures are."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text

from bot.charts import draw_proof, proof, style
from bot.charts.views import Theme
from bot.charts.views_backtest import Curve, Curves
from bot.charts.views_proof import ProofPicture, Verdict
from tests.unit.bot.charts.reading import outside, overlaps, pixels, rows_with, texts
from tests.unit.bot.charts.samples import START_MS

_DAY_MS = 86_400_000
RATIOS = (None, 0.0, 0.5, 1.0, 1.9, 400.0, float("inf"))


def verdicts(*ratios: float | None) -> tuple[Verdict, ...]:
    return tuple(
        Verdict(
            name=f"Criterion number {k}",
            text="not evaluable" if ratio is None else f"{ratio:.2f} (≥ 1.00)",
            passed=None if ratio is None else ratio >= 1.0,
            ratio=ratio,
        )
        for k, ratio in enumerate(ratios)
    )


def curves(days: int) -> Curves:
    growth = np.exp(np.cumsum(np.random.default_rng(3).normal(0.0005, 0.01, days)))
    fall = 1.0 - growth / np.maximum.accumulate(growth)
    return Curves(
        time_ms=START_MS + _DAY_MS * np.arange(days, dtype=np.int64),
        lines=(Curve(name="trend-1", equity_quote=growth, drawdown_fraction=fall),),
    )


def view(**changes: Any) -> ProofPicture:  # noqa: ANN401 - the names are those of ProofPicture
    made = ProofPicture(
        title="trend-1",
        word="not proved",
        passed=False,
        verdicts=verdicts(*RATIOS),
        limit="limit",
        notes=("8 markets, 4h · 2018-01-01 – 2023-12-31", "Trials counted: 37 then, 41 now"),
        curves=curves(900),
        curve_title="Out of sample, growth of 1",
    )
    return replace(made, **changes)


@pytest.mark.parametrize("width_px", [390, 1080])
@pytest.mark.parametrize(
    "shown",
    [
        view(),
        view(curves=None),
        view(curves=curves(1), notes=("x" * 200,) * 5),
        view(title="a strategy of a very long name-1+a5c3", word="nicht bewiesen"),
        view(verdicts=()),
        view(verdicts=verdicts(*([0.7] * 30))),
    ],
    ids=["whole", "no curve", "one day", "long names", "nothing asked", "many"],
)
def test_texts_neither_touch_nor_leave_the_sheet(shown: ProofPicture, width_px: int) -> None:
    sheet = proof.compose(replace(shown, width_px=width_px))
    assert overlaps(sheet) == []
    assert outside(sheet) == []


def test_no_text_is_below_26_px_at_1080() -> None:
    sheet = proof.compose(view())
    shown = [text for text in sheet.figure.findobj(Text) if text.get_text()]
    assert min(float(text.get_fontsize()) * 100 / 72 for text in shown) >= 26


@pytest.mark.parametrize("width_px", [390, 1080])
@pytest.mark.parametrize("word", ["proved", "not proved", "nicht bewiesen", "no probada"])
def test_the_verdict_is_never_cut(word: str, width_px: int) -> None:
    sheet = proof.compose(view(word=word, width_px=width_px))
    assert word in [text for text, _ in texts(sheet)]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_passed_and_failed_have_a_sign_and_a_colour(theme: Theme) -> None:
    palette = style.palette(theme)
    shown = view(verdicts=verdicts(2.0), passed=True, word="proved", theme=theme, curves=None)
    bars = slice(0, 500)
    assert rows_with(draw_proof(shown), palette.target, columns=bars)
    assert not rows_with(draw_proof(shown), palette.stop, columns=bars)
    failed = replace(shown, verdicts=verdicts(0.9))
    assert rows_with(draw_proof(failed), palette.stop, columns=bars)
    signs = [text for text, _ in texts(proof.compose(view()))]
    assert signs.count("✓") == 4
    assert signs.count("✗") == 2


def test_a_figure_without_a_value_is_refused_where_it_is_nan() -> None:
    with pytest.raises(ValueError, match="was NaN"):
        verdicts(float("nan"))


def test_the_picture_is_as_wide_as_asked_for() -> None:
    assert pixels(draw_proof(view(width_px=390))).shape[1] == 390
