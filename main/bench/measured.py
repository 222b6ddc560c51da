"""Runs a program or a module of any environment and tells how much memory it took at most.

    python measured.py program.py ARGUMENT…      or      python measured.py -m package.module …

The last line of stdout is ``{"peak_rss_mb": …}``. Only the standard library is imported, so that
nothing but the program itself is measured.

The kernel's ``VmHWM`` is read rather than ``ru_maxrss``: on Linux a new process inherits the
latter from whoever started it.
"""

import runpy
import sys
from pathlib import Path


def main(words: list[str]) -> None:
    """Run the program with its arguments, then print its peak."""
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")
    print(f'{{"peak_rss_mb": {_peak_mb():.1f}}}')  # noqa: T201 - the answer


def _peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 1024


if __name__ == "__main__":
    main(sys.argv[1:])
