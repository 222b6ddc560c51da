"""``cryptotrader weights``: versions of the score's weights."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from engine.clock import SystemClock
from engine.domain.changes import ChangeKind, ChangeResult, ChangeWish
from engine.domain.desk import WeightSet
from engine.domain.errors import InvalidValueError, SafetyRefusedError, UsageError
from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import print_json, print_table, say
from main.store import open_store

if TYPE_CHECKING:
    from engine.ports import UnitOfWork
    from engine.strategy.version import StrategyVersion

app = new_app("Versions of the score's weights.", example="cryptotrader weights list")

_EXAMPLE = "--weight RSI=0.3 --weight MACD=0.2"


@app.command("list", epilog="Example: cryptotrader weights list --json")
def list_(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Every stored version, oldest first, and which one is active."""
    from main.strategies import traded_strategy

    settings = load_settings(config).settings
    with open_store(settings) as units, units(read_only=True) as unit:
        stored = unit.weights.all()
    shipped = traded_strategy(settings).weights
    active = next((one.version for one in stored if one.active), shipped.version)
    if json:
        print_json(
            {
                "active": active,
                "shipped": {"version": shipped.version, "weights": shipped.weights},
                "stored": stored,
            }
        )
        return
    if all(one.version != shipped.version for one in stored):
        _print(shipped.version, shipped.weights, "shipped", is_active=active == shipped.version)
    for one in stored:
        _print(one.version, one.weights, one.note, is_active=one.active)


@app.command(epilog=f"Example: cryptotrader weights propose {_EXAMPLE}")
def propose(
    weight: Annotated[
        list[str], typer.Option(metavar="CODE=SHARE", help="A signal's weight; may be repeated.")
    ],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; shown to the owners.")] = "",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Store a new version of the traded strategy's weights, and ask the owners for it.

    What is not named keeps its share; all of them are normalised to sum to 1.
    """
    from main.commands.changes import print_asked
    from main.compose import TERMINAL, open_desk

    settings = load_settings(config).settings
    shares = read_shares(weight)
    with open_desk(settings) as desk:
        made = desk.assembled.context.strategy.made
        with desk.units() as unit:
            version = _keep(unit, made, shares, reason)
            unit.commit()
        outcome = desk.assembled.desk.changes.propose_as(
            ChangeWish(kind=ChangeKind.WEIGHTS, value=version, reason=reason),
            TERMINAL,
            request_id=f"terminal:weights:{version}:{SystemClock().now().isoformat()}",
        )
    if outcome.result is not ChangeResult.ASKED or outcome.change is None:
        raise SafetyRefusedError(f"not asked: {outcome.reason.replace('_', ' ')}")
    print_asked(outcome.change, json=json)


def read_shares(texts: list[str]) -> dict[str, float]:
    """Weights by signal; ``UsageError`` with an example for what is none."""
    found: dict[str, float] = {}
    for text in texts:
        code, sign, share = text.partition("=")
        try:
            value = float(share)
        except ValueError:
            value = -1.0
        if not (code and sign and 0.0 <= value <= 1e6):  # noqa: PLR2004 - NaN is none of it
            raise UsageError(f"--weight {text!r} is no weight; write {_EXAMPLE}")
        found[code.strip().upper()] = value
    return found


def _keep(
    unit: "UnitOfWork", made: "StrategyVersion", shares: Mapping[str, float], reason: str
) -> str:
    """Write the new set down, unused, and return its version; the same set keeps its version."""
    from engine.strategy.version import lineage_of
    from engine.strategy.weights import WeightSet as Weights

    if made.is_from_file:
        raise UsageError(f"the weights of {made.version} stand in its file")
    unknown = shares.keys() - {rule.code for rule in made.rules}
    if unknown:
        known = ", ".join(rule.code for rule in made.rules)
        raise UsageError(f"--weight {min(unknown)}: {made.version} has {known}")
    try:
        wanted = Weights(version="new", weights={**made.weights.weights, **shares})
    except InvalidValueError as err:
        raise UsageError(f"--weight: {err}; write {_EXAMPLE}") from err
    own = [row for row in unit.weights.all() if lineage_of(row.version) == made.name]
    same = next((row for row in own if dict(row.weights) == dict(wanted.weights)), None)
    if same is not None:
        return same.version
    numbers = [int(row.version.rpartition("-")[2]) for row in own]
    version = f"{made.name}-{max([1, *numbers]) + 1}"
    unit.weights.add(
        WeightSet(
            version=version,
            weights=dict(wanted.weights),
            note=reason or "proposed at the terminal",
            created_at=SystemClock().now(),
        )
    )
    return version


def _print(version: str, weights: object, note: str, *, is_active: bool) -> None:
    assert hasattr(weights, "items")  # a mapping of codes to shares
    rows = [(code, f"{weight:.2%}") for code, weight in weights.items()]
    print_table(f"{version}{' (active)' if is_active else ''}", ("signal", ">weight"), rows)
    if note:
        say(f"  {note}")
