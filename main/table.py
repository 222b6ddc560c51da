"""All commands, as plain data: what ``cryptotrader --help`` prints before anything is imported.

Importing Typer costs eight bare interpreter starts and its commands' libraries a hundred, so the
first page of help, the version and the way to a command's module come from here. A test holds this
table and the Typer applications together.
"""

from typing import NamedTuple


class Command(NamedTuple):
    """A command: its words, one line about it, the module with its Typer ``app``."""

    name: str
    summary: str
    module: str

    @property
    def word(self) -> str:
        """The first word, by which the module is found."""
        return self.name.partition(" ")[0]


class Group(NamedTuple):
    """Commands under one heading of the help."""

    title: str
    commands: tuple[Command, ...]


GROUPS = (
    Group(
        "The desk",
        (
            Command("run", "Start the desk.", "main.commands.run"),
            Command("chat", "Talk to the desk in this terminal.", "main.commands.chat"),
            Command("scan", "Score the newest closed bars, ranked.", "main.commands.scan"),
            Command("portfolio", "Equity, cash, positions and results.", "main.commands.portfolio"),
            Command("trades", "Closed trades, newest first.", "main.commands.trades"),
            Command("export", "Tables as CSV to take along.", "main.commands.export"),
            Command("approvals", "Open questions, oldest first.", "main.commands.approvals"),
            Command("factor list", "Second factors, and what waits here.", "main.commands.factor"),
            Command("factor confirm", "Confirm what waits here.", "main.commands.factor"),
            Command("factor reset", "Take a lost factor away.", "main.commands.factor"),
            Command("outbox list", "Messages nobody accepted.", "main.commands.outbox"),
            Command("outbox resend", "Send them again.", "main.commands.outbox"),
            Command("kill on", "Block every order that adds risk.", "main.commands.kill"),
            Command("kill off", "Lift the block, after a question.", "main.commands.kill"),
            Command("kill rearm", "Go on after the drawdown limit.", "main.commands.kill"),
            Command("kill status", "Whether the block is on.", "main.commands.kill"),
            Command("paper reset", "Start the paper account afresh.", "main.commands.paper"),
            Command("weights list", "Versions of the score's weights.", "main.commands.weights"),
            Command("weights propose", "Ask for other weights.", "main.commands.weights"),
            Command("changes list", "Open questions about the desk.", "main.commands.changes"),
            Command("changes approve", "Put a change into force.", "main.commands.changes"),
            Command("changes reject", "Turn a change down.", "main.commands.changes"),
            Command("changes unset", "Let the file hold again.", "main.commands.changes"),
        ),
    ),
    Group(
        "Candles and proof",
        (
            Command("data import", "Read candle files into the database.", "main.commands.data"),
            Command("data backfill", "Fetch history from a venue.", "main.commands.data"),
            Command("data gaps", "Find absent candles, and ask for them.", "main.commands.data"),
            Command("data status", "What is stored, and what was refused.", "main.commands.data"),
            Command("data export", "Write stored candles to a file.", "main.commands.data"),
            Command("backtest", "Play the strategy over stored candles.", "main.commands.backtest"),
            Command(
                "walkforward",
                "Train on the past, trade the unseen.",
                "main.commands.walkforward",
            ),
            Command("sweep", "Play many variants of a strategy.", "main.commands.sweep"),
            Command("prove", "Judge a strategy version.", "main.commands.prove"),
            Command("calibrate", "Measure what a score is worth.", "main.commands.calibrate"),
            Command("bench backtest", "Speed of a backtest beside others.", "main.commands.bench"),
            Command("bench indicators", "Speed of the indicators.", "main.commands.bench"),
            Command("bench desk", "Speed of the live desk.", "main.commands.bench"),
            Command("bench chat", "From bar to card, from press to fill.", "main.commands.bench"),
            Command(
                "rehearse", "Replay stored candles through the desk.", "main.commands.rehearse"
            ),
        ),
    ),
    Group(
        "Set-up and care",
        (
            Command("init", "Ask what is needed and write the files.", "main.commands.init"),
            Command("doctor", "Check everything the desk relies on.", "main.commands.doctor"),
            Command("config show", "The effective configuration.", "main.commands.config"),
            Command("config docs", "Write the list of all settings.", "main.commands.config"),
            Command("db upgrade", "Create or migrate the database.", "main.commands.db"),
            Command("db check", "Whether the schema is this program's.", "main.commands.db"),
            Command("db backup", "Copy the database while it is used.", "main.commands.db"),
            Command("audit tail", "The newest lines of the audit trail.", "main.commands.audit"),
            Command("audit show", "Evidence for one trade.", "main.commands.audit"),
            Command("audit verify", "Check the chain of the audit trail.", "main.commands.audit"),
        ),
    ),
)

COMMANDS = tuple(command for group in GROUPS for command in group.commands)


def help_text() -> str:
    """The first page of help."""
    width = max(len(command.name) for command in COMMANDS)
    lines = ["cryptotrader: a trading desk that lives in a chat", ""]
    lines += ["Usage: cryptotrader COMMAND [OPTIONS]", ""]
    for group in GROUPS:
        lines.append(f"{group.title}:")
        lines += [f"  {command.name:<{width}}  {command.summary}" for command in group.commands]
        lines.append("")
    lines += [
        "Every command takes --help and --config FILE; commands that print data take --json.",
        "Example: cryptotrader run",
    ]
    return "\n".join(lines)
