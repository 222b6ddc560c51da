"""The outermost edge: whatever a command raises becomes one or two lines and an exit code.

Errors of the project's own tree carry their code and a sentence made for people. Wrong usage is 2.
Everything else is a mistake of ours: the log gets the traceback, the person one plain line.
"""

import sys
from importlib import import_module

import structlog
import typer
from typer.exceptions import TyperException

from engine.domain.errors import CryptotraderError
from main.logs import configure_logs
from main.table import COMMANDS

_FAILED_EXIT = 1
_USAGE_EXIT = 2
_INTERRUPTED_EXIT = 130

_log = structlog.get_logger()


def run_command(module: str, words: list[str]) -> int:
    """Import a command's module and run its Typer application; returns the exit code."""
    configure_logs()
    name = f"cryptotrader {words[0]}"
    try:
        app: typer.Typer = import_module(module).app
        is_bare_group = [words[0]] == words and " " in _names_of(words[0])
        code = app(
            args=["--help"] if is_bare_group else words[1:], prog_name=name, standalone_mode=False
        )
        sys.stdout.flush()
    except CryptotraderError as err:
        return _fail(str(err), err.exit_code)
    except TyperException as err:
        return _fail(f"{err.format_message()}\nExample and options: {name} --help", _USAGE_EXIT)
    except (typer.Abort, KeyboardInterrupt):
        return _fail("interrupted", _INTERRUPTED_EXIT)
    except BrokenPipeError:
        raise  # main.cli ends quietly: the reader has seen enough
    except Exception as err:  # noqa: BLE001 - the outermost of the three edges
        _log.exception("command_failed", command=words[0])
        return _fail(f"unexpected error ({type(err).__name__}); the log says more", _FAILED_EXIT)
    return code if isinstance(code, int) else 0


def _names_of(word: str) -> str:
    return next(command.name for command in COMMANDS if command.word == word)


def _fail(message: str, code: int) -> int:
    print(f"cryptotrader: {message}", file=sys.stderr)  # noqa: T201 - the answer
    return code
