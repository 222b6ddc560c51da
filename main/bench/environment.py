"""Where the engines of others live: a virtual environment of their own in the cache folder.

They want other versions of numpy, numba and plotly than this project is tested with, so neither
side shall bend to the other. Built once by ``uv``; afterwards the benchmark needs no network.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import structlog

from engine.domain.errors import ConfigurationError

# What was measured together. vectorbt with its engine in Rust, the fastest it has.
PINS = (
    "backtesting==0.6.6",
    "numba==0.68.1",
    "numpy==2.5.5",
    "pandas==3.1.1",
    "plotly==5.24.1",
    "vectorbt[rust]==1.2.0",
)

_STAMP = "pins.txt"
_SHOWN = 400

_log = structlog.get_logger()


def cache_folder() -> Path:
    """Return where candles, compiled code and the environment of the others are kept."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "cryptotrader" / "bench"


def peer_python(folder: Path) -> str:
    """Return the interpreter that has the other engines; builds it if it is not there.

    ``ConfigurationError`` with what to do if that fails.
    """
    home = folder / "peers"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = home / _STAMP
    if stamp.exists() and stamp.read_text(encoding="utf-8") == "\n".join(PINS):
        return str(python)
    uv = shutil.which("uv")
    if uv is None:
        raise ConfigurationError(
            "vectorbt and backtesting.py need an environment of their own, and uv is not there to "
            "build it; install it with: pip install uv; or leave them out with --no-peers"
        )
    _log.info("bench_peers_installing", folder=str(home), packages=len(PINS))
    folder.mkdir(parents=True, exist_ok=True)
    _run(folder, uv, "venv", "--clear", "--python", sys.executable, str(home))
    _run(folder, uv, "pip", "install", "--python", str(python), *PINS)
    stamp.write_text("\n".join(PINS), encoding="utf-8")
    return str(python)


def _run(folder: Path, *words: str) -> None:
    """Run ``uv`` outside this project's folder, whose pins it would apply."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - uv
    if done.returncode != 0:
        raise ConfigurationError(
            f"the environment of the other engines could not be built "
            f"({' '.join(words[1:3])}: {done.stderr.strip()[-_SHOWN:]}); "
            "leave them out with --no-peers"
        )
