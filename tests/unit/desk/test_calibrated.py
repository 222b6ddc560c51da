"""The desk with a calibration: edges in decisions, in the status, and in what is let through."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from structlog.testing import capture_logs

from engine.checks.policy import AutomationPolicy
from engine.domain.decisions import Decision
from engine.domain.desk import Mode
from engine.domain.market import Timeframe
from engine.domain.proof import Calibration, CalibrationCurve
from engine.domain.reasons import ReasonCode, VerdictCode
from engine.risk.policy import RiskPolicy
from engine.strategy.columns_market import REGIMES
from engine.strategy.policy import EntryPolicy
from tests.fakes.desk_builder import AUTOMATIC, BTC, Bench, build, rising
from tests.fakes.units import FakeUnits

D = Decimal


def calibration(
    version: str = "c1", *, edge: float = 150.0, low: float = 120.0, n: int = 412, win: float = 0.6
) -> Calibration:
    """Every long score is worth the same in every regime."""
    curves = tuple(
        CalibrationCurve(
            direction=1,
            regime=regime,
            score=(0.0,),
            edge_bps=(edge,),
            edge_low_bps=(low,),
            edge_high_bps=(2 * edge - low,),
            win_probability=(win,),
            win_low=(win - 0.1,),
            win_high=(win + 0.1,),
            payoff=(2.0,),
            n=(n,),
        )
        for regime in REGIMES
    )
    return Calibration(
        version=version,
        strategy_version="score-1",
        fingerprint="another",
        timeframe=Timeframe.H1,
        method="bins",
        made_at=datetime(2026, 1, 1, tzinfo=UTC),
        data_from=datetime(2024, 1, 1, tzinfo=UTC),
        data_to=datetime(2025, 1, 1, tzinfo=UTC),
        curves=curves,
    )


def bench_with(units: FakeUnits, made: Calibration, **keys: object) -> Bench:
    """Two coins at the end of a climb, and this calibration in use."""
    keys = {"policies": AUTOMATIC} | keys
    bench = build(units, bars=rising(), price="106", **keys)  # type: ignore[arg-type]  # keywords of `build`
    strategy = bench.assembled.context.strategy
    made = replace(made, strategy_version=strategy.version, fingerprint=strategy.made.fingerprint)
    with bench.units() as unit:
        unit.calibrations.add(made)
        unit.calibrations.activate(made.version)
        unit.commit()
    return bench


def newest(bench: Bench) -> Decision:
    with bench.units(read_only=True) as unit:
        return unit.decisions.latest(BTC, 1)[0]


def verdict_of(decision: Decision, name: str) -> VerdictCode:
    return next(check.verdict for check in decision.checks if check.name == name)


def test_a_decision_keeps_the_edge_it_was_made_on(fake_units: FakeUnits) -> None:
    bench = bench_with(fake_units, calibration())
    bench.closes.run_due()
    decision = newest(bench)
    assert decision.reason is ReasonCode.ENTER_AUTO
    assert decision.cost is not None
    assert decision.edge is not None
    assert decision.edge.interval_bps == (D(150), D(120), D(180))
    cost = decision.cost.total_bps
    assert decision.edge.net_interval_bps == (150 - cost, 120 - cost, 180 - cost)
    assert decision.edge.n == 412
    assert verdict_of(decision, "net_edge") is VerdictCode.PASSED
    assert not decision.lacks_edge


def test_an_edge_that_costs_eat_is_refused(fake_units: FakeUnits) -> None:
    bench = bench_with(fake_units, calibration(edge=70.0, low=40.0))
    bench.closes.run_due()
    decision = newest(bench)
    assert decision.reason is ReasonCode.EDGE_TOO_SMALL
    assert decision.edge is not None
    assert decision.edge.net_edge_low_bps is not None
    assert decision.edge.net_edge_low_bps < 0
    assert bench.fills() == ()


def test_too_few_outcomes_are_as_good_as_none(fake_units: FakeUnits) -> None:
    policies = replace(AUTOMATIC, automation=AutomationPolicy(uncalibrated_paper="ask"))
    bench = bench_with(fake_units, calibration(n=29), policies=policies)
    bench.closes.run_due()
    decision = newest(bench)
    assert decision.reason is ReasonCode.ASK_UNCALIBRATED
    assert decision.lacks_edge


def test_with_money_a_calibrated_edge_may_trade(fake_units: FakeUnits) -> None:
    bench = bench_with(fake_units, calibration(), mode=Mode.LIVE)
    bench.closes.run_due()
    assert newest(bench).reason is not ReasonCode.UNCALIBRATED_REFUSED


def test_kelly_bets_the_measured_odds(fake_units: FakeUnits) -> None:
    """p = 0.34, b = 2 after costs: f = 0.34 − 0.66 / 2 = 0.01; a quarter of it of 10,000 is 25."""
    risk = RiskPolicy(sizing="kelly", max_symbol_fraction=1.0, max_exposure_fraction=1.0)
    bench = bench_with(fake_units, calibration(win=0.34), policies=replace(AUTOMATIC, risk=risk))
    bench.closes.run_due()
    check = next(c for c in newest(bench).checks if c.name == "risk_size")
    assert check.value == D(25)


def test_the_status_says_whether_the_desk_is_calibrated(fake_units: FakeUnits) -> None:
    bench = bench_with(fake_units, calibration())
    assert bench.assembled.desk.status().calibrated


def test_a_stored_calibration_that_nobody_approved_is_not_used(fake_units: FakeUnits) -> None:
    bench = build(fake_units, policies=AUTOMATIC, bars=rising(), price="106")
    with bench.units() as unit:
        strategy = bench.assembled.context.strategy.made
        fitted = replace(
            calibration(), strategy_version=strategy.version, fingerprint=strategy.fingerprint
        )
        unit.calibrations.add(fitted)
        unit.commit()
    bench.closes.run_due()
    assert newest(bench).edge is None
    assert not bench.assembled.desk.status().calibrated


def test_a_bar_that_proposes_nothing_shows_its_edge_before_costs(fake_units: FakeUnits) -> None:
    policies = replace(AUTOMATIC, entry=EntryPolicy(min_rank_fraction=1.0))
    bench = bench_with(fake_units, calibration(), policies=policies)
    bench.closes.run_due()
    decision = newest(bench)
    assert decision.reason is ReasonCode.BELOW_THRESHOLD
    assert decision.edge is not None
    assert decision.edge.edge_bps == D(150)
    assert decision.edge.net_interval_bps is None


def test_an_approved_calibration_of_an_earlier_edition_is_not_used(fake_units: FakeUnits) -> None:
    bench = build(fake_units, policies=AUTOMATIC, bars=rising(), price="106")
    made = replace(calibration(), strategy_version=bench.assembled.context.strategy.version)
    with bench.units() as unit:
        unit.calibrations.add(made)
        unit.calibrations.activate(made.version)
        unit.commit()
    with capture_logs() as logs:
        bench.closes.run_due()
    assert newest(bench).edge is None
    told = next(line for line in logs if line["event"] == "calibration_of_another_edition")
    assert told["fitted_to"] == "another"
    assert not bench.assembled.desk.status().calibrated
