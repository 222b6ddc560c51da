"""Which calibration a desk may use: the approved one, if it was fitted to this very version.

An approval outlives an edit of the strategy by name, not by content: what the old scores were worth
says nothing about the new ones. Such a desk is uncalibrated, and the log says why.
"""

import structlog

from engine.domain.proof import Calibration
from engine.ports import UnitOfWork
from engine.strategy.edge import is_fit
from engine.strategy.version import StrategyVersion

_log = structlog.get_logger(__name__)


def calibration_of(unit: UnitOfWork, strategy: StrategyVersion) -> Calibration | None:
    """Return the active calibration of this version, code and parameters, or ``None``."""
    stored = unit.calibrations.active(strategy.version, strategy.timeframe)
    if stored is None or is_fit(stored, strategy):
        return stored
    _log.warning(
        "calibration_of_another_edition",
        calibration=stored.version,
        strategy=strategy.version,
        fitted_to=stored.fingerprint,
        fingerprint=strategy.fingerprint,
        remedy="run cryptotrader calibrate again",
    )
    return None
