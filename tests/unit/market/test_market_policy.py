from dataclasses import fields
from datetime import UTC, datetime

import pytest

from engine.domain.errors import InvalidValueError
from engine.market.policy import MarketPolicy, SimulationPolicy


@pytest.mark.parametrize("policy", [MarketPolicy, SimulationPolicy])
def test_every_setting_has_a_default_and_a_sentence(
    policy: type[MarketPolicy | SimulationPolicy],
) -> None:
    assert policy() == policy()
    for setting in fields(policy):
        assert setting.metadata["doc"].endswith(".")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_jump_multiple", 1.0),
        ("settle_delay_s", -1.0),
        ("max_clock_skew_s", -1.0),
        ("page_bars", 0),
        ("backfill_bars", 0),
    ],
)
def test_a_value_that_would_switch_a_protection_off_is_refused(name: str, value: float) -> None:
    with pytest.raises(InvalidValueError, match=name):
        MarketPolicy(**{name: value})  # type: ignore[arg-type]  # names come from the table above


def test_the_simulation_starts_at_midnight() -> None:
    with pytest.raises(InvalidValueError, match="starts_at"):
        SimulationPolicy(starts_at=datetime(2024, 1, 1, 5, tzinfo=UTC))
