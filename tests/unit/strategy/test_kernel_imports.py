"""The compiler is loaded without what it would import only because it is installed."""

import subprocess
import sys

CODE = """
import sys
from engine.kernel import floor_count, hidden
assert floor_count(2.5) == 2
assert "scipy" not in sys.modules
with hidden("colorsys"):
    try:
        import colorsys
    except ModuleNotFoundError:
        pass
    else:
        raise AssertionError("found what was hidden")
import colorsys
with hidden("colorsys"):
    import colorsys
"""


def test_compiled_code_runs_without_scipy_and_what_was_hidden_is_found_again() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", CODE], check=True, timeout=60)
