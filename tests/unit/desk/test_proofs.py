"""Which verdict counts on a desk: about its rules, costs and markets, and on the most data."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.desk.proofs import current_proof, held_of
from engine.desk.research_trail import note_added
from engine.domain.proof import Proof
from engine.domain.research import Stale
from engine.ports import Units
from engine.strategy.owner import terms_digest
from tests.fakes.desk_builder import VENUE, Bench, build
from tests.fakes.samples import T0
from tests.fakes.samples_research import criterion, proof

DAY = timedelta(days=1)


@pytest.fixture
def bench(fake_units: Units) -> Bench:
    return build(fake_units)


def add(bench: Bench, name: str, *, after: int = 0, days: int = 700, **changes: Any) -> None:  # noqa: ANN401 - fields of a proof
    made = bench.parts.strategy
    base = proof()
    symbols = changes.get("symbols", base.symbols)
    fields: dict[str, Any] = {
        "venue": VENUE,
        "market_days": (days,) * len(symbols),
        "fingerprint": made.fingerprint,
        "made_at": T0 + after * DAY,
        "data_to": base.data_from + days * DAY,
        "metrics": {"terms": terms_digest(bench.parts.policies)},
    }
    verdict = proof(name, made.version, **{**fields, **changes})
    with bench.units() as unit:
        unit.proofs.add(verdict)
        unit.commit()


def add_passed(bench: Bench, name: str, **changes: Any) -> None:  # noqa: ANN401 - fields of a proof
    add(bench, name, passed=True, criteria=(criterion("trades"),), **changes)


def counts(bench: Bench) -> Proof | None:
    context = bench.assembled.context
    with bench.units(read_only=True) as unit:
        return current_proof(unit, held_of(context, context.strategy.made))


def counts_id(bench: Bench) -> str | None:
    found = counts(bench)
    return found.id if found else None


def test_a_pass_on_less_data_does_not_take_the_place_of_a_failure(bench: Bench) -> None:
    add(bench, "failed")
    add_passed(bench, "picked", after=1, days=300)
    assert counts_id(bench) == "failed"


def test_on_as_much_data_the_newest_counts(bench: Bench) -> None:
    add(bench, "failed")
    add_passed(bench, "later", after=1)
    assert counts_id(bench) == "later"


def test_more_days_of_the_desk_s_markets_are_more_data(bench: Bench) -> None:
    add(bench, "wide", market_days=(700, 700))
    add_passed(bench, "longer", after=1, days=1_000, market_days=(1_000, 300))
    assert counts_id(bench) == "wide"


def test_dummy_markets_do_not_outvote_a_failure(bench: Bench) -> None:
    """Nor do real ones that are not traded here: a desk asks about its own."""
    add(bench, "failed")
    dummies = tuple(f"D{k}/USDT" for k in range(8))
    add_passed(
        bench,
        "padded",
        after=1,
        symbols=("BTC/USDT", "ETH/USDT", *dummies),
        market_days=(690, 690, *[700] * 8),
    )
    assert counts_id(bench) == "failed"


def test_a_market_without_a_candle_is_not_covered(bench: Bench) -> None:
    add_passed(bench, "hollow", market_days=(700, 0))
    assert counts(bench) is None


def test_candles_of_another_venue_do_not_outvote_a_failure(bench: Bench) -> None:
    add(bench, "failed")
    add_passed(bench, "invented", after=1, days=3_000, venue="invented")
    assert counts_id(bench) == "failed"


def test_the_owner_may_name_venues_whose_candles_will_do(bench: Bench) -> None:
    add_passed(bench, "elsewhere", venue="binance")
    assert counts(bench) is None
    context = replace(bench.assembled.context, proof_venues=("kraken", "binance"))
    with bench.units(read_only=True) as unit:
        found = current_proof(unit, held_of(context, context.strategy.made))
    assert found is not None
    assert found.id == "elsewhere"


def test_a_verdict_of_before_venues_were_kept_does_not_count(bench: Bench) -> None:
    add_passed(bench, "old", venue="", market_days=())
    assert counts(bench) is None
    view = bench.assembled.desk.proof()
    assert view is not None
    assert view.stale is Stale.VENUE


def test_a_failure_that_was_taken_out_takes_every_verdict_along(bench: Bench) -> None:
    """The trail says two verdicts, the store has one: it does not count, and the reason is told."""
    add_passed(bench, "kept")
    with bench.units() as unit:
        note_added(unit, at=T0, actor="research", proofs=1)
        note_added(unit, at=T0, actor="research", proofs=1)
        unit.commit()
    assert counts(bench) is None
    view = bench.assembled.desk.proof()
    assert view is not None
    assert view.stale is Stale.GAP


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"fingerprint": "another"}, Stale.RULES),
        ({"metrics": {"terms": "no costs"}}, Stale.TERMS),
        ({"metrics": {}}, Stale.TERMS),
        ({"symbols": ("BTC/USDT",)}, Stale.MARKETS),
        ({"venue": "binance"}, Stale.VENUE),
    ],
)
def test_a_verdict_about_something_else_is_shown_and_does_not_count(
    bench: Bench, changes: dict[str, Any], why: Stale
) -> None:
    add_passed(bench, "other", **changes)
    assert counts(bench) is None
    view = bench.assembled.desk.proof()
    assert view is not None
    assert view.proof is not None
    assert (view.is_current, view.stale) == (False, why)
    assert bench.assembled.desk.status().proof is None
