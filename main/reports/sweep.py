"""A sweep on the terminal, as JSON and as a table."""

import json
from pathlib import Path
from typing import Any

from engine.proof.sweep.play import Swept
from engine.proof.sweep.summary import FIGURES
from main.output import print_table, to_json
from main.proving import Effort
from main.reports.walkforward import figure, value, write_csv

_WHOLE = {"trades"}
_TITLES = ("final", "return", "Sharpe", "drawdown", "trades", "won", "profit factor")


def document(
    swept: Swept, *, strategy_version: str, trials: int, sort: str, effort: Effort
) -> dict[str, Any]:
    """The document of ``sweep --json``: every variant, best first."""
    rows = swept.figures.tolist()
    return {
        "strategy_version": strategy_version,
        "sorted_by": sort,
        "variants": [
            {
                "parameters": dict(swept.choices[k]),
                "metrics": to_json(dict(zip(FIGURES, rows[k], strict=True))),
            }
            for k in swept.best_first(sort)
        ],
        "trials": trials,
        "took_s": effort.took_s,
        "peak_memory_mb": effort.peak_memory_mb,
    }


def print_swept(swept: Swept, *, sort: str, top: int) -> None:
    """The best variants; parameters that are the same in all are left out."""
    names = [name for name in swept.choices[0] if len({row[name] for row in swept.choices}) > 1]
    rows = [
        (
            *(value(swept.choices[k][name]) for name in names),
            *(_shown(name, number) for name, number in zip(FIGURES, swept.figures[k], strict=True)),
        )
        for k in swept.best_first(sort)[:top]
    ]
    short = (
        name.removeprefix("rules.").removeprefix("entry.").removeprefix("exits.") for name in names
    )
    columns = [f">{name}" for name in (*short, *_TITLES)]
    print_table(f"Best {len(rows)} of {len(swept.choices)} by {sort}", columns, rows)


def _shown(name: str, number: float) -> str:
    known = None if number != number else float(number)  # noqa: PLR0124 - NaN is no figure
    return figure(name, int(known) if name in _WHOLE and known is not None else known)


def write_swept(made: dict[str, Any], folder: Path) -> None:
    """``sweep.json`` and ``sweep.csv``."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(made, indent=2, allow_nan=False)
    (folder / "sweep.json").write_text(text, encoding="utf-8")
    variants = made["variants"]
    names = list(variants[0]["parameters"])
    rows = ([*row["parameters"].values(), *row["metrics"].values()] for row in variants)
    write_csv(folder / "sweep.csv", [*names, *FIGURES], rows)
