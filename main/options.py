"""What commands about proof check before they begin: hours of work must not end in a wrong option.

options → checked here → ``UsageError`` that says what was wrong and what to write, or nothing

- A folder for a report is made and written to first: results count as seen, whether or not they
  could be kept. Whatever goes wrong later is a ``DataError`` after the answer was printed.
- Axes are held against the strategy: names, and each value by itself.
"""

import difflib
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.domain.errors import DataError, InvalidValueError, ServiceError, UsageError

if TYPE_CHECKING:
    from engine.proof.search import SearchSpace
    from engine.proof.variants import Changes
    from engine.proof.walkforward.walked import Procedure
    from engine.strategy.version import StrategyVersion

MOST_DAYS = 36_500
MOST_COUNT = 1_000_000
MOST_SEED = 2**31 - 1
MOST_WORKERS = 1_024

_TIMEFRAME = "timeframe"
_PROBE_S = 3.0


def prepare_folder(folder: Path | None) -> None:
    """Make the folder of a report and try to write there; ``UsageError`` if that cannot be."""
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as err:
        raise UsageError(
            f"--report {folder} cannot be written ({err.strerror}); "
            "name a folder of yours, such as --report out"
        ) from err


def write_report(folder: Path | None, write: Callable[[Path], None]) -> DataError | None:
    """Write a report if there is a folder for it; what went wrong is for after the answer."""
    if folder is None:
        return None
    try:
        write(folder)
    except OSError as err:
        place = err.filename or folder
        return DataError(
            f"--report: {place} cannot be written ({err.strerror}); the result above is counted, "
            "run again with another folder"
        )
    return None


def check_axes(texts: Sequence[str]) -> None:
    """``UsageError`` for an axis that is written twice, or one that has a value twice."""
    names = Counter(text.partition("=")[0] for text in texts)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise UsageError(
            f"--axis {twice[0]} is given twice; write all its values at once: "
            f"--axis {twice[0]}=1,2,3"
        )
    for text in texts:
        values = Counter(value.strip() for value in text.partition("=")[2].split(","))
        same = [value for value, count in values.items() if count > 1]
        if same:
            raise UsageError(f"--axis {text} has {same[0]} twice; write every value once")


def check_procedure(strategy: "StrategyVersion", procedure: "Procedure") -> None:
    """``UsageError`` for axes that this procedure could not search; see ``check_space``."""
    from engine.proof.walkforward.windows import Mode

    if procedure.space is None:
        return
    check_space(strategy, procedure.space, trained=True)
    if procedure.mode is Mode.FIXED:
        raise UsageError("--axis is searched in training; write --mode anchored or --mode rolling")


def check_space(strategy: "StrategyVersion", space: "SearchSpace", *, trained: bool) -> None:
    """``UsageError`` for axes that the strategy does not have, or values that they cannot take.

    What is ``trained`` stays on its candles, and may search how weights are learned.
    """
    from engine.proof.search import BY_REGIME, LEARNED_SHARE
    from engine.proof.variants import as_names, parameters_of

    extra = (LEARNED_SHARE, BY_REGIME) if trained else ()
    known = {*as_names(parameters_of(strategy)), *extra}
    for name, values in space.axes.items():
        if name not in known and not name.startswith("weights_by_regime."):
            raise UsageError(_unknown(strategy, name, known))
        if trained and name == _TIMEFRAME:
            raise UsageError(
                "--axis timeframe is for sweep; walk one timeframe at a time: --timeframe 4h"
            )
        for value in () if name in extra else values:
            _check_value(strategy, {name: value})


def _unknown(strategy: "StrategyVersion", name: str, known: set[str]) -> str:
    begun = sorted(one for one in known if one.startswith(name))
    near = begun or difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}?" if near else "write --axis exits.stop_atr_multiple=2,3,4"
    return f"--axis {name}: {strategy.version} has no such parameter; {hint}"


def _check_value(strategy: "StrategyVersion", choice: "Changes") -> None:
    from engine.proof.variants import altered

    try:
        altered(strategy, choice)
    except InvalidValueError as err:
        ((name, value),) = choice.items()
        raise UsageError(f"--axis {name}={value}: {err}") from err


def check_cluster(address: str | None) -> None:
    """``UsageError`` unless this is ``tcp://host:port``, ``ServiceError`` if nobody listens."""
    if address is None:
        return
    host, port = _host_and_port(address)
    try:
        socket.create_connection((host, port), timeout=_PROBE_S).close()
    except OSError as err:
        reason = err.strerror or str(err)
        raise ServiceError(
            f"no Dask scheduler answers at {address} ({reason}); start one: dask scheduler"
        ) from err


def _host_and_port(address: str) -> tuple[str, int]:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in {"tcp", "tls"} or not host or not port:
        raise UsageError(
            f"--cluster {address!r} is no address; write --cluster tcp://127.0.0.1:8786"
        )
    return host, port
