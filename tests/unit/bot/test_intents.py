"""Plain questions are understood without a model; nothing that moves money is."""

import pytest

from bot.handlers.intents import Intent, understand
from engine.domain.market import Symbol

MARKETS = (Symbol("BTC", "USDT"), Symbol("ETH", "USDT"), Symbol("SOL", "USDT"))


@pytest.mark.parametrize(
    ("text", "command", "args"),
    [
        ("how is my portfolio?", "portfolio", ()),
        ("How's the portfolio doing", "portfolio", ()),
        ("how much money do we have", "portfolio", ()),
        ("Wie steht mein Portfolio?", "portfolio", ()),
        ("Kontostand bitte", "portfolio", ()),
        ("¿Cómo va mi cartera?", "portfolio", ()),
        ("why didn't you buy ETH?", "why", ("ETH/USDT",)),
        ("why not eth", "why", ("ETH/USDT",)),
        ("Warum hast du ETH nicht gekauft?", "why", ("ETH/USDT",)),
        ("¿Por qué no compraste ETH?", "why", ("ETH/USDT",)),
        ("why SOL/USDT", "why", ("SOL/USDT",)),
        ("why did you do nothing", "why", ()),
        ("why didn't you buy DOGE?", "why", ("DOGE",)),
        ("ETH?", "why", ("ETH/USDT",)),
        ("what positions are open?", "positions", ()),
        ("Welche Positionen sind offen?", "positions", ()),
        ("¿Qué posiciones hay?", "positions", ()),
        ("how much profit did we make", "pnl", ()),
        ("P&L?", "pnl", ()),
        ("Wie viel Gewinn?", "pnl", ()),
        ("¿Cuántas ganancias?", "pnl", ()),
        ("any opportunities?", "opportunities", ()),
        ("Gibt es Chancen?", "opportunities", ()),
        ("¿Hay señales?", "opportunities", ()),
        ("show me the BTC chart 4h", "chart", ("BTC/USDT", "4h")),
        ("Grafik SOL", "chart", ("SOL/USDT",)),
        ("anything pending?", "approvals", ()),
        ("Offene Fragen?", "approvals", ()),
        ("last trades", "trades", ()),
        ("are you alive?", "status", ()),
        ("Läuft alles?", "status", ()),
        ("¿Cuál es el estado?", "status", ()),
        ("help", "help", ()),
        ("Hilfe!", "help", ()),
        ("ayuda", "help", ()),
    ],
)
def test_questions(text: str, command: str, args: tuple[str, ...]) -> None:
    assert understand(text, MARKETS) == Intent(command, args)


@pytest.mark.parametrize(
    "text", ["", "?", "good morning", "buy BTC for 500", "sell everything", "kill it", "🚀" * 400]
)
def test_what_is_no_question_does_nothing(text: str) -> None:
    assert understand(text, MARKETS) is None


def test_a_flood_of_text_is_read_in_no_time() -> None:
    assert understand("why " * 100_000, MARKETS) == Intent("why", ())
