import math
import os
import subprocess
import sys
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pytest
from numba.core.errors import TypingError

from engine import kernel
from engine.domain.errors import InvalidValueError
from engine.kernel import at_most, ceil_count, dtype_of, floor_count, lean, records, round_quote
from engine.strategy import step as step_module


class Pair:
    count: int
    price: float
    ready: bool


def test_a_record_reads_and_writes_its_array() -> None:
    pairs = records(Pair, 2)
    one = pairs[1]
    one.count, one.price, one.ready = 3, 1.5, True
    assert (pairs[1].count, pairs[1].price, bool(pairs[1].ready)) == (3, 1.5, True)
    assert pairs[0].count == 0


def test_a_layout_is_aligned_and_has_the_fields_in_their_order() -> None:
    layout = dtype_of(Pair)
    assert layout.names == ("count", "price", "ready")
    assert layout.isalignedstruct


def test_a_field_that_numpy_would_read_as_a_method_is_refused() -> None:
    class Clash:
        round: int

    with pytest.raises(InvalidValueError, match="round"):
        dtype_of(Clash)


@pytest.mark.parametrize(
    ("value", "below", "above"),
    [
        (3.0, 3, 3),
        (2.9999999999, 3, 3),
        (3.0000000001, 3, 3),
        (2.999, 2, 3),
        (3.001, 3, 4),
        (0.0, 0, 0),
        (-1.0, 0, 0),
        (math.nan, 0, 0),
    ],
)
def test_counts_forgive_a_rounding_error_only(value: float, below: int, above: int) -> None:
    assert floor_count(value) == below
    assert ceil_count(value) == above


def test_a_count_too_large_for_a_float_is_cut_not_wrapped() -> None:
    assert floor_count(math.inf) == floor_count(1e300) > 0


def test_equal_is_inside() -> None:
    assert at_most(0.1 + 0.2, 0.3)
    assert at_most(1.0, 1.0)
    assert not at_most(1.000001, 1.0)
    assert not at_most(math.nan, 1.0)
    assert at_most(-1.0, -1.0)


@pytest.mark.parametrize(
    "amount", ["0.000000005", "0.000000015", "2.675000005", "1234.567890125", "9999999.99999999"]
)
def test_money_rounds_as_decimal_does(amount: str) -> None:
    exact = Decimal(amount).quantize(Decimal("1e-8"), rounding=ROUND_HALF_EVEN)
    assert Decimal(repr(float(round_quote(float(amount))))) == exact
    assert round_quote(-float(amount)) == -round_quote(float(amount))


def test_lean_code_that_would_allocate_is_refused() -> None:
    if not hasattr(step_module.step, "py_func"):
        pytest.skip("uncompiled")

    def grows(count: int) -> float:
        return float(np.zeros(count).sum())

    with pytest.raises(TypingError):
        lean(grows)(3)


def test_the_stamp_of_compiled_code_covers_what_it_calls() -> None:
    reached = kernel._reachable("engine.strategy.step", set())
    assert {
        "engine.kernel",
        "engine.domain.reasons",
        "engine.risk.sizing",
        "engine.risk.clamps",
        "engine.costs.model",
        "engine.checks.routing",
        "engine.strategy.book",
        "engine.strategy.step_entry",
        "engine.strategy.step_exits",
    } <= reached


def test_the_stamp_is_where_numba_looks_for_it() -> None:
    cache = getattr(step_module.step, "_cache", None)
    if cache is None:
        pytest.skip("uncompiled")
    digest = kernel._sources_digest("engine.strategy.step")
    assert cache._cache_file._source_stamp == digest
    # Compared before a kept type is unpickled, which may have been renamed since.
    assert digest in cache._cache_file._version


_BOTH_WAYS = """
from tests.unit.step.builders import markets, play, policy, random_feeds
state = play(random_feeds(3, 300, 5, missing=0.1), markets(3), with_policy=policy(
    exits={"trailing_atr_multiple": 2.0, "exit_score": -60.0, "target_atr_multiple": 4.0}))
print(state.tally[0].trades, repr(float(state.equity_quote[-1])), state.decided_count.tolist())
"""


def test_uncompiled_code_gives_the_same_result() -> None:
    answers = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", _BOTH_WAYS],
            env={**os.environ, "NUMBA_DISABLE_JIT": switch},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for switch in ("0", "1")
    ]
    assert answers[0] == answers[1]
    assert int(answers[0].split()[0]) > 5
