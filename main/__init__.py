"""Command line and composition root: builds adapters, hands them to use cases, starts them.

``cryptotrader`` → ``run`` → ``main.cli``, which answers from a plain table where it can and imports
the module of one command where it must. Nothing imports this package.
"""


def run() -> int:
    """The program's entry point; returns the exit code."""
    from main.cli import main

    return main()
