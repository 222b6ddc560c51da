"""A strategy file: a Python file that makes ``STRATEGY``; read, checked, and only then used.

The file is a program and runs with the rights of the desk: only the owner of the machine can name
one. It is refused when it cannot be run, makes no strategy, or looks into the future.

Its code digest is of the source, of every file that it opens or imports from its folder (see
``sources``), **and of what it does**: every side, strength and exit on four made-up markets, always
the same, to nine digits of a full strength. So an edited table beside it, and an indicator that
computes something else since an update, make another version. Not covered is what changes nothing
on those markets and is read past Python (see ``sources``), and what the file reads again while it
is in use.
"""

import hashlib
import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

import numpy as np

from engine.domain.errors import ConfigurationError, InvalidValueError
from engine.proof.admission.lookahead import require_causal
from engine.proof.admission.made_up import WALKS, made_up_bars
from engine.proof.admission.sources import watched
from engine.strategy.version import StrategyVersion, columns_of, exit_flags

_NAME = "STRATEGY"
_DIGITS = 16
_SEED = 7
_DECIMALS = 7


def load_strategy(path: Path) -> StrategyVersion:
    """Return the strategy of a file: ``file:<stem>``, whatever name it gives itself.

    ``ConfigurationError`` with what, where and what to do for anything that is wrong with it.
    """
    try:
        source = path.read_bytes()
    except OSError as err:
        raise ConfigurationError(f"strategy file {path}: {err.strerror or err}") from err
    with watched() as sources:
        made = getattr(_run(path, source), _NAME, None)
        if not isinstance(made, StrategyVersion):
            raise ConfigurationError(
                f"strategy file {path} makes no {_NAME}; "
                f"end it with {_NAME} = custom(...), see docs/strategies.md"
            )
        _require_lasting_rules(path, made)
        try:
            require_causal(made)
            behaviour = _behaviour(made)
        except InvalidValueError as err:
            raise ConfigurationError(f"strategy file {path} is refused: {err}") from err
    read = sources.digest(path.parent)
    return made.as_file(path.stem, hashlib.sha256(source + behaviour + read).hexdigest()[:_DIGITS])


def _require_lasting_rules(path: Path, made: StrategyVersion) -> None:
    """A rule whose text holds an address would make another version at every start."""
    for rule in made.rules:
        if " at 0x" in repr(rule):
            raise ConfigurationError(
                f"strategy file {path}: rule {rule.code} has no text of its own; "
                "make it a frozen dataclass, and leave functions out with field(repr=False)"
            )


def _behaviour(strategy: StrategyVersion) -> bytes:
    """Digest of what a strategy says on the made-up markets; see the module."""
    digest = hashlib.sha256()
    for walk in WALKS:
        bars = made_up_bars(strategy, seed=_SEED, walk=walk)
        scored = columns_of(strategy, bars)
        digest.update(np.ascontiguousarray(scored.side, np.int8).tobytes())
        # Adding 0 turns −0 into 0, which is the same answer.
        strength = np.round(np.asarray(scored.strength, np.float64), _DECIMALS) + 0.0
        digest.update(strength.astype("<f8").tobytes())
        flags = exit_flags(strategy, bars)
        if flags is not None:
            digest.update(flags.tobytes())
    return digest.digest()


def _run(path: Path, source: bytes) -> ModuleType:
    """Run the file as a module of its own; any error in it is told with its line."""
    name = f"strategy_{hashlib.sha256(source).hexdigest()[:_DIGITS]}"
    loader = _AsRead(name, path, source)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"strategy file {path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as err:
        del sys.modules[name]
        raise ConfigurationError(
            f"strategy file {path}{_line_of(err, path)}: {type(err).__name__}: {err}"
        ) from err
    return module


class _AsRead(SourceFileLoader):
    """Runs the text whose digest is taken; kept bytecode may be of an edit in the same second."""

    def __init__(self, name: str, path: Path, source: bytes) -> None:
        super().__init__(name, str(path))
        self._source = source

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the base class names it
        """Compile it."""
        return self.source_to_code(self._source, self.path)


def _line_of(error: BaseException, path: Path) -> str:
    if isinstance(error, SyntaxError):
        return f", line {error.lineno}"
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f", line {line}" if line else ""
