"""Tests: unit, contract, property, scenario, fault and architecture.

Bytecode is kept whatever the environment says: some hundred programs are started here, and each
would compile three thousand files first, which takes three times as long as its imports. Who wants
none beside the sources gets it in pytest's own folder.
"""

import os
import sys
from pathlib import Path

if os.environ.pop("PYTHONDONTWRITEBYTECODE", "") and sys.pycache_prefix is None:
    sys.pycache_prefix = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
sys.dont_write_bytecode = False
