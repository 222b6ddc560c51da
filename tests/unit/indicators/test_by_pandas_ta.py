"""pandas-ta with TA-Lib installed gives the same figures, and says so."""

import subprocess
import sys

import numpy as np
import pytest

from engine.domain.errors import InvalidValueError
from engine.indicators.by_pandas_ta import by_pandas_ta, uses_talib
from engine.strategy.rules import shipped_rules
from engine.strategy.signals import ShippedRule, largest_difference
from tests.unit.strategy.bars import walk


def test_talib_is_installed_and_pandas_ta_uses_it() -> None:
    assert uses_talib()


def test_pandas_ta_changes_its_answers_without_talib() -> None:
    close = walk(100, 1).close
    (with_talib,) = by_pandas_ta("rsi", close, length=14)
    import pandas as pd
    import pandas_ta

    without = pandas_ta.rsi(pd.Series(close), length=14, talib=False).to_numpy()
    assert np.abs(with_talib[20:40] - without[20:40]).max() > 0.1


@pytest.mark.parametrize("rule", shipped_rules(), ids=lambda rule: rule.code)
@pytest.mark.parametrize("seed", [11, 12])
def test_every_shipped_indicator_equals_pandas_ta(rule: ShippedRule, seed: int) -> None:
    assert largest_difference(rule, walk(1_500, seed)) <= 1e-9
    assert largest_difference(rule, walk(700, seed, start=1e-5)) <= 1e-9


def test_an_unknown_indicator_and_too_few_bars_are_refused() -> None:
    close = walk(5, 1).close
    with pytest.raises(InvalidValueError, match="rsy"):
        by_pandas_ta("rsy", close)
    with pytest.raises(InvalidValueError, match="warm-up"):
        by_pandas_ta("rsi", close, length=14)


def test_importing_the_rules_loads_neither_pandas_nor_talib() -> None:
    code = (
        "import sys, engine.strategy.columns;"
        "assert not {'pandas', 'pandas_ta', 'talib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_importing_pandas_ta_is_quiet_under_warnings_as_errors() -> None:
    code = "from engine.indicators.by_pandas_ta import uses_talib; assert uses_talib()"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_direct_calls_load_talib_without_pandas_and_leave_pandas_ta_working() -> None:
    code = """
import sys
import numpy as np
from engine.indicators import direct
from engine.indicators.by_pandas_ta import by_pandas_ta
close = np.arange(100.0) ** 1.1
before = direct.rsi(close, 14)
assert "talib" in sys.modules and "pandas" not in sys.modules
(other,) = by_pandas_ta("rsi", close, length=14)
assert np.array_equal(before, other, equal_nan=True)
assert np.array_equal(before, direct.rsi(close, 14), equal_nan=True)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)
