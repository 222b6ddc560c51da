"""``cryptotrader audit``: the append-only trail of what was decided and done, and by whom."""

from typing import TYPE_CHECKING, Annotated

import typer

from engine.domain.errors import UsageError
from main.command_line import ConfigOption, JsonOption, load_settings, new_app
from main.output import print_json, print_table, say, to_json
from main.store import open_store

if TYPE_CHECKING:
    from engine.domain.evidence import Evidence

_HASH = 16

app = new_app(
    "The append-only trail of what was decided and done, and by whom.",
    example="cryptotrader audit tail",
)


@app.command(epilog="Example: cryptotrader audit tail --limit 50")
def tail(
    limit: Annotated[int, typer.Option(min=1, help="How many lines.")] = 20,
    about: Annotated[
        str | None, typer.Option(metavar="ID", help="Only lines about this subject.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Print the newest lines, newest first."""
    with open_store(load_settings(config).settings) as units, units(read_only=True) as unit:
        lines = unit.audit.about(about)[::-1][:limit] if about else unit.audit.tail(limit)
    if json:
        print_json(lines)
        return
    rows = [
        (line.number, line.event.at, line.event.actor, line.event.action, line.event.subject)
        for line in lines
    ]
    print_table("Audit trail (UTC)", (">#", "at", "who", "what", "about"), rows)


@app.command(epilog="Example: cryptotrader audit show t0123456789abcdef0123")
def show(
    subject: Annotated[
        str, typer.Argument(metavar="ID", help="Of a trade, decision, order or question.")
    ],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Evidence for one trade, from candle to fill; exit 1 if something was changed."""
    from engine.desk.records.evidence import evidence

    settings = load_settings(config).settings
    with open_store(settings) as units, units(read_only=True) as unit:
        found = evidence(unit, settings.venue_name, subject)
    if found is None:
        raise UsageError(f"nothing is known of {subject!r}; ids stand in `cryptotrader trades`")
    if json:
        print_json({**to_json(found), "is_intact": found.is_intact})
    else:
        _print_evidence(found)
    if not found.is_intact:
        raise typer.Exit(1)


@app.command(epilog="Example: cryptotrader audit verify --json")
def verify(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Check the whole chain; exit 1 with the first broken line."""
    with open_store(load_settings(config).settings) as units, units(read_only=True) as unit:
        length = unit.audit.verify()
    if json:
        print_json({"ok": True, "lines": length})
    else:
        say(f"the audit trail is whole: {length} lines")


def _print_evidence(found: "Evidence") -> None:
    print_table(
        f"Evidence for {found.subject} (UTC)",
        ("step", "at", "id", "hash", "audit lines"),
        [
            (
                step.kind,
                step.at,
                step.id,
                step.hash[:_HASH],
                ", ".join(map(str, step.lines)),
            )
            for step in found.steps
        ],
    )
    for finding in found.findings:
        if finding.verdict.value != "holds":
            say(f"{finding.verdict}: {finding.kind} {finding.id} {finding.detail}".rstrip())
    say(
        f"chain broken: {found.chain_error}"
        if found.chain_error
        else f"chain intact, {found.chain_lines} lines"
    )
