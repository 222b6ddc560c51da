"""Which verdict counts on a desk: about its rules, costs and markets, and on the most data."""

from datetime import timedelta
from typing import Any

import pytest

from engine.desk.proofs import current_proof, held_of
from engine.domain.proof import Proof
from engine.domain.research import Stale
from engine.ports import Units
from engine.strategy.owner import terms_digest
from tests.fakes.desk_builder import Bench, build
from tests.fakes.samples import T0
from tests.fakes.samples_research import criterion, proof

DAY = timedelta(days=1)


@pytest.fixture
def bench(fake_units: Units) -> Bench:
    return build(fake_units)


def add(bench: Bench, name: str, *, after: int = 0, days: int = 700, **changes: Any) -> None:  # noqa: ANN401 - fields of a proof
    made = bench.parts.strategy
    base = proof()
    fields: dict[str, Any] = {
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


def test_more_markets_are_more_data(bench: Bench) -> None:
    add(bench, "wide", symbols=("BTC/USDT", "ETH/USDT", "SOL/USDT"))
    add_passed(bench, "longer", after=1, days=1_000)
    assert counts_id(bench) == "wide"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"fingerprint": "another"}, Stale.RULES),
        ({"metrics": {"terms": "no costs"}}, Stale.TERMS),
        ({"metrics": {}}, Stale.TERMS),
        ({"symbols": ("BTC/USDT",)}, Stale.MARKETS),
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
