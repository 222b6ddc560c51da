"""Every kind of picture, in every language and over data of every shape."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bot.charts import (
    backtest,
    bench,
    board,
    card,
    chart,
    comparison,
    portfolio,
    proof,
    reliability,
    timeframes,
    trade,
    veto,
    walkforward,
    why,
)
from bot.charts.backtest_view import backtest_picture, comparison_picture
from bot.charts.sheet import Sheet
from bot.charts.views import Contribution, Equity, Holding, Profit
from bot.charts.views_backtest import BacktestLabels
from bot.charts.views_bench import Bar, BarGroup, BenchPicture
from bot.charts.views_explorer import BoardRow, GateRow, Part
from bot.charts.views_records import Mark, TradePicture, VetoPicture
from bot.charts.words import Words as ChartWords
from bot.messages.pictures_research import backtest_labels
from bot.messages.words import Words
from tests.unit.bot.charts import samples, samples_explorer
from tests.unit.bot.charts import test_backtest_pictures as of_backtests
from tests.unit.bot.charts import test_proof_picture as of_proofs
from tests.unit.bot.charts import test_reliability as of_reliability
from tests.unit.bot.charts import test_walkforward_picture as of_walks


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the data of a picture are like."""

    price: float = 70_000.0
    name: str = "BTC"
    quote: str = "USDT"
    rows: int = 4
    bars: int = 84
    word: str = "time stop"

    @property
    def symbol(self) -> str:
        return f"{self.name}/{self.quote}"


SHAPES = {
    "usual": Shape(),
    "tiny prices": Shape(price=0.00000123, name="1000PEPE"),
    "huge prices": Shape(price=1.23e9, name="BTC", quote="IDR"),
    "long names": Shape(name="1000CHEEMSWIFHATCOIN", quote="FDUSDPERP", word="Wert" * 30),
    "one row": Shape(rows=1, bars=1),
    "fifty rows": Shape(rows=50, bars=600),
    "long German words": Shape(
        word="Mindestbestellwertunterschreitungsbenachrichtigung, Kapitalertragsteuervorauszahlung"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """In which words a picture is drawn, and how wide."""

    words: ChartWords
    labels: BacktestLabels
    width_px: int = 1080

    @classmethod
    def of(cls, language: str, width_px: int = 1080) -> "Style":
        words = Words.of(language, "UTC")
        return cls(words=words.chart_words(), labels=backtest_labels(words), width_px=width_px)


type Compose = Callable[[Shape, Style], Sheet]


def _bars(shape: Shape) -> Any:  # noqa: ANN401 - Bars
    return samples.bars(shape.bars, price=shape.price)


def _common(style: Style) -> dict[str, Any]:
    return {"words": style.words, "width_px": style.width_px}


def _units(shape: Shape) -> dict[str, Any]:
    return {"symbol": shape.symbol, "price_unit": shape.quote, "volume_unit": shape.name}


def _card(shape: Shape, style: Style) -> Sheet:
    parts = tuple(
        Contribution(code=samples.CODES[k % 8], points=40.0 * (-0.8) ** k)
        for k in range(shape.rows)
    )
    badges = (shape.word, "simulated")
    look = _common(style)
    shown = samples.card(_bars(shape), contributions=parts, badges=badges, **_units(shape), **look)
    return card.compose(shown)


def _chart(shape: Shape, style: Style) -> Sheet:
    bars = _bars(shape)
    stoch = samples_explorer.stoch(bars)
    return chart.compose(samples.chart(bars, stoch=stoch, **_units(shape), **_common(style)))


def _cone(shape: Shape, style: Style) -> Sheet:
    bars = _bars(shape)
    cone = samples.cone(bars, note=shape.word)
    levels = samples.levels(bars)
    return chart.compose(
        samples.chart(bars, cone=cone, levels=levels, **_units(shape), **_common(style))
    )


def _sheet(shape: Shape, style: Style) -> Sheet:
    shown = samples_explorer.frames(symbol=shape.symbol, **_common(style))
    bars = _bars(shape)
    first = replace(
        shown.charts[0],
        bars=bars,
        levels=samples.levels(bars),
        **samples.overlays(bars),
    )
    return timeframes.compose(replace(shown, charts=(first, *shown.charts[1:])))


def _board(shape: Shape, style: Style) -> Sheet:
    rows = tuple(
        BoardRow(
            number=k + 1,
            symbol=shape.symbol,
            timeframe="15m",
            score=99.9 * (-0.97) ** k,
            needed=66.0,
            note=shape.word,
            time="13:00",
        )
        for k in range(shape.rows)
    )
    changes = {"rows": rows, "filters": shape.word, "needed_text": f"│ {shape.word}"}
    return board.compose(samples_explorer.board(**changes, **_common(style)))


def _why(shape: Shape, style: Style) -> Sheet:
    parts = tuple(
        Part(code=samples.CODES[k % 8], points=30.0 * (-0.8) ** k, weight_fraction=0.125)
        for k in range(shape.rows)
    )
    gates = tuple(
        GateRow(name=shape.word, figures="93,10 %, mindestens 99,00 %", mark="failed")
        for _ in range(shape.rows)
    )
    changes = {"parts": parts, "gates": gates, "symbol": shape.symbol, "verdict": shape.word}
    shown = samples_explorer.why(needed_text=shape.word, note=shape.word, **changes)
    return why.compose(replace(shown, **_common(style)))


def _portfolio(shape: Shape, style: Style) -> Sheet:
    bars = _bars(shape)
    sizes = [shape.price * (-0.9) ** k for k in range(shape.rows)]
    return portfolio.compose(
        samples.portfolio(
            currency=shape.quote,
            equity_quote=shape.price,
            equity=Equity(time_ms=bars.open_ms, equity_quote=bars.close),
            hold_quote=bars.open,
            hold_name=shape.word,
            stretch="1 week",
            note=shape.word,
            periods=tuple(Profit(name=shape.word, amount_quote=x, fraction=0.0123) for x in sizes),
            holdings=tuple(Holding(name=shape.name, value_quote=abs(x)) for x in sizes),
            positions=tuple(
                Profit(name=shape.symbol, amount_quote=x, fraction=-0.0123) for x in sizes
            ),
            badges=(shape.word, "simulated"),
            **_common(style),
        )
    )


def _trade(shape: Shape, style: Style) -> Sheet:
    bars = _bars(shape)
    shown = samples.chart(bars, levels=samples.levels(bars), **_units(shape), **_common(style))
    ends = int(bars.open_ms[len(bars) // 3]), int(bars.open_ms[-1])
    prices = float(bars.close[len(bars) // 3]), float(bars.close[-1])
    view = TradePicture(
        chart=shown,
        entry=Mark(time_ms=ends[0], price=prices[0], name="gekauft"),
        exit=Mark(time_ms=ends[1], price=prices[1], name="verkauft"),
        result=f"+{style.words.numbers.amount(shape.price)} {shape.quote}",
        note="+1,23 % · +0,41 R",
    )
    return trade.compose(view)


def _veto(shape: Shape, style: Style) -> Sheet:
    count = shape.rows
    return veto.compose(
        VetoPicture(
            time_ms=samples.START_MS + samples.HOUR_MS * np.arange(count, dtype=np.int64),
            saved_quote=shape.price * np.cos(np.arange(count, dtype=np.float64)),
            currency=shape.quote,
            heading=shape.word,
            title=f"+{style.words.numbers.amount(shape.price)} {shape.quote}",
            subtitle=shape.word,
            sum_name=shape.word,
            each_name=shape.word,
            badges=(shape.word,),
            **_common(style),
        )
    )


def _document(shape: Shape) -> dict[str, Any]:
    made = of_backtests.document(
        quote=shape.quote, strategy_version=shape.word, symbols=[shape.symbol] * shape.rows
    )
    scale = shape.price / 10_000
    for name in ("equity_quote", "market_quote"):
        made["curve"][name] = [scale * value for value in made["curve"][name]]
    for name in ("start_equity", "final_equity"):
        made[name] *= scale
    return made


def _backtest(shape: Shape, style: Style) -> Sheet:
    view = backtest_picture(_document(shape), labels=style.labels, **_common(style))
    return backtest.compose(view)


def _comparison(shape: Shape, style: Style) -> Sheet:
    document = of_backtests.comparison() | {"one": shape.word}
    view = comparison_picture(document, labels=style.labels, **_common(style))
    return comparison.compose(view)


def _proof(shape: Shape, style: Style) -> Sheet:
    verdicts = tuple(
        replace(one, name=shape.word) for one in of_proofs.verdicts(*(0.7,) * shape.rows)
    )
    look = {"labels": style.labels, **_common(style)}
    shown = of_proofs.view(verdicts=verdicts, title=shape.word, limit="Grenze", **look)
    return proof.compose(shown)


def _walkforward(shape: Shape, style: Style) -> Sheet:
    look = {"labels": style.labels, **_common(style)}
    shown = replace(of_walks.picture(windows=shape.rows), title=shape.word, **look)
    return walkforward.compose(shown)


def _reliability(shape: Shape, style: Style) -> Sheet:
    rows = of_reliability.ALL[: shape.rows]
    return reliability.compose(replace(of_reliability.view(*rows), **_common(style)))


def _bench(shape: Shape, style: Style) -> Sheet:
    bars = tuple(
        Bar(name=shape.word, value=shape.price * (k + 1), text="1,234", ours=k == 0)
        for k in range(shape.rows)
    )
    group = BarGroup(title="Seconds", bars=bars)
    view = BenchPicture(title=shape.word, subtitle=shape.word, groups=(group,))
    return bench.compose(replace(view, width_px=style.width_px))


KINDS: dict[str, Compose] = {
    "backtest": _backtest,
    "bench": _bench,
    "board": _board,
    "card": _card,
    "chart": _chart,
    "comparison": _comparison,
    "cone": _cone,
    "frames": _sheet,
    "portfolio": _portfolio,
    "proof": _proof,
    "reliability": _reliability,
    "trade": _trade,
    "veto": _veto,
    "walkforward": _walkforward,
    "why": _why,
}
