"""A projection that contradicts itself cannot be made, and a count knows how sure it is."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from engine.domain.errors import InvalidValueError
from engine.domain.projection import HitRate, Projection

MADE = Projection(
    version="projection-1",
    made_ms=1_000,
    price=100.0,
    close_ms=(2_000, 3_000),
    fractions=(0.1, 0.5, 0.9),
    prices=((98.0, 97.0), (100.0, 100.0), (102.0, 103.0)),
    bars=1_000,
    paths=500,
    bar_sigma_now=0.01,
    bar_sigma_usual=0.02,
)
RATE = HitRate(
    level=0.8,
    horizon_bars=24,
    inside=81,
    n=100,
    data_from=datetime(2021, 1, 1, tzinfo=UTC),
    data_to=datetime(2024, 1, 1, tzinfo=UTC),
)


def test_a_band_is_the_pair_of_quantiles_that_leave_out_the_rest_evenly() -> None:
    assert MADE.band(0.8) == ((98.0, 97.0), (102.0, 103.0))
    assert MADE.quantile(0.5) == (100.0, 100.0)
    assert MADE.horizon_bars == 2


def test_a_quantile_it_does_not_have_is_refused() -> None:
    with pytest.raises(InvalidValueError):
        MADE.band(0.5)


@pytest.mark.parametrize(
    "changes",
    [
        {"close_ms": ()},
        {"close_ms": (3_000, 2_000)},
        {"close_ms": (1_000, 2_000)},
        {"fractions": (0.1, 0.9)},
        {"fractions": (0.9, 0.5, 0.1)},
        {"prices": ((98.0,), (100.0,), (102.0,))},
        {"prices": ((98.0, 101.0), (100.0, 100.0), (102.0, 103.0))},
        {"prices": ((98.0, 0.0), (100.0, 100.0), (102.0, 103.0))},
        {"prices": ((98.0, 97.0), (100.0, 100.0), (102.0, float("inf")))},
    ],
)
def test_a_projection_that_contradicts_itself_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError):
        replace(MADE, **changes)  # type: ignore[arg-type]  # the names are those of Projection


def test_a_rate_has_wilsons_interval() -> None:
    # Wilson 1927 for 81 of 100 with z = 1.96: (0.81 + 0.0192) / 1.0384 ± 0.0772, by R's prop.test.
    assert RATE.fraction == 0.81
    assert RATE.low == pytest.approx(0.7222, abs=1e-4)
    assert RATE.high == pytest.approx(0.8748, abs=1e-4)


def test_the_interval_of_all_inside_ends_at_one() -> None:
    full = replace(RATE, inside=10, n=10)
    # 10 / (10 + 1.96²) = 0.7225
    assert full.low == pytest.approx(0.7225, abs=1e-4)
    assert full.high == pytest.approx(1.0)


@pytest.mark.parametrize(
    "changes", [{"n": 0, "inside": 0}, {"inside": 101}, {"level": 1.0}, {"horizon_bars": 0}]
)
def test_a_count_of_nothing_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(InvalidValueError):
        replace(RATE, **changes)  # type: ignore[arg-type]  # the names are those of HitRate
