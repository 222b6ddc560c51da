"""From the words of the command line to one command's module, importing nothing else.

words → the table → help, version or the module → ``main.edge``, the outermost of the three places
that catch everything.
"""

import os
import sys

from main.table import COMMANDS, help_text

_HELP = frozenset({"--help", "-h", "help"})
_VERSION = frozenset({"--version", "-V"})
_USAGE_EXIT = 2


def main(words: list[str] | None = None) -> int:
    """Run one command line (this process's own); returns the exit code."""
    words = sys.argv[1:] if words is None else words
    try:
        code = _answer(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough (`| head`); Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _answer(words: list[str]) -> int:
    if not words or words[0] in _HELP:
        print(help_text())  # noqa: T201 - the answer
        return 0
    if words[0] in _VERSION:
        print(_version())  # noqa: T201 - the answer
        return 0
    module = next((c.module for c in COMMANDS if c.word == words[0]), None)
    if module is None:
        return _unknown(words[0])
    from main.edge import run_command

    return run_command(module, words)


def _version() -> str:
    from importlib.metadata import version

    return f"cryptotrader {version('cryptotrader')}"


def _unknown(word: str) -> int:
    from difflib import get_close_matches

    near = get_close_matches(word, {command.word for command in COMMANDS}, n=1)
    hint = f", did you mean {near[0]!r}?" if near else ""
    print(f"cryptotrader: no command {word!r}{hint}", file=sys.stderr)  # noqa: T201 - the answer
    print("Example: cryptotrader --help", file=sys.stderr)  # noqa: T201 - the answer
    return _USAGE_EXIT
