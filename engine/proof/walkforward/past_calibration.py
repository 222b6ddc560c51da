"""What a trained version's scores were worth on its training stretch, for the test that follows.

Bars end where training ends, so an outcome that is not known by then does not count, and bars ahead
of the stretch only warm the indicators. The weights were fitted to the same bars, which flatters
the promises a little: the test pays for it, never the past.
"""

from dataclasses import replace

import numpy as np

from engine.domain.errors import DataError
from engine.domain.market import Symbol
from engine.domain.proof import Calibration
from engine.domain.values import from_ms
from engine.proof.calibration.fit import fit
from engine.proof.calibration.observations import join, observe
from engine.proof.ground import Ground
from engine.strategy.version import StrategyVersion


def past_calibration(
    ground: Ground, strategy: StrategyVersion, *, start_ms: int, end_ms: int
) -> Calibration | None:
    """Fit what was known at `end_ms` of bars since `start_ms`; `None` if that is too little."""
    rules = [ground.plan.rules[Symbol.parse(symbol)] for symbol in ground.symbols]
    parts = [
        observe(
            strategy,
            bars.between(0, int(np.searchsorted(bars.close_ms, end_ms, side="right"))),
            rule,
            ground.policies,
            equity_quote=ground.start_equity,
            symbol=number,
        )
        for number, (bars, rule) in enumerate(zip(ground.bars, rules, strict=True))
    ]
    seen = join(parts)
    seen = seen.where(seen.decided_ms >= start_ms)
    try:
        made = fit(seen, strategy, made_at=from_ms(end_ms))
    except DataError:
        return None
    return replace(made.calibration, active=True)
