"""The folders are the architecture: import-linter runs it."""

from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[2]


def test_every_import_keeps_to_the_contracts() -> None:
    assert lint_imports(config_filename=str(ROOT / ".importlinter")) == EXIT_STATUS_SUCCESS
