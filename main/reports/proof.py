"""A verdict on the terminal, as JSON, and in a folder beside its walk-forward."""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.domain.desk import Json
from engine.domain.proof import Criterion, Proof
from engine.proof.figures import earned
from engine.proof.prove import Proved
from engine.proof.variants import as_names
from main.output import print_table, say, to_json
from main.proving import Effort
from main.reports.walkforward import document as walked_document
from main.reports.walkforward import figure, print_walked, value, write_walked

_ANSWERS = {True: "pass", False: "FAIL", None: "FAIL: cannot be told"}


def document(proved: Proved, *, effort: Effort) -> dict[str, Any]:
    """The document of ``prove --json``: that of the walk-forward, verdict and figures."""
    proof = proved.proof
    return {
        **walked_document(proved.walked, trials=proof.trials, effort=effort),
        "passed": proof.passed,
        "criteria": to_json(proof.criteria),
        "proof": to_json(proof),
        "stored": proved.is_new,
        "lineage": {
            "configurations": 1 + len(proved.reruns),
            "walked_again": 1 + sum(one.excess is not None for one in proved.reruns),
        },
    }


def print_proved(proved: Proved, *, quote: str) -> None:
    """The walk-forward, the criteria, the figures nobody asked for, the verdict."""
    proof = proved.proof
    print_walked(proved.walked, quote=quote)
    rows = [_criterion_row(one) for one in proof.criteria]
    shown = {*earned(proved.walked), "market"}
    print_table("The gate", ("criterion", ">figure", ">limit", "answer", "note"), rows)
    print_table("Beside it", ("figure", ">value"), _beside(proof.metrics, shown))
    again = 1 + sum(one.excess is not None for one in proved.reruns)
    say(
        f"{proof.strategy_version} ({proof.fingerprint}): "
        f"{'PROVEN' if proof.passed else 'UNPROVEN'}; {proof.trials} trials over these days in all "
        f"lineages, {_of_lineage(proof)} over any days in that of {proof.lineage}, "
        f"{again} of its {1 + len(proved.reruns)} configurations walked over these days"
    )
    if not proved.is_new:
        say("Nothing new was stored: this very verdict, to the last figure, was there already.")


def _of_lineage(proof: Proof) -> Json:
    trials = proof.metrics.get("trials")
    return trials.get("lineage") if isinstance(trials, Mapping) else None


def _criterion_row(one: Criterion) -> tuple[object, ...]:
    unit = f" {one.unit}" if one.unit in {"trades", "regimes"} else ""
    shown = (
        f"{number:.1%}" if one.unit == "fraction" and number is not None else value(_whole(number))
        for number in (one.value, one.limit)
    )
    figures = [f"{text}{unit}" for text in shown]
    return (one.name, *figures, _ANSWERS[one.passed], one.note)


def _whole(number: float | None) -> Json:
    return int(number) if number is not None and number == int(number) else number


def _beside(metrics: Mapping[str, Json], shown: Collection[str]) -> Iterator[tuple[str, str]]:
    """Figures that are not shown yet, nested ones by dotted name."""
    rest = {name: of for name, of in metrics.items() if name not in shown}
    for name, number in as_names(rest).items():
        if not isinstance(number, list):
            yield (name, figure(name, number))


def write_proved(
    proved: Proved, made: dict[str, Any], folder: Path, *, zone_name: str = "UTC"
) -> None:
    """``proof.json`` beside the files of the walk-forward."""
    write_walked(proved.walked, made, folder, zone_name=zone_name)
    text = json.dumps(made["proof"], indent=2, allow_nan=False)
    (folder / "proof.json").write_text(text, encoding="utf-8")
