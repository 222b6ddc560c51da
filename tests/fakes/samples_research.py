"""Trials, verdicts, calibrations and jobs to store, with numbers and text that are easily lost."""

# ruff: noqa: ANN401 - `**changes` are whatever fields the value has

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from engine.domain.market import Timeframe
from engine.domain.proof import (
    Calibration,
    CalibrationCurve,
    Criterion,
    Prediction,
    Proof,
    ResearchJob,
    Trial,
)
from tests.fakes.samples import HOSTILE, T0

_FROM = datetime(2024, 1, 1, tzinfo=UTC)
_TO = _FROM + timedelta(days=700)


def trial(name: str = "t1", lineage: str = "score", **changes: Any) -> Trial:
    """A trial of five days whose returns have no short decimal form."""
    made = Trial(
        id=name,
        lineage=lineage,
        strategy_version="score-1",
        parameters={"min_score": 55.5, "rules": ["rsi", "macd"], "note": HOSTILE},
        code_digest="c0de",
        data_digest="da7a",
        seen_at=T0,
        first_day=date(2024, 2, 29),
        daily_returns=(0.0, 1 / 3, -0.1 - 0.2, 5e-324, -1.0),
        sharpe=0.1 + 0.2,
        trades=17,
        note=HOSTILE,
        excess_returns=(0.1 + 0.2, -1 / 3, 5e-324),
    )
    return replace(made, **changes)


def criterion(name: str = "trades", **changes: Any) -> Criterion:
    """A question that was answered well."""
    made = Criterion(name=name, passed=True, value=120.0, limit=100.0, unit="", note=HOSTILE)
    return replace(made, **changes)


def prediction(**changes: Any) -> Prediction:
    """About 0.1 % a day, give or take."""
    made = Prediction(
        daily_mean=0.001,
        daily_deviation=0.02,
        daily_low=-0.0005,
        daily_high=0.0025,
        trades_per_day=1 / 3,
        days=700,
    )
    return replace(made, **changes)


def proof(name: str = "p1", strategy_version: str = "score-1", **changes: Any) -> Proof:
    """A verdict that failed one question and could not ask another."""
    made = Proof(
        id=name,
        strategy_version=strategy_version,
        fingerprint="f1",
        lineage="score",
        made_at=T0,
        timeframe=Timeframe.H1,
        symbols=("BTC/USDT", "ETH/USDT"),
        data_from=_FROM,
        data_to=_TO,
        data_digest="da7a",
        trials=12,
        passed=False,
        criteria=(
            criterion("trades"),
            criterion("profit_factor", passed=True, value=float("inf"), limit=1.2),
            criterion("deflated_sharpe", passed=False, value=0.1 + 0.2, limit=0.95),
            criterion("overfitting", passed=None, value=None, limit=0.1, unit="fraction"),
        ),
        metrics={"net_return": -0.1 - 0.2, "folds": [{"sharpe": None}, 3]},
        predicted=prediction(),
        venue="binance",
        market_days=(700, 699),
    )
    return replace(made, **changes)


def curve(direction: int = 1, regime: str = "trend", **changes: Any) -> CalibrationCurve:
    """Two knots."""
    made = CalibrationCurve(
        direction=direction,
        regime=regime,
        score=(0.0, 66.6),
        edge_bps=(-3.0, 10 / 3),
        edge_low_bps=(-9.0, 1.0),
        edge_high_bps=(2.0, 7.5),
        win_probability=(0.4, 0.55),
        win_low=(0.3, 0.5),
        win_high=(0.5, 0.6),
        payoff=(0.0, 1.7),
        n=(40, 812),
    )
    return replace(made, **changes)


def calibration(version: str = "score-1/1h/1", **changes: Any) -> Calibration:
    """A fit for both sides."""
    made = Calibration(
        version=version,
        strategy_version="score-1",
        fingerprint="f1f1",
        timeframe=Timeframe.H1,
        method="isotonic",
        made_at=T0,
        data_from=_FROM,
        data_to=_TO,
        curves=(curve(1), curve(-1)),
        note=HOSTILE,
    )
    return replace(made, **changes)


def job(name: str = "r1", **changes: Any) -> ResearchJob:
    """A wish that waits."""
    made = ResearchJob(
        id=name,
        kind="prove",
        parameters={"strategy": "score", "fees": [1, 2.5, None], "text": HOSTILE},
        requested_by=2**40,
        chat_id=-(2**40),
        requested_at=T0,
    )
    return replace(made, **changes)
