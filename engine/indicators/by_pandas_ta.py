"""Any indicator of pandas-ta by name: bars in → its columns as float64 arrays.

For a user's own strategy file, and as the second opinion on ``direct``. pandas-ta's answers change
with whether TA-Lib is installed (another RSI seed, another first bar, ddof 1): TA-Lib is a hard
dependency, and a missing one is an error here, not another answer.
"""

import importlib
import warnings
from functools import cache
from typing import Any

import numpy as np

from engine.domain.errors import InvalidValueError
from engine.domain.values import require
from engine.indicators.bars import Floats


@cache
def _library() -> Any:  # noqa: ANN401 - an untyped module
    import talib  # noqa: PLC0415 - absent, pandas-ta would silently compute otherwise
    from pandas.errors import Pandas4Warning  # noqa: PLC0415 - heavy, see the package

    if talib._pd_Series is None:  # noqa: SLF001 - no public name says whether it takes Series
        importlib.reload(talib)  # ``direct`` had loaded it without pandas
    with warnings.catch_warnings():
        # pandas-ta 0.4.71b0 touches two names that pandas 3 deprecates, at import only.
        for name in ("The 'mode.copy_on_write' option", "Timestamp.dayofyear"):
            warnings.filterwarnings("ignore", message=name, category=Pandas4Warning)
        import pandas_ta  # noqa: PLC0415 - heavy, and warns
    return pandas_ta


def uses_talib() -> bool:
    """Whether pandas-ta found TA-Lib and computes in C."""
    return bool(_library().maps.Imports["talib"])


def by_pandas_ta(name: str, *inputs: Floats, **parameters: Any) -> tuple[Floats, ...]:  # noqa: ANN401 - whatever the indicator takes
    """Columns of ``pandas_ta.<name>`` on plain arrays, in pandas-ta's order.

    State every parameter: pandas-ta's defaults are not TA-Lib's (``bbands`` has length 5). Too few
    bars give ``InvalidValueError``, as does an unknown name.
    """
    import pandas as pd  # noqa: PLC0415 - heavy, see the package

    function = getattr(_library(), name, None)
    require(callable(function), "pandas-ta indicator", "one of its functions", name)
    assert function is not None
    result = function(*(pd.Series(column) for column in inputs), talib=True, **parameters)
    if result is None:
        raise InvalidValueError(f"bars for {name}", "more than its warm-up", inputs[0].size)
    frame = result.to_frame() if isinstance(result, pd.Series) else result
    return tuple(frame.iloc[:, i].to_numpy(dtype=np.float64) for i in range(frame.shape[1]))
