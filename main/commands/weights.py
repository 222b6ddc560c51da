"""``cryptotrader weights``: versions of the score's weights."""

from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import print_json, print_table, say
from main.store import open_store

app = new_app("Versions of the score's weights.", example="cryptotrader weights list")


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


def _print(version: str, weights: object, note: str, *, is_active: bool) -> None:
    assert hasattr(weights, "items")  # a mapping of codes to shares
    rows = [(code, f"{weight:.2%}") for code, weight in weights.items()]
    print_table(f"{version}{' (active)' if is_active else ''}", ("signal", ">weight"), rows)
    if note:
        say(f"  {note}")
