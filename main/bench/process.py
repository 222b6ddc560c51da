"""Measuring one engine: a fresh process, its wall clock, its own timings, its peak of memory."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.domain.errors import DataError

_LAUNCHER = Path(__file__).with_name("measured.py")
PROGRAMS = Path(__file__).with_name("peers")
"""Where the programs lie that play the rule in other engines."""

_ROOT = Path(__file__).resolve().parents[2]
_SHOWN = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a process answered, how long it lived, and the most memory it held at once."""

    answer: Mapping[str, Any]
    process_s: float
    peak_rss_mb: float

    @property
    def seconds(self) -> list[float]:
        """The engine's own timings, in order."""
        return list(self.answer["seconds"])


def run_measured(words: Sequence[str], *, caches: Path, python: str | None = None) -> Measured:
    """Run ``program.py ARGUMENT…`` or ``-m module ARGUMENT…``, whose stdout is one JSON object.

    ``python`` is the interpreter of another environment, which shall not see this package.
    ``caches`` is where bytecode and compiled code of others are kept, so that a cold process is the
    same for all: started from nothing but a warm disk. ``DataError`` with the end of its stderr if
    it fails.
    """
    began = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own programs
        [python or sys.executable, str(_LAUNCHER), *words],
        capture_output=True,
        text=True,
        check=False,
        env=_environment(caches, ours=python is None),
    )
    lived = time.perf_counter() - began
    if done.returncode != 0:
        raise DataError(f"{' '.join(words[:2])} failed: {done.stderr.strip()[-_SHOWN:]}")
    answer, peak = done.stdout.strip().splitlines()[-2:]
    return Measured(
        answer=json.loads(answer),
        process_s=lived,
        peak_rss_mb=float(json.loads(peak)["peak_rss_mb"]),
    )


def _environment(caches: Path, *, ours: bool) -> dict[str, str]:
    """This process's own without settings of any kind; this package only where it is measured."""
    kept = (name for name in os.environ if not name.startswith(("PYTHON", "CRYPTOTRADER_")))
    made = {name: os.environ[name] for name in kept}
    made |= {"PYTHONWARNINGS": "ignore", "PYTHONPYCACHEPREFIX": str(caches / "bytecode")}
    if ours:
        return made | {"PYTHONPATH": str(_ROOT)}
    return made | {"NUMBA_CACHE_DIR": str(caches / "numba")}
