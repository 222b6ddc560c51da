"""A strategy file: a Python file that makes ``STRATEGY``; read, checked, and only then used.

The file is a program and runs with the rights of the desk: only the owner of the machine can name
one. It is refused when it cannot be run, makes no strategy, or looks into the future.
"""

import hashlib
import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from engine.domain.errors import ConfigurationError, InvalidValueError
from engine.proof.lookahead import require_causal
from engine.strategy.version import StrategyVersion

_NAME = "STRATEGY"
_DIGITS = 16


def load_strategy(path: Path) -> StrategyVersion:
    """Return the strategy of a file; its name is the file's stem.

    ``ConfigurationError`` with what, where and what to do for anything that is wrong with it.
    """
    try:
        source = path.read_bytes()
    except OSError as err:
        raise ConfigurationError(f"strategy file {path}: {err.strerror or err}") from err
    made = getattr(_run(path, source), _NAME, None)
    if not isinstance(made, StrategyVersion):
        raise ConfigurationError(
            f"strategy file {path} makes no {_NAME}; "
            f"end it with {_NAME} = custom(...), see docs/strategies.md"
        )
    digest = hashlib.sha256(source).hexdigest()[:_DIGITS]
    strategy = replace(made, name=path.stem, code_digest=digest)
    try:
        require_causal(strategy)
    except InvalidValueError as err:
        raise ConfigurationError(f"strategy file {path} is refused: {err}") from err
    return strategy


def _run(path: Path, source: bytes) -> ModuleType:
    """Run the file as a module of its own; any error in it is told with its line."""
    name = f"strategy_{hashlib.sha256(source).hexdigest()[:_DIGITS]}"
    spec = importlib.util.spec_from_file_location(name, path)
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


def _line_of(error: BaseException, path: Path) -> str:
    if isinstance(error, SyntaxError):
        return f", line {error.lineno}"
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f", line {line}" if line else ""
