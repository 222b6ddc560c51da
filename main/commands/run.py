"""``cryptotrader run``: the desk itself."""

from typing import Annotated

import typer

from main.command_line import ConfigOption, load_settings, new_app

app = new_app("Start the desk.")


@app.command(epilog="Example: cryptotrader run --config cryptotrader.toml")
def run(
    role: Annotated[
        str, typer.Option(metavar="ROLE", help="all, or one half: engine, bot.")
    ] = "all",
    config: ConfigOption = None,
) -> None:
    """Watch, decide, ask and trade on paper until Ctrl-C or SIGTERM."""
    import asyncio

    from engine.domain.errors import UsageError
    from main.running import run_desk

    if role not in ("all", "engine", "bot"):
        raise UsageError(f"--role {role!r} is not one of all, engine, bot")
    asyncio.run(run_desk(load_settings(config).settings, role))
