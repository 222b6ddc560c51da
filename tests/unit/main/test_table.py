"""The plain table and the Typer applications say the same, and help imports nothing heavy."""

import importlib
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from typer.main import get_command

from main.table import COMMANDS, help_text

HEAVY = ("typer", "click", "rich", "pandas", "numpy", "numba", "ccxt", "sqlalchemy", "pydantic",
         "structlog", "openai", "anthropic", "telegram", "matplotlib", "asyncio")  # fmt: skip
LISTING = f"""
import sys
from main.cli import main
code = main(sys.argv[1:])
print(sorted(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)
sys.exit(code)
"""


def commands_of(module: str, word: str) -> Iterator[tuple[str, object]]:
    """Name and click command of everything behind one word."""
    app: typer.Typer = importlib.import_module(module).app
    root = get_command(app)
    inner = getattr(root, "commands", None)
    if inner is None:
        yield word, root
        return
    for name, command in inner.items():
        yield f"{word} {name}", command


@pytest.mark.parametrize("word", ["--help", "--version", "help", "-h", ""])
def test_the_first_page_imports_nothing_heavy(word: str) -> None:
    words = [word] if word else []
    done = subprocess.run(
        [sys.executable, "-c", LISTING, *words], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("cryptotrader")
    assert done.stderr.strip() == "[]"


def test_the_table_and_the_applications_agree() -> None:
    modules = {command.word: command.module for command in COMMANDS}
    built = {name for word, module in modules.items() for name, _ in commands_of(module, word)}
    assert built == {command.name for command in COMMANDS}
    for word, module in modules.items():
        assert {c.module for c in COMMANDS if c.word == word} == {module}


def test_every_help_has_an_example_of_its_own_command() -> None:
    for word, module in {command.word: command.module for command in COMMANDS}.items():
        for name, command in commands_of(module, word):
            epilog = getattr(command, "epilog", None) or ""
            assert epilog.startswith("Example: "), name
            assert f"cryptotrader {name}" in epilog, name
            assert getattr(command, "help", ""), name


def test_every_command_takes_a_configuration_file() -> None:
    for word, module in {command.word: command.module for command in COMMANDS}.items():
        for name, command in commands_of(module, word):
            options = {opt for param in getattr(command, "params", ()) for opt in param.opts}
            assert "--config" in options, name


def test_help_names_every_command() -> None:
    text = help_text()
    for command in COMMANDS:
        assert f"  {command.name} " in text
        assert command.summary in text
