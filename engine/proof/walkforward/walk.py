"""Walk-forward: train on the past, trade the next unseen stretch, move on, stitch the results.

windows → per window: trained version (from a file if this very window was trained before) → its
test replayed from the equity reached so far → days and trades, one after the other

Choices:
- A test begins with a flat book. What is open at its end is sold at the last close, at the taker
  fee, half the spread and the least slippage, and counts as a trade of that window: a position
  belongs to the parameters that opened it, and it is not closed for nothing.
- In fixed mode nothing is trained, so nothing has to be closed: the whole stretch is played in one
  piece, and windows only divide the report.
- Only what training found is kept in files; the tests are played again, which takes a second. A
  file's name is the digest of everything that decides what training finds. A file that cannot be
  read is trained again: it is a cache, and no run may end for it.
- Two runs may want the same window at once. A lock beside its file lets one train; the other waits
  and reads what was found.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import structlog

from engine.backtest.metrics import drawdown
from engine.domain.desk import Json
from engine.domain.errors import CryptotraderError, DataError
from engine.domain.proof import Calibration
from engine.domain.values import from_ms, to_ms
from engine.market.progress import Progress, Step, silent
from engine.proof.daily import DAY_MS, Days, joined, sharpe_of_days
from engine.proof.ground import Ground
from engine.proof.search import SearchSpace
from engine.proof.variants import as_names, parameters_of
from engine.proof.walkforward.past_calibration import past_calibration
from engine.proof.walkforward.training import Trained, restored, starting_point, train
from engine.proof.walkforward.unseen import Unseen, trade_unseen
from engine.proof.walkforward.walked import (
    Procedure,
    UnseenTrade,
    WalkForward,
    WindowResult,
    compounded,
    growth,
    market_returns,
    per_year,
)
from engine.proof.walkforward.windows import Mode, Window, windows
from engine.strategy.version import StrategyVersion, digest_of

_log = structlog.get_logger()

_PURGE_DAYS = 30  # of a strategy without a time stop
_FORMAT = 1


def walk_forward(
    ground: Ground,
    strategy: StrategyVersion,
    procedure: Procedure,
    *,
    store: Path | None = None,
    progress: Progress = silent,
) -> WalkForward:
    """Walk the strategy over the ground; finished windows are kept in `store`, if given.

    `DataError` if the history is too short, `ConfigurationError` if training lacks a package.
    """
    plan = windows(
        procedure.mode,
        procedure.windows,
        start=from_ms(ground.start_ms),
        end=from_ms(ground.end_ms),
        purge_days=longest_holding_days(strategy, procedure.axes(strategy)),
    )
    if procedure.mode is Mode.FIXED:
        parts = [_fixed(ground, strategy, plan)]
    else:
        parts = list(_stretches(ground, strategy, procedure, plan, store, progress))
    days = joined([part.days for part in parts])
    trades = tuple(trade for part in parts for trade in part.trades)
    trained = [part.trained for part in parts]
    if procedure.mode is Mode.FIXED:
        trained = trained * len(plan)
        trades = tuple(_in_window(trade, plan) for trade in trades)
    return WalkForward(
        strategy=strategy,
        procedure=procedure,
        data_digest=data_digest(ground),
        owner_digest=owner_digest(ground),
        start_equity=ground.start_equity,
        windows=tuple(
            _window_result(window, what, days, trades)
            for window, what in zip(plan, trained, strict=True)
        ),
        days=days,
        trades=trades,
    )


def longest_holding_days(strategy: StrategyVersion, space: SearchSpace) -> int:
    """Days that a position may be held at most, by the time stop; 30 without one."""
    stops = space.axes.get("exits.time_stop_bars", (strategy.exits.time_stop_bars,))
    bars = [stop for stop in stops if isinstance(stop, int)]
    if not bars or None in stops:
        return _PURGE_DAYS
    return -(-max(bars) * strategy.timeframe.ms // DAY_MS)


def _untrained(strategy: StrategyVersion) -> Trained:
    return Trained(strategy=strategy, choice={}, score=0.0, neighbourhood=0.0, played=0)


def _fixed(ground: Ground, strategy: StrategyVersion, plan: Sequence[Window]) -> Unseen:
    whole = replace(plan[0], test_to=plan[-1].test_to)
    return trade_unseen(
        ground,
        _untrained(strategy),
        whole,
        equity=ground.start_equity,
        calibration=ground.plan.calibration,
        last=True,
    )


def _stretches(
    ground: Ground,
    strategy: StrategyVersion,
    procedure: Procedure,
    plan: Sequence[Window],
    store: Path | None,
    progress: Progress,
) -> Iterable[Unseen]:
    equity = ground.start_equity
    for window in plan:
        progress(Step(label="windows", done=window.index, total=len(plan), eta_s=None))
        trained = _trained(ground, strategy, procedure, window, store)
        part = trade_unseen(
            ground,
            trained,
            window,
            equity=equity,
            calibration=_calibration(ground, trained, procedure, window),
            last=window is plan[-1],
        )
        equity *= float(np.prod(1.0 + part.days.returns))
        yield part
    progress(Step(label="windows", done=len(plan), total=len(plan), eta_s=None))


def _calibration(
    ground: Ground, trained: Trained, procedure: Procedure, window: Window
) -> Calibration | None:
    if not procedure.calibrate:
        return None
    start_ms, end_ms = to_ms(window.train_from), to_ms(window.train_to)
    return past_calibration(ground, trained.strategy, start_ms=start_ms, end_ms=end_ms)


def _trained(
    ground: Ground,
    strategy: StrategyVersion,
    procedure: Procedure,
    window: Window,
    store: Path | None,
) -> Trained:
    """Read what training found from its file, or train and write it."""
    space = procedure.axes(strategy)
    key = digest_of(
        {
            "format": _FORMAT,
            "strategy": strategy.fingerprint,
            "space": {name: list(values) for name, values in space.axes.items()},
            "start": starting_point(strategy, space),
            "search": asdict(procedure.search),
            "owner": owner_digest(ground),
            "data": ground.digest,
            "span": [str(window.train_from), str(window.train_to)],
        }
    )

    def taught(journal: Path | None) -> Trained:
        return train(
            ground,
            strategy,
            space,
            procedure.search,
            start_ms=to_ms(window.train_from),
            end_ms=to_ms(window.train_to),
            journal=journal,
        )

    if store is None:
        return taught(None)
    file, journal = store / f"{key}.json", store / f"{key}.journal"
    with _alone(file):
        found = _read(file, strategy)
        if found is None:
            found = taught(journal)
            _write(file, found.to_plain())
            journal.unlink(missing_ok=True)
    return found


def data_digest(ground: Ground) -> str:
    """Digest of the candles and of the stretch that is played on them."""
    return digest_of([ground.digest, ground.start_ms, ground.end_ms])


def owner_digest(ground: Ground) -> str:
    """Digest of the owner's limits, costs, fills and modelled approvals, which decide as well."""
    plan = ground.plan
    parts = (plan.policies, plan.fills, plan.approval, ground.start_equity)
    return digest_of([repr(part) for part in parts])


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Hold the lock beside a file, after whoever holds it; a process that dies lets go of it."""
    path = file.with_suffix(".lock")
    try:
        handle = _locked(path)
    except OSError as err:
        raise DataError(f"{path} cannot be locked: {err.strerror}; see app.data_dir") from err
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _locked(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            _wait_for(handle, path)
            if _is_there(path, handle):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _is_there(path: Path, handle: int) -> bool:
    """Whether a path leads to an open file; who held the lock before has removed it."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _wait_for(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _log.warning("walkforward_waits", reason="another run trains this window", lock=str(path))
        fcntl.flock(handle, fcntl.LOCK_EX)


def _read(file: Path, strategy: StrategyVersion) -> Trained | None:
    """What training found; `None` if there is no file, or none that can be read."""
    try:
        return restored(strategy, json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, CryptotraderError) as err:
        _log.warning("walkforward_window_unreadable", file=str(file), error=str(err))
        return None


def _write(file: Path, plain: dict[str, Json]) -> None:
    """Write a file that is there whole or not at all, whenever the power fails."""
    unfinished = file.with_suffix(".part")
    try:
        with unfinished.open("w", encoding="utf-8") as target:
            json.dump(plain, target)
            target.flush()
            os.fsync(target.fileno())
        unfinished.replace(file)
    except OSError as err:
        raise DataError(f"{file} cannot be written: {err.strerror}; see app.data_dir") from err


def _in_window(trade: UnseenTrade, plan: Sequence[Window]) -> UnseenTrade:
    """The trade with the window in which it was opened."""
    inside = [window.index for window in plan if to_ms(window.test_from) <= trade.opened_ms]
    return replace(trade, window=inside[-1])


def _window_result(
    window: Window, trained: Trained, days: Days, trades: Sequence[UnseenTrade]
) -> WindowResult:
    first = (window.test_from.date() - days.first_day) // timedelta(days=1)
    last = (window.test_to.date() - days.first_day) // timedelta(days=1)
    returns = days.returns[first:last]
    return WindowResult(
        window=window,
        strategy_version=trained.strategy.version,
        parameters=as_names(parameters_of(trained.strategy)),
        choice=dict(trained.choice),
        trained_score=trained.neighbourhood if trained.choice else None,
        points=trained.played,
        return_fraction=compounded(returns),
        market_fraction=compounded(market_returns(days)[first:last]),
        sharpe=per_year(sharpe_of_days(returns)),
        drawdown_fraction=drawdown(growth(returns))[0],
        trades=sum(trade.window == window.index for trade in trades),
    )
