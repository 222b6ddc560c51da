"""Live trading is refused with the first reason that holds, from the store's own records."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.desk.proofs import DriftWatch
from engine.desk.research_trail import note_added
from engine.domain.portfolio import EquityPoint
from engine.domain.proof import Proof
from engine.domain.values import to_ms
from engine.ports import Units
from engine.strategy.owner import terms_digest
from main.live import live_refusal
from tests.fakes.desk_builder import START, VENUE, Bench, build
from tests.fakes.samples_research import criterion, prediction, proof


@pytest.fixture
def bench(fake_units: Units) -> Bench:
    return build(fake_units)


def passed(bench: Bench, **changes: object) -> Proof:
    made = bench.parts.strategy
    verdict = proof(
        strategy_version=made.version,
        fingerprint=made.fingerprint,
        passed=True,
        criteria=(criterion("trades"),),
        venue=VENUE,
        predicted=prediction(daily_mean=0.001, daily_deviation=0.002),
        metrics={"terms": terms_digest(bench.parts.policies)},
    )
    verdict = replace(verdict, **changes)  # type: ignore[arg-type]  # Proof's names
    with bench.units() as unit:
        unit.proofs.add(verdict)
        unit.commit()
    return verdict


def paper(bench: Bench, days: int, mean: float) -> None:
    """Days of results, one look at their end."""
    watch = DriftWatch(bench.assembled.context)
    equity = 10_000.0
    for day in range(days + 2):
        at = START + timedelta(days=day)
        bench.clock.move_to(at)
        amount = Decimal(f"{equity:.4f}")
        with bench.units() as unit:
            unit.book.snapshot(
                EquityPoint(venue=VENUE, at=at, equity_quote=amount, cash_quote=amount)
            )
            frame = bench.assembled.context.timeframe
            unit.desk.put_note(f"last_close:{VENUE}:{frame}", to_ms(at))
            unit.commit()
        watch.look()
        equity *= 1.0 + mean


def refusal(bench: Bench) -> str:
    return live_refusal(
        bench.units,
        bench.parts.strategy,
        VENUE,
        policies=bench.parts.policies,
        symbols=bench.parts.rules,
    )


def test_without_a_verdict_the_way_to_one_is_told(bench: Bench) -> None:
    name = bench.parts.strategy.name
    assert f"there is none; run `cryptotrader prove --strategy {name}`" in refusal(bench)
    assert bench.parts.strategy.version in refusal(bench)


def test_a_failed_verdict_names_what_failed(bench: Bench) -> None:
    verdict = passed(bench, passed=False, criteria=(criterion("pbo", passed=None, value=None),))
    assert f"it failed on {verdict.made_at:%Y-%m-%d} (pbo)" in refusal(bench)


def test_a_verdict_of_another_state_of_the_code_is_none(bench: Bench) -> None:
    passed(bench, fingerprint="f0")
    assert "another state of its code or settings (f0, now " in refusal(bench)


def test_a_verdict_for_other_costs_or_markets_is_none(bench: Bench) -> None:
    passed(bench, metrics={"terms": "cheap"})
    assert "for other costs or position sizes than these" in refusal(bench)
    terms = {"terms": terms_digest(bench.parts.policies)}
    at = START + timedelta(days=9)
    days = (700,)
    passed(bench, id="p2", symbols=("BTC/USDT",), market_days=days, metrics=terms, made_at=at)
    assert "without some of these markets" in refusal(bench)


def test_a_verdict_on_candles_of_another_venue_is_none(bench: Bench) -> None:
    passed(bench, venue="binance")
    assert "made on candles of binance (see strategy.proof_venues)" in refusal(bench)


def test_a_store_that_lost_trials_has_no_verdict(bench: Bench) -> None:
    passed(bench)
    with bench.units() as unit:
        note_added(unit, at=START, actor="research", trials=3)
        unit.commit()
    assert "the database holds 0 of 3 trials" in refusal(bench)
    assert "restore the backup" in refusal(bench)


def test_a_proof_needs_paper_results_beside_it(bench: Bench) -> None:
    passed(bench)
    assert "there are none yet" in refusal(bench)
    paper(bench, 5, 0.001)
    assert "there are 5 of 20 days" in refusal(bench)


@pytest.mark.parametrize(("mean", "side"), [(-0.01, "below"), (0.02, "above")])
def test_results_that_have_parted_from_the_proof_stop_it(
    bench: Bench, mean: float, side: str
) -> None:
    passed(bench)
    paper(bench, 25, mean)
    assert f"over 25 days they are {side} it" in refusal(bench)


def test_what_is_left_is_that_it_is_not_built(bench: Bench) -> None:
    passed(bench)
    paper(bench, 25, 0.001)
    assert refusal(bench).startswith("live execution is not built yet")
